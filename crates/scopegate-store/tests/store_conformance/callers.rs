//! Callers that leave before they get an answer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use scopegate_core::audit::{DecisionKind, Outcome, What};
use scopegate_core::store::{Change, Ended, Ledger, StoreError};

use crate::place::{Node, Place};
use crate::samples::{
    NOW, audit, code, consume, counts, decided, family, later, open_family, person, put_user,
    recorded, rotate, session, use_assertion,
};

/// Begins commits while none can finish, and drops them.
async fn begin_and_go(place: &Place, store: &Node, commits: &[Vec<Change>]) {
    let mut held = place.hold_commits().await;
    for changes in commits {
        let mut commit = pin!(store.commit(changes));
        loop {
            let waited = tokio::time::timeout(Duration::from_millis(5), &mut commit).await;
            assert!(waited.is_err(), "it cannot be written: {waited:?}");
            if held.has_come().await {
                break;
            }
        }
    }
    held.give_up().await;
}

pub(crate) async fn a_grant_is_not_written_once_its_caller_has_gone(place: &Place) {
    let store = place.open().await;
    let (old, session) = (family("a", "alice"), session("1", "1"));
    let there = [
        put_user(person("alice"), None),
        open_family(&old),
        Change::PutArtifact(code("a")),
        Change::OpenSession(Box::new(session.clone())),
    ];
    store.commit(&there).await.unwrap();
    let before = counts(place).await;

    let renewed =
        Change::MoveSession { id: session.id.clone(), from: 0, session: Box::new(session) };
    let grants = [
        vec![rotate(&old.id, 0, 1), audit("a")],
        vec![consume("a", 0), open_family(&family("a", "alice")), audit("a")],
        vec![Change::PutArtifact(code("b")), audit("a")],
        vec![renewed, audit("a")],
        vec![use_assertion("a", "1"), decided("a", DecisionKind::TokenGrant, Outcome::Allow)],
    ];
    for grant in &grants {
        begin_and_go(place, &store, std::slice::from_ref(grant)).await;
        place.settle(&store).await;
        assert_eq!(counts(place).await, before, "{grant:?}");
    }
    // A client that tries again finds everything unchanged, and is not taken for an attacker.
    for grant in &grants {
        store.commit(grant).await.unwrap();
    }
}

pub(crate) async fn what_takes_away_is_written_without_its_caller(place: &Place) {
    let store = place.open().await;
    let (ended, session) = (family("a", "alice"), session("1", "1"));
    let there = [open_family(&ended), Change::OpenSession(Box::new(session.clone()))];
    store.commit(&there).await.unwrap();

    let of = Ended::Session(session.id);
    begin_and_go(
        place,
        &store,
        &[
            vec![Change::EndFamilies { of: Ended::Family(ended.id.clone()), at: NOW }, audit("a")],
            vec![Change::EndSessions { of, at: NOW }, audit("a")],
            vec![Change::RevokeToken { jti: "1".into(), expires_at: later(60) }, audit("a")],
            vec![
                use_assertion("a", "1"),
                decided("a", DecisionKind::TokenReuse, Outcome::Refused("invalid_grant".into())),
            ],
            vec![recorded(What::SignInFailed { user: None })],
        ],
    )
    .await;
    let all = [1, 0, 1, 0, 0, 0, 1, 5];
    let written = async {
        while counts(place).await != all {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), written).await;
    assert!(in_time.is_ok(), "{:?}", counts(place).await);
    assert!(store.family(&ended.id).await.unwrap().unwrap().revoked);
}

/// Polls a commit at most `times` times and drops it. Tells whether it was done before.
async fn polled(times: usize, commit: impl Future<Output = Result<(), StoreError>>) -> bool {
    let (mut commit, mut polls) = (pin!(commit), 0);
    poll_fn(|context| {
        if polls == times {
            return Poll::Ready(false);
        }
        polls += 1;
        match commit.as_mut().poll(context) {
            Poll::Ready(answer) => {
                answer.unwrap();
                Poll::Ready(true)
            }
            Poll::Pending if polls == times => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(crate) async fn wherever_a_commit_is_dropped_it_is_whole_or_absent(place: &Place) {
    let store = place.open().await;
    let mut times = 0;
    loop {
        let grant = [Change::PutArtifact(code(&times.to_string())), audit("a")];
        if polled(times, store.commit(&grant)).await {
            break;
        }
        times += 1;
    }
    place.settle(&store).await;
    // No connection is left inside a transaction.
    store.commit(&[Change::PutArtifact(code("last")), audit("a")]).await.unwrap();
    assert_eq!(place.count("artifact").await, place.count("audit_event").await);
    assert!(place.count("artifact").await >= 2);
}

pub(crate) async fn what_records_is_written_wherever_it_is_dropped(place: &Place) {
    let store = place.open().await;
    assert!(!polled(0, store.commit(&[use_assertion("a", "0")])).await);
    let mut times = 1;
    while !polled(times, store.commit(&[use_assertion("a", &times.to_string())])).await {
        times += 1;
    }
    let written = async {
        while place.count("used_assertion").await != i64::try_from(times).unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), written).await;
    assert!(in_time.is_ok(), "{} of {times}", place.count("used_assertion").await);
}

pub(crate) async fn what_goes_on_without_its_caller_is_waited_for_at_the_end(place: &Place) {
    let store = place.open_sql().await;
    for number in 0..20 {
        assert!(!polled(1, store.commit(&[use_assertion("a", &number.to_string())])).await);
    }
    store.close().await;
    assert_eq!(place.count("used_assertion").await, 20);
}
