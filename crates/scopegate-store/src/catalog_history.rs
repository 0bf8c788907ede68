//! The history of the catalog: who made each version, and the changed rows as they were before.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::{RowKey, StoredRow};
use scopegate_core::store::{CatalogHistory, CatalogVersion, StoreError, Undo, VersionRecord};

use crate::batches::{self, Bound};
use crate::database::{Insert, Row, Transaction, Value};
use crate::error::unavailable;
use crate::sql_store::SqlStore;

const PUT_VERSION: &str =
    "INSERT INTO catalog_version (version, happened_at, body) VALUES ($1, $2, $3)";

static PUT_BEFORE: Insert = Insert::new(
    "\
    INSERT INTO catalog_before \
    (version, ordinal, happened_at, kind, parent, name, format, owner, body) VALUES {rows}",
    BEFORE_WIDTH,
);
const BEFORE_WIDTH: usize = 9;

const VERSIONS: &str = "\
    SELECT body FROM catalog_version WHERE version < $1 ORDER BY version DESC LIMIT $2";

/// One statement, so that the rows fit the version of the catalog.
const UNDO: &str = "\
    SELECT s.version AS newest, v.version, b.kind, b.parent, b.name, b.format, b.owner, b.body \
    FROM catalog_state s \
    LEFT JOIN catalog_version v ON v.version > $1 \
    LEFT JOIN catalog_before b ON b.version = v.version \
    ORDER BY v.version DESC, b.ordinal";

const PRUNE_VERSIONS: &str = "\
    DELETE FROM catalog_version WHERE version IN \
    (SELECT version FROM catalog_version WHERE happened_at < $1 ORDER BY version LIMIT $2 {free})";

/// The rows of deleted versions. They are deleted after their versions: a version without its rows would be
/// read as one that changed nothing.
const PRUNE_BEFORE: &str = "\
    DELETE FROM catalog_before WHERE (version, ordinal) IN \
    (SELECT version, ordinal FROM catalog_before WHERE happened_at < $1 AND version < \
    (SELECT coalesce(min(version), 9223372036854775807) FROM catalog_version) \
    ORDER BY version, ordinal LIMIT $2 {free})";

#[async_trait]
impl CatalogHistory for SqlStore {
    async fn catalog_versions(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<CatalogVersion>, StoreError> {
        let values = [below.unwrap_or(u64::MAX).into(), u64::from(limit).into()];
        self.database.read_long(VERSIONS, &values, read_version).await
    }

    async fn undo_since(&self, version: u64) -> Result<Undo, StoreError> {
        let rows = self.database.read_long(UNDO, &[version.into()], read_undo).await?;
        let mut undo = Undo::default();
        for (newest, version, row) in rows {
            undo.current = newest;
            if version.is_some() && undo.versions.last() != version.as_ref() {
                undo.versions.extend(version);
            }
            undo.rows.extend(version.zip(row));
        }
        Ok(undo)
    }

    async fn prune_catalog_history(&self, before: UnixTime) -> Result<u64, StoreError> {
        let bound = Bound::Time(before);
        let versions = batches::delete(&self.database, PRUNE_VERSIONS, bound.clone()).await?;
        batches::delete(&self.database, PRUNE_BEFORE, bound).await?;
        Ok(versions)
    }
}

/// Writes the entry of a change, in its transaction.
pub(crate) async fn record(
    transaction: &mut Transaction<'_>,
    VersionRecord { version, before }: &VersionRecord,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(version).map_err(unavailable)?;
    let (number, at) = (version.version, version.at);
    let values = [number.into(), at.into(), body.as_str().into()];
    transaction.execute(PUT_VERSION, &values).await?;
    let mut values: Vec<Value<'_>> = Vec::with_capacity(before.len() * BEFORE_WIDTH);
    for (row, ordinal) in before.iter().zip(0_u64..) {
        let StoredRow { key: RowKey { kind, parent, name }, format, owner, body } = row;
        values.extend::<[Value<'_>; BEFORE_WIDTH]>([
            number.into(),
            ordinal.into(),
            at.into(),
            kind.as_str().into(),
            parent.as_str().into(),
            name.as_str().into(),
            (*format).into(),
            owner.as_deref().into(),
            body.as_deref().into(),
        ]);
    }
    transaction.insert(&PUT_BEFORE, &values).await.map(drop)
}

fn read_version(row: &Row<'_>) -> Result<CatalogVersion, StoreError> {
    let body = row.text("body")?;
    let corrupt = |error| StoreError::Corrupt(format!("a version of the catalog: {error}"));
    serde_json::from_str(&body).map_err(corrupt)
}

fn read_undo(row: &Row<'_>) -> Result<(u64, Option<u64>, Option<StoredRow>), StoreError> {
    let (newest, version) = (row.number("newest")?, row.optional_number("version")?);
    let Some(kind) = row.optional_text("kind")? else { return Ok((newest, version, None)) };
    let stored = StoredRow {
        key: RowKey { kind, parent: row.text("parent")?, name: row.text("name")? },
        format: row.number("format")?,
        owner: row.optional_text("owner")?,
        body: row.optional_text("body")?,
    };
    Ok((newest, version, Some(stored)))
}
