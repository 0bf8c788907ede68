//! The `scopegate` command as an administrator meets it: what it prints and what it ends with.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod apply;
mod clients;
mod place;
mod refusals;
mod serve;
mod token;
mod users;
