//! Users: who may sign in.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::FORMAT;
use scopegate_core::catalog::UserId;
use scopegate_core::directory::{Listed, NewUser, User};
use scopegate_core::store::{Contested, Directory, StoreError, StoredPassword, UserKey};

use crate::database::{Database, Insert, Row, Transaction, Value};
use crate::error::unavailable;
use crate::logins::{self, LoginKeys};
use crate::sql_store::SqlStore;
use crate::user_rows::{read, status_name, user_columns};

const BY_ID: &str = concat!("SELECT ", user_columns!(), " FROM directory_user u WHERE id = $1");

/// The exact spelling comes before the normal form. It also finds a row whose normal form is not filled in
/// yet.
const BY_LOGIN: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM directory_user u WHERE login_key = $1 OR (login_norm = $2 AND login_collides = 0) \
    ORDER BY CASE WHEN login_key = $1 THEN 0 ELSE 1 END LIMIT 1"
);

const PAGE: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM directory_user u WHERE login_key > $1 ORDER BY login_key LIMIT $2"
);
/// Maximum users on a page.
const LONGEST_PAGE: u32 = 200;

/// Looks for eight logins at once, by both keys of each. Placeholders that are left over repeat a key.
const KNOWN: &str = "\
    SELECT login_key, login_norm FROM directory_user WHERE login_key IN \
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) OR login_norm IN \
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const KNOWN_PLACES: usize = 16;

const PASSWORD: &str = "SELECT password, password_generation FROM directory_user WHERE id = $1";

static PUT: Insert = Insert::new(
    "\
    INSERT INTO directory_user (id, format, login, login_key, status, owner, group_names, profile, \
    password, created_at, updated_at, version, login_norm) VALUES {rows} ON CONFLICT DO NOTHING",
    PUT_WIDTH,
);
const PUT_WIDTH: usize = 13;

/// Writes only on top of the expected version, and only if no other user has the login. A user who keeps
/// the login keeps its keys.
const MOVE: &str = "\
    UPDATE directory_user SET version = version + 1, login = $3, login_key = $4, status = $5, \
    group_names = $6, profile = $7, updated_at = $8, \
    login_norm = CASE WHEN login = $3 THEN login_norm ELSE $9 END, \
    login_collides = CASE WHEN login = $3 THEN login_collides ELSE 0 END \
    WHERE id = $1 AND version = $2 AND format <= $10 AND (login = $3 OR NOT EXISTS \
    (SELECT 1 FROM directory_user WHERE id <> $1 AND (login_key IN ($4, $9) OR login_norm = $9)))";

/// Does not delete a row in a newer format than this program knows, which is `$3`.
const DELETE: &str = "DELETE FROM directory_user WHERE id = $1 AND version = $2 AND format <= $3";

/// The lock makes transactions that change the user wait until the end of this one.
const EXPECT: &str = "SELECT version FROM directory_user WHERE id = $1 AND version = $2 {shared}";

/// Does not change rows in a newer format than this program knows, which is `$4`.
const SET_PASSWORD: &str = "\
    UPDATE directory_user SET password = $2, updated_at = $3, \
    password_generation = password_generation + 1 WHERE id = $1 AND format <= $4";

const RENEW_HASH: &str = "\
    UPDATE directory_user SET password = $2, updated_at = $3 WHERE id = $1 AND format <= $4";

#[async_trait]
impl Directory for SqlStore {
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError> {
        let found = match by {
            UserKey::Id(id) => self.database.read(BY_ID, &[id.as_str().into()], read).await?,
            // No user has such a login, and PostgreSQL would refuse the value.
            UserKey::Login(login) if login.contains('\0') => return Ok(None),
            UserKey::Login(login) => {
                let LoginKeys { exact, normal } = LoginKeys::of(login);
                let values = [exact.as_str().into(), normal.as_str().into()];
                self.database.read(BY_LOGIN, &values, read).await?
            }
        };
        Ok(found.into_iter().next())
    }

    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let after = User::exact_login_key(after.unwrap_or_default()).replace('\0', "\u{1}");
        let limit = i64::from(limit.min(LONGEST_PAGE));
        self.database.read_long(PAGE, &[after.as_str().into(), limit.into()], list).await
    }

    async fn password(&self, id: &UserId) -> Result<Option<StoredPassword>, StoreError> {
        let found = self.database.read(PASSWORD, &[id.as_str().into()], read_password).await?;
        Ok(found.into_iter().next().flatten())
    }
}

pub(crate) async fn known_logins(
    database: &Database,
    logins: &[String],
) -> Result<BTreeSet<String>, StoreError> {
    let askable = logins.iter().filter(|login| !login.contains('\0'));
    let asked: Vec<_> = askable.map(|login| (login, LoginKeys::of(login))).collect();
    let mut known = HashSet::new();
    for some in asked.chunks(KNOWN_PLACES / 2) {
        let mut values = [Value::from(some[0].1.exact.as_str()); KNOWN_PLACES];
        let keys = some.iter().flat_map(|(_, keys)| [&keys.exact, &keys.normal]);
        for (value, key) in values.iter_mut().zip(keys) {
            *value = key.as_str().into();
        }
        let found = database.read(KNOWN, &values, |row| {
            Ok((row.text("login_key")?, row.optional_text("login_norm")?))
        });
        for (exact, normal) in found.await? {
            known.extend([Some(exact), normal].into_iter().flatten());
        }
    }
    let is_known =
        |keys: &LoginKeys| [&keys.exact, &keys.normal].iter().any(|key| known.contains(*key));
    let asked = asked.iter().filter(|(_, keys)| is_known(keys));
    Ok(asked.map(|(login, _)| (*login).clone()).collect())
}

/// Writes the users whose logins are free. The others stay as they are.
pub(crate) async fn seed(
    transaction: &mut Transaction<'_>,
    seeds: &[NewUser],
) -> Result<(), StoreError> {
    if seeds.is_empty() {
        return Ok(());
    }
    let free = logins::free(transaction, seeds.iter().map(|new| new.user.login.as_str())).await?;
    let seeds = seeds.iter().zip(free).filter(|(_, is_free)| *is_free).map(|(new, _)| new);
    let seeds: Vec<_> = seeds.collect();
    insert(transaction, seeds.iter().copied()).await.map(drop)
}

pub(crate) async fn put(
    transaction: &mut Transaction<'_>,
    new: &NewUser,
) -> Result<(), StoreError> {
    let free = logins::free(transaction, std::iter::once(new.user.login.as_str())).await?;
    if free != [true] || insert(transaction, std::iter::once(new)).await? != 1 {
        return Err(StoreError::Changed(Contested::User));
    }
    Ok(())
}

pub(crate) async fn put_in_place(
    transaction: &mut Transaction<'_>,
    from: u64,
    user: &User,
) -> Result<(), StoreError> {
    let Columns { login, groups, profile } = Columns::of(user)?;
    let values = [
        user.id.as_str().into(),
        from.into(),
        user.login.as_str().into(),
        login.exact.as_str().into(),
        status_name(user.status).into(),
        groups.as_str().into(),
        profile.as_str().into(),
        user.updated_at.into(),
        login.normal.as_str().into(),
        FORMAT.into(),
    ];
    logins::lock(transaction).await?;
    transaction.change(MOVE, &values, Contested::User).await
}

pub(crate) async fn expect(
    transaction: &mut Transaction<'_>,
    user: &UserId,
    version: u64,
) -> Result<(), StoreError> {
    let values = [user.as_str().into(), version.into()];
    match transaction.fetch_shared(EXPECT, &values, |_| Ok(())).await?.is_empty() {
        false => Ok(()),
        true => Err(StoreError::Changed(Contested::User)),
    }
}

/// Deletes a user and their password, which is in the same row.
pub(crate) async fn delete(
    transaction: &mut Transaction<'_>,
    user: &UserId,
    from: u64,
) -> Result<(), StoreError> {
    let values = [user.as_str().into(), from.into(), FORMAT.into()];
    transaction.change(DELETE, &values, Contested::User).await
}

pub(crate) async fn set_password(
    transaction: &mut Transaction<'_>,
    user: &UserId,
    sealed: &[u8],
    at: UnixTime,
) -> Result<(), StoreError> {
    let values = [user.as_str().into(), sealed.into(), at.into(), FORMAT.into()];
    transaction.change(SET_PASSWORD, &values, Contested::User).await
}

pub(crate) async fn renew_hash(
    transaction: &mut Transaction<'_>,
    user: &UserId,
    sealed: &[u8],
    at: UnixTime,
) -> Result<(), StoreError> {
    let values = [user.as_str().into(), sealed.into(), at.into(), FORMAT.into()];
    transaction.change(RENEW_HASH, &values, Contested::User).await
}

async fn insert(
    transaction: &mut Transaction<'_>,
    users: impl Iterator<Item = &NewUser> + Clone + Send,
) -> Result<u64, StoreError> {
    let columns = users.clone().map(|new| Columns::of(&new.user)).collect::<Result<Vec<_>, _>>()?;
    let mut values = Vec::with_capacity(columns.len() * PUT_WIDTH);
    for (NewUser { user, sealed_password }, columns) in users.zip(&columns) {
        values.extend::<[Value<'_>; PUT_WIDTH]>([
            user.id.as_str().into(),
            FORMAT.into(),
            user.login.as_str().into(),
            columns.login.exact.as_str().into(),
            status_name(user.status).into(),
            user.owner.as_str().into(),
            columns.groups.as_str().into(),
            columns.profile.as_str().into(),
            sealed_password.as_deref().into(),
            user.created_at.into(),
            user.updated_at.into(),
            user.version.into(),
            columns.login.normal.as_str().into(),
        ]);
    }
    transaction.insert(&PUT, &values).await
}

/// The contents of the columns that are derived from a user.
struct Columns {
    login: LoginKeys,
    groups: String,
    profile: String,
}

impl Columns {
    fn of(user: &User) -> Result<Self, StoreError> {
        Ok(Self {
            login: LoginKeys::of(&user.login),
            groups: serde_json::to_string(&user.groups).map_err(unavailable)?,
            profile: serde_json::to_string(&user.profile).map_err(unavailable)?,
        })
    }
}

fn read_password(row: &Row<'_>) -> Result<Option<StoredPassword>, StoreError> {
    let Some(sealed) = row.optional_bytes("password")? else { return Ok(None) };
    Ok(Some(StoredPassword { sealed, generation: row.number("password_generation")? }))
}

fn list(row: &Row<'_>) -> Result<Listed, StoreError> {
    match read(row) {
        Ok(user) => Ok(Listed::User(Box::new(user))),
        Err(StoreError::Unreadable(of)) => {
            Ok(Listed::Unreadable { login: row.text("login")?, row: of })
        }
        Err(error) => Err(error),
    }
}
