//! The `scopegate` command as an administrator uses it: its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod apply;
mod clients;
mod explain;
mod place;
mod refusals;
mod serve;
mod token;
mod users;
