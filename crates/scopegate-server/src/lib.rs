//! The authorization server over HTTP: the `scopegate` binary, and a library [`Server`] to embed.
//!
//! [`Server`] answers requests and follows changes of its storage. [`Listeners`] bring the requests
//! to it over TCP and TLS. Neither reads a configuration, handles a signal or uses global state, so
//! that one process may run several. [`config`] and [`setup`] make what they are opened with from a
//! file.

#![deny(missing_docs)]

pub mod audit_json;
pub mod config;
mod exposure;
mod first_keys;
mod hook_http;
mod http;
mod http_fetch;
mod listen;
pub mod master_key;
#[cfg(feature = "pkcs11")]
#[cfg_attr(docsrs, doc(cfg(feature = "pkcs11")))]
pub mod pkcs11;
pub mod private_file;
mod server;
pub mod setup;
mod trusted_proxies;

pub use exposure::Exposure;
pub use http::{Failure, RequestError};
pub use http_fetch::HttpFetch;
pub use listen::{ListenError, ListenLimits, ListenSettings, Listener, Listeners, TlsFiles};
pub use server::{CatalogWatch, Server, ServerSettings, StartError, Storage};
pub use trusted_proxies::{ForwardingHeader, InvalidNetwork, TrustedProxies};
