//! The storage of scopegate: each statement once, for SQLite and PostgreSQL.
//!
//! [`SqlStore`] implements the ports of [`scopegate_core::store`]. A statement is a constant text
//! beside the operation that uses it, written in the SQL that both databases share; what they do
//! not share (how a connection is made, locked and listened on) is in the private module
//! `database`.
//!
//! | | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | URL | `sqlite:PATH` | `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full` |
//! | for | one node, and commands beside it | any number of nodes |
//! | writes | one at a time, `BEGIN IMMEDIATE`, WAL, `synchronous = FULL`; commits that come together share a transaction, on a thread of their own | a pool, `READ COMMITTED`; tried again after a deadlock |
//! | reads of a few rows | in the thread that asks, by rusqlite | a pool |
//! | a change of the catalog is seen by others | within half a second | at once (`LISTEN`), at the latest after 2 s |
//!
//! What `commit` has answered is on the disk. What can happen once is kept by a unique index or by a
//! version that an `UPDATE` asks for, and the loser of a race gets
//! [`Conflict`](scopegate_core::store::StoreError::Conflict) or
//! [`Changed`](scopegate_core::store::StoreError::Changed); nothing is read first to be written
//! later.
//!
//! ```
//! use scopegate_core::store::{CatalogStore, StoreError, Vault};
//! use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("scopegate.db");
//! let store = SqlStore::open(&StoreUrl::sqlite(path), &StoreOptions::default()).await?;
//! assert_eq!(store.keep("name", "first").await?, "first");
//! assert_eq!(store.keep("name", "second").await?, "first");
//!
//! // A change that is made on top of another version than the present one is refused.
//! store.write_catalog(0, &[], None).await?;
//! let late = store.write_catalog(0, &[], None).await;
//! assert!(matches!(late, Err(StoreError::Conflict)));
//!
//! assert!(matches!(StoreUrl::parse("mysql://db/orders"), Err(OpenError::UnknownScheme(_))));
//! # store.close().await;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod artifacts;
mod audit_events;
mod batches;
mod catalog;
mod catalog_watch;
mod changes;
mod consents;
mod database;
mod error;
mod families;
mod ledger;
mod logins;
mod migrations;
mod records;
mod sessions;
mod signing_keys;
mod sql_store;
mod standing;
mod store_options;
mod store_url;
mod upkeep;
mod used_assertions;
mod users;
mod vault;

pub use error::OpenError;
pub use sql_store::SqlStore;
pub use store_options::StoreOptions;
pub use store_url::StoreUrl;
