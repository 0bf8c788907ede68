//! The ledger.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::audit::{AuditEvent, DecisionId};
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{Change, Ledger, StoreError};

use crate::place::Place;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn use_assertion(client: &str, jti: &str) -> Change {
    use_until(client, jti, NOW.plus(Duration::from_secs(300)))
}

fn use_until(client: &str, jti: &str, expires_at: UnixTime) -> Change {
    let client = ClientId::parse(client).unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at }
}

fn audit(client: &str) -> Change {
    Change::Audit(AuditEvent {
        id: DecisionId::new(),
        at: NOW,
        kind: "app.oauth2.as.token.grant",
        server: "default".into(),
        client: client.into(),
        grant_type: Some("client_credentials".into()),
        outcome: "ALLOW",
        reason: None,
        scope: "read:orders".into(),
        rule: None,
        token_id: None,
        address: None,
    })
}

fn is_conflict(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict))
}

pub(crate) async fn an_assertion_is_used_once_by_its_client(place: &Place) {
    let store = place.open().await;
    store.commit(&[]).await.unwrap();
    store.commit(&[use_assertion("a", "1")]).await.unwrap();
    store.commit(&[use_assertion("a", "2"), use_assertion("b", "1")]).await.unwrap();
    for used in ["1", "2"] {
        assert!(is_conflict(&store.commit(&[use_assertion("a", used)]).await), "{used}");
    }
    let twice_at_once = [use_assertion("c", "1"), use_assertion("c", "1")];
    assert!(is_conflict(&store.commit(&twice_at_once).await));
    store.commit(&[use_assertion("c", "1")]).await.unwrap();

    // Nobody would accept it any more, yet it stays used until it is forgotten.
    let long_ago = NOW.minus(Duration::from_secs(3600));
    store.commit(&[use_until("d", "1", long_ago)]).await.unwrap();
    assert!(is_conflict(&store.commit(&[use_assertion("d", "1")]).await));
}

pub(crate) async fn an_assertion_is_used_once_however_odd_its_jti(place: &Place) {
    let store = place.open().await;
    let long = "x".repeat(12_000);
    let longer = format!("{long}x");
    let odd =
        ["", "\0", "\u{fffd}", "a\0b", "a\0c", "é", "e\u{301}", "' OR 1=1 --", &long, &longer];
    for jti in odd {
        store.commit(&[use_assertion("a", jti)]).await.unwrap();
    }
    for jti in odd {
        assert!(is_conflict(&store.commit(&[use_assertion("a", jti)]).await), "{jti:?}");
    }
}

pub(crate) async fn of_two_uses_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..25 {
        let racers: Vec<_> = (0..4)
            .map(|racer: usize| {
                let store = nodes[racer % 2].clone();
                let changes = [use_assertion("a", &round.to_string()), audit("a")];
                tokio::spawn(async move { store.commit(&changes).await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(()) => won += 1,
                lost => assert!(is_conflict(&lost), "{lost:?}"),
            }
        }
        assert_eq!(won, 1);
    }
    assert_eq!(place.count("used_assertion").await, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn a_conflict_leaves_nothing(place: &Place) {
    let store = place.open().await;
    store.commit(&[audit("a"), use_assertion("a", "1")]).await.unwrap();
    let replay = [audit("a"), use_assertion("a", "2"), use_assertion("a", "1"), audit("a")];
    assert!(is_conflict(&store.commit(&replay).await));
    assert_eq!(place.count("audit_event").await, 1);
    assert_eq!(place.count("used_assertion").await, 1);
    store.commit(&[use_assertion("a", "2")]).await.unwrap();
}

pub(crate) async fn an_audit_batch_is_kept_once(place: &Place) {
    let store = place.open().await;
    let batch: Vec<_> = (0..205).map(|_| audit("a")).collect();
    store.commit(&batch).await.unwrap();
    assert_eq!(place.count("audit_event").await, 205);
    // The answer may have got lost, and the batch is sent again with more.
    let again = [batch, vec![audit("b")]].concat();
    store.commit(&again).await.unwrap();
    assert_eq!(place.count("audit_event").await, 206);
}

pub(crate) async fn what_strangers_send_is_kept(place: &Place) {
    let store = place.open().await;
    for client in ["", "nul \0 in the middle", "' OR 1=1 --", "é 🛒", &"x".repeat(10_000)] {
        store.commit(&[audit(client)]).await.unwrap();
    }
    assert_eq!(place.count("audit_event").await, 5);
}

pub(crate) async fn only_what_has_expired_is_forgotten(place: &Place) {
    let store = place.open().await;
    // More than are deleted at once.
    let old: Vec<_> = (0..2100).map(|n| use_until("a", &format!("old {n}"), NOW)).collect();
    let young = use_until("a", "young", NOW.plus(Duration::from_secs(1)));
    store.commit(&old).await.unwrap();
    store.commit(&[young.clone(), audit("a")]).await.unwrap();

    store.forget_expired(NOW.minus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(place.count("used_assertion").await, 2101);
    store.forget_expired(NOW).await.unwrap();
    assert_eq!(place.count("used_assertion").await, 1);
    assert!(is_conflict(&store.commit(&[young]).await));
    assert_eq!(place.count("audit_event").await, 1);
}

pub(crate) async fn a_commit_that_is_given_up_is_whole_or_absent(place: &Place) {
    let store = place.open().await;
    for round in 0..40_u64 {
        let changes = [use_assertion("a", &round.to_string()), audit("a")];
        let given_up = Duration::from_micros(round * 100);
        // Whether it was in time is what varies.
        let _ = tokio::time::timeout(given_up, store.commit(&changes)).await;
    }
    // No connection is left in the middle of a transaction.
    store.commit(&[use_assertion("b", "1"), audit("b")]).await.unwrap();
    assert_eq!(place.count("used_assertion").await, place.count("audit_event").await);
}
