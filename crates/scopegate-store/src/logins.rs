//! The keys of logins: one key, one person, but for what was written before logins were normalized.

use std::collections::HashSet;

use scopegate_core::directory::User;
use scopegate_core::store::StoreError;

use crate::database::{Database, Transaction, Value};
use crate::error::again_if_aborted;

/// Who adds a login and who fills keys wait for each other. Any number, as long as no other program
/// takes the same one; SQLite has one writer anyway.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7089336938131513955)";

/// Rows of the version before.
const TO_FILL: &str = "\
    SELECT id, login, login_key FROM directory_user WHERE login_norm IS NULL ORDER BY id LIMIT 500";
const TO_FILL_LIMIT: usize = 500;

/// Most logins are their own key.
const FILL_SAME: &str = "\
    UPDATE directory_user SET login_norm = login_key WHERE login_norm IS NULL AND id IN ({values})";

const FILL: &str = "\
    UPDATE directory_user SET login_norm = $2 WHERE login_norm IS NULL AND id = $1";

const MARK: &str = "\
    UPDATE directory_user SET login_collides = 1 WHERE login_collides = 0 AND login_norm IN \
    (SELECT login_norm FROM directory_user WHERE login_norm IN ({values}) \
    GROUP BY login_norm HAVING count(*) > 1)";

/// A login is taken if somebody has its key, or its spelling.
const TAKEN: &str = "SELECT id FROM directory_user WHERE login_key IN ($1, $2) OR login_norm = $2";

/// What a login is found by.
pub(crate) struct LoginKeys {
    /// In lower case only: what nodes of the version before go by.
    pub(crate) exact: String,
    /// In the normal form.
    pub(crate) normal: String,
}

impl LoginKeys {
    pub(crate) fn of(login: &str) -> Self {
        Self { exact: User::exact_login_key(login), normal: User::login_key(login) }
    }
}

/// Gives keys to the rows that have none, in small transactions. It may be broken off anywhere, and
/// several nodes may do it at once; the outcome does not depend on their order.
///
/// Logins that turn out to have the same key are marked: each is found as it is written only.
pub(crate) async fn fill(database: &Database) -> Result<(), StoreError> {
    while again_if_aborted(|| fill_some(database)).await? == TO_FILL_LIMIT {}
    Ok(())
}

async fn fill_some(database: &Database) -> Result<usize, StoreError> {
    let is_done = database.read(TO_FILL, &[], |_| Ok(())).await?.is_empty();
    if is_done {
        return Ok(0);
    }
    let mut transaction = database.begin().await?;
    transaction.allow_long().await?;
    transaction.on_postgres(LOCK).await?;
    let rows = transaction.fetch(TO_FILL, &[], |row| {
        Ok((row.text("id")?, row.text("login_key")?, User::login_key(&row.text("login")?)))
    });
    let rows = rows.await?;
    let (same, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, key, normal)| key == normal);
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
    transaction.commit().await?;
    Ok(rows.len())
}

/// Keeps everybody else from taking a login until the transaction ends.
pub(crate) async fn lock(transaction: &mut Transaction) -> Result<(), StoreError> {
    transaction.on_postgres(LOCK).await
}

/// Which of some logins are free; of two with the same key it is the first. Nobody else takes one until
/// the transaction ends.
pub(crate) async fn free<'a>(
    transaction: &mut Transaction,
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
