//! The server deletes audit events that are too old.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Issuer, ManualClock, UnixTime};
use scopegate_core::audit::{
    AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What,
};
use scopegate_core::store::{Change, Ledger, Upkeep};
use scopegate_jose::MasterKey;
use scopegate_server::{Server, ServerSettings, Storage};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use scopegate_testkit::MemoryStore;

use crate::fixture::BASE;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

fn settings(storage: impl Into<Storage>, clock: &ManualClock) -> ServerSettings {
    let base = Issuer::parse(BASE).unwrap();
    ServerSettings::new(base, storage, MasterKey::generate()).with_clock(clock.clone())
}

/// An event of this age.
fn made(ago: Duration) -> Change {
    let at = NOW.minus(ago);
    let decision = ClientDecision {
        kind: DecisionKind::TokenGrant,
        server: "default".into(),
        client: "reader".into(),
        grant_type: Some("client_credentials".into()),
        outcome: Outcome::Allow,
        reason: None,
        scope: "read:orders".into(),
        rule: None,
        token_id: None,
        user: None,
        family: None,
        basis: Basis::default(),
    };
    let what = What::Decision(Box::new(decision));
    Change::Audit(AuditEvent { id: DecisionId::first_at(at), at, address: None, what })
}

/// How many of the events are left that a test wrote. The server records the keys that it makes.
fn grants(store: &MemoryStore) -> usize {
    store.events().iter().filter(|event| event.grants()).count()
}

#[tokio::test(start_paused = true)]
async fn events_older_than_audit_keep_are_deleted_every_ten_minutes() {
    let (store, clock) = (MemoryStore::default(), ManualClock::at(NOW));
    store.commit(&[made(91 * DAY), made(90 * DAY), made(89 * DAY)]).await.unwrap();
    let storage = Storage::polled(Arc::new(store.clone()));
    let server = Server::start(settings(storage, &clock).with_audit_kept_for(90 * DAY));
    let server = server.await.unwrap();
    tokio::time::sleep(MINUTE).await;
    assert_eq!(grants(&store), 2, "90 days are not over");
    clock.advance(DAY);
    // After an outage of the storage it is tried again.
    store.break_down();
    tokio::time::sleep(10 * MINUTE).await;
    store.repair();
    assert_eq!(grants(&store), 2);
    tokio::time::sleep(10 * MINUTE).await;
    assert_eq!(grants(&store), 1);
    server.close().await;
}

#[tokio::test(start_paused = true)]
async fn without_audit_keep_nothing_is_deleted() {
    let (store, clock) = (MemoryStore::default(), ManualClock::at(NOW));
    store.commit(&[made(9000 * DAY)]).await.unwrap();
    let storage = Storage::polled(Arc::new(store.clone()));
    let server = Server::start(settings(storage, &clock)).await.unwrap();
    tokio::time::sleep(60 * MINUTE).await;
    assert_eq!(grants(&store), 1);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_on_100_000_events_and_deletes_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("scopegate.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let second = Duration::from_secs(1);
    let events: Vec<_> = (0..100_000).map(|number| made(90 * DAY + number * second)).collect();
    for events in events.chunks(5000) {
        store.commit(events).await.unwrap();
    }
    store.commit(&[made(DAY), made(90 * DAY - second)]).await.unwrap();

    let clock = ManualClock::at(NOW);
    let server = Server::start(settings(store.clone(), &clock).with_audit_kept_for(90 * DAY));
    let server = server.await.unwrap();
    // Another node may do the same at the same time.
    server.authority().prune_audit(90 * DAY).await.unwrap();
    let left = store.prune_audit(DecisionId::first_at(NOW)).await.unwrap();
    assert_eq!(left, 3, "the one that is 90 days old to the second stays");
    server.close().await;
}
