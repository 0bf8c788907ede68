//! End-to-end tests of scopegate, with a folder per standard. This library holds what they share:
//! an authorization server in a temporary folder, clients and browsers.
//!
//! Tests send HTTP requests to the server's router inside the test process and control its clock.

mod answer;
mod assertion;
mod authorization_server;
mod browser;
mod catalog;
mod catalog_context;
mod claims;
mod client;
#[cfg(doctest)]
mod documents;
mod page;
mod parameters;
mod pkce;
mod token;

pub use answer::Answer;
pub use assertion::{ASSERTION_TYPE, key, proof};
pub use authorization_server::{BASE, TestServer, password_of};
pub use browser::Browser;
pub use catalog::{Catalog, in_toml};
pub use catalog_context::{secret_of, write_catalog};
pub use claims::claims;
pub use client::TestClient;
pub use page::Page;
pub use parameters::changed;
pub use pkce::Pkce;
pub use token::{LIFETIME, Token, WINDOW, family_of, granted, signed_in_before};
