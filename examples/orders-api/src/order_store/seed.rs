//! The hundred orders of a new file; they are always the same.

use rusqlite::{Connection, TransactionBehavior};

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

/// Makes the table with its orders, unless the file has them from an earlier start.
pub(super) fn fill(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > 0 {
        return Ok(());
    }
    transaction.execute(TABLE, [])?;
    for n in 1..=ORDERS {
        // 7 and 5 have no common factor with the array lengths, so every customer and item is used.
        let (item, unit_price_cents) = ITEMS[n * 5 % ITEMS.len()];
        let (placed_by, tenant) =
            if n % 10 == 3 { ("partner", "partner") } else { ("orders-writer", "acme") };
        let customer = CUSTOMERS[n * 7 % CUSTOMERS.len()];
        let (quantity, placed_at) = (1 + (n * n % 12) as u32, format!("+{} minutes", n * 1607));
        let status = status(n).as_str();
        let values =
            (customer, item, quantity, unit_price_cents, status, placed_at, placed_by, tenant);
        transaction.prepare_cached(INSERT)?.execute(values)?;
    }
    transaction.pragma_update(None, "user_version", 1)?;
    transaction.commit()
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
