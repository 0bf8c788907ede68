//! Sign and verify JSON Web Tokens with keys that were parsed in advance.
//!
//! This is the only crate of the project that calls a cryptographic library, and the only one that
//! can create a [`Verified`]. It does no HTTP and reads no clock: keys, rules and the current time
//! are arguments.
//!
//! - A service verifies: [`KeySet`], [`Rules`], [`verify_access_token`].
//! - An issuer signs: [`SigningKey`], [`JwkSet`], and encrypts its secrets with a [`MasterKey`].
//!
//! The list of algorithms is closed, see [`Algorithm`]. There is no configuration for the whole
//! process. No function blocks, locks or logs.

#![deny(missing_docs)]

mod algorithm;
mod algorithm_set;
pub mod base64url;
mod claim_mapping;
mod der;
mod digest;
mod error;
mod extra_claims;
mod header;
mod issuer_name;
mod jwk;
mod jws;
mod key_material;
mod key_problem;
mod key_set;
mod master_key;
mod mismatch;
mod object;
mod rules;
mod signing_input;
mod signing_key;
#[cfg(test)]
mod test_tokens;
mod token_type;
mod validity;
mod verified;
mod verifier;
mod verifying_key;

pub use algorithm::Algorithm;
pub use algorithm_set::AlgorithmSet;
pub use claim_mapping::ClaimMapping;
pub use digest::{
    constant_time_eq, half_hash, hmac_sha256, random_bytes, random_token, sha256, sha384,
};
pub use error::JoseError;
pub use extra_claims::ExtraClaims;
pub use header::Header;
pub use issuer_name::IssuerName;
pub use jwk::{Jwk, JwkSet};
pub use jws::{MAX_TOKEN_LEN, UnverifiedJws, VerifiedJws};
pub use key_problem::KeyProblem;
pub use key_set::{KeySet, MAX_KEY_SET_LEN, MAX_KEYS, ParsedKeySet, SetAside};
pub use master_key::MasterKey;
pub use mismatch::Mismatch;
pub use rules::{AudienceRule, ClientRule, MAX_LEEWAY, Rules, TypeRule};
pub use signing_input::{SigningInput, TokenHeaders};
pub use signing_key::SigningKey;
pub use token_type::TokenType;
pub use verified::{Evidence, Verified};
pub use verifier::verify_access_token;
pub use verifying_key::VerifyingKey;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
