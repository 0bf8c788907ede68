//! How a user is read from a row.

use std::sync::Arc;

use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{Owner, RowKey, Status, UnreadableRow};
use scopegate_core::directory::{LoginMatch, User};
use scopegate_core::store::StoreError;

use crate::database::Row;

/// The columns of a user, in a statement that calls the table `u`.
macro_rules! user_columns {
    () => {
        "u.id AS user_row_id, u.format AS user_row_format, u.login, u.status, u.owner, u.group_names, \
        u.profile, u.created_at, u.updated_at, u.version AS user_row_version, \
        CASE WHEN u.login_norm IS NULL THEN 1 ELSE u.login_collides END AS login_exact"
    };
}
pub(crate) use user_columns;

/// Reads a user from the [columns](user_columns).
pub(crate) fn read(row: &Row<'_>) -> Result<User, StoreError> {
    read_as(&row.text("user_row_id")?, row)
}

/// The same for a `LEFT JOIN`, whose columns are `NULL` if there is no user.
pub(crate) fn read_if_there(row: &Row<'_>) -> Result<Option<User>, StoreError> {
    row.optional_text("user_row_id")?.map(|id| read_as(&id, row)).transpose()
}

fn read_as(id: &str, row: &Row<'_>) -> Result<User, StoreError> {
    check_format(id, row.number("user_row_format")?)?;
    let corrupt = |what: &str| unreadable(id, what);
    Ok(User {
        login: row.text("login")?,
        login_match: match row.number("login_exact")? {
            0 => LoginMatch::Key,
            _ => LoginMatch::Exact,
        },
        status: status_from_name(&row.text("status")?).ok_or_else(|| corrupt("its status"))?,
        owner: Owner::from_name(&row.text("owner")?).ok_or_else(|| corrupt("its owner"))?,
        groups: serde_json::from_str(&row.text("group_names")?)
            .map_err(|_| corrupt("its groups"))?,
        profile: serde_json::from_str(&row.text("profile")?).map_err(|_| corrupt("its profile"))?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        version: row.number("user_row_version")?,
        id: UserId::parse(id).map_err(|_| corrupt("its id"))?,
    })
}

/// Refuses a row in a newer format than this program knows.
pub(crate) fn check_format(id: &str, format: u64) -> Result<(), StoreError> {
    let newer = UnreadableRow::of_newer_format(|| RowKey::user(id), format);
    newer.map_or(Ok(()), |row| Err(StoreError::Unreadable(Arc::new(row))))
}

/// The error for a row of a user of which a part cannot be read.
pub(crate) fn unreadable(id: &str, what: &str) -> StoreError {
    let why = format!("{what} is not of a known form");
    StoreError::Unreadable(Arc::new(UnreadableRow { key: RowKey::user(id), why }))
}

pub(crate) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Inactive => "INACTIVE",
    }
}

/// The status with a name.
pub(crate) fn status_from_name(name: &str) -> Option<Status> {
    [Status::Active, Status::Inactive].into_iter().find(|known| status_name(*known) == name)
}
