use scopegate_claims::UnixTime;
use scopegate_core::audit::{AuditEvent, DecisionId};
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, Contested, Ledger, Records, TokenMark,
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

fn use_assertion(jti: &str) -> Change {
    let client = ClientId::parse("a").unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }
}

fn revoke(jti: &str) -> Change {
    Change::RevokeToken { jti: jti.into(), expires_at: UnixTime::MAX }
}

fn audit() -> Change {
    Change::Audit(AuditEvent {
        id: DecisionId::at(UnixTime::from_seconds(1)),
        at: UnixTime::from_seconds(1),
        kind: "test",
        server: "default".into(),
        client: "a".into(),
        user: None,
        family: None,
        grant_type: None,
        outcome: "ALLOW",
        reason: None,
        scope: String::new(),
        rule: None,
        token_id: None,
        address: None,
    })
}

async fn write_group(store: &SqlStore, mut group: Vec<Waiting>) {
    let database = store.database.clone();
    tokio::task::spawn_blocking(move || write(&database, &mut group)).await.unwrap();
}

/// Writes some commits as one group: their answers, in order.
async fn as_a_group(store: &SqlStore, commits: Vec<Vec<Change>>) -> Vec<Answer> {
    let (mut group, mut answered) = (Vec::new(), Vec::new());
    for changes in commits {
        let (answer, receiver) = oneshot::channel();
        group.push(Waiting { changes, answer });
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
async fn what_nobody_waits_for_any_more_is_written_whole() {
    let (_folder, store) = store().await;
    let (answer, receiver) = oneshot::channel();
    drop(receiver);
    let group = vec![Waiting { changes: vec![use_assertion("1"), audit()], answer }];
    write_group(&store, group).await;
    assert_eq!(events(&store).await, 1);
    assert!(matches!(store.commit(&[use_assertion("1")]).await, Err(StoreError::Conflict)));
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
        let (answer, _) = oneshot::channel();
        sender.try_send(Waiting { changes: Vec::new(), answer }).ok().unwrap();
    };
    let mut group = Vec::new();
    (0..3).for_each(|_| wait());
    gather(&mut group, &mut receiver);
    assert_eq!(group.len(), 3);
    (0..2 * LARGEST).for_each(|_| wait());
    gather(&mut group, &mut receiver);
    assert_eq!((group.len(), receiver.len()), (LARGEST, LARGEST + 3));
}
