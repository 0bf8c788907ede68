//! The authorization server without HTTP and without SQL.
//!
//! A token request goes through this crate from door to door: [`token`] authenticates the client
//! ([`client_auth`]), asks the grant for its decision ([`grants`]), the policies for theirs
//! ([`policy`]), makes the claims and signs them ([`mint`]), and commits what must be remembered
//! ([`store`]). The administrator's side is the [`catalog`]: specs, assembled into a snapshot that
//! requests read without a lock.

#![deny(missing_docs)]

pub mod access_token;
pub mod admin;
pub mod apply;
mod assertion;
pub mod assignment;
pub mod audience_names;
pub mod audit;
pub mod authority;
pub mod authorize;
pub mod catalog;
pub mod catalog_file;
pub mod client_auth;
pub mod client_keys;
mod decision;
pub mod device;
pub mod endpoints;
pub mod error;
pub mod fetch;
pub mod form;
pub mod grants;
pub mod id_token_hint;
pub mod interaction;
pub mod introspect;
pub mod keys;
pub mod limits;
pub mod logout;
pub mod metadata;
pub mod mint;
pub mod passwords;
pub mod people;
pub mod plan;
pub mod policy;
mod presented_token;
pub mod refresh_family;
pub mod refresh_token;
pub mod revoke;
pub mod session;
pub mod sign_in;
pub mod standard_claims;
pub mod store;
pub mod token;
pub mod token_id;
pub mod unattended;
mod upkeep;
pub mod user_admin;
pub mod userinfo;
