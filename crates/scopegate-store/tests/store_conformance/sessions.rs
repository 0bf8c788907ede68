//! Sessions.

use scopegate_core::store::{Change, Contested, Ended, FamilyId, Session, SessionId};
use scopegate_jose::sha256;

use crate::place::{Node, Place};
use crate::samples::{audit, client, is_changed, later, one_of_four_wins, session, user_id};

fn open(session: &Session) -> Change {
    Change::OpenSession(Box::new(session.clone()))
}

fn put_in_place(from: u64, session: &Session) -> Change {
    Change::MoveSession { id: session.id.clone(), from, session: Box::new(session.clone()) }
}

fn end(of: Ended) -> Change {
    Change::EndSessions { of, at: later(1) }
}

async fn find(store: &Node, secret: &str) -> Option<Session> {
    store.session(&sha256(secret.as_bytes())).await.unwrap()
}

pub(crate) async fn a_session_is_found_by_its_secret_only(place: &Place) {
    let store = place.open().await;
    let session = session("a", "secret");
    store.commit(&[open(&session)]).await.unwrap();
    assert_eq!(find(&store, "secret").await, Some(session.clone()));
    for other in ["", "Secret", session.id.as_str()] {
        assert_eq!(find(&store, other).await, None, "{other}");
    }
    assert!(is_changed(&store.commit(&[open(&session)]).await, Contested::Session));
}

pub(crate) async fn a_session_moves_once_from_a_version(place: &Place) {
    let store = place.open().await;
    let old = session("a", "old");
    store.commit(&[open(&old)]).await.unwrap();
    let mut new = Session { seen_at: later(60), idle_ends_at: later(7260), ..session("a", "new") };
    new.auth.at = later(60);
    store.commit(&[put_in_place(0, &new)]).await.unwrap();

    // The old secret is not signed in any more.
    assert_eq!(find(&store, "old").await, None);
    assert_eq!(find(&store, "new").await, Some(Session { version: 1, ..new.clone() }));
    for stale in [0, 2, u64::MAX] {
        let lost = store.commit(&[put_in_place(stale, &old), audit("a")]).await;
        assert!(is_changed(&lost, Contested::Session), "{stale}");
    }
    assert_eq!(place.count("audit_event").await, 0);
}

pub(crate) async fn of_two_that_move_a_session_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let session = session("a", "secret");
    nodes[0].commit(&[open(&session)]).await.unwrap();
    for version in 0..25 {
        let step = |_| vec![put_in_place(version, &session), audit("a")];
        one_of_four_wins(&nodes, step, Contested::Session).await;
    }
    assert_eq!(find(&nodes[1], "secret").await.unwrap().version, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn a_session_never_becomes_another_persons(place: &Place) {
    let store = place.open().await;
    let session = session("a", "secret");
    store.commit(&[open(&session)]).await.unwrap();
    let taken = Session { user: user_id("mallory"), ..session.clone() };
    assert!(is_changed(&store.commit(&[put_in_place(0, &taken)]).await, Contested::Session));
    assert_eq!(find(&store, "secret").await, Some(session));
}

pub(crate) async fn an_ended_session_is_gone(place: &Place) {
    let store = place.open().await;
    let of_bob = Session { user: user_id("bob"), ..session("bob", "bob") };
    let sessions = [session("1", "1"), session("2", "2"), session("3", "3"), of_bob];
    let opened: Vec<_> = sessions.iter().map(open).collect();
    store.commit(&opened).await.unwrap();

    store.commit(&[end(Ended::Session(SessionId::stored("ses1".into())))]).await.unwrap();
    assert_eq!(find(&store, "1").await, None);
    assert!(find(&store, "2").await.is_some());
    // A change that was decided meanwhile does not bring it back.
    let lost = store.commit(&[put_in_place(0, &sessions[0])]).await;
    assert!(is_changed(&lost, Contested::Session));

    // Neither a client nor a family has sessions.
    let nobodys = [end(Ended::Client(client("a"))), end(Ended::Family(FamilyId::generate()))];
    store.commit(&nobodys).await.unwrap();
    assert_eq!(place.count("user_session").await, 3);

    // One commit ends all sessions of a user and begins a new one.
    let fresh = session("4", "4");
    store.commit(&[open(&fresh), end(Ended::User(user_id("alice")))]).await.unwrap();
    for ended in ["2", "3"] {
        assert_eq!(find(&store, ended).await, None);
    }
    assert!(find(&store, "4").await.is_some() && find(&store, "bob").await.is_some());
}
