//! The authorization server without HTTP and without SQL.
//!
//! The modules of this crate, from the top floor down. A module uses only modules below it.
//!
//! | module | content |
//! | --- | --- |
//! | [`policy_tests`] | tests of the catalog, in a file beside it |
//! | [`explain`] | why a request is granted or refused, and what would change that |
//! | [`endpoints`] | one file for each endpoint: token, authorize, par, device, introspect, revoke, … |
//! | [`administration`] | changes of the catalog and of users |
//! | [`catalog_file`] | reads `catalog.toml` |
//! | [`toml_reader`] | reads TOML and reports each problem with its position |
//! | [`grants`] | the right by which a client asks for a token, one file for each grant type |
//! | [`call`] | what all requests of clients have in common: decision, refusal, another attempt |
//! | [`client_auth`] | client authentication, one file for each method |
//! | [`authority`] | the state that all requests of a process share |
//! | [`token`] | tokens: drafted, amended, signed; refresh tokens |
//! | [`hooks`] | token hooks: calls, their limits, and what they may change |
//! | [`policy`] | which scopes a client gets by a grant, and for how long |
//! | [`people`] | passwords, sessions, limits on wrong passwords and codes |
//! | [`keys`] | signing keys, and the keys that clients and issuers publish |
//! | [`recording`] | writes audit events to the storage |
//! | [`error`] | why a call is refused, and what the client learns |
//! | [`limits`] | how often something may be requested |
//! | [`store`] | the ports of the storage |
//! | [`directory`] | users as they are stored |
//! | [`audit`] | audit events |
//! | [`catalog`] | servers, scopes, claims, policies and clients, and the snapshot that requests read |
//! | [`expression`] | expressions of claims and conditions: a subset of CEL |
//! | [`spelling`] | names in messages: quotes, suggestions, durations |
//! | [`form`] | the parameters of a request |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

pub mod administration;
pub mod audit;
pub mod authority;
pub mod call;
pub mod catalog;
pub mod catalog_file;
pub mod client_auth;
pub mod directory;
pub mod endpoints;
pub mod error;
pub mod explain;
pub mod expression;
pub mod form;
pub mod grants;
pub mod hooks;
pub mod keys;
pub mod limits;
pub mod people;
pub mod policy;
pub mod policy_tests;
pub mod recording;
pub mod spelling;
pub mod store;
#[cfg(test)]
mod testing;
pub mod token;
pub mod toml_reader;
