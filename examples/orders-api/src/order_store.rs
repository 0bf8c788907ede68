//! Orders in a SQLite file. All SQL of the demo is here and in `seed`.

mod seed;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::order::{Order, OrderId, Status};
use crate::orders::{ListQuery, NewOrder};

/// How long a request waits for other writers.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// With `AUTOINCREMENT` the id of a deleted order is not used again.
const TABLE: &str = "\
    CREATE TABLE orders (\
        id INTEGER PRIMARY KEY AUTOINCREMENT, \
        customer TEXT NOT NULL, \
        item TEXT NOT NULL, \
        quantity INTEGER NOT NULL, \
        unit_price_cents INTEGER NOT NULL, \
        status TEXT NOT NULL DEFAULT 'open', \
        placed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')), \
        placed_by TEXT NOT NULL, \
        tenant TEXT) STRICT";

const LIST: &str = "\
    SELECT * FROM orders \
    WHERE id > ?1 AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR customer = ?3) \
    ORDER BY id LIMIT ?4";

const FIND: &str = "SELECT * FROM orders WHERE id = ?1";

const INSERT: &str = "\
    INSERT INTO orders (customer, item, quantity, unit_price_cents, placed_by, tenant) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING *";

const DELETE: &str = "DELETE FROM orders WHERE id = ?1";

/// The orders could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the database of the orders failed")]
pub(crate) struct StorageError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Orders in a file of SQLite. Clones share its connection, which is `None` once the file is closed.
#[derive(Clone, Debug)]
pub(crate) struct OrderStore {
    connection: Arc<Mutex<Option<Connection>>>,
}

impl OrderStore {
    /// Opens the file. A new file gets a hundred orders.
    pub(crate) async fn open(file: &Path) -> Result<Self, StorageError> {
        let file = file.to_owned();
        let connection = blocking(move || {
            let mut connection = Connection::open(file)?;
            connection.busy_timeout(MAX_WAIT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            seed::fill(&mut connection)?;
            Ok(connection)
        });
        Ok(Self { connection: Arc::new(Mutex::new(Some(connection.await?))) })
    }

    /// The selected orders, and the id of the last one if more follow.
    pub(crate) async fn list(
        &self,
        query: &ListQuery,
    ) -> Result<(Vec<Order>, Option<OrderId>), StorageError> {
        let ListQuery { limit, after, status, customer } = query;
        let (limit, after, customer) = (*limit, after.map_or(0, |after| after.0), customer.clone());
        let status = status.map(Status::as_str);
        let listing = self.with_connection(move |connection| {
            // One more than asked for tells whether there is one.
            let values = (after, status, customer, limit + 1);
            let mut statement = connection.prepare_cached(LIST)?;
            let orders = statement.query_map(values, read)?;
            orders.collect::<rusqlite::Result<Vec<_>>>()
        });
        let mut orders = listing.await?;
        let more = orders.len() > limit as usize;
        orders.truncate(limit as usize);
        let last = orders.last().map(|order| order.id).filter(|_| more);
        Ok((orders, last))
    }

    /// The order with this id.
    pub(crate) async fn find(&self, id: OrderId) -> Result<Option<Order>, StorageError> {
        self.with_connection(move |connection| {
            connection.prepare_cached(FIND)?.query_row([id.0], read).optional()
        })
        .await
    }

    /// Places an order.
    pub(crate) async fn insert(
        &self,
        order: &NewOrder,
        placed_by: &str,
        tenant: Option<&str>,
    ) -> Result<Order, StorageError> {
        let NewOrder { customer, item, quantity, unit_price_cents } = order;
        let (customer, item, placed_by) = (customer.clone(), item.clone(), placed_by.to_owned());
        let values =
            (customer, item, *quantity, *unit_price_cents, placed_by, tenant.map(str::to_owned));
        self.with_connection(move |connection| {
            connection.prepare_cached(INSERT)?.query_row(values, read)
        })
        .await
    }

    /// Deletes an order, and returns whether it existed.
    pub(crate) async fn delete(&self, id: OrderId) -> Result<bool, StorageError> {
        self.with_connection(move |connection| {
            Ok(connection.prepare_cached(DELETE)?.execute([id.0])? > 0)
        })
        .await
    }

    /// Closes the file. Later operations fail.
    pub(crate) async fn close(&self) {
        let connection = Arc::clone(&self.connection);
        let closing = blocking(move || {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
            Ok(())
        });
        // It fails only if the runtime ends, which closes the file as well.
        let _ = closing.await;
    }

    /// Uses the connection in a thread that may block. One request at a time has it.
    async fn with_connection<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let connection = Arc::clone(&self.connection);
        blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|error| StorageError(error.into()))?.map_err(|error| StorageError(error.into()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Order> {
    let status: String = row.get("status")?;
    let unknown = || format!("the status {status:?}").into();
    let status = Status::parse(&status)
        .ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, unknown()))?;
    Ok(Order {
        id: OrderId(row.get("id")?),
        customer: row.get("customer")?,
        item: row.get("item")?,
        quantity: row.get("quantity")?,
        unit_price_cents: row.get("unit_price_cents")?,
        status,
        placed_at: row.get("placed_at")?,
        placed_by: row.get("placed_by")?,
        tenant: row.get("tenant")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(customer: &str) -> ListQuery {
        let customer = Some(customer.to_owned());
        ListQuery { limit: 100, after: None, status: None, customer }
    }

    #[tokio::test]
    async fn the_orders_of_a_new_file_are_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let all = ListQuery { limit: 100, after: None, status: None, customer: None };
        let one = OrderStore::open(&folder.path().join("one.db")).await.unwrap();
        let other = OrderStore::open(&folder.path().join("other.db")).await.unwrap();
        let (orders, next) = one.list(&all).await.unwrap();
        assert_eq!((orders.len(), next), (100, None));
        assert_eq!((orders, next), other.list(&all).await.unwrap());
    }

    #[tokio::test]
    async fn a_reopened_file_has_its_orders() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.db");
        let store = OrderStore::open(&file).await.unwrap();
        let new = NewOrder {
            customer: "Käthe's Kiosk".to_owned(),
            item: "Postcards".to_owned(),
            quantity: 3,
            unit_price_cents: 120,
        };
        let placed = store.insert(&new, "orders-writer", Some("acme")).await.unwrap();
        assert!(store.delete(placed.id).await.unwrap());
        assert!(!store.delete(placed.id).await.unwrap());
        let kept = store.insert(&new, "orders-writer", None).await.unwrap();
        assert_eq!((placed.id, kept.id), (OrderId(101), OrderId(102)));
        store.close().await;
        assert!(store.find(kept.id).await.is_err(), "closed");

        let store = OrderStore::open(&file).await.unwrap();
        assert_eq!(store.find(placed.id).await.unwrap(), None);
        assert_eq!(store.list(&one_of("Käthe's Kiosk")).await.unwrap(), (vec![kept], None));
    }
}
