//! The `scopegate` command as an administrator uses it: its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod apply;
mod audit;
mod catalog;
mod client_commands;
mod clients;
mod completions;
mod confirm;
mod explain;
mod help;
mod hooks;
mod keys;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod place;
mod policy_tests;
mod refusals;
mod remote;
mod serve;
mod token;
mod user_commands;
mod users;
mod who_can;
