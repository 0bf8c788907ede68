//! Client libraries that are not ours, at a server that runs as it does for its users: its own sockets,
//! its own clock.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod node;
mod running_server;
