//! The catalog: each entity once, in its current state.

use std::collections::BTreeSet;

use crate::catalog::{Edit, Entity, EntityKind, FORMAT, Owner, RowKey, Spec, StoredRow};
use crate::directory::User;
use crate::store::{AppliedFile, CatalogChanges, CatalogStore, CatalogWrite, StoreError, Versions};
use async_trait::async_trait;

use super::{Memory, MemoryStore, Rows, Use};

#[async_trait]
impl CatalogStore for MemoryStore {
    async fn versions(&self) -> Result<Versions, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        Ok(Versions { catalog: rows.version, keys: rows.keys.version })
    }

    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError> {
        self.0.before_changes.run(self).await;
        let rows = &self.open(Use::Other).await?.rows;
        let mut changed: Vec<_> = rows
            .entities
            .values()
            .filter(|((since, _), row)| *since > version && (version > 0 || row.body.is_some()))
            .collect();
        changed.sort_by_key(|(place, _)| *place);
        let mut changes = CatalogChanges::none(rows.version);
        for (_, row) in changed {
            let record = rows.records.get(&row.key).cloned().unwrap_or_default();
            changes.add(row.clone(), record);
        }
        Ok(changes)
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let users = &self.open(Use::Other).await?.rows.users;
        let known = |login: &&String| users.contains_key(&User::login_key(login));
        Ok(logins.iter().filter(known).cloned().collect())
    }

    async fn edit_catalog(&self, write: &CatalogWrite<'_>) -> Result<u64, StoreError> {
        let CatalogWrite { expected, edits, at: _, ids: _, files, seeds, events, record } = write;
        let Memory { rows, events: recorded } = &mut *self.open(Use::Other).await?;
        if rows.version != *expected {
            return Err(StoreError::Conflict);
        }
        let is_newer = |row: &StoredRow| row.format > FORMAT && row.body.is_some();
        let written: Vec<StoredRow> = edits.iter().map(StoredRow::from).collect();
        if written
            .iter()
            .any(|row| rows.entities.get(&row.key).is_some_and(|(_, row)| is_newer(row)))
        {
            return Err(StoreError::Corrupt("an entity is of a newer format".to_owned()));
        }
        rows.keep_records(write);
        rows.put(written);
        for mark in *files {
            rows.files.insert(mark.owner.as_str().to_owned(), mark.file);
        }
        rows.history.extend(record.map(|record| (record.version.version, record.clone())));
        for seed in *seeds {
            rows.put_user(seed);
        }
        for edit in &**edits {
            rows.end_dependents_of(edit);
        }
        recorded.extend_from_slice(events);
        Ok(rows.version)
    }

    async fn catalog_file(&self, owner: Owner) -> Result<AppliedFile, StoreError> {
        let files = &self.open(Use::Other).await?.rows.files;
        Ok(files.get(owner.as_str()).copied().unwrap_or_default())
    }
}

impl MemoryStore {
    /// Writes rows of the catalog, as another version of this program could.
    pub fn write_rows(&self, rows: impl IntoIterator<Item = StoredRow>) {
        self.memory().rows.put(rows.into_iter().collect());
    }
}

impl Rows {
    /// Writes rows as the next version of the catalog.
    fn put(&mut self, rows: Vec<StoredRow>) {
        self.version += 1;
        for (ordinal, row) in rows.into_iter().enumerate() {
            self.entities.insert(row.key.clone(), ((self.version, ordinal), row));
        }
    }

    /// An entity that is there keeps its id; one that is gone loses it.
    fn keep_records(&mut self, write: &CatalogWrite<'_>) {
        let mut new = write.new_records();
        for edit in &*write.edits {
            let key = RowKey::from(edit.key());
            let is_there = self.entities.get(&key).is_some_and(|(_, row)| row.body.is_some());
            match (edit, new.remove(edit.key())) {
                (Edit::Put(_), _) if is_there => {
                    self.records.entry(key).or_default().updated_at = Some(write.at);
                }
                (Edit::Put(_), Some(record)) => drop(self.records.insert(key, record)),
                (Edit::Put(_), None) => {}
                (Edit::Delete(_), _) => drop(self.records.remove(&key)),
            }
        }
    }

    /// A client that is gone or switched off refreshes nothing more; what people agreed to is
    /// forgotten with the client that is gone.
    fn end_dependents_of(&mut self, edit: &Edit) {
        let client = &edit.key().name;
        let is_deleted = matches!(edit, Edit::Delete(key) if key.kind == EntityKind::Client);
        let is_off = matches!(edit, Edit::Put(Entity { spec: Spec::Client(client), .. })
            if !client.status.is_active());
        if is_deleted || is_off {
            let families = self.families.values_mut();
            for family in families.filter(|family| family.client.as_str() == client) {
                family.revoked = true;
            }
        }
        if is_deleted {
            self.consents.retain(|key, _| key.client.as_str() != client);
        }
    }
}
