//! Orders in a SQLite file. All SQL of the demo is here and in `seed`.

mod seed;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow};
use sqlx::{FromRow, Row, SqlitePool};

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
pub(crate) struct StorageError(#[from] sqlx::Error);

/// Orders in a SQLite file. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct OrderStore {
    pool: SqlitePool,
}

impl OrderStore {
    /// Opens the file. A new file gets a hundred orders.
    pub(crate) async fn open(file: &Path) -> Result<Self, StorageError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(MAX_WAIT);
        let pool = SqlitePoolOptions::new().acquire_timeout(MAX_WAIT).connect_with(options).await?;
        seed::fill(&pool).await?;
        Ok(Self { pool })
    }

    /// The selected orders, and the id of the last one if more follow.
    pub(crate) async fn list(
        &self,
        query: &ListQuery,
    ) -> Result<(Vec<Order>, Option<OrderId>), StorageError> {
        let ListQuery { limit, after, status, customer } = query;
        // One order more than requested shows whether more follow.
        let mut orders: Vec<Order> = sqlx::query_as(LIST)
            .bind(after.map_or(0, |after| after.0))
            .bind(status.map(Status::as_str))
            .bind(customer)
            .bind(limit + 1)
            .fetch_all(&self.pool)
            .await?;
        let more = orders.len() > *limit as usize;
        orders.truncate(*limit as usize);
        let last = orders.last().map(|order| order.id).filter(|_| more);
        Ok((orders, last))
    }

    /// The order with this id.
    pub(crate) async fn find(&self, id: OrderId) -> Result<Option<Order>, StorageError> {
        Ok(sqlx::query_as(FIND).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// Places an order.
    pub(crate) async fn insert(
        &self,
        order: &NewOrder,
        placed_by: &str,
        tenant: Option<&str>,
    ) -> Result<Order, StorageError> {
        let NewOrder { customer, item, quantity, unit_price_cents } = order;
        let placed = sqlx::query_as(INSERT)
            .bind(customer)
            .bind(item)
            .bind(quantity)
            .bind(unit_price_cents)
            .bind(placed_by)
            .bind(tenant)
            .fetch_one(&self.pool);
        Ok(placed.await?)
    }

    /// Deletes an order, and returns whether it existed.
    pub(crate) async fn delete(&self, id: OrderId) -> Result<bool, StorageError> {
        let deleted = sqlx::query(DELETE).bind(id.0).execute(&self.pool).await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Closes the file; later calls fail.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl FromRow<'_, SqliteRow> for Order {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let status: &str = row.try_get("status")?;
        let status = Status::parse(status)
            .ok_or_else(|| sqlx::Error::Decode(format!("the status {status:?}").into()))?;
        Ok(Self {
            id: OrderId(row.try_get("id")?),
            customer: row.try_get("customer")?,
            item: row.try_get("item")?,
            quantity: row.try_get("quantity")?,
            unit_price_cents: row.try_get("unit_price_cents")?,
            status,
            placed_at: row.try_get("placed_at")?,
            placed_by: row.try_get("placed_by")?,
            tenant: row.try_get("tenant")?,
        })
    }
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
