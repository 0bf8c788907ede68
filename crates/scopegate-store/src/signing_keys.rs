//! Signing keys, as the core seals them. Their changes are counted, so that a node reads each once.

use std::time::Duration;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{RowKey, RuleSpec, ServerId, UnreadableRow};
use scopegate_core::store::{KeyChanges, KeyMove, KeyPhase, KeyStore, StoreError, StoredKey};
use scopegate_jose::Algorithm;

use crate::audit_events;
use crate::catalog::{NOTIFY, no_state};
use crate::database::{Job, Row, Transaction};
use crate::error::unavailable;
use crate::sql_store::SqlStore;

/// One statement sees one state, as for the catalog. A key of version 0 was written by a program that
/// does not count. A node that knows nothing yet needs no dropped keys.
const SINCE: &str = "\
    SELECT s.key_version, k.server, k.kid, k.format, k.algorithm, k.phase, k.since, k.signs_from, \
    k.retired_at, k.longest, k.cached, k.public_jwk, k.sealed FROM catalog_state s \
    LEFT JOIN signing_key k ON (k.version > $1 OR k.version = 0) \
    AND (k.phase <> 'dropped' OR $1 > 0) \
    ORDER BY k.server, k.since, k.kid";

/// The row stays locked until the end of the transaction: changes of keys wait for one another, and
/// their versions are committed in order.
const ADVANCE: &str = "UPDATE catalog_state SET key_version = key_version + 1";

const VERSION: &str = "SELECT key_version FROM catalog_state";

/// The unique indexes of the table name the phases of which a server has one key for an algorithm.
const INSERT: &str = "\
    INSERT INTO signing_key \
    (server, kid, algorithm, phase, since, signs_from, retired_at, public_jwk, sealed, version, \
    longest, cached) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT DO NOTHING";

/// The same rule as that of the indexes, so that a second key is a conflict and no error of the database.
const MOVE: &str = "\
    UPDATE signing_key SET phase = $4, version = $6, \
    signs_from = CASE WHEN $4 = 'signing' THEN $5 ELSE signs_from END, \
    retired_at = CASE WHEN $4 = 'retiring' THEN $5 ELSE retired_at END \
    WHERE server = $1 AND kid = $2 AND phase = $3 \
    AND ($4 NOT IN ('announced', 'signing') OR NOT EXISTS (\
    SELECT 1 FROM signing_key other WHERE other.server = signing_key.server \
    AND other.algorithm = signing_key.algorithm AND other.phase = $4))";

/// A row without a lifetime is of an earlier version: it covers the longest lifetime of all, `$5`.
const COVER: &str = "\
    UPDATE signing_key SET longest = $3, version = $4 \
    WHERE server = $1 AND kid = $2 AND phase = 'signing' AND coalesce(longest, $5) < $3";

const CLAIM: &str = "INSERT INTO key_claim (server, algorithm, claim) VALUES ($1, $2, $3) \
    ON CONFLICT DO NOTHING";
const TAKE_OVER: &str =
    "UPDATE key_claim SET claim = $3 WHERE server = $1 AND algorithm = $2 AND claim = $4";
const CLAIMED: &str = "SELECT claim FROM key_claim WHERE server = $1 AND algorithm = $2";
const END_CLAIM: &str = "DELETE FROM key_claim WHERE server = $1 AND algorithm = $2";

/// The private key is erased.
const ERASE: &str = "UPDATE signing_key SET sealed = $3 WHERE server = $1 AND kid = $2";

#[async_trait]
impl KeyStore for SqlStore {
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        let rows = self.database.read(SINCE, &[version.into()], read_change).await?;
        let Some((version, _)) = rows.first() else { return Err(no_state()) };
        let mut changes = KeyChanges { version: *version, ..KeyChanges::default() };
        for key in rows.into_iter().filter_map(|(_, key)| key) {
            match key {
                ReadKey::Dropped(key) => changes.dropped.push(key),
                ReadKey::Understood(key) => changes.keys.push(key),
                ReadKey::Unreadable(row) => changes.unreadable.push(row),
            }
        }
        Ok(changes)
    }

    async fn move_keys(&self, moves: &[KeyMove], events: &[AuditEvent]) -> Result<u64, StoreError> {
        self.database.write(MoveKeys { moves: moves.to_vec(), events: events.to_vec() }).await
    }

    async fn claim_key(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
        claim: &str,
        instead_of: Option<&str>,
    ) -> Result<String, StoreError> {
        let (server, claim) = (server.clone(), claim.to_owned());
        let instead_of = instead_of.map(str::to_owned);
        self.database.write(Claim { server, algorithm, claim, instead_of }).await
    }
}

/// Claims to generate a key, and returns the claim that holds.
struct Claim {
    server: ServerId,
    algorithm: Algorithm,
    claim: String,
    instead_of: Option<String>,
}

impl Job for Claim {
    type Answer = String;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<String, StoreError> {
        let key = [self.server.as_str().into(), self.algorithm.name().into()];
        let claim = self.claim.as_str().into();
        transaction.execute(CLAIM, &[key[0], key[1], claim]).await?;
        if let Some(other) = &self.instead_of {
            transaction.execute(TAKE_OVER, &[key[0], key[1], claim, other.as_str().into()]).await?;
        }
        let claimed = transaction.fetch(CLAIMED, &key, |row| row.text("claim")).await?;
        // On PostgreSQL another node may have stored its key, and so ended its claim, meanwhile.
        claimed.into_iter().next().ok_or(StoreError::Conflict)
    }
}

/// Moves keys in one transaction, and records it. The answer is the version of the keys.
struct MoveKeys {
    moves: Vec<KeyMove>,
    events: Vec<AuditEvent>,
}

impl Job for MoveKeys {
    type Answer = u64;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let version = next_version(transaction).await?;
        for one in &self.moves {
            if !write(transaction, one, version).await? {
                return Err(StoreError::Conflict);
            }
        }
        audit_events::record(transaction, &self.events.iter().collect::<Vec<_>>()).await?;
        transaction.on_postgres(NOTIFY).await?;
        Ok(version)
    }
}

/// Begins a change of the keys. Other nodes are told of its version.
pub(crate) async fn next_version(transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
    transaction.execute(ADVANCE, &[]).await?;
    let version = transaction.fetch(VERSION, &[], |row| row.number("key_version")).await?;
    version.first().copied().ok_or_else(no_state)
}

/// Writes a move; tells whether the keys were as it expects.
async fn write(
    transaction: &mut Transaction<'_>,
    one: &KeyMove,
    version: u64,
) -> Result<bool, StoreError> {
    match one {
        KeyMove::Insert(key) => {
            let claim = [key.server.as_str().into(), key.algorithm.name().into()];
            transaction.execute(END_CLAIM, &claim).await?;
            insert(transaction, key, version).await
        }
        KeyMove::Cover { server, kid, longest } => {
            let most = RuleSpec::MAX_ACCESS_TOKEN_LIFETIME.as_secs();
            let values = [
                server.as_str().into(),
                kid.as_str().into(),
                longest.as_secs().into(),
                version.into(),
                most.into(),
            ];
            Ok(transaction.execute(COVER, &values).await? == 1)
        }
        KeyMove::Advance { from, to, .. } if to <= from => Ok(false),
        KeyMove::Advance { server, kid, from, to, at } => {
            let key = [server.as_str().into(), kid.as_str().into()];
            let [from, to_name] = [from.as_str().into(), to.as_str().into()];
            let values = [key[0], key[1], from, to_name, (*at).into(), version.into()];
            let is_written = transaction.execute(MOVE, &values).await? == 1;
            if is_written && *to == KeyPhase::Dropped {
                transaction.execute(ERASE, &[key[0], key[1], [].as_slice().into()]).await?;
            }
            Ok(is_written)
        }
    }
}

async fn insert(
    transaction: &mut Transaction<'_>,
    key: &StoredKey,
    version: u64,
) -> Result<bool, StoreError> {
    let StoredKey { server, kid, algorithm, phase, created, .. } = key;
    let seconds = |time: Option<UnixTime>| time.map(|time| time.as_seconds().cast_signed());
    let length = |time: Option<Duration>| time.map(|time| time.as_secs().cast_signed());
    let public = serde_json::to_string(&key.public).map_err(unavailable)?;
    let values = [
        server.as_str().into(),
        kid.as_str().into(),
        algorithm.name().into(),
        phase.as_str().into(),
        (*created).into(),
        seconds(key.signs_from).into(),
        seconds(key.retired_at).into(),
        public.as_str().into(),
        key.sealed.as_slice().into(),
        version.into(),
        length(key.longest).into(),
        length(key.cached).into(),
    ];
    Ok(transaction.execute(INSERT, &values).await? == 1)
}

/// What a row says.
enum ReadKey {
    Dropped(RowKey),
    Understood(StoredKey),
    Unreadable(UnreadableRow),
}

fn read_change(row: &Row<'_>) -> Result<(u64, Option<ReadKey>), StoreError> {
    let version = row.number("key_version")?;
    match row.optional_text("server")? {
        None => Ok((version, None)),
        Some(server) => Ok((version, Some(read_key(row, &server)?))),
    }
}

fn read_key(row: &Row<'_>, server: &str) -> Result<ReadKey, StoreError> {
    let kid = row.text("kid")?;
    let key = || RowKey::signing_key(server, &kid);
    // A dropped key is gone for every version, whatever else its row says.
    if row.text("phase").is_ok_and(|phase| phase == KeyPhase::Dropped.as_str()) {
        return Ok(ReadKey::Dropped(key()));
    }
    if let Some(newer) = UnreadableRow::of_newer_format(key, row.number("format")?) {
        return Ok(ReadKey::Unreadable(newer));
    }
    Ok(match understood(row, server, &kid) {
        Ok(key) => ReadKey::Understood(key),
        Err(what) => ReadKey::Unreadable(UnreadableRow {
            key: key(),
            why: format!("{what} is not of a known form"),
        }),
    })
}

/// Seconds that were read as a time are a length.
fn as_length(time: UnixTime) -> Duration {
    Duration::from_secs(time.as_seconds())
}

/// The error is what is not understood.
fn understood(row: &Row<'_>, server: &str, kid: &str) -> Result<StoredKey, &'static str> {
    const TIMES: &str = "its time";
    let text = |column: &str| row.text(column).ok();
    let time = |column: &str| {
        let seconds = row.optional_number(column).map_err(|_| TIMES);
        seconds.map(|seconds| seconds.map(UnixTime::from_seconds))
    };
    let algorithm = text("algorithm").and_then(|name| Algorithm::from_name(&name));
    let algorithm = algorithm.filter(|algorithm| algorithm.can_sign());
    let phase = text("phase").and_then(|name| KeyPhase::from_name(&name));
    let (algorithm, phase) = (algorithm.ok_or("its algorithm")?, phase.ok_or("its phase")?);
    let created = time("since")?.ok_or(TIMES)?;
    let (signs_from, retired_at) = (time("signs_from")?, time("retired_at")?);
    let length = |column: &str| time(column).map(|time| time.map(as_length));
    let (longest, cached) = (length("longest")?, length("cached")?);
    // A program of an earlier version does not say since when its key signs.
    let signs_from = signs_from.or((phase == KeyPhase::Signing).then_some(created));
    if phase == KeyPhase::Retiring && retired_at.is_none() {
        return Err(TIMES);
    }
    Ok(StoredKey {
        server: ServerId::try_from(server.to_owned()).map_err(|_| "its server")?,
        kid: kid.to_owned(),
        algorithm,
        phase,
        created,
        signs_from,
        retired_at,
        longest,
        cached,
        public: text("public_jwk")
            .and_then(|jwk| serde_json::from_str(&jwk).ok())
            .ok_or("its public key")?,
        sealed: row.bytes("sealed").map_err(|_| "its sealed key")?,
    })
}
