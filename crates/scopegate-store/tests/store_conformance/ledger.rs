//! The ledger.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::{CatalogState, ServerId};
use scopegate_core::store::{Change, Contested, Ended, StoreError, TokenMark};

use crate::place::{Node, Place};
use crate::samples::{
    NOW, audit, client, code, consent_key, consume, counts, family, is_changed, is_conflict, later,
    open_family, person, put_user, rotate, scopes, session, use_assertion, user_id,
};

fn use_until(client_id: &str, jti: &str, expires_at: UnixTime) -> Change {
    Change::UseAssertion { client: client(client_id), jti: jti.into(), expires_at }
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

    // It has expired, and stays used until it is deleted.
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
    // The answer may have been lost, and the batch is written again with more events.
    let again = [batch, vec![audit("b")]].concat();
    store.commit(&again).await.unwrap();
    assert_eq!(place.count("audit_event").await, 206);
}

pub(crate) async fn an_audit_event_is_found_by_its_id(place: &Place) {
    let store = place.open().await;
    let [Change::Audit(one), Change::Audit(other)] = [audit("a"), audit("nul \0 é 🛒")] else {
        unreachable!("both are events")
    };
    store.commit(&[Change::Audit(one.clone()), Change::Audit(other.clone())]).await.unwrap();
    assert_eq!(store.audit_event(one.id).await.unwrap(), Some(one));
    assert_eq!(store.audit_event(other.id).await.unwrap(), Some(other));
    let [Change::Audit(unwritten)] = [audit("a")] else { unreachable!("it is an event") };
    assert_eq!(store.audit_event(unwritten.id).await.unwrap(), None);
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
    // More than one transaction deletes.
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

/// One change of each kind, on top of an existing code, family, session and user.
async fn one_of_each_kind(store: &Node, name: &str) -> Vec<Change> {
    let (old_family, old_session) = (family("a", name), session(&format!("{name}1"), name));
    let user = person(name);
    let there = [
        Change::PutArtifact(code(name)),
        open_family(&old_family),
        Change::OpenSession(Box::new(old_session.clone())),
        put_user(user.clone(), None),
        Change::PutConsent { key: consent_key("old", "a", name), scopes: scopes("a"), at: NOW },
    ];
    store.commit(&there).await.unwrap();
    let new_session = session(&format!("{name}2"), &format!("{name}2"));
    vec![
        Change::RevokeToken { jti: name.into(), expires_at: later(60) },
        audit("a"),
        Change::WithdrawConsent(consent_key("old", "a", name)),
        Change::PutConsent { key: consent_key("new", "a", name), scopes: scopes("a"), at: NOW },
        Change::SetPassword { user: user.id.clone(), sealed: vec![1], at: NOW },
        Change::MoveUser { from: 0, user: Box::new(user) },
        put_user(person(&format!("{name}2")), None),
        Change::ExpectCatalog(CatalogState {
            client: client("a"),
            server: ServerId::org(),
            version: 0,
        }),
        Change::EndSessions { of: Ended::User(user_id("nobody")), at: NOW },
        Change::MoveSession { id: old_session.id.clone(), from: 0, session: Box::new(old_session) },
        Change::OpenSession(Box::new(new_session)),
        Change::EndFamilies { of: Ended::User(user_id("nobody")), at: NOW },
        rotate(&old_family.id, 0, 1),
        open_family(&family("a", name)),
        consume(name, 0),
        Change::PutArtifact(code(&format!("{name}2"))),
        use_assertion("a", name),
    ]
}

pub(crate) async fn all_kinds_of_changes_are_written_or_none(place: &Place) {
    let store = place.open().await;
    let changes = one_of_each_kind(&store, "alice").await;
    let before = counts(place).await;
    assert_eq!(before, [0, 1, 1, 1, 1, 1, 0, 0]);

    // If a change loses a race, none of the others is written, wherever it is in the commit.
    let lost_races = [
        (consume("alice", 7), Contested::Artifact),
        (Change::PutArtifact(code("alice")), Contested::Artifact),
        (rotate(&family("a", "alice").id, 0, 1), Contested::Family),
        (Change::OpenSession(Box::new(session("3", "alice"))), Contested::Session),
        (put_user(person("ALICE"), None), Contested::User),
        (Change::MoveUser { from: 7, user: Box::new(person("alice")) }, Contested::User),
    ];
    for (lost, of) in lost_races {
        let result = store.commit(&[changes.clone(), vec![lost.clone()]].concat()).await;
        assert!(is_changed(&result, of), "{lost:?}: {result:?}");
        assert_eq!(counts(place).await, before, "{lost:?}");
    }
    let replayed = [changes.clone(), vec![use_assertion("a", "alice")]].concat();
    assert!(is_conflict(&store.commit(&replayed).await));
    assert_eq!(counts(place).await, before);

    store.commit(&changes).await.unwrap();
    assert_eq!(counts(place).await, [1, 2, 2, 2, 2, 1, 1, 1]);
}

pub(crate) async fn a_commit_that_fails_in_the_middle_leaves_nothing(place: &Place) {
    let store = place.open().await;
    let changes = one_of_each_kind(&store, "alice").await;
    let before = counts(place).await;
    for table in ["consent", "revoked_token", "audit_event"] {
        place.run(&format!("ALTER TABLE {table} RENAME TO away")).await;
        let failed = store.commit(&changes).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        place.run(&format!("ALTER TABLE away RENAME TO {table}")).await;
        assert_eq!(counts(place).await, before, "{table}");
    }
    // Nothing of it was used: the same commit succeeds as soon as it can be written.
    store.commit(&changes).await.unwrap();
}

pub(crate) async fn commits_of_many_kinds_at_once_do_not_wait_in_a_circle(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..10 {
        let mut racing = Vec::new();
        for racer in 0..8 {
            let store = nodes[racer % 2].clone();
            let mut changes = one_of_each_kind(&store, &format!("{round}.{racer}")).await;
            // All of them also write the same rows, each in another order.
            for shared in ["x", "y", "z"] {
                let key = consent_key("default", "a", shared);
                changes.push(Change::PutConsent { key, scopes: scopes("a"), at: NOW });
                changes.push(Change::RevokeToken { jti: shared.into(), expires_at: later(1) });
            }
            changes.push(Change::EndFamilies { of: Ended::Client(client("a")), at: NOW });
            changes.retain(|change| !matches!(change, Change::MoveFamily { .. }));
            changes.rotate_left(racer * 2);
            racing.push(tokio::spawn(async move { store.commit(&changes).await }));
        }
        for racer in racing {
            racer.await.unwrap().unwrap();
        }
    }
}

pub(crate) async fn what_has_expired_of_every_kind_is_forgotten(place: &Place) {
    let store = place.open().await;
    let mut changes = Vec::new();
    for (name, end) in [("old", later(10)), ("young", later(11))] {
        let mut artifact = code(name);
        artifact.expires_at = end;
        let mut idle = session(&format!("{name}1"), &format!("{name}1"));
        idle.idle_ends_at = end;
        let mut ended = session(&format!("{name}2"), &format!("{name}2"));
        ended.ends_at = end;
        let mut family = family("a", name);
        family.forget_at = end;
        changes.extend([
            use_until("a", name, end),
            Change::PutArtifact(artifact),
            Change::OpenSession(Box::new(idle)),
            Change::OpenSession(Box::new(ended)),
            open_family(&family),
            Change::RevokeToken { jti: name.into(), expires_at: end },
            put_user(person(name), None),
            Change::PutConsent { key: consent_key("a", "a", name), scopes: scopes("a"), at: NOW },
            audit("a"),
        ]);
    }
    store.commit(&changes).await.unwrap();
    store.forget_expired(later(9)).await.unwrap();
    assert_eq!(counts(place).await, [2, 2, 2, 4, 2, 2, 2, 2]);
    // Users, their consents and audit events stay.
    store.forget_expired(later(10)).await.unwrap();
    assert_eq!(counts(place).await, [1, 1, 1, 2, 2, 2, 1, 2]);
    let young = scopegate_jose::sha256(b"young");
    let mark = TokenMark { jti_sha256: young, family: None, user: None };
    assert!(store.standing(&mark).await.unwrap().revoked, "the young one stays");
    store.forget_expired(later(11)).await.unwrap();
    assert_eq!(counts(place).await, [0, 0, 0, 0, 2, 2, 0, 2]);
}

pub(crate) async fn nodes_that_forget_at_once_all_succeed(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let old: Vec<_> =
        (0..3000).map(|n| Change::RevokeToken { jti: n.to_string(), expires_at: NOW }).collect();
    nodes[0].commit(&old).await.unwrap();
    let forgetting =
        nodes.map(|store| tokio::spawn(async move { store.forget_expired(NOW).await }));
    for forgot in forgetting {
        forgot.await.unwrap().unwrap();
    }
    assert_eq!(place.count("revoked_token").await, 0);
}
