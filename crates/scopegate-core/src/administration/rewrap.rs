//! Seals all secrets under another master key, while servers run.
//!
//! First [`change_master_key`] makes the new key that of the storage. From then on new secrets are
//! sealed under it. Then [`reseal_all`] seals the stored secrets again, in batches. Both can be
//! repeated at any point: a secret that the new key opens is done.
//!
//! A server goes on working if it has both keys. A master key that leaked together with a copy of
//! the database stays dangerous: who has both has the secrets, whatever happens to the database.

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, MasterKey, base64url};

use crate::audit::{Actor, AuditEvent, DecisionId, KeyChange, What};
use crate::catalog::ServerId;
use crate::keys::{MAC_KEY, seal_context};
use crate::people::passwords::hash_context;
use crate::store::{
    MASTER_KEY_FINGERPRINT, MasterKeyChange, ResealedRow, Resealing, SealedKey, SealedKind,
    SealedRow, StoreError,
};

/// How many secrets are sealed in one transaction.
const BATCH: u32 = 200;

/// Why the master key of a storage cannot be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewrapError {
    /// The storage was written under a key that is not given.
    #[error("the storage was written under a master key that is not given")]
    UnknownMasterKey,
    /// The storage has no master key yet.
    #[error("the storage has no master key yet: start a server with the new one")]
    NoMasterKey,
    /// A secret could not be sealed.
    #[error("a secret cannot be sealed: {0}")]
    Sealing(#[from] JoseError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// What a pass over all secrets did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resealed {
    /// How many secrets were sealed under the new key.
    pub resealed: u64,
    /// How many secrets the new key opened already.
    pub done: u64,
    /// The secrets that none of the keys opens. They were left alone.
    pub closed: Vec<SealedKey>,
}

/// Makes a new master key that of the storage. `known` opens what the storage has. Returns whether
/// anything was changed.
///
/// # Errors
///
/// [`RewrapError`] if the storage fails, or was written under a key that is not known.
pub async fn change_master_key(
    store: &dyn Resealing,
    known: &MasterKey,
    new: &MasterKey,
    actor: &Actor,
    now: UnixTime,
) -> Result<bool, RewrapError> {
    let kept = store.kept(MASTER_KEY_FINGERPRINT).await?.ok_or(RewrapError::NoMasterKey)?;
    let wanted = new.fingerprint();
    if kept == wanted {
        return Ok(false);
    }
    if !known.seal_under(&kept) {
        return Err(RewrapError::UnknownMasterKey);
    }
    // A storage of an earlier version has no key of the HMACs yet.
    let derived = base64url::encode(&known.seal_mac_key()?);
    let mac_key = store.keep(MAC_KEY, &derived).await?;
    let sealed = base64url::decode(&mac_key)
        .map_err(|_| StoreError::Corrupt(format!("`{MAC_KEY}` is not of a known form")))?;
    let resealed = base64url::encode(&known.reseal_mac_key(&sealed, new)?);
    let what = What::KeyMoved {
        server: ServerId::ORG.to_owned(),
        kid: wanted.clone(),
        phase: KeyChange::Rewrapped,
        actor: Some(actor.clone()),
    };
    let event = AuditEvent { id: DecisionId::at(now), at: now, address: None, what };
    let texts = vec![
        (MASTER_KEY_FINGERPRINT.to_owned(), kept, wanted),
        (MAC_KEY.to_owned(), mac_key, resealed),
    ];
    store.change_master_key(&MasterKeyChange { texts, event }).await?;
    Ok(true)
}

/// Seals under the new key what only a known key opens, in batches. `progress` is called after each
/// batch with the number of secrets that were looked at.
///
/// # Errors
///
/// [`RewrapError`] if the storage fails. What was sealed until then stays so.
pub async fn reseal_all(
    store: &dyn Resealing,
    known: &MasterKey,
    new: &MasterKey,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Resealed, RewrapError> {
    let (mut total, mut seen) = (Resealed::default(), 0);
    for kind in SealedKind::ALL {
        let mut after: Option<SealedKey> = None;
        loop {
            let rows = store.sealed_after(kind, after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key.clone());
            seen += rows.len() as u64;
            let mut batch = Vec::new();
            for row in rows {
                reseal_row(row, known, new, &mut batch, &mut total)?;
            }
            if !batch.is_empty() {
                total.resealed += store.reseal(&batch).await?;
            }
            progress(seen);
        }
    }
    Ok(total)
}

fn reseal_row(
    row: SealedRow,
    known: &MasterKey,
    new: &MasterKey,
    batch: &mut Vec<ResealedRow>,
    total: &mut Resealed,
) -> Result<(), JoseError> {
    let context = match &row.key {
        SealedKey::SigningKey { server, kid } => seal_context(server, kid),
        SealedKey::Password(user) => hash_context(user),
    };
    if new.open(&context, &row.sealed).is_ok() {
        total.done += 1;
        return Ok(());
    }
    match known.open(&context, &row.sealed) {
        Ok(secret) => {
            let sealed = new.seal(&context, &secret)?;
            batch.push(ResealedRow { before: row, sealed });
        }
        Err(_) => total.closed.push(row.key),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
