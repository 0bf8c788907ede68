//! Vaults that keep the private keys elsewhere.

use scopegate_jose::{AlgorithmSet, JoseError, TokenType, UnverifiedJws};

use super::orders::World;
use super::*;
use crate::audit::Actor;
use crate::error::OAuthError;
use crate::keys::{KeyError, KeyVault, KeysInMemory, NewKey, Signer};
use crate::store::memory::MemoryStore;

/// A vault that stores only names. The keys are elsewhere.
#[derive(Debug, Default)]
struct Elsewhere(SyncMutex<Vec<Arc<SigningKey>>>);

#[async_trait]
impl KeyVault for Elsewhere {
    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
        let key = SigningKey::generate(algorithm)?;
        let (kid, public) = (key.kid().to_owned(), key.public_jwk());
        self.0.lock().unwrap().push(Arc::new(key));
        let secret = zeroize::Zeroizing::new(format!("name:{kid}").into_bytes());
        Ok(NewKey { kid, public, secret })
    }

    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
        if secret != format!("name:{}", key.kid).as_bytes() {
            return KeysInMemory.signer(key, secret);
        }
        let keys = self.0.lock().unwrap();
        let known = keys.iter().find(|known| known.kid() == key.kid);
        known
            .map(|key| Arc::clone(key) as Arc<dyn Signer>)
            .ok_or_else(|| JoseError::CannotOpen.into())
    }
}

#[tokio::test]
async fn a_vault_signs_with_its_keys_and_with_those_from_before() {
    let world = World::new().await;
    let before = world.signs_with().await;
    let open = async |vault: Arc<dyn KeyVault>| {
        let store = Arc::new(world.store.clone());
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let master_key = Arc::clone(&world.node.master_key);
        KeyRing::open_with_vault(store, master_key, clock, vault).await.unwrap()
    };
    let ring = open(Arc::new(Elsewhere::default())).await;
    assert_eq!(ring.signer(&world.server).await.unwrap().kid(), before);
    ring.revoke(&world.server, &before, &world.actor).await.unwrap();
    let signer = ring.signer(&world.server).await.unwrap();
    assert_ne!(signer.kid(), before);
    let token = signer.sign(TokenType::AccessToken, b"{}").await.unwrap();
    let jws = UnverifiedJws::parse(&token).unwrap();
    let keys = ring.verifying(&world.server.id).unwrap();
    jws.verify(&keys, AlgorithmSet::all()).unwrap();
    // A node without that vault publishes the key and does not sign with it.
    let plain = open(Arc::new(KeysInMemory)).await;
    let refused = plain.signer(&world.server).await.unwrap_err();
    assert!(matches!(refused, CallError::Storage(StoreError::Unreadable(_))), "{refused:?}");
    assert_eq!(published(&plain, &world.server), [signer.kid()]);
}

/// A vault that remembers what it destroyed, and can be out of reach.
#[derive(Debug, Default)]
struct Service {
    keys: Elsewhere,
    is_lost: std::sync::atomic::AtomicBool,
    destroyed: SyncMutex<Vec<String>>,
}

impl Service {
    fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), KeyError> {
        match self.is_lost.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(KeyError::Unavailable("the cable is cut".to_owned())),
        }
    }

    fn made(&self) -> usize {
        self.keys.0.lock().unwrap().len()
    }

    fn destroyed(&self) -> Vec<String> {
        self.destroyed.lock().unwrap().clone()
    }
}

#[async_trait]
impl KeyVault for Service {
    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
        self.check()?;
        self.keys.generate(algorithm).await
    }

    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
        self.keys.signer(key, secret)
    }

    async fn destroy(&self, kid: &str, secret: &[u8]) -> Result<(), KeyError> {
        self.check()?;
        assert_eq!(secret, format!("name:{kid}").as_bytes());
        self.destroyed.lock().unwrap().push(kid.to_owned());
        Ok(())
    }

    fn place(&self, secret: &[u8]) -> Option<String> {
        Some(String::from_utf8(secret.to_vec()).unwrap())
    }
}

/// A ring on a new storage, and another one that works on the same storage.
async fn with_service(service: &Arc<Service>) -> (KeyRing, KeyRing, AuthorizationServer) {
    let (store, master_key) = (MemoryStore::default(), Arc::new(MasterKey::generate()));
    let clock = Arc::new(ManualClock::at(START));
    let open = async || {
        let (store, clock) = (Arc::new(store.clone()), Arc::clone(&clock) as Arc<dyn Clock>);
        let vault = Arc::clone(service) as Arc<dyn KeyVault>;
        KeyRing::open_with_vault(store, Arc::clone(&master_key), clock, vault).await.unwrap()
    };
    (open().await, open().await, servers().remove(0))
}

#[tokio::test]
async fn a_revoked_key_is_destroyed_in_the_vault() {
    let service = Arc::new(Service::default());
    let (ring, _, server) = with_service(&service).await;
    ring.ensure(&server).await.unwrap();
    let old = ring.signer(&server).await.unwrap().kid().to_owned();
    assert_eq!(service.destroyed(), [""; 0]);
    let revoked = ring.revoke(&server, &old, &Actor::cli("keys")).await.unwrap();
    assert_eq!(revoked.undestroyed, None);
    assert_eq!(service.destroyed(), [old]);
}

#[tokio::test]
async fn a_key_is_revoked_although_its_vault_is_lost_and_the_answer_says_that_it_still_exists() {
    let service = Arc::new(Service::default());
    let (ring, _, server) = with_service(&service).await;
    ring.ensure(&server).await.unwrap();
    let old = ring.signer(&server).await.unwrap().kid().to_owned();
    service.lose();
    let revoked = ring.revoke(&server, &old, &Actor::cli("keys")).await.unwrap();
    assert_eq!(revoked.successor, None, "no key can be made");
    assert_eq!(revoked.undestroyed.as_deref(), Some("the cable is cut"));
    assert_eq!(published(&ring, &server), [""; 0]);
    assert_eq!(service.destroyed(), [""; 0]);
    // Until the vault is back, the client is told to try again.
    let refused = ring.signer(&server).await.unwrap_err();
    assert!(matches!(refused, CallError::SignerUnavailable(_)), "{refused:?}");
    let answer = OAuthError::from(&refused);
    assert_eq!((answer.status, answer.retry_after), (503, Some(5)));
    assert!(!answer.description.contains("cable"), "{answer:?}");
}

#[tokio::test]
async fn of_two_nodes_that_made_a_key_the_second_one_destroys_its_own() {
    let service = Arc::new(Service::default());
    let (one, two, server) = with_service(&service).await;
    // The second node has not read what the first one stored.
    one.ensure(&server).await.unwrap();
    two.ensure(&server).await.unwrap();
    let kid = one.signer(&server).await.unwrap().kid().to_owned();
    assert_eq!(two.signer(&server).await.unwrap().kid(), kid);
    assert_eq!(service.made(), 2);
    let made: Vec<_> =
        service.keys.0.lock().unwrap().iter().map(|key| key.kid().to_owned()).collect();
    let unused: Vec<_> = made.into_iter().filter(|made| *made != kid).collect();
    assert_eq!(service.destroyed(), unused);
}

#[tokio::test]
async fn the_list_says_where_a_private_key_is() {
    let service = Arc::new(Service::default());
    let (ring, _, server) = with_service(&service).await;
    ring.ensure(&server).await.unwrap();
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
    let listed = ring.list(&catalog).remove(0);
    assert_eq!(listed.held_in, Some(format!("name:{}", listed.kid)));
    let world = World::new().await;
    assert_eq!(world.node.list(&catalog).remove(0).held_in, None);
}
