//! Third-party client libraries against a server that runs as in production, with real sockets and
//! the system clock.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod http;
mod management;
mod node;
mod openidconnect;
mod running_server;
mod user;
