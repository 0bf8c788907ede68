//! The keys of several nodes on one storage.

use std::sync::Mutex as SyncMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scopegate_claims::{Issuer, SystemClock};

use super::*;
use crate::catalog::{RowKey, Snapshot};

/// Keeps keys, one a server, and counts how often they are read.
#[derive(Debug, Default)]
struct Drawer {
    keys: SyncMutex<Vec<StoredKey>>,
    unreadable: SyncMutex<Vec<UnreadableRow>>,
    readings: AtomicUsize,
}

#[async_trait]
impl KeyStore for Drawer {
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        let keys = self.keys.lock().unwrap();
        let changed = keys.iter().skip(version as usize).cloned();
        let version = keys.len() as u64;
        let unreadable = self.unreadable.lock().unwrap().clone();
        Ok(KeyChanges { version, keys: changed.collect(), unreadable })
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut keys = self.keys.lock().unwrap();
        if keys.iter().any(|known| known.server == key.server) {
            return Err(StoreError::Conflict);
        }
        keys.push(key.clone());
        Ok(())
    }
}

fn servers() -> Vec<AuthorizationServer> {
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
    let servers = catalog.servers().map(|server| {
        let mut server = AuthorizationServer::clone(server);
        server.spec.algorithms = vec![Algorithm::Es256];
        server
    });
    servers.collect()
}

async fn ring(drawer: &Arc<Drawer>, master_key: &Arc<MasterKey>) -> KeyRing {
    let store = Arc::clone(drawer) as Arc<dyn KeyStore>;
    KeyRing::open(store, Arc::clone(master_key), Arc::new(SystemClock)).await.unwrap()
}

#[tokio::test]
async fn a_key_that_was_made_is_held_without_reading_the_others() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    for server in &servers() {
        ring.ensure(server).await.unwrap();
    }
    assert_eq!(drawer.readings.load(Ordering::SeqCst), 1, "at the start only");
    for server in &servers() {
        let signer = ring.signer(server).await.unwrap();
        assert!(ring.public(&server.id).unwrap().contains(signer.kid()));
        assert!(ring.verifying(&server.id).unwrap().contains_kid(signer.kid()));
    }
}

#[tokio::test]
async fn the_key_of_a_faster_node_is_read() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let (slower, faster) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
    let server = &servers()[0];
    let key = faster.signer(server).await.unwrap();
    assert_eq!(slower.signer(server).await.unwrap().kid(), key.kid());
    assert_eq!(drawer.readings.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn older_keys_never_replace_newer_ones() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let (one, other) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
    let servers = servers();
    one.ensure(&servers[0]).await.unwrap();
    let older = other.changes_since(0).await.unwrap();
    one.ensure(&servers[1]).await.unwrap();
    other.reload().await.unwrap();
    assert_eq!(other.version(), 2);
    other.follow(vec![older]).await;
    assert_eq!(other.version(), 2);
    for server in &servers {
        assert_eq!(other.public(&server.id), one.public(&server.id));
    }
}

#[tokio::test]
async fn a_server_with_a_key_that_is_not_understood_neither_signs_nor_makes_another() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    let servers = servers();
    ring.ensure(&servers[0]).await.unwrap();
    for name in ["made-before", "made-never"] {
        let server = &servers[usize::from(name == "made-never")];
        let key = RowKey::signing_key(server.id.as_str(), name);
        let row = UnreadableRow { key, why: "its phase is not known".to_owned() };
        *drawer.unreadable.lock().unwrap() = vec![row];
        ring.reload().await.unwrap();
        for refused in [ring.signer(server).await.map(drop), ring.ensure(server).await] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, TokenError::Storage(StoreError::Unreadable(_))));
        }
        assert_eq!(ring.public(&server.id), None);
    }
    assert_eq!(ring.unreadable().len(), 2);
    assert_eq!(drawer.keys.lock().unwrap().len(), 1, "none was made");
}
