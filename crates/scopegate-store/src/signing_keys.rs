//! Signing keys, which the caller has sealed. Their changes have versions, so that each key is read once.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::{RowKey, ServerId, UnreadableRow};
use scopegate_core::store::{KeyChanges, KeyPhase, KeyStore, StoreError, StoredKey};
use scopegate_jose::Algorithm;

use crate::catalog::{NOTIFY, no_state};
use crate::database::{Job, Row, Transaction};
use crate::error::unavailable;
use crate::sql_store::SqlStore;

/// One statement, so that the version fits the keys, as for the catalog. A key of version 0 was written by
/// a program that has no versions of keys.
const SINCE: &str = "\
    SELECT s.key_version, k.server, k.kid, k.format, k.algorithm, k.phase, k.since, k.public_jwk, \
    k.sealed FROM catalog_state s \
    LEFT JOIN signing_key k ON k.version > $1 OR k.version = 0 \
    ORDER BY k.server, k.since, k.kid";

/// The row stays locked until the end of the transaction, so that versions are committed in order.
const ADVANCE: &str = "UPDATE catalog_state SET key_version = key_version + 1";

const INSERT: &str = "\
    INSERT INTO signing_key (server, kid, algorithm, phase, since, public_jwk, sealed, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT key_version FROM catalog_state)) \
    ON CONFLICT DO NOTHING";

#[async_trait]
impl KeyStore for SqlStore {
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        let rows = self.database.read(SINCE, &[version.into()], read_change).await?;
        let Some((version, _)) = rows.first() else { return Err(no_state()) };
        let mut changes = KeyChanges { version: *version, ..KeyChanges::default() };
        for key in rows.into_iter().filter_map(|(_, key)| key) {
            match key {
                Ok(key) => changes.keys.push(key),
                Err(row) => changes.unreadable.push(row),
            }
        }
        Ok(changes)
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        self.database.write(InsertKey(key.clone())).await
    }
}

/// Writes a key with the next version, unless there is one in its place.
struct InsertKey(StoredKey);

impl Job for InsertKey {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let StoredKey { server, kid, algorithm, phase, since, public, sealed } = &self.0;
        let public = serde_json::to_string(public).map_err(unavailable)?;
        let values = [
            server.as_str().into(),
            kid.as_str().into(),
            algorithm.name().into(),
            phase.as_str().into(),
            since.as_seconds().cast_signed().into(),
            public.as_str().into(),
            sealed.as_slice().into(),
        ];
        transaction.execute(ADVANCE, &[]).await?;
        if transaction.execute(INSERT, &values).await? == 0 {
            return Err(StoreError::Conflict);
        }
        transaction.on_postgres(NOTIFY).await
    }
}

type Key = Result<StoredKey, UnreadableRow>;

fn read_change(row: &Row<'_>) -> Result<(u64, Option<Key>), StoreError> {
    let version = row.number("key_version")?;
    match row.optional_text("server")? {
        None => Ok((version, None)),
        Some(server) => Ok((version, Some(read_key(row, &server)?))),
    }
}

/// A key, or why it cannot be read.
fn read_key(row: &Row<'_>, server: &str) -> Result<Key, StoreError> {
    let kid = row.text("kid")?;
    let key = || RowKey::signing_key(server, &kid);
    if let Some(newer) = UnreadableRow::of_newer_format(key, row.number("format")?) {
        return Ok(Err(newer));
    }
    Ok(parse(row, server, &kid).map_err(|what| UnreadableRow {
        key: key(),
        why: format!("{what} is not of a known form"),
    }))
}

/// Reads a key. The error names the part that cannot be read.
fn parse(row: &Row<'_>, server: &str, kid: &str) -> Result<StoredKey, &'static str> {
    let text = |column: &str| row.text(column).ok();
    Ok(StoredKey {
        server: ServerId::try_from(server.to_owned()).map_err(|_| "its server")?,
        kid: kid.to_owned(),
        algorithm: text("algorithm")
            .and_then(|name| Algorithm::from_name(&name))
            .ok_or("its algorithm")?,
        phase: text("phase").and_then(|name| KeyPhase::from_name(&name)).ok_or("its phase")?,
        since: UnixTime::from_seconds(row.number("since").map_err(|_| "its time")?),
        public: text("public_jwk")
            .and_then(|jwk| serde_json::from_str(&jwk).ok())
            .ok_or("its public key")?,
        sealed: row.bytes("sealed").map_err(|_| "its sealed key")?,
    })
}
