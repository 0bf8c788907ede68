//! End-to-end tests of scopegate, a folder per standard, all under `tests/`; and what they share: an
//! authorization server in a temporary folder, its clients, and browsers.
//!
//! Everything goes through the HTTP of the server, in this process and by the test's own clock.

mod answer;
mod authorization_server;
mod browser;
mod catalog;
mod claims;
mod client;
mod page;
mod pkce;

pub use answer::Answer;
pub use authorization_server::{BASE, TestServer, password_of};
pub use browser::Browser;
pub use catalog::secret_of;
pub use claims::claims;
pub use client::TestClient;
pub use page::Page;
pub use pkce::Pkce;
