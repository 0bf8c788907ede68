//! The storage of scopegate: each statement once, for SQLite and PostgreSQL.
//!
//! [`SqlStore`] implements the ports of [`scopegate_core::store`]. A statement is a constant text
//! beside the operation that uses it, written in the SQL that both databases share. What they do not
//! share (connections, transactions, notifications) is in the private module `database`.
//!
//! | | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | URL | `sqlite:PATH` | `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full` |
//! | for | one node, and commands beside it | any number of nodes |
//! | writes | one at a time, `BEGIN IMMEDIATE`, WAL, `synchronous = FULL`; one thread writes, and commits that wait share a transaction | a pool, `READ COMMITTED`; tried again after a deadlock |
//! | reads | a few rows in the calling thread, long answers in a thread of their own | a pool |
//! | other nodes see a change of the catalog | within half a second | at once (`LISTEN`), at the latest after 2 s |
//!
//! When `commit` returns, the changes are on the disk. What may happen only once is kept by a unique index,
//! or by an `UPDATE` that expects a version. The commit that loses a race gets
//! [`Conflict`](scopegate_core::store::StoreError::Conflict) or
//! [`Changed`](scopegate_core::store::StoreError::Changed). No transaction relies on what an earlier one
//! has read.
//!
//! ```
//! use scopegate_claims::UnixTime;
//! use scopegate_core::store::{CatalogStore, CatalogWrite, StoreError, InstallationStore};
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
//! // A change on top of a version that is not the current one is refused.
//! let write = CatalogWrite::new(0, &[], UnixTime::from_seconds(1_800_000_000));
//! store.edit_catalog(&write).await?;
//! let late = store.edit_catalog(&write).await;
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
mod audit_search;
mod batches;
mod catalog;
mod catalog_history;
mod catalog_watch;
mod changes;
mod client_uses;
mod consents;
mod database;
mod error;
mod families;
mod hook_queries;
mod installation;
mod ledger;
mod logins;
mod migrations;
mod records;
mod review;
mod sealed_secrets;
mod sessions;
mod signing_keys;
mod sql_store;
mod standing;
mod store_options;
mod store_url;
mod upkeep;
mod used_assertions;
mod user_rows;
mod users;

pub use error::OpenError;
pub use hook_queries::HookConnections;
pub use sql_store::SqlStore;
pub use store_options::StoreOptions;
pub use store_url::StoreUrl;
