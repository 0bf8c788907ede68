//! The keys of logins. One key belongs to one user, except among rows that were written before logins were
//! normalized.

use std::collections::HashSet;

use scopegate_core::directory::User;
use scopegate_core::store::StoreError;

use crate::database::{Database, Job, Transaction, Value};

/// Transactions that add a login or fill keys wait for each other. Any number that no other program uses;
/// SQLite needs no lock, because it has one writer.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7089336938131513955)";

/// Rows that the version before wrote.
const TO_FILL: &str = "\
    SELECT id, login, login_key FROM directory_user WHERE login_norm IS NULL ORDER BY id LIMIT 500";
const TO_FILL_LIMIT: usize = 500;

/// The normal form of most logins is the same as their exact key.
const FILL_SAME: &str = "\
    UPDATE directory_user SET login_norm = login_key WHERE login_norm IS NULL AND id IN ({values})";

const FILL: &str = "\
    UPDATE directory_user SET login_norm = $2 WHERE login_norm IS NULL AND id = $1";

const MARK: &str = "\
    UPDATE directory_user SET login_collides = 1 WHERE login_collides = 0 AND login_norm IN \
    (SELECT login_norm FROM directory_user WHERE login_norm IN ({values}) \
    GROUP BY login_norm HAVING count(*) > 1)";

/// A login is taken if a user has its key, or its spelling.
const TAKEN: &str = "SELECT id FROM directory_user WHERE login_key IN ($1, $2) OR login_norm = $2";

/// The keys that a login is found by.
pub(crate) struct LoginKeys {
    /// In lower case only. Nodes of the version before find users by it.
    pub(crate) exact: String,
    /// In the normal form.
    pub(crate) normal: String,
}

impl LoginKeys {
    pub(crate) fn of(login: &str) -> Self {
        Self { exact: User::exact_login_key(login), normal: User::login_key(login) }
    }
}

/// Gives keys to the rows that have none, in small transactions. It can be interrupted anywhere, and
/// several nodes may do it at the same time; the outcome does not depend on their order.
///
/// Logins that turn out to have the same key are marked: each is found only as it is written.
pub(crate) async fn fill(database: &Database) -> Result<(), StoreError> {
    loop {
        let is_done = database.read(TO_FILL, &[], |_| Ok(())).await?.is_empty();
        if is_done || database.write(FillSome).await? < TO_FILL_LIMIT {
            return Ok(());
        }
    }
}

/// Fills the keys of some rows, and answers of how many.
struct FillSome;

impl Job for FillSome {
    type Answer = usize;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<usize, StoreError> {
        transaction.allow_long().await?;
        transaction.on_postgres(LOCK).await?;
        let rows = transaction.fetch(TO_FILL, &[], |row| {
            Ok((row.text("id")?, row.text("login_key")?, User::login_key(&row.text("login")?)))
        });
        let rows = rows.await?;
        let (same, others): (Vec<_>, Vec<_>) =
            rows.iter().partition(|(_, key, normal)| key == normal);
        let same: Vec<_> = same.iter().map(|(id, ..)| Value::from(id.as_str())).collect();
        if !same.is_empty() {
            transaction.execute_locking_for_each(FILL_SAME, &same).await?;
        }
        for (id, _, normal) in others {
            transaction.execute(FILL, &[id.as_str().into(), normal.as_str().into()]).await?;
        }
        let normal: Vec<_> = rows.iter().map(|(.., normal)| Value::from(normal.as_str())).collect();
        if !normal.is_empty() {
            transaction.execute_locking_for_each(MARK, &normal).await?;
        }
        Ok(rows.len())
    }
}

/// Keeps other transactions from taking a login until this one ends.
pub(crate) async fn lock(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    transaction.on_postgres(LOCK).await
}

/// Tells which of some logins are free; of two with the same key, the first is. No other transaction
/// takes one until this one ends.
pub(crate) async fn free<'a>(
    transaction: &mut Transaction<'_>,
    logins: impl Iterator<Item = &'a str>,
) -> Result<Vec<bool>, StoreError> {
    lock(transaction).await?;
    let (mut seen, mut free) = (HashSet::new(), Vec::new());
    for login in logins {
        let LoginKeys { exact, normal } = LoginKeys::of(login);
        let values = [exact.as_str().into(), normal.as_str().into()];
        let is_taken = !transaction.fetch(TAKEN, &values, |_| Ok(())).await?.is_empty();
        free.push(seen.insert(normal) && !is_taken);
    }
    Ok(free)
}
