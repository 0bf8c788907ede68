//! Consents: the scopes that a user has granted to a client.

use scopegate_claims::{ScopeSet, UnixTime};
use scopegate_core::catalog::UserId;
use scopegate_core::store::{ConsentKey, StoreError};

use crate::database::{Database, Row, Transaction, Value};

const FIND: &str = "\
    SELECT scopes FROM consent WHERE user_id = $1 AND server = $2 AND client = $3";

const PUT: &str = "\
    INSERT INTO consent (user_id, server, client, scopes, given_at) \
    VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (user_id, server, client) \
    DO UPDATE SET scopes = excluded.scopes, given_at = excluded.given_at";

const WITHDRAW: &str = "\
    DELETE FROM consent WHERE user_id = $1 AND server = $2 AND client = $3";

const FORGET_CLIENTS: &str = "\
    DELETE FROM consent WHERE (user_id, server, client) IN \
    (SELECT user_id, server, client FROM consent WHERE client IN ({values}) \
    ORDER BY user_id, server, client {locked})";

const FORGET_USER: &str = "\
    DELETE FROM consent WHERE (user_id, server, client) IN \
    (SELECT user_id, server, client FROM consent WHERE user_id = $1 \
    ORDER BY user_id, server, client {locked})";

pub(crate) async fn find(
    database: &Database,
    of: &ConsentKey,
) -> Result<Option<ScopeSet>, StoreError> {
    let found = database.read(FIND, &key(of), read).await?;
    Ok(found.into_iter().next())
}

pub(crate) async fn put(
    transaction: &mut Transaction<'_>,
    of: &ConsentKey,
    scopes: &ScopeSet,
    at: UnixTime,
) -> Result<(), StoreError> {
    let [user, server, client] = key(of);
    let values = [user, server, client, scopes.as_str().into(), at.into()];
    transaction.execute(PUT, &values).await.map(drop)
}

pub(crate) async fn withdraw(
    transaction: &mut Transaction<'_>,
    of: &ConsentKey,
) -> Result<(), StoreError> {
    transaction.execute(WITHDRAW, &key(of)).await.map(drop)
}

/// Deletes the consents to clients that the catalog deletes.
pub(crate) async fn forget_clients(
    transaction: &mut Transaction<'_>,
    clients: &[Value<'_>],
) -> Result<(), StoreError> {
    transaction.execute_locking_for_each(FORGET_CLIENTS, clients).await.map(drop)
}

/// Deletes the consents of a user who is deleted.
pub(crate) async fn forget_user(
    transaction: &mut Transaction<'_>,
    user: &UserId,
) -> Result<(), StoreError> {
    transaction.execute_locking(FORGET_USER, &[user.as_str().into()]).await.map(drop)
}

fn key(of: &ConsentKey) -> [Value<'_>; 3] {
    let ConsentKey { server, client, user } = of;
    [user.as_str().into(), server.as_str().into(), client.as_str().into()]
}

fn read(row: &Row<'_>) -> Result<ScopeSet, StoreError> {
    let scopes = row.text("scopes")?;
    ScopeSet::parse(&scopes).map_err(|_| StoreError::Corrupt("the scopes of a consent".into()))
}
