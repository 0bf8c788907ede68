//! The hundred orders of a new file; they are always the same.

use sqlx::SqlitePool;

use super::TABLE;
use crate::order::Status;

const ORDERS: usize = 100;

const CUSTOMERS: [&str; 9] = [
    "Bakery Sonnenschein",
    "Café Lumière",
    "Harbour Books",
    "Hotel Miramar",
    "Maple Street School",
    "Nordlicht Yoga",
    "Piccolo Teatro",
    "Riverside Clinic",
    "The Corner Office",
];

/// The items on sale, with their prices in cents.
const ITEMS: [(&str, u32); 11] = [
    ("Espresso beans 1 kg", 2190),
    ("Oat milk 6 x 1 l", 1350),
    ("Earl Grey 250 g", 890),
    ("Paper cups 100", 640),
    ("Desk lamp", 4990),
    ("Notebook A5", 450),
    ("Ballpoint pens 20", 780),
    ("Printer paper 2500", 2290),
    ("Whiteboard 90 x 60", 5900),
    ("First aid kit", 2490),
    ("Hand soap 5 l", 1720),
];

const INSERT: &str = "\
    INSERT INTO orders \
    (customer, item, quantity, unit_price_cents, status, placed_at, placed_by, tenant) \
    VALUES (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ', '2025-03-03', ?6), ?7, ?8)";

/// Creates the table and its orders, unless the file already has them.
pub(super) async fn fill(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    if version > 0 {
        return Ok(());
    }
    sqlx::query(TABLE).execute(&mut *transaction).await?;
    for n in 1..=ORDERS {
        // 7 and 5 have no common factor with the array lengths, so every customer and item is used.
        let (item, unit_price_cents) = ITEMS[n * 5 % ITEMS.len()];
        let (placed_by, tenant) =
            if n % 10 == 3 { ("partner", "partner") } else { ("orders-writer", "acme") };
        sqlx::query(INSERT)
            .bind(CUSTOMERS[n * 7 % CUSTOMERS.len()])
            .bind(item)
            .bind(1 + (n * n % 12) as u32)
            .bind(unit_price_cents)
            .bind(status(n).as_str())
            .bind(format!("+{} minutes", n * 1607))
            .bind(placed_by)
            .bind(tenant)
            .execute(&mut *transaction)
            .await?;
    }
    sqlx::query("PRAGMA user_version = 1").execute(&mut *transaction).await?;
    transaction.commit().await
}

/// The older an order, the further its status.
fn status(n: usize) -> Status {
    match n {
        _ if n.is_multiple_of(13) => Status::Cancelled,
        0..=70 => Status::Delivered,
        71..=90 => Status::Shipped,
        _ => Status::Open,
    }
}
