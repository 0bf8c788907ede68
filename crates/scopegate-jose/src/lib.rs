//! Sign and verify JSON Web Tokens with keys that are held ready.
//!
//! This is the one crate of the project that calls a cryptographic library. It knows neither HTTP nor
//! time: keys, rules and the present second are arguments.

#![deny(missing_docs)]

mod algorithm;
pub mod base64url;
mod digest;
mod error;
mod key_problem;
mod master_key;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use digest::{constant_time_eq, random_bytes, random_token, sha256};
pub use error::JoseError;
pub use key_problem::KeyProblem;
pub use master_key::MasterKey;
