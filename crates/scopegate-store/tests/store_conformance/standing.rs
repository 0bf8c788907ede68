//! Whether an access token is still valid.

use scopegate_core::catalog::Status;
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Ended, FamilyId, FamilyState, Standing, TokenMark};
use scopegate_jose::sha256;

use crate::place::Place;
use crate::samples::{family, later, open_family, person, put_user, user_id};

fn mark(jti: &str) -> TokenMark {
    TokenMark { jti_sha256: sha256(jti.as_bytes()), family: None, user: None }
}

fn revoke(jti: &str) -> Change {
    Change::RevokeToken { jti: jti.into(), expires_at: later(600) }
}

pub(crate) async fn a_revoked_token_stands_revoked(place: &Place) {
    let store = place.open().await;
    let good = Standing { revoked: false, family: None, user_active: None };
    assert_eq!(store.standing(&mark("a")).await.unwrap(), good);
    // Revoking it again does no harm, not even in the same commit.
    store.commit(&[revoke("a"), revoke("a")]).await.unwrap();
    store.commit(&[revoke("a"), revoke("odd \0")]).await.unwrap();
    for revoked in ["a", "odd \0"] {
        let standing = store.standing(&mark(revoked)).await.unwrap();
        assert_eq!(standing, Standing { revoked: true, ..good });
        assert!(!standing.holds());
    }
    assert!(store.standing(&mark("b")).await.unwrap().holds());

    // It is deleted once the token has expired, and not before.
    store.forget_expired(later(599)).await.unwrap();
    assert!(store.standing(&mark("a")).await.unwrap().revoked);
    store.forget_expired(later(600)).await.unwrap();
    assert_eq!(place.count("revoked_token").await, 0);
}

pub(crate) async fn an_absent_family_does_not_hold(place: &Place) {
    let store = place.open().await;
    let family = family("a", "alice");
    let of = |id: &FamilyId| TokenMark { family: Some(id.clone()), ..mark("a") };
    let state = async |id: &FamilyId| store.standing(&of(id)).await.unwrap().family;
    assert_eq!(state(&family.id).await, Some(FamilyState::Absent));
    store.commit(&[open_family(&family)]).await.unwrap();
    assert_eq!(state(&family.id).await, Some(FamilyState::Active));
    let end = Change::EndFamilies { of: Ended::Family(family.id.clone()), at: later(1) };
    store.commit(&[end]).await.unwrap();
    assert_eq!(state(&family.id).await, Some(FamilyState::Ended));
    store.forget_expired(later(1 + 86_400)).await.unwrap();
    assert_eq!(state(&family.id).await, Some(FamilyState::Absent));
    assert!(!store.standing(&of(&family.id)).await.unwrap().holds());
}

pub(crate) async fn a_suspended_person_does_not_hold(place: &Place) {
    let store = place.open().await;
    let alice = person("alice");
    let of = |name: &str| TokenMark { user: Some(user_id(name)), ..mark("a") };
    let active = async |name: &str| store.standing(&of(name)).await.unwrap().user_active;
    store.commit(&[put_user(alice.clone(), None)]).await.unwrap();
    assert_eq!(active("alice").await, Some(true));
    assert_eq!(active("nobody").await, Some(false));
    let step =
        |from, status| Change::MoveUser { from, user: Box::new(User { status, ..alice.clone() }) };
    store.commit(&[step(0, Status::Inactive)]).await.unwrap();
    assert_eq!(active("alice").await, Some(false));
    store.commit(&[step(1, Status::Active)]).await.unwrap();
    assert_eq!(active("alice").await, Some(true));
}

/// One statement reads it, so that a commit is seen as a whole.
pub(crate) async fn a_standing_is_of_one_moment(place: &Place) {
    let (writer, reader) = (place.open().await, place.open().await);
    for round in 0..20 {
        let family = family("a", "alice");
        let name = format!("alice{round}");
        let user = person(&name);
        writer.commit(&[open_family(&family), put_user(user.clone(), None)]).await.unwrap();
        let jti = round.to_string();
        let of = TokenMark {
            family: Some(family.id.clone()),
            user: Some(user.id.clone()),
            ..mark(&jti)
        };
        let suspended = User { status: Status::Inactive, ..user };
        let changes = [
            revoke(&jti),
            Change::EndFamilies { of: Ended::Family(family.id), at: later(1) },
            Change::MoveUser { from: 0, user: Box::new(suspended) },
        ];
        let writer = writer.clone();
        let writing = tokio::spawn(async move { writer.commit(&changes).await });
        loop {
            let Standing { revoked, family, user_active } = reader.standing(&of).await.unwrap();
            let seen = (revoked, family, user_active);
            let before = (false, Some(FamilyState::Active), Some(true));
            let after = (true, Some(FamilyState::Ended), Some(false));
            assert!(seen == before || seen == after, "{seen:?}");
            if seen == after {
                break;
            }
        }
        writing.await.unwrap().unwrap();
    }
}

pub(crate) async fn a_standing_comes_with_its_person(place: &Place) {
    let store = place.open().await;
    let (alice, family) = (person("alice"), family("a", "alice"));
    store.commit(&[put_user(alice.clone(), None), open_family(&family)]).await.unwrap();
    store.commit(&[revoke("revoked")]).await.unwrap();
    let (of_alice, of_nobody) = (Some(user_id("alice")), Some(user_id("nobody")));
    for (jti, family, user) in [
        ("a", Some(family.id.clone()), of_alice.clone()),
        ("revoked", Some(FamilyId::generate()), of_alice.clone()),
        ("a", None, of_nobody),
        ("revoked", None, None),
    ] {
        let of = TokenMark { family, user, ..mark(jti) };
        let (standing, found) = store.standing_and_person(&of).await.unwrap();
        assert_eq!(standing, store.standing(&of).await.unwrap(), "{jti}");
        assert_eq!(found, (of.user == of_alice).then(|| alice.clone()), "{jti}");
    }
}
