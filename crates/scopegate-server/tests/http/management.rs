//! The management API on the administrator's listener.

mod access;
mod apps;
mod caller;
mod client_tokens;
mod decisions;
mod in_servers;
mod openapi;
mod people;
mod servers;
