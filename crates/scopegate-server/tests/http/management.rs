//! The management API on the administrator's listener.

mod access;
mod caller;
mod client_tokens;
mod in_servers;
mod openapi;
mod servers;
