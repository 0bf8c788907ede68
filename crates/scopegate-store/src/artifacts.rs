//! Artifacts, such as codes: they live for minutes and are found by a secret.

use scopegate_claims::UnixTime;
use scopegate_core::catalog::UserId;
use scopegate_core::directory::User;
use scopegate_core::store::{Artifact, ArtifactKind, ArtifactName, Contested, StoreError};

use crate::database::{Database, Decode, Row, Transaction};
use crate::user_rows::{self, user_columns};

const BY_SECRET: &str = concat!(
    "SELECT kind, id_sha256, alias_sha256, user_id, a.version, expires_at, body, ",
    user_columns!(),
    " FROM artifact a LEFT JOIN directory_user u ON u.id = a.user_id \
    WHERE kind = $1 AND id_sha256 = $2"
);

const BY_ALIAS: &str = concat!(
    "SELECT kind, id_sha256, alias_sha256, user_id, a.version, expires_at, body, ",
    user_columns!(),
    " FROM artifact a LEFT JOIN directory_user u ON u.id = a.user_id \
    WHERE kind = $1 AND alias_sha256 = $2"
);

const PUT: &str = "\
    INSERT INTO artifact (kind, id_sha256, alias_sha256, user_id, version, expires_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

/// Writes only on top of the expected version, so that one of two concurrent commits loses.
const MOVE: &str = "\
    UPDATE artifact SET version = version + 1, expires_at = $4, body = $5 \
    WHERE kind = $1 AND id_sha256 = $2 AND version = $3";

pub(crate) const FORGET: &str = "\
    DELETE FROM artifact WHERE (kind, id_sha256) IN \
    (SELECT kind, id_sha256 FROM artifact WHERE expires_at <= $1 LIMIT $2 {free})";

const COUNT: &str =
    "SELECT count(*) AS number FROM (SELECT 1 FROM artifact WHERE kind = $1 LIMIT $2) AS counted";

/// Counts the artifacts of a kind, up to `at_most`.
pub(crate) async fn count(
    database: &Database,
    kind: ArtifactKind,
    at_most: u64,
) -> Result<u64, StoreError> {
    let values = [kind.as_str().into(), at_most.into()];
    let counted = database.read_long(COUNT, &values, |row| row.number("number")).await?;
    Ok(counted.first().copied().unwrap_or_default())
}

pub(crate) async fn find(
    database: &Database,
    kind: ArtifactKind,
    name: &ArtifactName,
) -> Result<Option<Artifact>, StoreError> {
    find_as(database, kind, name, read).await
}

pub(crate) async fn find_with_user(
    database: &Database,
    kind: ArtifactKind,
    name: &ArtifactName,
) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
    find_as(database, kind, name, |row| Ok((read(row)?, user_rows::read_if_there(row)?))).await
}

async fn find_as<T: Send + 'static>(
    database: &Database,
    kind: ArtifactKind,
    name: &ArtifactName,
    read: Decode<T>,
) -> Result<Option<T>, StoreError> {
    let (statement, hash) = match name {
        ArtifactName::Secret(hash) => (BY_SECRET, hash),
        ArtifactName::Alias(hash) => (BY_ALIAS, hash),
    };
    let found = database.read(statement, &[kind.as_str().into(), hash.into()], read).await?;
    Ok(found.into_iter().next())
}

pub(crate) async fn put(
    transaction: &mut Transaction<'_>,
    artifact: &Artifact,
) -> Result<(), StoreError> {
    let Artifact { kind, id, alias, user, version, expires_at, body } = artifact;
    let values = [
        kind.as_str().into(),
        id.into(),
        alias.as_ref().map(<[u8; 32]>::as_slice).into(),
        user.as_ref().map(UserId::as_str).into(),
        (*version).into(),
        (*expires_at).into(),
        body.as_str().into(),
    ];
    transaction.change(PUT, &values, Contested::Artifact).await
}

/// A change of an artifact that must still have the version `from`.
pub(crate) struct Move<'a> {
    pub(crate) kind: ArtifactKind,
    pub(crate) id: &'a [u8; 32],
    pub(crate) from: u64,
    pub(crate) expires_at: UnixTime,
    pub(crate) body: &'a str,
}

impl Move<'_> {
    pub(crate) async fn write(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Self { kind, id, from, expires_at, body } = *self;
        let values = [kind.as_str().into(), id.into(), from.into(), expires_at.into(), body.into()];
        transaction.change(MOVE, &values, Contested::Artifact).await
    }
}

fn read(row: &Row<'_>) -> Result<Artifact, StoreError> {
    let kind = row.text("kind")?;
    let corrupt = |what: &str| StoreError::Corrupt(format!("an artifact: {what}"));
    let user = row.optional_text("user_id")?.map(|id| UserId::parse(&id));
    Ok(Artifact {
        kind: ArtifactKind::from_name(&kind).ok_or_else(|| corrupt("its kind"))?,
        id: row.hash("id_sha256")?,
        alias: row.optional_hash("alias_sha256")?,
        user: user.transpose().map_err(|_| corrupt("its user"))?,
        version: row.number("version")?,
        expires_at: row.time("expires_at")?,
        body: row.text("body")?,
    })
}
