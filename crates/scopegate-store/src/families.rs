//! Families of refresh tokens. A family is one row, however often its tokens are used.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::directory::User;
use scopegate_core::store::{Contested, Ended, Family, FamilyId, SessionId, StoreError};

use crate::database::{Database, Row, Transaction, Value};
use crate::error::unavailable;
use crate::user_rows::{self, user_columns};

/// How long a family that was ended is kept: longer than any access token lives.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

const BY_ID: &str = concat!(
    "SELECT f.id, server, client, user_id, session, generation, rotated_at, idle_ends_at, ends_at, \
    revoked, forget_at, body, ",
    user_columns!(),
    " FROM refresh_family f LEFT JOIN directory_user u ON u.id = f.user_id WHERE f.id = $1"
);

const OF_USER: &str = "\
    SELECT id, server, client, user_id, session, generation, rotated_at, idle_ends_at, ends_at, \
    revoked, forget_at, body FROM refresh_family WHERE user_id = $1 AND revoked = 0 \
    ORDER BY rotated_at DESC, id";

const OF_CLIENT: &str = "\
    SELECT id, server, client, user_id, session, generation, rotated_at, idle_ends_at, ends_at, \
    revoked, forget_at, body FROM refresh_family WHERE client = $1 AND server = $2 AND revoked = 0 \
    AND idle_ends_at > $3 AND ends_at > $3 AND id > $4 ORDER BY id LIMIT $5";

const CLIENTS: &str = "\
    SELECT DISTINCT client FROM refresh_family WHERE server = $1 AND revoked = 0 \
    AND idle_ends_at > $2 AND ends_at > $2 AND client > $3 ORDER BY client LIMIT $4";

const COUNT_OF_CLIENT: &str = "\
    SELECT count(*) AS number FROM refresh_family \
    WHERE client = $1 AND revoked = 0 AND idle_ends_at > $2 AND ends_at > $2";

const OPEN: &str = "\
    INSERT INTO refresh_family (id, server, client, user_id, session, generation, rotated_at, \
    idle_ends_at, ends_at, revoked, forget_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";

/// Writes only on top of the expected generation, so that one of two concurrent refreshes loses.
const MOVE: &str = "\
    UPDATE refresh_family SET generation = $3, rotated_at = $4, idle_ends_at = $5, forget_at = $6 \
    WHERE id = $1 AND generation = $2 AND revoked = 0";

const END: &str = "\
    UPDATE refresh_family SET revoked = 1, forget_at = $2 WHERE id = $1 AND revoked = 0";

const END_OF_CLIENT: &str = "\
    UPDATE refresh_family SET revoked = 1, forget_at = $2 WHERE id IN \
    (SELECT id FROM refresh_family WHERE client = $1 AND revoked = 0 ORDER BY id {locked})";

const END_OF_SESSION: &str = "\
    UPDATE refresh_family SET revoked = 1, forget_at = $2 WHERE id IN \
    (SELECT id FROM refresh_family WHERE session = $1 AND revoked = 0 ORDER BY id {locked})";

const END_OF_USER: &str = "\
    UPDATE refresh_family SET revoked = 1, forget_at = $2 WHERE id IN \
    (SELECT id FROM refresh_family WHERE user_id = $1 AND revoked = 0 ORDER BY id {locked})";

/// Does not change `forget_at`, because a write of the catalog has no time of its own.
const END_WITH_CLIENTS: &str = "\
    UPDATE refresh_family SET revoked = 1 WHERE id IN \
    (SELECT id FROM refresh_family WHERE client IN ({values}) AND revoked = 0 \
    ORDER BY id {locked})";

pub(crate) const FORGET: &str = "\
    DELETE FROM refresh_family WHERE id IN \
    (SELECT id FROM refresh_family WHERE forget_at <= $1 LIMIT $2 {free})";

pub(crate) async fn find(database: &Database, id: &FamilyId) -> Result<Option<Family>, StoreError> {
    let found = database.read(BY_ID, &[id.as_str().into()], read).await?;
    Ok(found.into_iter().next())
}

pub(crate) async fn find_with_user(
    database: &Database,
    id: &FamilyId,
) -> Result<Option<(Family, Option<User>)>, StoreError> {
    let read = |row: &Row<'_>| Ok((read(row)?, user_rows::read_if_there(row)?));
    let found = database.read(BY_ID, &[id.as_str().into()], read).await?;
    Ok(found.into_iter().next())
}

/// The families of a user that were not ended early.
pub(crate) async fn of_user(database: &Database, user: &UserId) -> Result<Vec<Family>, StoreError> {
    database.read_long(OF_USER, &[user.as_str().into()], read).await
}

/// The families of a client at a server that still give tokens.
pub(crate) async fn of_client(
    database: &Database,
    server: &ServerId,
    client: &ClientId,
    after: Option<&FamilyId>,
    now: UnixTime,
    limit: u32,
) -> Result<Vec<Family>, StoreError> {
    let after = after.map_or("", FamilyId::as_str);
    let values = [
        client.as_str().into(),
        server.as_str().into(),
        now.into(),
        after.into(),
        u64::from(limit).into(),
    ];
    database.read_long(OF_CLIENT, &values, read).await
}

/// The clients with families at a server that still give tokens.
pub(crate) async fn clients(
    database: &Database,
    server: &ServerId,
    after: Option<&ClientId>,
    now: UnixTime,
    limit: u32,
) -> Result<Vec<ClientId>, StoreError> {
    let after = after.map_or("", ClientId::as_str);
    let values = [server.as_str().into(), now.into(), after.into(), u64::from(limit).into()];
    let read = |row: &Row<'_>| {
        let id = row.text("client")?;
        ClientId::parse(&id).map_err(|_| StoreError::Corrupt(format!("the client {id}")))
    };
    database.read_long(CLIENTS, &values, read).await
}

/// The number of families of a client that still give tokens.
pub(crate) async fn count_of_client(
    database: &Database,
    client: &ClientId,
    now: UnixTime,
) -> Result<u64, StoreError> {
    let values = [client.as_str().into(), now.into()];
    let counted = database.read_long(COUNT_OF_CLIENT, &values, |row| row.number("number")).await?;
    Ok(counted.first().copied().unwrap_or_default())
}

pub(crate) async fn open(
    transaction: &mut Transaction<'_>,
    family: &Family,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(&family.body).map_err(unavailable)?;
    let values = [
        family.id.as_str().into(),
        family.server.as_str().into(),
        family.client.as_str().into(),
        family.user.as_str().into(),
        family.session.as_ref().map(SessionId::as_str).into(),
        u64::from(family.generation).into(),
        family.rotated_at.into(),
        family.idle_ends_at.into(),
        family.ends_at.into(),
        u64::from(family.revoked).into(),
        family.forget_at.into(),
        body.as_str().into(),
    ];
    transaction.change(OPEN, &values, Contested::Family).await
}

/// A change of a family that must still have the generation `from`.
pub(crate) struct Move<'a> {
    pub(crate) id: &'a FamilyId,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) rotated_at: UnixTime,
    pub(crate) idle_ends_at: UnixTime,
    pub(crate) forget_at: UnixTime,
}

impl Move<'_> {
    pub(crate) async fn write(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Self { id, from, to, rotated_at, idle_ends_at, forget_at } = *self;
        let values = [
            id.as_str().into(),
            u64::from(from).into(),
            u64::from(to).into(),
            rotated_at.into(),
            idle_ends_at.into(),
            forget_at.into(),
        ];
        transaction.change(MOVE, &values, Contested::Family).await
    }
}

pub(crate) async fn end(
    transaction: &mut Transaction<'_>,
    of: &Ended,
    at: UnixTime,
) -> Result<(), StoreError> {
    let (statement, whose) = match of {
        Ended::Client(client) => (END_OF_CLIENT, client.as_str()),
        Ended::Family(family) => (END, family.as_str()),
        Ended::Session(session) => (END_OF_SESSION, session.as_str()),
        Ended::User(user) => (END_OF_USER, user.as_str()),
    };
    let values = [whose.into(), at.plus(REMEMBERED).into()];
    transaction.execute_locking(statement, &values).await.map(drop)
}

/// Ends the families of clients that the catalog deactivates or deletes.
///
/// One statement for all clients: client by client, the rows would be locked in another order than by a
/// transaction that ends the families of a user, and the two could deadlock.
pub(crate) async fn end_with_clients(
    transaction: &mut Transaction<'_>,
    clients: &[Value<'_>],
) -> Result<(), StoreError> {
    transaction.execute_locking_for_each(END_WITH_CLIENTS, clients).await.map(drop)
}

fn read(row: &Row<'_>) -> Result<Family, StoreError> {
    let id = row.text("id")?;
    let corrupt = |what: &str| StoreError::Corrupt(format!("refresh family {id}: {what}"));
    Ok(Family {
        id: FamilyId::parse(&id).map_err(|_| corrupt("its id"))?,
        server: ServerId::try_from(row.text("server")?).map_err(|_| corrupt("its server"))?,
        client: ClientId::parse(&row.text("client")?).map_err(|_| corrupt("its client"))?,
        user: UserId::parse(&row.text("user_id")?).map_err(|_| corrupt("its user"))?,
        session: row.optional_text("session")?.map(SessionId::stored),
        generation: u32::try_from(row.number("generation")?)
            .map_err(|_| corrupt("its generation"))?,
        rotated_at: row.time("rotated_at")?,
        idle_ends_at: row.time("idle_ends_at")?,
        ends_at: row.time("ends_at")?,
        revoked: row.number("revoked")? != 0,
        forget_at: row.time("forget_at")?,
        body: serde_json::from_str(&row.text("body")?).map_err(|_| corrupt("its body"))?,
    })
}
