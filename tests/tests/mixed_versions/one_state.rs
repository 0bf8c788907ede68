//! The catalog and the keys that a node holds come from the same state of the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scopegate_claims::{Issuer, SystemClock, UnixTime};
use scopegate_core::authority::{Authority, Foundation, OpenError};
use scopegate_core::catalog::{Edit, Entity, EntityKey, Owner, ServerId, Spec};
use scopegate_core::keys::fetch::NoFetch;
use scopegate_core::limits::RequestLimits;
use scopegate_core::store::{CatalogStore, KeyMove, KeyPhase, KeyStore, StoreError, StoredKey};
use scopegate_jose::{Algorithm, MasterKey, SigningKey};
use scopegate_testkit::{MemoryStore, UncheckedCatalog};
use scopegate_tests::BASE;

async fn open(store: &MemoryStore) -> Result<Arc<Authority>, OpenError> {
    let foundation = Foundation {
        base: Issuer::parse(BASE).unwrap(),
        store: Arc::new(store.clone()),
        master_key: Arc::new(MasterKey::parse(&"A".repeat(43)).unwrap()),
        clock: Arc::new(SystemClock),
        fetch: Arc::new(NoFetch),
        limits: RequestLimits::default(),
    };
    Authority::open(foundation).await
}

/// Adds a server and its key, as another node would.
async fn add_server(store: &MemoryStore, number: u64, public: &SigningKey) {
    let id = ServerId::parse(&format!("s{number}")).unwrap();
    let json = r#"{"name":"S","audiences":[{"name":"api://s"}],"algorithms":["ES256"]}"#;
    let key = EntityKey::server(&id);
    let spec = Spec::from_json(&key, json).unwrap();
    let version = store.catalog_version().await.unwrap();
    let edit = [Edit::Put(Entity { key, owner: Owner::Api, spec })];
    store.write_catalog(version, &edit, None).await.unwrap();
    let key = StoredKey {
        server: id,
        kid: public.kid().to_owned(),
        algorithm: Algorithm::Es256,
        phase: KeyPhase::Signing,
        created: UnixTime::from_seconds(1),
        signs_from: Some(UnixTime::from_seconds(1)),
        retired_at: None,
        longest: None,
        cached: None,
        public: public.public_jwk(),
        sealed: Vec::new(),
    };
    store.move_keys(&[KeyMove::Insert(Box::new(key))], &[]).await.unwrap();
}

/// Adds a server before each of the next `times` reads of the catalog or the keys.
fn add_servers_meanwhile(store: &MemoryStore, times: u64) {
    let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let number = AtomicU64::new(1);
    store.before_reading_changes(move |store| {
        let (number, key) = (number.fetch_add(1, Ordering::SeqCst), Arc::clone(&key));
        Box::pin(async move {
            if number <= times {
                add_server(&store, number, &key).await;
            }
        })
    });
}

#[tokio::test]
async fn the_catalog_and_the_keys_are_read_again_until_they_match() {
    let store = MemoryStore::default();
    let authority = open(&store).await.unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    add_server(&store, 100, &key).await;
    add_servers_meanwhile(&store, 5);
    assert!(authority.reload().await.unwrap());
    let catalog = authority.catalog();
    assert_eq!(catalog.versions(), store.versions().await.unwrap());
    // Every loaded server has its key, which was written after it.
    for number in [1, 2, 3, 4, 5, 100] {
        let id = ServerId::parse(&format!("s{number}")).unwrap();
        assert!(catalog.server(&id).unwrap().is_some(), "{number}");
        assert!(authority.public_keys(&id).is_some(), "{number}");
    }
    assert!(!authority.reload().await.unwrap(), "nothing has changed");
}

#[tokio::test]
async fn if_the_storage_keeps_changing_the_old_state_is_kept() {
    let store = MemoryStore::default();
    let authority = open(&store).await.unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    add_server(&store, 100, &key).await;
    add_servers_meanwhile(&store, u64::MAX);
    let refused = authority.reload().await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(authority.catalog().version(), 0);
    let id = ServerId::parse("s100").unwrap();
    assert!(authority.public_keys(&id).is_none(), "the keys must be those of the same state");
    add_servers_meanwhile(&store, 0);
    assert!(authority.reload().await.unwrap());
    assert_eq!(authority.catalog().versions(), store.versions().await.unwrap());
}
