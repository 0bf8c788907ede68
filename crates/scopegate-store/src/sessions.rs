//! Sessions: which user is signed in with which browser.

use scopegate_core::catalog::UserId;
use scopegate_core::store::{Contested, Ended, Session, SessionId, StoreError};

use crate::database::{Database, Row, Transaction};
use crate::error::unavailable;

const BY_SECRET: &str = "\
    SELECT id, secret_sha256, user_id, body, created_at, seen_at, idle_ends_at, ends_at, version \
    FROM user_session WHERE secret_sha256 = $1";

const OF_USER: &str = "\
    SELECT id, secret_sha256, user_id, body, created_at, seen_at, idle_ends_at, ends_at, version \
    FROM user_session WHERE user_id = $1 ORDER BY seen_at DESC, id";

const OPEN: &str = "\
    INSERT INTO user_session (id, secret_sha256, user_id, body, created_at, seen_at, \
    idle_ends_at, ends_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

/// Writes only on top of the expected version. A session never becomes another user's.
const MOVE: &str = "\
    UPDATE user_session SET version = version + 1, secret_sha256 = $4, body = $5, seen_at = $6, \
    idle_ends_at = $7, ends_at = $8 WHERE id = $1 AND version = $2 AND user_id = $3";

const END: &str = "DELETE FROM user_session WHERE id = $1";

const END_OF_USER: &str = "\
    DELETE FROM user_session WHERE id IN \
    (SELECT id FROM user_session WHERE user_id = $1 ORDER BY id {locked})";

pub(crate) const FORGET: &str = "\
    DELETE FROM user_session WHERE id IN \
    (SELECT id FROM user_session WHERE idle_ends_at <= $1 OR ends_at <= $1 LIMIT $2 {free})";

pub(crate) async fn find(
    database: &Database,
    secret_sha256: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    let found = database.read(BY_SECRET, &[secret_sha256.into()], read).await?;
    Ok(found.into_iter().next())
}

pub(crate) async fn of_user(
    database: &Database,
    user: &UserId,
) -> Result<Vec<Session>, StoreError> {
    database.read_long(OF_USER, &[user.as_str().into()], read).await
}

pub(crate) async fn open(
    transaction: &mut Transaction<'_>,
    session: &Session,
) -> Result<(), StoreError> {
    let body = body(session)?;
    let values = [
        session.id.as_str().into(),
        (&session.secret_sha256).into(),
        session.user.as_str().into(),
        body.as_str().into(),
        session.created_at.into(),
        session.seen_at.into(),
        session.idle_ends_at.into(),
        session.ends_at.into(),
        session.version.into(),
    ];
    transaction.change(OPEN, &values, Contested::Session).await
}

pub(crate) async fn put_in_place(
    transaction: &mut Transaction<'_>,
    id: &SessionId,
    from: u64,
    session: &Session,
) -> Result<(), StoreError> {
    let body = body(session)?;
    let values = [
        id.as_str().into(),
        from.into(),
        session.user.as_str().into(),
        (&session.secret_sha256).into(),
        body.as_str().into(),
        session.seen_at.into(),
        session.idle_ends_at.into(),
        session.ends_at.into(),
    ];
    transaction.change(MOVE, &values, Contested::Session).await
}

pub(crate) async fn end(transaction: &mut Transaction<'_>, of: &Ended) -> Result<(), StoreError> {
    match of {
        Ended::Session(id) => transaction.execute(END, &[id.as_str().into()]).await.map(drop),
        Ended::User(user) => {
            transaction.execute_locking(END_OF_USER, &[user.as_str().into()]).await.map(drop)
        }
        // A session belongs to a user, not to a client or a family.
        Ended::Client(_) | Ended::Family(_) => Ok(()),
    }
}

fn body(session: &Session) -> Result<String, StoreError> {
    serde_json::to_string(&session.auth).map_err(unavailable)
}

fn read(row: &Row<'_>) -> Result<Session, StoreError> {
    let id = row.text("id")?;
    let corrupt = |what: &str| StoreError::Corrupt(format!("session {id}: {what}"));
    Ok(Session {
        secret_sha256: row.hash("secret_sha256")?,
        user: UserId::parse(&row.text("user_id")?).map_err(|_| corrupt("its user"))?,
        auth: serde_json::from_str(&row.text("body")?).map_err(|_| corrupt("its body"))?,
        created_at: row.time("created_at")?,
        seen_at: row.time("seen_at")?,
        idle_ends_at: row.time("idle_ends_at")?,
        ends_at: row.time("ends_at")?,
        version: row.number("version")?,
        id: SessionId::stored(id.clone()),
    })
}
