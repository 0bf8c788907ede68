//! The management API on the administrator's listener.

mod access;
mod caller;
mod openapi;
mod servers;
