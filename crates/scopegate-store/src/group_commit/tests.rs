use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopegate_claims::UnixTime;
use scopegate_core::audit::{AuditEvent, DecisionId, What};
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, Contested, Ledger, Records, TokenMark, Vault,
};
use scopegate_jose::sha256;

use super::*;
use crate::{SqlStore, StoreOptions, StoreUrl};

async fn store() -> (tempfile::TempDir, SqlStore) {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    (folder, store)
}

fn code(secret: &str) -> Change {
    Change::PutArtifact(Artifact {
        kind: ArtifactKind::Code,
        id: sha256(secret.as_bytes()),
        alias: None,
        user: None,
        version: 0,
        expires_at: UnixTime::MAX,
        body: "{}".into(),
    })
}

fn consume(secret: &str) -> Change {
    Change::MoveArtifact {
        kind: ArtifactKind::Code,
        id: sha256(secret.as_bytes()),
        from: 0,
        body: "{}".into(),
        expires_at: UnixTime::MAX,
    }
}

/// The step of a device that asks, where there is none.
fn ask_too_early(secret: &str) -> Change {
    let Change::MoveArtifact { id, from, body, expires_at, .. } = consume(secret) else {
        unreachable!("it is a step")
    };
    Change::MoveArtifact { kind: ArtifactKind::Device, id, from, body, expires_at }
}

fn use_assertion(jti: &str) -> Change {
    let client = ClientId::parse("a").unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }
}

fn revoke(jti: &str) -> Change {
    Change::RevokeToken { jti: jti.into(), expires_at: UnixTime::MAX }
}

fn audit() -> Change {
    let at = UnixTime::from_seconds(1);
    let what = What::SessionStarted { user: "00u1".to_owned() };
    Change::Audit(AuditEvent { id: DecisionId::at(at), at, address: None, what })
}

fn waiting(changes: Vec<Change>) -> (Waiting, oneshot::Receiver<Answer>) {
    let (answer, receiver) = oneshot::channel();
    let grants = Change::any_grants(&changes);
    (Waiting { work: Work::Changes(changes), grants, answer }, receiver)
}

async fn write_group(store: &SqlStore, group: Vec<Waiting>) {
    write_group_unless(store, group, Waiting::has_gone).await;
}

async fn write_group_unless(
    store: &SqlStore,
    mut group: Vec<Waiting>,
    has_gone: impl Fn(&Waiting) -> bool + Send + 'static,
) {
    let database = store.database.clone();
    let written = tokio::task::spawn_blocking(move || write(&database, &mut group, &has_gone));
    written.await.unwrap();
}

/// Writes some commits as one group: their answers, in order.
async fn as_a_group(store: &SqlStore, commits: Vec<Vec<Change>>) -> Vec<Answer> {
    let (mut group, mut answered) = (Vec::new(), Vec::new());
    for changes in commits {
        let (waiting, receiver) = waiting(changes);
        group.push(waiting);
        answered.push(receiver);
    }
    write_group(store, group).await;
    let mut answers = Vec::new();
    for receiver in answered {
        answers.push(receiver.await.expect("each is answered"));
    }
    answers
}

async fn count(store: &SqlStore, statement: &'static str) -> u64 {
    store.database.read(statement, &[], |row| row.number("n")).await.unwrap()[0]
}

async fn events(store: &SqlStore) -> u64 {
    count(store, "SELECT count(*) AS n FROM audit_event").await
}

async fn is_revoked(store: &SqlStore, jti: &str) -> bool {
    let jti_sha256 = sha256(jti.as_bytes());
    store.standing(&TokenMark { jti_sha256, family: None, user: None }).await.unwrap().revoked
}

#[tokio::test]
async fn a_commit_that_loses_takes_no_neighbour_along() {
    let (_folder, store) = store().await;
    store.commit(&[code("a"), code("b"), use_assertion("0")]).await.unwrap();
    let answers = as_a_group(
        &store,
        vec![
            vec![use_assertion("1"), consume("a"), revoke("1"), audit()],
            // It loses after it has written.
            vec![use_assertion("2"), consume("a"), revoke("2"), audit()],
            vec![use_assertion("3"), consume("b"), revoke("3"), audit()],
            // It loses with its only change, and at the first of several.
            vec![consume("b"), audit()],
            vec![use_assertion("0"), revoke("4"), audit()],
            vec![audit(), audit()],
        ],
    )
    .await;
    assert!(answers[0].is_ok() && answers[2].is_ok() && answers[5].is_ok(), "{answers:?}");
    for lost in [1, 3] {
        let is_changed = matches!(answers[lost], Err(StoreError::Changed(Contested::Artifact)));
        assert!(is_changed, "{answers:?}");
    }
    assert!(matches!(answers[4], Err(StoreError::Conflict)), "{answers:?}");

    // Of those that lost there is nothing, not even what they are said to have done.
    assert_eq!(events(&store).await, 4);
    for (jti, revoked) in [("1", true), ("2", false), ("3", true), ("4", false)] {
        assert_eq!(is_revoked(&store, jti).await, revoked, "{jti}");
    }
    store.commit(&[use_assertion("2")]).await.unwrap();
    for used in ["1", "3"] {
        assert!(store.commit(&[use_assertion(used)]).await.is_err(), "{used}");
    }
    for secret in ["a", "b"] {
        let name = ArtifactName::of_secret(secret);
        let code = store.artifact(ArtifactKind::Code, &name).await.unwrap().unwrap();
        assert_eq!(code.version, 1);
    }
}

#[tokio::test]
async fn a_commit_that_fails_takes_no_neighbour_along() {
    let (_folder, store) = store().await;
    let mut transaction = store.database.begin().await.unwrap();
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON revoked_token \
                  BEGIN SELECT RAISE(ABORT, 'this table is broken'); END";
    transaction.run(broken.into()).await.unwrap();
    transaction.commit().await.unwrap();

    let good = |jti| vec![use_assertion(jti), audit()];
    let bad = || vec![use_assertion("bad"), revoke("bad"), audit()];
    let answers = as_a_group(&store, vec![good("1"), bad(), good("2"), bad(), good("3")]).await;
    for (number, answer) in answers.iter().enumerate() {
        match number % 2 {
            0 => assert!(answer.is_ok(), "{number}: {answer:?}"),
            _ => assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{number}: {answer:?}"),
        }
    }
    assert_eq!(events(&store).await, 3);
    assert_eq!(count(&store, "SELECT count(*) AS n FROM used_assertion").await, 3);

    // One that loses after it has written, and two that fail, in one group.
    store.commit(&[code("a"), audit()]).await.unwrap();
    store.commit(&[consume("a")]).await.unwrap();
    let late = vec![use_assertion("late"), consume("a"), audit()];
    let answers = as_a_group(&store, vec![good("5"), late, bad(), bad(), good("6")]).await;
    assert!(answers[0].is_ok() && answers[4].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Changed(Contested::Artifact))), "{answers:?}");
    for failed in [2, 3] {
        assert!(matches!(answers[failed], Err(StoreError::Unavailable(_))), "{answers:?}");
    }
    assert_eq!(events(&store).await, 6);
    assert_eq!(count(&store, "SELECT count(*) AS n FROM used_assertion").await, 5);

    // Where nothing works, it is not tried for each of them.
    let answers = as_a_group(&store, (0..20).map(|_| bad()).collect()).await;
    let are_unavailable =
        answers.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable(_))));
    assert!(are_unavailable && answers.len() == 20, "{answers:?}");
    // The next connection is as good as the first.
    store.commit(&good("4")).await.unwrap();
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_if_it_grants_nothing() {
    let (_folder, store) = store().await;
    store.commit(&[code("a")]).await.unwrap();
    let (record, _) = waiting(vec![use_assertion("1"), audit()]);
    let (end, _) = waiting(vec![revoke("1"), audit()]);
    let (exchange, _) = waiting(vec![consume("a"), use_assertion("2"), audit()]);
    let (neighbour, answered) = waiting(vec![code("b"), audit()]);
    write_group(&store, vec![record, exchange, end, neighbour]).await;
    answered.await.unwrap().unwrap();
    assert_eq!(events(&store).await, 3);
    assert!(is_revoked(&store, "1").await);
    assert!(matches!(store.commit(&[use_assertion("1")]).await, Err(StoreError::Conflict)));
    // The client that comes again finds its code and its assertion as they were.
    store.commit(&[consume("a"), use_assertion("2")]).await.unwrap();
}

/// Whether the caller of a grant has gone, as it is seen after a number of looks.
fn goes_before(look: usize) -> impl Fn(&Waiting) -> bool + Send + 'static {
    let looks = AtomicUsize::new(0);
    move |waiting| waiting.grants && looks.fetch_add(1, Ordering::Relaxed) >= look
}

#[tokio::test]
async fn a_grant_whose_caller_goes_before_the_end_of_the_transaction_is_not_written() {
    for care_is_needed in [false, true] {
        let (_folder, store) = store().await;
        store.commit(&[code("a"), audit()]).await.unwrap();
        let (grant, unanswered) = waiting(vec![use_assertion("1"), consume("a"), audit()]);
        let (neighbour, answered) = waiting(vec![use_assertion("2"), audit()]);
        let mut group = vec![grant, neighbour];
        // A record that loses after it has written, so that all are written again with care.
        let lost = care_is_needed.then(|| {
            let (late, lost) = waiting(vec![use_assertion("3"), ask_too_early("x"), audit()]);
            group.push(late);
            lost
        });
        // It is looked at each time before it is written, and then before the end.
        let written = 1 + usize::from(care_is_needed);
        write_group_unless(&store, group, goes_before(written)).await;
        answered.await.unwrap().unwrap();
        assert!(unanswered.await.unwrap().is_err());
        if let Some(lost) = lost {
            let lost = lost.await.unwrap();
            assert!(matches!(lost, Err(StoreError::Changed(Contested::Artifact))), "{lost:?}");
        }
        assert_eq!(events(&store).await, 2);
        store.commit(&[use_assertion("1"), consume("a")]).await.unwrap();
    }
}

#[tokio::test]
async fn a_group_is_not_written_again_and_again() {
    let (_folder, store) = store().await;
    let (grant, answered) = waiting(vec![code("a"), audit()]);
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    // Somebody is there each time before it is written, and has gone each time before its end.
    let has_gone = move |_: &Waiting| counted.fetch_add(1, Ordering::Relaxed) % 2 == 1;
    write_group_unless(&store, vec![grant], has_gone).await;
    answered.await.unwrap().unwrap();
    assert_eq!(looks.load(Ordering::Relaxed), 2 * REWRITES + 1);
    assert_eq!(events(&store).await, 1);
}

#[tokio::test]
async fn a_ping_comes_by_where_commits_do() {
    let (_folder, store) = store().await;
    store.ping().await.unwrap();
    // While somebody writes, no commit goes on: nor does a ping.
    let writing = store.database.begin().await.unwrap();
    let mut ping = std::pin::pin!(store.ping());
    let changes = [audit()];
    let mut commit = std::pin::pin!(store.commit(&changes));
    assert!((&mut ping).now_or_never().is_none() && (&mut commit).now_or_never().is_none());
    writing.rollback().await.unwrap();
    commit.await.unwrap();
    ping.await.unwrap();
    // A thread that is gone is seen, too.
    let (waiting, _) = mpsc::channel(1);
    let mut dead = store.clone();
    dead.group = Some(GroupCommit { waiting, unattended: store.unattended.clone() });
    assert!(matches!(dead.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn what_waits_for_a_place_is_written_without_its_caller_if_it_grants_nothing() {
    let (_folder, store) = store().await;
    let (sender, mut receiver) = mpsc::channel(1);
    let group = GroupCommit { waiting: sender, unattended: store.unattended.clone() };
    assert!(group.commit(&[audit()]).now_or_never().is_none(), "it takes the only place");
    assert!(group.commit(&[code("a")]).now_or_never().is_none());
    assert!(group.commit(&[revoke("a")]).now_or_never().is_none());
    let mut written = Vec::new();
    for _ in 0..2 {
        match receiver.recv().await.unwrap().work {
            Work::Changes(changes) => written.extend(changes),
            Work::Ping => unreachable!("nobody pings"),
        }
    }
    assert!(matches!(&*written, [Change::Audit(_), Change::RevokeToken { .. }]), "{written:?}");
    assert!(receiver.try_recv().is_err());
}

#[tokio::test]
async fn what_was_asked_for_before_the_store_is_closed_is_written() {
    let (folder, store) = store().await;
    for number in 0..200 {
        assert!(store.commit(&[revoke(&number.to_string())]).now_or_never().is_none());
    }
    store.close().await;
    let url = StoreUrl::sqlite(folder.path().join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) AS n FROM revoked_token").await, 200);
}

#[tokio::test]
async fn of_many_at_once_each_is_answered_for_itself() {
    let (_folder, store) = store().await;
    let commits: Vec<_> = (0..600_u32)
        .map(|number| {
            let store = store.clone();
            // Each `jti` three times, by different neighbours.
            let changes = [use_assertion(&(number % 200).to_string()), revoke("x"), audit()];
            tokio::spawn(async move { store.commit(&changes).await })
        })
        .collect();
    let mut won = 0;
    for commit in commits {
        match commit.await.unwrap() {
            Ok(()) => won += 1,
            Err(lost) => assert!(matches!(lost, StoreError::Conflict), "{lost:?}"),
        }
    }
    assert_eq!(won, 200);
    assert_eq!(events(&store).await, 200);
}

#[test]
fn whoever_waits_is_gathered_into_a_group_that_is_not_too_large() {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let wait = || {
        let (waiting, _) = waiting(Vec::new());
        sender.try_send(waiting).ok().unwrap();
    };
    let mut group = Vec::new();
    (0..3).for_each(|_| wait());
    gather(&mut group, &mut receiver);
    assert_eq!(group.len(), 3);
    (0..2 * LARGEST).for_each(|_| wait());
    gather(&mut group, &mut receiver);
    assert_eq!((group.len(), receiver.len()), (LARGEST, LARGEST + 3));
}
