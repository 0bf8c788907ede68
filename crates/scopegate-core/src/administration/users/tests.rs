use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet};
use scopegate_jose::sha256;
use serde_json::json;

use super::*;
use crate::catalog::{ClientId, ServerId};
use crate::directory::Authentication;
use crate::store::{ConsentKey, Directory, Family, FamilyBody, FamilyId, Ledger, Review, Session};
use crate::testing::{ALICE, NOW, World};

const LOGIN: UserKey<'_> = UserKey::Login("alice");

fn actor() -> Actor {
    Actor::cli("a test")
}

/// Opens a session of alice, and a family that begins in it.
async fn sign_in(world: &World, name: &str) -> SessionId {
    let (id, user) = (SessionId::stored(format!("ses{name}")), UserId::parse(ALICE).unwrap());
    let auth = Authentication { at: NOW, acr: String::new(), amr: vec![], session: None };
    let (idle_ends_at, ends_at) = (NOW.plus(Duration::from_secs(600)), UnixTime::MAX);
    let session = Session {
        id: id.clone(),
        secret_sha256: sha256(name.as_bytes()),
        user: user.clone(),
        auth,
        created_at: NOW,
        seen_at: NOW,
        idle_ends_at,
        ends_at,
        version: 0,
    };
    let client = ClientId::parse("portal").unwrap();
    let family = Family {
        id: FamilyId::generate(),
        server: ServerId::default_server(),
        client: client.clone(),
        user: user.clone(),
        session: Some(id.clone()),
        generation: 0,
        rotated_at: NOW,
        idle_ends_at,
        ends_at,
        revoked: false,
        forget_at: UnixTime::MAX,
        body: FamilyBody {
            grant_type: "authorization_code".into(),
            scopes: ScopeSet::default(),
            audience: Audience::parse("api://orders").unwrap(),
            auth: None,
            userinfo_claims: vec![],
            id_token_claims: vec![],
            resources: Vec::new(),
            began_at: NOW,
        },
    };
    let consent = ConsentKey { server: ServerId::default_server(), client, user };
    let changes = [
        Change::OpenSession(Box::new(session)),
        Change::OpenFamily(Box::new(family)),
        Change::PutConsent { key: consent, scopes: ScopeSet::default(), at: NOW },
    ];
    world.store.commit(&changes).await.unwrap();
    id
}

fn open(world: &World) -> (usize, usize) {
    let sizes = world.store.sizes();
    (sizes.sessions, sizes.lasting_families)
}

fn recorded(world: &World) -> Vec<UserChange> {
    let events = world.events().into_iter();
    let changes = events.filter_map(|event| match event.what {
        What::UserChanged { change, actor: by, user } => {
            assert_eq!((by, user.as_str()), (Some(actor()), ALICE));
            Some(change)
        }
        _ => None,
    });
    changes.collect()
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_all_that_they_had_open() {
    let world = World::new().await;
    sign_in(&world, "a").await;
    sign_in(&world, "b").await;
    assert_eq!((open(&world), world.store.sizes().consents), ((2, 2), 1));
    let gone = world.authority.users(&actor()).delete(LOGIN).await.unwrap();
    assert_eq!(gone.id.as_str(), ALICE);
    assert_eq!((open(&world), world.store.sizes().consents), ((0, 0), 0));
    assert_eq!(world.store.user(UserKey::Id(&gone.id)).await.unwrap(), None);
    assert_eq!(recorded(&world), [UserChange::Deleted]);
    let again = world.authority.users(&actor()).delete(LOGIN).await;
    assert!(matches!(again, Err(UserAdminError::Unknown)), "{again:?}");
}

#[tokio::test]
async fn all_sessions_of_a_user_end_or_one_of_them() {
    let world = World::new().await;
    let (actor, one) = (actor(), sign_in(&world, "a").await);
    sign_in(&world, "b").await;
    let users = world.authority.users(&actor);
    let nobody = users.end_session(LOGIN, &SessionId::stored("sesx".into())).await;
    assert!(matches!(nobody, Err(UserAdminError::UnknownSession(_))), "{nobody:?}");
    assert_eq!(open(&world), (2, 2));
    users.end_session(LOGIN, &one).await.unwrap();
    assert_eq!(open(&world), (1, 1));
    let left = world.store.sessions_of(&world.alice().await.id).await.unwrap();
    assert_eq!(left[0].id.as_str(), "sesb");
    users.end_sessions(LOGIN).await.unwrap();
    assert_eq!(open(&world), (0, 0));
    assert_eq!(recorded(&world), [UserChange::SessionsEnded; 2]);
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_nothing_else() {
    let world = World::new().await;
    let actor = actor();
    let users = world.authority.users(&actor);
    let before = world.alice().await;
    let set = BTreeMap::from([("tenant".to_owned(), json!("acme")), ("age".to_owned(), json!(7))]);
    let edit = UserEdit { set, ..UserEdit::default() };
    let after = users.edit(LOGIN, &edit).await.unwrap();
    assert_eq!(after.profile.attribute("tenant"), Some(&json!("acme")));
    assert_eq!((&after.login, &after.groups), (&before.login, &before.groups));
    for (name, value) in before.profile.attributes() {
        assert_eq!(after.profile.attribute(name), Some(value));
    }
    let unset = BTreeSet::from(["age".to_owned(), "unknown".to_owned()]);
    let login = Some("Alice.New".to_owned());
    let edit = UserEdit { login, unset, ..UserEdit::default() };
    let after = users.edit(UserKey::Id(&before.id), &edit).await.unwrap();
    assert_eq!(after.profile.attribute("age"), None);
    assert_eq!(after.profile.attribute("tenant"), Some(&json!("acme")));
    assert_eq!(world.alice().await.login, "Alice.New");
    assert_eq!(recorded(&world), [UserChange::Profile; 2]);
    // The same edit again changes nothing.
    let again = users.edit(UserKey::Id(&before.id), &edit).await.unwrap();
    assert_eq!((again.version, recorded(&world).len()), (2, 2));
}

#[tokio::test]
async fn an_edit_that_breaks_a_rule_changes_nothing() {
    let world = World::new().await;
    let actor = actor();
    let users = world.authority.users(&actor);
    let bob = Newcomer {
        login: "bob".into(),
        groups: BTreeSet::new(),
        profile: Profile::default(),
        password: None,
    };
    world.authority.create_user(bob).await.unwrap();
    let edit = |login: &str| UserEdit { login: Some(login.into()), ..UserEdit::default() };
    let taken = users.edit(LOGIN, &edit("BOB")).await;
    assert!(matches!(taken, Err(UserAdminError::LoginTaken)), "{taken:?}");
    let invalid = users.edit(LOGIN, &edit(" bob")).await;
    assert!(matches!(invalid, Err(UserAdminError::InvalidLogin(_))), "{invalid:?}");
    let set = BTreeMap::from([("sub".to_owned(), json!("x"))]);
    let protected = users.edit(LOGIN, &UserEdit { set, ..UserEdit::default() }).await;
    assert!(matches!(protected, Err(UserAdminError::InvalidProfile(_))), "{protected:?}");
    assert_eq!(world.alice().await.version, 0);
    // The spelling of the own login may change.
    users.edit(LOGIN, &edit("ALICE")).await.unwrap();
    assert_eq!(world.alice().await.login, "ALICE");
}
