//! A storage whose secrets are sealed under another master key, while two nodes run.

use std::sync::Arc;

use scopegate_claims::{Clock, Issuer, ManualClock};
use scopegate_jose::Algorithm;

use super::*;
use crate::authority::{Authority, Foundation, OpenError};
use crate::catalog::{AuthorizationServer, UserId};
use crate::client_auth::secret_mac;
use crate::directory::NewUser;
use crate::keys::fetch::NoFetch;
use crate::limits::RequestLimits;
use crate::people::passwords::seal_hash;
use crate::store::memory::MemoryStore;
use crate::store::{Change, InstallationStore, KeyMove, KeyPhase, KeyStore, Ledger, StoredKey};
use crate::testing::alice;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn copy(key: &MasterKey) -> MasterKey {
    MasterKey::parse(&key.to_base64url()).unwrap()
}

async fn node(store: &MemoryStore, key: MasterKey) -> Result<Arc<Authority>, OpenError> {
    let foundation = Foundation {
        base: Issuer::parse("https://id.example.com").unwrap(),
        store: Arc::new(store.clone()),
        master_key: Arc::new(key),
        clock: Arc::new(ManualClock::at(NOW)) as Arc<dyn Clock>,
        fetch: Arc::new(NoFetch),
        limits: RequestLimits::default(),
    };
    Authority::open(foundation).await
}

/// A server with a key that can be generated quickly.
fn server(node: &Authority) -> AuthorizationServer {
    let catalog = node.catalog();
    let mut server = AuthorizationServer::clone(catalog.org());
    server.spec.algorithms = vec![Algorithm::EdDsa];
    server
}

async fn kid(node: &Authority) -> String {
    node.keys().signer(&server(node)).await.unwrap().kid().to_owned()
}

/// A storage with a signing key and a password under the old key.
async fn sealed_under(old: &MasterKey) -> (MemoryStore, UserId, String) {
    let store = MemoryStore::default();
    let node = node(&store, copy(old)).await.unwrap();
    let kid = kid(&node).await;
    let user = alice();
    let id = user.id.clone();
    let sealed_password = Some(seal_hash(&node.master_key, &id, "$argon2id$"));
    let new = NewUser { user, sealed_password };
    store.commit(&[Change::PutUser(Box::new(new))]).await.unwrap();
    (store, id, kid)
}

async fn change(store: &MemoryStore, known: &MasterKey, new: &MasterKey) -> bool {
    let actor = Actor::cli("keys rewrap");
    change_master_key(store, known, new, &actor, NOW).await.unwrap()
}

#[tokio::test]
async fn secrets_open_under_the_new_key_alone_and_client_secrets_stay_valid() {
    let (old, new) = (MasterKey::generate(), MasterKey::generate());
    let (store, user, kid_before) = sealed_under(&old).await;
    let mac = secret_mac(&old, &[7; 32]);
    assert!(change(&store, &old, &new).await);
    let done = reseal_all(&store, &old, &new, |_| {}).await.unwrap();
    assert_eq!((done.resealed, done.done, done.closed.len()), (2, 0, 0));
    assert!(!change(&store, &old, &new).await);
    let again = reseal_all(&store, &old, &new, |_| {}).await.unwrap();
    assert_eq!((again.resealed, again.done), (0, 2), "nothing is left");

    assert!(matches!(node(&store, copy(&old)).await, Err(OpenError::WrongMasterKey)));
    let node = node(&store, copy(&new)).await.unwrap();
    assert_eq!(kid(&node).await, kid_before);
    assert_eq!(secret_mac(&node.master_key, &[7; 32]), mac);
    let sealed = crate::store::Directory::password(&store, &user).await.unwrap().unwrap().sealed;
    assert!(node.master_key.open(&hash_context(&user), &sealed).is_ok());
    let events = store.events();
    let kinds: Vec<_> = events.iter().map(|event| event.kind_and_outcome().0).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "app.oauth2.as.key.rewrap").count(), 1);
}

#[tokio::test]
async fn nodes_with_both_keys_go_on_at_every_point_and_seal_under_the_key_of_the_storage() {
    let (old, new) = (MasterKey::generate(), MasterKey::generate());
    let (store, _, kid_before) = sealed_under(&old).await;
    let both = || copy(&new).with_previous(&old);
    let running = node(&store, both()).await.unwrap();
    let seals_under = |node: &Authority, key: &MasterKey| {
        key.open("x", &node.master_key.seal("x", b"y").unwrap()).is_ok()
    };
    assert!(seals_under(&running, &old), "until the key changes, nodes with the old one open it");
    // The command is killed after the change, before anything is sealed again.
    change(&store, &both(), &new).await;
    assert!(running.reload().await.unwrap());
    assert!(seals_under(&running, &new));
    assert_eq!(kid(&running).await, kid_before);
    let started = node(&store, both()).await.unwrap();
    assert_eq!(kid(&started).await, kid_before);
    // A node that has only the new key does not sign with what is under the old one.
    let early = node(&store, copy(&new)).await.unwrap();
    assert!(early.keys().signer(&server(&early)).await.is_err());
    // The command runs again.
    assert!(!change(&store, &both(), &new).await);
    let done = reseal_all(&store, &both(), &new, |_| {}).await.unwrap();
    assert_eq!(done.resealed, 2);
    early.reload().await.unwrap();
    for node in [&running, &started, &early] {
        assert_eq!(kid(node).await, kid_before);
    }
}

#[tokio::test]
async fn a_secret_that_changes_meanwhile_is_left_alone() {
    let (old, new) = (MasterKey::generate(), MasterKey::generate());
    let (store, user, _) = sealed_under(&old).await;
    let rows = store.sealed_after(SealedKind::Passwords, None, 10).await.unwrap();
    let sealed = seal_hash(&new, &user, "$argon2id$new");
    let set = Change::SetPassword { user: user.clone(), sealed: sealed.clone(), at: NOW };
    store.commit(&[set]).await.unwrap();
    let stale = ResealedRow { before: rows[0].clone(), sealed: vec![1] };
    assert_eq!(store.reseal(&[stale]).await.unwrap(), 0);
    let stored = crate::store::Directory::password(&store, &user).await.unwrap().unwrap();
    assert_eq!(stored.sealed, sealed);
}

#[tokio::test]
async fn secrets_under_a_third_key_are_named_and_left_alone() {
    let (old, new, third) = (MasterKey::generate(), MasterKey::generate(), MasterKey::generate());
    let (store, _, kid) = sealed_under(&old).await;
    let key = scopegate_jose::SigningKey::generate(Algorithm::Es256).unwrap();
    let stray = StoredKey::seal(&ServerId::org(), &key, KeyPhase::Announced, &third, NOW).unwrap();
    let name = SealedKey::SigningKey { server: ServerId::org(), kid: stray.kid.clone() };
    store.move_keys(&[KeyMove::Insert(Box::new(stray))], &[]).await.unwrap();
    change(&store, &old, &new).await;
    let done = reseal_all(&store, &old, &new, |_| {}).await.unwrap();
    assert_eq!((done.resealed, done.closed), (2, vec![name]), "{kid}");
}

#[tokio::test]
async fn a_storage_under_an_unknown_key_is_not_changed() {
    let (old, new, other) = (MasterKey::generate(), MasterKey::generate(), MasterKey::generate());
    let (store, ..) = sealed_under(&old).await;
    let actor = Actor::cli("keys rewrap");
    let refused = change_master_key(&store, &other, &new, &actor, NOW).await;
    assert!(matches!(refused, Err(RewrapError::UnknownMasterKey)), "{refused:?}");
    assert_eq!(store.kept(MASTER_KEY_FINGERPRINT).await.unwrap(), Some(old.fingerprint()));
    let empty = MemoryStore::default();
    let refused = change_master_key(&empty, &old, &new, &actor, NOW).await;
    assert!(matches!(refused, Err(RewrapError::NoMasterKey)), "{refused:?}");
}
