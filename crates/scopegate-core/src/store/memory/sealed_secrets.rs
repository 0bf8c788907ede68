//! Secrets that are sealed under the master key, and the change of that key.

use async_trait::async_trait;

use super::{MemoryStore, Use};
use crate::store::{
    MasterKeyChange, ResealedRow, Resealing, SealedKey, SealedKind, SealedRow, StoreError,
};

#[async_trait]
impl Resealing for MemoryStore {
    async fn sealed_after(
        &self,
        kind: SealedKind,
        after: Option<&SealedKey>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let memory = self.open(Use::Other).await?;
        let mut rows = match kind {
            SealedKind::SigningKeys => memory.rows.keys.sealed(),
            SealedKind::Passwords => {
                let passwords = memory.rows.passwords.iter();
                let row = |(user, password): (&crate::catalog::UserId, &super::StoredPassword)| {
                    let sealed = password.sealed.clone();
                    SealedRow { key: SealedKey::Password(user.clone()), sealed }
                };
                passwords.map(row).collect()
            }
        };
        rows.retain(|row| after.is_none_or(|after| row.key > *after));
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn reseal(&self, rows: &[ResealedRow]) -> Result<u64, StoreError> {
        let memory = &mut *self.open(Use::Other).await?;
        let mut written = 0;
        for ResealedRow { before, sealed } in rows {
            written += match &before.key {
                SealedKey::SigningKey { .. } => memory.rows.keys.reseal(before, sealed),
                SealedKey::Password(user) => {
                    let password = memory.rows.passwords.get_mut(user);
                    match password.filter(|password| password.sealed == before.sealed) {
                        Some(password) => {
                            password.sealed.clone_from(sealed);
                            1
                        }
                        None => 0,
                    }
                }
            };
        }
        Ok(written)
    }

    async fn change_master_key(&self, change: &MasterKeyChange) -> Result<(), StoreError> {
        let memory = &mut *self.open(Use::Other).await?;
        let MasterKeyChange { texts, event } = change;
        if texts.iter().any(|(name, before, _)| memory.rows.texts.get(name) != Some(before)) {
            return Err(StoreError::Conflict);
        }
        for (name, _, after) in texts {
            memory.rows.texts.insert(name.clone(), after.clone());
        }
        memory.rows.keys.version += 1;
        memory.events.push(event.clone());
        Ok(())
    }
}
