//! The authorization server without HTTP and without SQL.
//!
//! The rooms of this crate, from the top floor down. A room uses only rooms below it.
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`endpoints`] | one file for each endpoint: token, authorize, par, device, introspect, revoke, … |
//! | [`administration`] | changes of the catalog and of users |
//! | [`catalog_file`] | reads `catalog.toml` |
//! | [`grants`] | the right by which a client asks for a token, one file for each grant type |
//! | [`client_auth`] | how a client proves who it is, one file for each method |
//! | `call` | what the requests of clients have in common: form, decision, refusal |
//! | [`authority`] | the state that all requests of a process share |
//! | [`token`] | claims, signature, refresh tokens |
//! | [`policy`] | which scopes a client gets by a grant, and for how long |
//! | [`people`] | passwords, sessions, consent, limits on guesses |
//! | [`keys`] | signing keys, and the keys that others publish |
//! | [`recording`] | the way of an audit event to the storage |
//! | [`limits`] | how much a stranger may ask for |
//! | [`error`] | what can go wrong, and what a client learns of it |
//! | [`store`] | the ports of the storage |
//! | [`directory`] | users as they are stored |
//! | [`audit`] | audit events |
//! | [`catalog`] | servers, scopes, claims, policies and clients, and the snapshot that requests read |

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
pub mod form;
pub mod grants;
pub mod keys;
pub mod limits;
pub mod people;
pub mod policy;
pub mod recording;
mod spelling;
pub mod store;
#[cfg(test)]
mod testing;
pub mod token;
pub mod toml_reader;
