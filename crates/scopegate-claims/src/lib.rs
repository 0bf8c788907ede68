//! The claims model that issuers, verifiers and services share.
//!
//! This crate parses strings into types, and code that holds such a type trusts it: a [`Scope`]
//! follows the grammar of RFC 6749, an [`Issuer`] is a URL that may be fetched, a [`UnixTime`] is
//! in range. [`Claims`] reads and writes the payload of an access token in Okta's dialect and in
//! the dialect of RFC 9068. The crate contains no cryptography and no HTTP.

#![deny(missing_docs)]

mod audience;
mod claims;
mod combined;
mod dialect;
mod error;
mod issuer;
mod name;
mod name_set;
mod packed;
mod rule;
mod scope;
mod scope_set;
mod text;
mod time;
mod value;

pub use audience::{Audience, Audiences};
pub use claims::{Claims, ClaimsBuilder};
pub use combined::{AllRule, AnyRule, all_of, any_of};
pub use dialect::Dialect;
pub use error::{ClaimsError, ClaimsReadError};
pub use issuer::Issuer;
pub use name::{PackedScope, ScopeName};
pub use name_set::NameSet;
pub use rule::{Requirement, ScopeRule, ScopeRules};
pub use scope::Scope;
pub use scope_set::ScopeSet;
pub use time::{Clock, ManualClock, SystemClock, UnixTime};
pub use value::{ClaimValue, ClaimValues, PackedValue};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
