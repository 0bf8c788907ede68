//! The keys of several nodes that share a storage.

mod courses;
mod orders;
mod vaults;

use std::sync::Mutex as SyncMutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use scopegate_claims::{Issuer, ManualClock, UnixTime};
use scopegate_jose::{Algorithm, SigningKey};

use super::*;
use crate::audit::AuditEvent;
use crate::catalog::{KeySchedule, RowKey, Snapshot};
use crate::store::{KeyMove, StoredKey};

/// A storage of keys that counts how often it is read.
#[derive(Debug, Default)]
struct Drawer {
    /// Each key with the version of its newest change.
    keys: SyncMutex<Vec<(u64, StoredKey)>>,
    events: SyncMutex<Vec<AuditEvent>>,
    unreadable: SyncMutex<Vec<UnreadableRow>>,
    reads: AtomicUsize,
    /// How many keys nodes wanted to store.
    inserts: AtomicUsize,
    claim: SyncMutex<Option<String>>,
}

#[async_trait]
impl KeyStore for Drawer {
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let stored = self.keys.lock().unwrap();
        let mut changes = KeyChanges { version: newest(&stored), ..KeyChanges::default() };
        for (_, key) in stored.iter().filter(|(changed, _)| *changed > version) {
            match key.phase {
                KeyPhase::Dropped => {
                    changes.dropped.push(RowKey::signing_key(key.server.as_str(), &key.kid));
                }
                _ => changes.keys.push(key.clone()),
            }
        }
        changes.unreadable = self.unreadable.lock().unwrap().clone();
        Ok(changes)
    }

    async fn move_keys(&self, moves: &[KeyMove], events: &[AuditEvent]) -> Result<u64, StoreError> {
        let mut stored = self.keys.lock().unwrap();
        let (version, mut next) = (newest(&stored) + 1, stored.clone());
        for one in moves {
            match one {
                KeyMove::Insert(key) => {
                    self.inserts.fetch_add(1, Ordering::SeqCst);
                    next.push((version, StoredKey::clone(key)));
                }
                KeyMove::Advance { kid, from, to, at, .. } => {
                    let meant = next.iter_mut().find(|(_, key)| key.kid == *kid);
                    let meant = meant.filter(|(_, key)| key.phase == *from);
                    let (changed, key) = meant.ok_or(StoreError::Conflict)?;
                    key.enter(*to, *at);
                    *changed = version;
                }
                KeyMove::Cover { kid, longest, .. } => {
                    let meant = next.iter_mut().find(|(_, key)| key.kid == *kid);
                    let (changed, key) = meant.ok_or(StoreError::Conflict)?;
                    key.longest = Some(*longest);
                    *changed = version;
                }
            }
        }
        for (place, (_, key)) in next.iter().enumerate() {
            let rival = |(_, other): &(u64, StoredKey)| {
                (&other.server, other.algorithm, other.phase)
                    == (&key.server, key.algorithm, key.phase)
            };
            if key.phase.is_of_one_key() && next[..place].iter().any(rival) {
                return Err(StoreError::Conflict);
            }
        }
        *stored = next;
        self.events.lock().unwrap().extend_from_slice(events);
        Ok(version)
    }

    async fn claim_key(
        &self,
        _: &ServerId,
        _: Algorithm,
        claim: &str,
        _: Option<&str>,
    ) -> Result<String, StoreError> {
        Ok(self.claim.lock().unwrap().get_or_insert_with(|| claim.to_owned()).clone())
    }
}

fn newest(stored: &[(u64, StoredKey)]) -> u64 {
    stored.iter().map(|(version, _)| *version).max().unwrap_or_default()
}

impl Drawer {
    /// Announces a key, as an administrator does.
    async fn announce(&self, server: &ServerId, master_key: &MasterKey, now: UnixTime) -> String {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let key = StoredKey::seal(server, &key, KeyPhase::Announced, master_key, now).unwrap();
        let kid = key.kid.clone();
        self.move_keys(&[KeyMove::Insert(Box::new(key))], &[]).await.unwrap();
        kid
    }

    fn kinds(&self) -> Vec<String> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|event| event.kind_and_outcome().0.to_owned())
            .collect()
    }
}

const START: UnixTime = UnixTime::from_seconds(1_800_000_000);

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
    ring_at(drawer, master_key, &Arc::new(ManualClock::at(START))).await
}

async fn ring_at(
    drawer: &Arc<Drawer>,
    master_key: &Arc<MasterKey>,
    clock: &Arc<ManualClock>,
) -> KeyRing {
    let store = Arc::clone(drawer) as Arc<dyn KeyStore>;
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    KeyRing::open(store, Arc::clone(master_key), clock).await.unwrap()
}

/// Lets time pass for a process, and for its clock.
async fn pass(clock: &ManualClock, time: Duration) {
    tokio::time::advance(time).await;
    clock.advance(time);
}

#[tokio::test]
async fn a_generated_key_is_used_without_reading_the_keys_again() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    for server in &servers() {
        ring.ensure(server).await.unwrap();
    }
    assert_eq!(drawer.reads.load(Ordering::SeqCst), 1, "at the start only");
    for server in &servers() {
        let signer = ring.signer(server).await.unwrap();
        assert!(ring.public(&server.id).unwrap().contains(signer.kid()));
        assert!(ring.verifying(&server.id).unwrap().contains_kid(signer.kid()));
    }
}

#[tokio::test]
async fn a_node_uses_the_key_that_another_node_stored_first() {
    let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
    let (slower, faster) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
    let server = &servers()[0];
    let key = faster.signer(server).await.unwrap();
    assert_eq!(slower.signer(server).await.unwrap().kid(), key.kid());
    assert_eq!(drawer.reads.load(Ordering::SeqCst), 3);
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
async fn a_server_with_an_unreadable_key_neither_signs_nor_generates_another() {
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
            assert!(matches!(refused, CallError::Storage(StoreError::Unreadable(_))));
        }
        assert_eq!(ring.public(&server.id), None);
    }
    assert_eq!(ring.unreadable().len(), 2);
    assert_eq!(drawer.keys.lock().unwrap().len(), 1, "no key was generated");
}

/// The ids of the keys that a node publishes for a server, in their order.
fn published(ring: &KeyRing, server: &AuthorizationServer) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(&ring.public(&server.id).unwrap()).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    let kids: Vec<_> = keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    let verifying = ring.verifying(&server.id).unwrap();
    assert!(kids.iter().all(|kid| verifying.contains_kid(kid)));
    kids
}

#[tokio::test(start_paused = true)]
async fn announced_signing_and_retiring_keys_are_published_and_one_signs() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let clock = Arc::new(ManualClock::at(START));
    let (one, other) =
        (ring_at(&drawer, &master_key, &clock).await, ring_at(&drawer, &master_key, &clock).await);
    let server = &servers()[0];
    let old = one.signer(server).await.unwrap().kid().to_owned();
    clock.advance(Duration::from_secs(60));
    let new = drawer.announce(&server.id, &master_key, clock.now()).await;
    let both = [old.clone(), new.clone()];
    for ring in [&one, &other] {
        ring.reload().await.unwrap();
        ring.ensure(server).await.unwrap();
        assert_eq!(published(ring, server), both);
        assert_eq!(ring.signer(server).await.unwrap().kid(), old);
    }
    pass(&clock, KeySchedule::DEFAULT_ANNOUNCE).await;
    one.ensure(server).await.unwrap();
    // Until the other node reads the change, it signs with the old key, which is still published.
    assert_eq!(other.held_signer(server, Duration::ZERO).unwrap().unwrap().kid(), old);
    other.reload().await.unwrap();
    for ring in [&one, &other] {
        assert_eq!(published(ring, server), both);
        assert_eq!(ring.signer(server).await.unwrap().kid(), new);
    }
    // Tokens of the org server live for an hour.
    pass(&clock, Duration::from_secs(60 * 60 + 100)).await;
    one.ensure(server).await.unwrap();
    other.reload().await.unwrap();
    for ring in [&one, &other] {
        assert_eq!(published(ring, server), [new.as_str()], "the dropped key is published nowhere");
    }
    let kinds = ["key.sign", "key.retire", "key.sign", "key.drop"];
    assert_eq!(drawer.kinds(), kinds.map(|kind| format!("app.oauth2.as.{kind}")));
}

#[tokio::test(start_paused = true)]
async fn of_two_nodes_with_the_same_steps_only_one_applies_them() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let clock = Arc::new(ManualClock::at(START));
    let (one, other) =
        (ring_at(&drawer, &master_key, &clock).await, ring_at(&drawer, &master_key, &clock).await);
    let server = &servers()[0];
    one.ensure(server).await.unwrap();
    let new = drawer.announce(&server.id, &master_key, START).await;
    one.reload().await.unwrap();
    other.reload().await.unwrap();
    pass(&clock, KeySchedule::DEFAULT_ANNOUNCE).await;
    one.ensure(server).await.unwrap();
    other.ensure(server).await.unwrap();
    assert_eq!(drawer.kinds().len(), 3, "one key was generated, then the keys changed once");
    for ring in [&one, &other] {
        assert_eq!(ring.signer(server).await.unwrap().kid(), new);
    }
}

#[tokio::test]
async fn applying_a_move_that_was_already_read_does_not_undo_later_moves() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    let server = &servers()[0];
    let kid = drawer.announce(&server.id, &master_key, START).await;
    ring.reload().await.unwrap();
    let advance = |from, to| KeyMove::Advance {
        server: server.id.clone(),
        kid: kid.clone(),
        from,
        to,
        at: START,
    };
    let signs = [advance(KeyPhase::Announced, KeyPhase::Signing)];
    let version = drawer.move_keys(&signs, &[]).await.unwrap();
    let retires = [advance(KeyPhase::Signing, KeyPhase::Retiring)];
    drawer.move_keys(&retires, &[]).await.unwrap();
    ring.reload().await.unwrap();
    ring.apply_moves(&signs, version).await;
    assert!(ring.held_signer(server, Duration::ZERO).unwrap().is_none(), "it has retired");
}

#[tokio::test]
async fn changes_that_were_read_before_a_move_do_not_undo_it() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    let server = &servers()[0];
    let kid = drawer.announce(&server.id, &master_key, START).await;
    ring.reload().await.unwrap();
    let early = ring.changes_since(0).await.unwrap();
    let (from, to) = (KeyPhase::Announced, KeyPhase::Signing);
    let moves = [KeyMove::Advance { server: server.id.clone(), kid, from, to, at: START }];
    let version = drawer.move_keys(&moves, &[]).await.unwrap();
    ring.apply_moves(&moves, version).await;
    ring.follow(vec![early]).await;
    let signs = || ring.held_signer(server, Duration::ZERO).unwrap().is_some();
    assert!(signs(), "the announced key did not replace the signing one");
    ring.reload().await.unwrap();
    assert!(signs() && ring.version() == version, "the next read has all changes");
}

#[tokio::test]
async fn after_an_unreadable_key_is_dropped_its_server_signs_again() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let ring = ring(&drawer, &master_key).await;
    let server = &servers()[0];
    let key = RowKey::signing_key(server.id.as_str(), "odd");
    let row = UnreadableRow { key: key.clone(), why: "its phase is not known".to_owned() };
    let unreadable = KeyChanges { unreadable: vec![row], ..KeyChanges::default() };
    ring.follow(vec![unreadable]).await;
    ring.ensure(server).await.unwrap_err();
    let dropped = KeyChanges { dropped: vec![key], ..KeyChanges::default() };
    ring.follow(vec![dropped]).await;
    assert!(ring.unreadable().is_empty());
    ring.ensure(server).await.unwrap();
}
