//! Signing keys that are made once per process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use scopegate_claims::{Issuer, UnixTime};
use scopegate_core::catalog::{ServerId, Snapshot};
use scopegate_core::store::{CatalogStore, KeyMove, KeyPhase, KeyStore, StoreError, StoredKey};
use scopegate_jose::{Algorithm, MasterKey, SigningKey};

/// The keys made so far.
static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);

type Made = HashMap<(ServerId, Algorithm), Arc<SigningKey>>;

/// Stores a signing key for each active server of a store that has none, sealed with a master key.
///
/// A server that is opened on the store then need not make keys. Making an RSA key takes about 90
/// ms; these keys are made once per process, for each server id and algorithm.
///
/// ```
/// use scopegate_claims::UnixTime;
/// use scopegate_core::store::KeyStore;
/// use scopegate_jose::MasterKey;
/// use scopegate_testkit::{MemoryStore, put_signing_keys};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (store, master_key) = (MemoryStore::default(), MasterKey::generate());
/// put_signing_keys(&store, &master_key, UnixTime::from_seconds(1_800_000_000)).await;
/// // One for the org server and one for the default server; no catalog is written.
/// assert_eq!(store.keys_since(0).await.unwrap().keys.len(), 2);
/// # }
/// ```
///
/// # Panics
///
/// If the store fails.
pub async fn put_signing_keys(
    store: &(impl CatalogStore + KeyStore),
    master_key: &MasterKey,
    now: UnixTime,
) {
    let written = store.catalog_since(0).await.expect("the catalog can be read");
    // The set of servers does not depend on the base URL.
    let base = Issuer::parse("https://issuer.test").expect("it is an issuer");
    let catalog = Snapshot::empty(&base).edited(written.version, written.edits);
    for server in catalog.servers().filter(|server| server.spec.status.is_active()) {
        for &algorithm in &server.spec.algorithms {
            let key = signing_key(&server.id, algorithm);
            let sealed = StoredKey::seal(&server.id, &key, KeyPhase::Signing, master_key, now);
            let insert = KeyMove::Insert(Box::new(sealed.expect("a key can be sealed")));
            let stored = store.move_keys(&[insert], &[]).await;
            // On a conflict the server has a key already.
            assert!(matches!(stored, Ok(_) | Err(StoreError::Conflict)), "{stored:?}");
        }
    }
}

/// The key of a server; made on first use.
fn signing_key(server: &ServerId, algorithm: Algorithm) -> Arc<SigningKey> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = made
        .entry((server.clone(), algorithm))
        .or_insert_with(|| Arc::new(SigningKey::generate(algorithm).expect("a key can be made")));
    Arc::clone(key)
}

#[cfg(test)]
mod tests {
    use scopegate_claims::ManualClock;
    use scopegate_core::authority::{Authority, Foundation};
    use scopegate_core::keys::fetch::NoFetch;
    use scopegate_core::limits::RequestLimits;

    use super::*;
    use crate::server::MemoryStore;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    /// The ids of the keys with which the servers of a store sign.
    async fn signers(store: MemoryStore, master_key: MasterKey) -> Vec<String> {
        let foundation = Foundation {
            base: Issuer::parse("https://id.example").unwrap(),
            store: Arc::new(store),
            master_key: Arc::new(master_key),
            clock: Arc::new(ManualClock::at(NOW)),
            fetch: Arc::new(NoFetch),
            limits: RequestLimits::default(),
        };
        let authority = Authority::open(foundation).await.unwrap();
        let mut names = Vec::new();
        for server in authority.catalog().servers() {
            names.push(authority.keys().signer(server).await.unwrap().kid().to_owned());
        }
        names
    }

    #[tokio::test]
    async fn servers_sign_with_the_stored_keys_under_any_master_key() {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (store, master_key) = (MemoryStore::default(), MasterKey::generate());
            put_signing_keys(&store, &master_key, NOW).await;
            seen.push(signers(store.clone(), master_key).await);
            assert_eq!(store.keys_since(0).await.unwrap().keys.len(), 2, "no further key is made");
        }
        assert_eq!(seen[0], seen[1]);
        assert_ne!(seen[0][0], seen[0][1], "each server has a key of its own");
    }

    #[tokio::test]
    async fn a_server_keeps_its_existing_key() {
        let (store, master_key) = (MemoryStore::default(), MasterKey::generate());
        let org = ServerId::org();
        let own = SigningKey::generate(Algorithm::Rs256).unwrap();
        let sealed = StoredKey::seal(&org, &own, KeyPhase::Signing, &master_key, NOW).unwrap();
        store.move_keys(&[KeyMove::Insert(Box::new(sealed))], &[]).await.unwrap();
        put_signing_keys(&store, &master_key, NOW).await;
        let signers = signers(store.clone(), master_key).await;
        assert_eq!(signers[0], own.kid());
        assert_eq!(store.keys_since(0).await.unwrap().keys.len(), 2);
    }
}
