//! The catalog: one row per entity, each with the version of its newest change.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{
    ClientId, Edit, Entity, EntityKey, EntityKind, FORMAT, Owner, RowKey, ServerId, Spec,
    StoredRecord, StoredRow,
};
use scopegate_core::directory::NewUser;
use scopegate_core::store::{
    AppliedContent, AppliedFile, CatalogChanges, CatalogStore, CatalogWrite, Contested, FileMark,
    StoreError, VersionRecord, Versions,
};

use crate::database::{Insert, Job, Row, Transaction, Value};
use crate::error::unavailable;
use crate::sql_store::SqlStore;
use crate::{audit_events, catalog_history, consents, families, users};

const STATE: &str = "SELECT version, key_version FROM catalog_state";

/// The file that was applied last. A program of before writes only the version of the owner `file`.
const FILE: &str = "\
    SELECT s.file_version, f.version, f.sha256, f.rolled_back \
    FROM catalog_state s LEFT JOIN catalog_file f ON f.owner = $1";

const PUT_FILE: &str = "\
    INSERT INTO catalog_file (owner, version, sha256, rolled_back) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (owner) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256, \
    rolled_back = excluded.rolled_back";

/// One statement, so that the version fits the rows. Without a change there is one row, which has only the
/// version.
const SINCE: &str = "\
    SELECT s.version, e.kind, e.parent, e.name, e.format, e.owner, e.body, \
    e.id, e.created_at, e.updated_at \
    FROM catalog_state s \
    LEFT JOIN catalog_entity e ON e.version > $1 AND (e.body IS NOT NULL OR $1 > 0) \
    ORDER BY e.version, e.ordinal";

/// Compares and sets; the row stays locked until the end of the transaction.
const ADVANCE: &str = "\
    UPDATE catalog_state \
    SET version = version + 1, file_version = coalesce($2, file_version) \
    WHERE version = $1";

/// Does not overwrite rows in a newer format than this program knows, which is `excluded.format`.
/// An entity that exists keeps its id, also if it has none. One that is deleted loses it.
static PUT: Insert = Insert::new(
    "\
    INSERT INTO catalog_entity \
    (kind, parent, name, format, owner, version, ordinal, body, id, created_at, updated_at) \
    VALUES {rows} ON CONFLICT (kind, parent, name) DO UPDATE SET \
    format = excluded.format, owner = excluded.owner, version = excluded.version, \
    ordinal = excluded.ordinal, body = excluded.body, updated_at = excluded.updated_at, \
    id = CASE WHEN catalog_entity.body IS NULL OR excluded.body IS NULL \
    THEN excluded.id ELSE catalog_entity.id END, \
    created_at = CASE WHEN catalog_entity.body IS NULL OR excluded.body IS NULL \
    THEN excluded.created_at ELSE catalog_entity.created_at END \
    WHERE catalog_entity.format <= excluded.format OR catalog_entity.body IS NULL",
    PUT_WIDTH,
);
const PUT_WIDTH: usize = 11;

/// The locks make transactions that change the rows wait until the end of this one. They are taken in the
/// order of [`put`].
const EXPECT: &str = "\
    SELECT version FROM catalog_entity WHERE parent = '' \
    AND (kind = 'client' AND name = $1 OR kind = 'server' AND name = $2) ORDER BY kind {shared}";

/// Maximum clients in one statement, one placeholder each. SQLite allows 32766 placeholders.
const AT_ONCE: usize = 30_000;

/// Maximum audit events whose rows are in memory at the same time.
const EVENTS_AT_ONCE: usize = 10_000;

/// Other nodes hear this once the transaction is committed.
pub(crate) const NOTIFY: &str = "SELECT pg_notify('scopegate_catalog', '')";

#[async_trait]
impl CatalogStore for SqlStore {
    async fn versions(&self) -> Result<Versions, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(Versions { catalog: row.number("version")?, keys: row.number("key_version")? })
        };
        one(self.database.read(STATE, &[], read).await?)
    }

    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError> {
        let since = i64::try_from(version).unwrap_or(i64::MAX);
        let rows = self.database.read_long(SINCE, &[since.into()], read_change).await?;
        let Some((version, _)) = rows.first() else { return Err(no_state()) };
        let mut changes = CatalogChanges::none(*version);
        for (row, record) in rows.into_iter().filter_map(|(_, row)| row) {
            changes.add(row, record);
        }
        Ok(changes)
    }

    async fn edit_catalog(&self, write: &CatalogWrite<'_>) -> Result<u64, StoreError> {
        let Ok(current) = i64::try_from(write.expected) else { return Err(StoreError::Conflict) };
        for mark in write.files {
            i64::try_from(mark.file.version).map_err(unavailable)?;
        }
        let records = write.new_records().into_iter();
        let job = WriteCatalog {
            current,
            edits: Arc::clone(&write.edits),
            records: records.map(|(key, record)| (key.clone(), record)).collect(),
            files: write.files.to_vec(),
            seeds: write.seeds.to_vec(),
            events: Arc::clone(&write.events),
            record: write.record.cloned(),
        };
        self.database.write(job).await?;
        Ok(write.expected + 1)
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        users::known_logins(&self.database, logins).await
    }

    async fn catalog_file(&self, owner: Owner) -> Result<AppliedFile, StoreError> {
        let values = [owner.as_str().into()];
        let (of_before, file) = one(self.database.read(FILE, &values, read_file).await?)?;
        let file = file.unwrap_or_default();
        // A program of before has applied a newer file.
        let of_before = AppliedFile { version: of_before, content: AppliedContent::Unknown };
        let is_outdated = owner == Owner::File && of_before.version > file.version;
        Ok(if is_outdated { of_before } else { file })
    }
}

/// Writes edits and users on top of a version of the catalog.
struct WriteCatalog {
    current: i64,
    edits: Arc<[Edit]>,
    /// What is kept of each entity that is put, if it is new.
    records: HashMap<EntityKey, StoredRecord>,
    files: Vec<FileMark>,
    seeds: Vec<NewUser>,
    events: Arc<[AuditEvent]>,
    record: Option<VersionRecord>,
}

impl Job for WriteCatalog {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Self { current, edits, records, files, seeds, events, record } = self;
        let file = files.iter().find(|mark| mark.owner == Owner::File);
        let file_version = file.map(|mark| mark.file.version.cast_signed());
        let values = [(*current).into(), file_version.into()];
        if transaction.execute(ADVANCE, &values).await? == 0 {
            return Err(StoreError::Conflict);
        }
        put(transaction, edits, records, current + 1).await?;
        // Users come before families and consents, in the same order as in the ledger.
        users::seed(transaction, seeds).await?;
        end_dependents(transaction, edits).await?;
        for events in events.chunks(EVENTS_AT_ONCE) {
            audit_events::record(transaction, &Vec::from_iter(events)).await?;
        }
        for mark in files {
            put_file(transaction, mark).await?;
        }
        if let Some(record) = record {
            catalog_history::record(transaction, record).await?;
        }
        transaction.on_postgres(NOTIFY).await
    }
}

async fn put_file(
    transaction: &mut Transaction<'_>,
    FileMark { owner, file: AppliedFile { version, content } }: &FileMark,
) -> Result<(), StoreError> {
    let (sha256, rolled_back) = match content {
        AppliedContent::Unknown => (None, 0_i64),
        AppliedContent::Sha256(sha256) => (Some(&sha256[..]), 0),
        AppliedContent::RolledBack => (None, 1),
    };
    let values = [owner.as_str().into(), (*version).into(), sha256.into(), rolled_back.into()];
    transaction.execute(PUT_FILE, &values).await.map(drop)
}

fn read_file(row: &Row<'_>) -> Result<(u64, Option<AppliedFile>), StoreError> {
    let of_before = row.number("file_version")?;
    let Some(version) = row.optional_number("version")? else { return Ok((of_before, None)) };
    let content = match (row.optional_hash("sha256")?, row.number("rolled_back")?) {
        (_, 1) => AppliedContent::RolledBack,
        (Some(sha256), _) => AppliedContent::Sha256(sha256),
        (None, _) => AppliedContent::Unknown,
    };
    Ok((of_before, Some(AppliedFile { version, content })))
}

/// Fails with [`StoreError::Changed`] if a client or a server was changed after a version.
pub(crate) async fn expect(
    transaction: &mut Transaction<'_>,
    client: &ClientId,
    server: &ServerId,
    version: u64,
) -> Result<(), StoreError> {
    let values = [client.as_str().into(), server.as_str().into()];
    let rows = transaction.fetch_shared(EXPECT, &values, |row| row.number("version")).await?;
    // The org server has no row, and neither has a default server that was never changed.
    match rows.into_iter().all(|changed| changed <= version) {
        true => Ok(()),
        false => Err(StoreError::Changed(Contested::Catalog)),
    }
}

/// Writes rows in the order of their keys, whatever the order of the edits is. Transactions that take locks
/// in one order cannot deadlock.
async fn put(
    transaction: &mut Transaction<'_>,
    edits: &[Edit],
    records: &HashMap<EntityKey, StoredRecord>,
    version: i64,
) -> Result<(), StoreError> {
    let mut edits: Vec<_> = newest_of_each(edits).into_iter().zip(0_i64..).collect();
    edits.sort_by_key(|(edit, _)| (edit.key().kind.as_str(), edit.key()));
    let bodies: Vec<_> = edits.iter().map(|(edit, _)| body(edit)).collect();
    let asked = edits.len() as u64;
    let mut values = Vec::with_capacity(edits.len() * PUT_WIDTH);
    for ((edit, ordinal), body) in edits.into_iter().zip(&bodies) {
        let EntityKey { kind, parent, name } = edit.key();
        let record = body.as_ref().and_then(|_| records.get(edit.key()));
        let time = |time: fn(&StoredRecord) -> Option<UnixTime>| {
            record.and_then(time).map(|time| time.as_seconds().cast_signed())
        };
        values.extend::<[Value<'_>; PUT_WIDTH]>([
            kind.as_str().into(),
            parent.as_str().into(),
            name.as_str().into(),
            FORMAT.into(),
            body.as_ref().map(|(owner, _)| *owner).into(),
            version.into(),
            ordinal.into(),
            body.as_ref().map(|(_, json)| json.as_str()).into(),
            record.and_then(|record| record.id.as_deref()).into(),
            time(|record| record.created_at).into(),
            time(|record| record.updated_at).into(),
        ]);
    }
    match transaction.insert(&PUT, &values).await? {
        written if written == asked => Ok(()),
        _ => Err(StoreError::Corrupt(
            "an entity that would be changed is of a newer format: use the newer version of \
             scopegate that wrote it"
                .to_owned(),
        )),
    }
}

/// Ends the families of clients that are deleted or deactivated, and forgets the consents to clients that
/// are deleted.
///
/// The families stay ended when the client comes back. The next client with the same id may be another
/// owner's, so the consents must not apply to it.
async fn end_dependents(
    transaction: &mut Transaction<'_>,
    edits: &[Edit],
) -> Result<(), StoreError> {
    let (mut ended, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    for edit in edits {
        let key = edit.key();
        match edit {
            Edit::Delete(_) if key.kind == EntityKind::Client => {
                ended.insert(&key.name);
                deleted.insert(&key.name);
            }
            Edit::Put(Entity { spec: Spec::Client(client), .. }) if !client.status.is_active() => {
                ended.insert(&key.name);
            }
            Edit::Delete(_) | Edit::Put(_) => {}
        }
    }
    let ended: Vec<_> = ended.into_iter().map(|name| Value::from(name.as_str())).collect();
    for clients in ended.chunks(AT_ONCE) {
        families::end_with_clients(transaction, clients).await?;
    }
    let deleted: Vec<_> = deleted.into_iter().map(|name| Value::from(name.as_str())).collect();
    for clients in deleted.chunks(AT_ONCE) {
        consents::forget_clients(transaction, clients).await?;
    }
    Ok(())
}

/// The last edit of each entity, in order. One statement can write a row only once.
fn newest_of_each(edits: &[Edit]) -> Vec<&Edit> {
    let mut seen = HashSet::with_capacity(edits.len());
    let mut newest: Vec<_> = edits.iter().rev().filter(|edit| seen.insert(edit.key())).collect();
    newest.reverse();
    newest
}

/// The owner and the body that are stored for an edit; none for a deletion.
fn body(edit: &Edit) -> Option<(&str, String)> {
    match edit {
        Edit::Delete(_) => None,
        Edit::Put(Entity { key: _, owner, spec }) => Some((owner.as_str(), spec.to_json())),
    }
}

fn read_change(row: &Row<'_>) -> Result<(u64, Option<(StoredRow, StoredRecord)>), StoreError> {
    let version = row.number("version")?;
    match row.optional_text("kind")? {
        None => Ok((version, None)),
        Some(kind) => Ok((version, Some(read_row(row, kind)?))),
    }
}

/// The row as it is. Its content is parsed later.
fn read_row(row: &Row<'_>, kind: String) -> Result<(StoredRow, StoredRecord), StoreError> {
    let stored = StoredRow {
        key: RowKey { kind, parent: row.text("parent")?, name: row.text("name")? },
        format: row.number("format")?,
        owner: row.optional_text("owner")?,
        body: row.optional_text("body")?,
    };
    let record = StoredRecord {
        id: row.optional_text("id")?,
        created_at: row.optional_number("created_at")?.map(UnixTime::from_seconds),
        updated_at: row.optional_number("updated_at")?.map(UnixTime::from_seconds),
    };
    Ok((stored, record))
}

fn one<T>(rows: Vec<T>) -> Result<T, StoreError> {
    rows.into_iter().next().ok_or_else(no_state)
}

pub(crate) fn no_state() -> StoreError {
    StoreError::Corrupt("`catalog_state` has no row".into())
}
