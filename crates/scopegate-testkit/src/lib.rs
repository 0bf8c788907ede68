//! Test support for services: an issuer in process, a clock, tokens.
//!
//! [`TestIssuer`] signs tokens and publishes its keys. Its layer gets the keys by discovery, as from
//! any issuer, but without a network.
//!
//! The feature `server` adds what needs the authorization server of scopegate: its storage in memory,
//! and the authorization server of an issuer, for tests that request tokens as a client would.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use scopegate_axum::{RequireScope, scoped};
//! use scopegate_testkit::TestIssuer;
//! use tower::ServiceExt;
//!
//! #[scoped]
//! async fn list(_: RequireScope<"read:orders">) -> &'static str {
//!     "all orders"
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start("api://orders").await;
//! let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
//! let ask = |token: String| {
//!     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
//!     app.clone().oneshot(request.body(Body::empty()).unwrap())
//! };
//!
//! let reader = issuer.token().subject("u1").scope("read:orders").claim("tenant", 7).sign();
//! assert_eq!(ask(reader).await.unwrap().status(), 200);
//!
//! let writer = issuer.token().subject("u1").scope("write:orders").sign();
//! assert_eq!(ask(writer).await.unwrap().status(), 403);
//! # }
//! ```

#![deny(missing_docs)]

mod broken;
mod documents;
mod issuer;
mod knobs;
mod log_buffer;
mod loopback;
mod network;
mod publication;
#[cfg(feature = "server")]
mod server;
mod token;

pub use broken::Broken;
pub use issuer::TestIssuer;
pub use log_buffer::LogBuffer;
pub use network::InProcess;
pub use publication::Fetches;
pub use scopegate_claims::ManualClock;
#[cfg(feature = "server")]
pub use server::{MemoryStore, Sizes, UncheckedCatalog, put_signing_keys};
pub use token::TokenBuilder;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
