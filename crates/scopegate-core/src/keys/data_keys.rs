//! The master key together with the keys that are sealed under it.

use std::sync::Arc;

use scopegate_jose::{JoseError, MasterKey, base64url};

use crate::store::{InstallationStore, MASTER_KEY_FINGERPRINT, StoreError};

/// The name under which the key of the HMACs is stored.
pub(crate) const MAC_KEY: &str = "data key mac";

/// Makes a master key ready for its storage: it seals with the key of the storage, and makes HMACs
/// with the stored key. Returns `None` if the storage was written under another master key.
///
/// The first key that is used becomes the key of the storage. At first the key of the HMACs is
/// derived from it. So values of earlier versions stay valid.
///
/// # Errors
///
/// [`StoreError`] if the storage does not answer, or its key of the HMACs does not open.
pub async fn open_data_keys(
    store: &dyn InstallationStore,
    master_key: &MasterKey,
) -> Result<Option<Arc<MasterKey>>, StoreError> {
    let kept = store.keep(MASTER_KEY_FINGERPRINT, &master_key.fingerprint()).await?;
    if !master_key.seal_under(&kept) {
        return Ok(None);
    }
    let closed = |_: JoseError| {
        StoreError::Corrupt(format!(
            "`{MAC_KEY}` does not open under the master key, though the storage is under it: restore both from one \
             backup"
        ))
    };
    let derived = base64url::encode(&master_key.seal_mac_key().map_err(closed)?);
    let kept = store.keep(MAC_KEY, &derived).await?;
    let sealed = base64url::decode(&kept)
        .map_err(|_| StoreError::Corrupt(format!("`{MAC_KEY}` is not of a known form")))?;
    Ok(Some(Arc::new(master_key.with_mac_key(&sealed).map_err(closed)?)))
}
