//! The claims model that issuers, verifiers and services share.
//!
//! Text becomes a type here and is trusted afterwards: a [`Scope`] keeps the grammar of RFC 6749, an
//! [`Issuer`] is a URL that may be fetched from, a [`UnixTime`] is in range. [`Claims`] reads and
//! writes an access token's payload in Okta's dialect and in that of RFC 9068. Nothing in this crate
//! knows cryptography or HTTP.

#![deny(missing_docs)]

mod audience;
mod challenge;
mod claims;
mod combined;
mod dialect;
mod error;
mod issuer;
mod name;
mod name_set;
mod packed;
mod part;
mod rule;
mod scope;
mod scope_set;
mod time;
mod value;

pub use audience::{Audience, Audiences};
pub use challenge::{BearerChallenge, BearerError};
pub use claims::{Claims, ClaimsBuilder, ClaimsSeed, ReadClaims};
pub use combined::{AllRule, AnyRule, all_of, any_of};
pub use dialect::Dialect;
pub use error::ClaimsError;
pub use issuer::Issuer;
pub use name::{PackedScope, ScopeName};
pub use name_set::NameSet;
pub use rule::{Requirement, ScopeRule, ScopeRules};
pub use scope::Scope;
pub use scope_set::ScopeSet;
pub use time::{Clock, ManualClock, SystemClock, UnixTime};
pub use value::{ClaimValue, ClaimValues, PackedValue};
