//! Client libraries that are not ours, at a server that runs as it does for its users: its own sockets,
//! its own clock.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod http;
mod node;
mod openidconnect;
mod person;
mod running_server;
