//! Users.

use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{Edit, Entity, EntityKey, Owner, Spec, Status};
use scopegate_core::directory::{Listed, NewUser, User};
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, Change, Contested, Ended, StoreError, TokenMark, UserKey,
};
use scopegate_jose::sha256;
use scopegate_testkit::UncheckedCatalog;

use crate::place::{LASTING_FAMILIES, Node, Place};
use crate::samples::{
    NOW, audit, code, family, is_changed, is_conflict, later, one_of_four_wins, open_family,
    person, put_user, session, user_id,
};

async fn by_login(store: &Node, login: &str) -> Option<User> {
    store.user(UserKey::Login(login)).await.unwrap()
}

fn named(name: &str, login: &str) -> User {
    User { login: login.into(), ..person(name) }
}

fn put_in_place(from: u64, user: &User) -> Change {
    Change::MoveUser { from, user: Box::new(user.clone()) }
}

pub(crate) async fn a_person_is_found_by_id_and_by_login(place: &Place) {
    let store = place.open().await;
    let alice = person("alice");
    let bob = User { status: Status::Inactive, owner: Owner::File, ..person("bob") };
    store.commit(&[put_user(alice.clone(), None), put_user(bob.clone(), None)]).await.unwrap();
    assert_eq!(store.user(UserKey::Id(&alice.id)).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.user(UserKey::Id(&user_id("carol"))).await.unwrap(), None);
    for login in
        ["alice@Example.com", "ALICE@EXAMPLE.COM", "alice@example.com", " alice@example.com\t"]
    {
        assert_eq!(by_login(&store, login).await, Some(alice.clone()), "{login}");
    }
    // A suspended user is still found; the caller checks the status.
    assert_eq!(by_login(&store, &bob.login).await, Some(bob));
    for nobody in ["", "alice", "alice@ example.com", "a\0", "alice@example.com\0", "%", "' OR 1=1"]
    {
        assert_eq!(by_login(&store, nobody).await, None, "{nobody:?}");
    }
}

pub(crate) async fn a_login_is_taken_once_whatever_its_case(place: &Place) {
    let store = place.open().await;
    store.commit(&[put_user(named("1", "Ålice"), None)]).await.unwrap();
    for taken in ["Ålice", "ålice", "ÅLICE", "A\u{30a}lice"] {
        let lost = store.commit(&[put_user(named("2", taken), None), audit("a")]).await;
        assert!(is_changed(&lost, Contested::User), "{taken}");
    }
    assert_eq!(place.count("audit_event").await, 0);
    assert_eq!(by_login(&store, "ålice").await.unwrap().login, "Ålice");

    // A user who changes their login cannot take it over either.
    store.commit(&[put_user(named("2", "bob"), None)]).await.unwrap();
    let lost = store.commit(&[put_in_place(0, &named("2", "ÅLICE"))]).await;
    assert!(is_changed(&lost, Contested::User));
    // A user may change the spelling of their own login.
    store.commit(&[put_in_place(0, &named("1", "ÅLICE"))]).await.unwrap();
    assert_eq!(by_login(&store, "ålice").await.unwrap().login, "ÅLICE");
}

pub(crate) async fn a_login_is_found_in_every_spelling(place: &Place) {
    let store = place.open().await;
    let apart = named("1", "Jose\u{301}");
    store.commit(&[put_user(apart.clone(), None)]).await.unwrap();
    for login in ["Jose\u{301}", "jos\u{e9}", "JOS\u{c9}", " jose\u{301} "] {
        assert_eq!(by_login(&store, login).await, Some(apart.clone()), "{login}");
    }
    assert_eq!(by_login(&store, "jose").await, None);
    let asked = ["JOS\u{c9}".to_owned(), "jose".to_owned()];
    assert_eq!(store.known_logins(&asked).await.unwrap(), [asked[0].clone()].into());
    let composed = seed(named("2", "jos\u{e9}"));
    store.write_catalog_and_users(0, &[], None, &[composed]).await.unwrap();
    assert_eq!(place.count("directory_user").await, 1);

    // Of two seeds with the same login the first is created.
    let seeds = [seed(named("3", "z\u{e9}")), seed(named("4", "ze\u{301}"))];
    store.write_catalog_and_users(1, &[], None, &seeds).await.unwrap();
    assert_eq!(by_login(&store, "ze\u{301}").await, Some(named("3", "z\u{e9}")));
    assert_eq!(place.count("directory_user").await, 2);

    // No user gets it by changing their login, but may change the spelling of their own.
    let lost = store.commit(&[put_in_place(0, &named("3", "jos\u{e9}"))]).await;
    assert!(is_changed(&lost, Contested::User));
    store.commit(&[put_in_place(0, &named("1", "jos\u{e9}"))]).await.unwrap();
    assert_eq!(by_login(&store, "JOSE\u{301}").await.unwrap().login, "jos\u{e9}");
}

pub(crate) async fn of_two_who_take_a_login_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..25 {
        let put = |racer| {
            let login = if racer % 2 == 0 { "\u{e9}" } else { "E\u{301}" };
            let login = format!("{login}{round}");
            vec![put_user(named(&format!("{round}.{racer}"), &login), None), audit("a")]
        };
        one_of_four_wins(&nodes, put, Contested::User).await;
    }
    assert_eq!(place.count("directory_user").await, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

/// Two users who change their logins to the same one change different rows. Only the key collides.
pub(crate) async fn of_those_who_take_a_login_at_once_in_any_way_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..25 {
        let old = |racer| named(&format!("{round}.{racer}"), &format!("{round}.old.{racer}"));
        nodes[0].commit(&[put_user(old(0), None), put_user(old(1), None)]).await.unwrap();
        let wanted = format!("wanted.{round}");
        let take = |racer: usize| match racer {
            0 | 1 => put_in_place(0, &User { login: wanted.clone(), ..old(racer) }),
            _ => put_user(named(&format!("{round}.{racer}"), &wanted), None),
        };
        one_of_four_wins(&nodes, |racer| vec![take(racer), audit("a")], Contested::User).await;
    }
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn a_person_moves_once_from_a_version(place: &Place) {
    let store = place.open().await;
    let alice = person("alice");
    store.commit(&[put_user(alice.clone(), None)]).await.unwrap();
    let suspended = User {
        status: Status::Inactive,
        groups: ["former".to_owned()].into(),
        updated_at: later(9),
        ..alice.clone()
    };
    store.commit(&[put_in_place(0, &suspended)]).await.unwrap();
    for stale in [0, 2, u64::MAX] {
        let lost = store.commit(&[put_in_place(stale, &alice), audit("a")]).await;
        assert!(is_changed(&lost, Contested::User), "{stale}");
    }
    assert!(is_changed(&store.commit(&[put_in_place(0, &person("bob"))]).await, Contested::User));
    assert_eq!(by_login(&store, &alice.login).await, Some(User { version: 1, ..suspended }));
    assert_eq!(place.count("audit_event").await, 0);
}

pub(crate) async fn a_password_is_its_persons_and_stays_until_it_is_set(place: &Place) {
    let store = place.open().await;
    let (alice, bob) = (person("alice"), person("bob"));
    store
        .commit(&[put_user(alice.clone(), Some("\0first")), put_user(bob.clone(), None)])
        .await
        .unwrap();
    let password = async |user: &User| {
        let password = store.password(&user.id).await.unwrap();
        password.map(|password| (password.sealed, password.generation))
    };
    let is = |text: &str, generation| Some((text.as_bytes().to_vec(), generation));
    assert_eq!(password(&alice).await, is("\0first", 0));
    assert_eq!(password(&bob).await, None);
    assert_eq!(store.password(&user_id("nobody")).await.unwrap(), None);

    store.commit(&[put_in_place(0, &alice)]).await.unwrap();
    assert_eq!(password(&alice).await, is("\0first", 0));
    let set = |user: &User| Change::SetPassword {
        user: user.id.clone(),
        sealed: b"second".to_vec(),
        at: later(50),
    };
    store.commit(&[set(&alice)]).await.unwrap();
    assert_eq!(password(&alice).await, is("second", 1));
    assert_eq!(by_login(&store, &alice.login).await.unwrap().updated_at, later(50));
    assert!(is_changed(&store.commit(&[set(&person("nobody"))]).await, Contested::User));

    // Another hash of the same password does not count as another password.
    let renew = |user: &User| Change::RenewHash {
        user: user.id.clone(),
        sealed: b"renewed".to_vec(),
        at: later(60),
    };
    store.commit(&[renew(&alice)]).await.unwrap();
    assert_eq!(password(&alice).await, is("renewed", 1));
    assert_eq!(by_login(&store, &alice.login).await.unwrap().updated_at, later(60));
    assert!(is_changed(&store.commit(&[renew(&person("nobody"))]).await, Contested::User));
    store.commit(&[set(&alice)]).await.unwrap();
    assert_eq!(password(&alice).await, is("second", 2));

    // A user who is created by the same commit gets the password.
    let carol = person("carol");
    store.commit(&[set(&carol), put_user(carol.clone(), None)]).await.unwrap();
    assert_eq!(password(&carol).await, is("second", 1));
    assert_eq!(password(&bob).await, None);
}

fn seed(user: User) -> NewUser {
    NewUser { user, sealed_password: Some(b"seeded".to_vec()) }
}

pub(crate) async fn a_seed_overwrites_nobody(place: &Place) {
    let store = place.open().await;
    let alice = named("alice", "alice");
    store.commit(&[put_user(alice.clone(), Some("own"))]).await.unwrap();
    let seeds =
        [seed(named("other", "ALICE")), seed(named("bob", "bob")), seed(named("bob2", "Bob"))];
    assert_eq!(store.write_catalog_and_users(0, &[], None, &seeds).await.unwrap(), 1);
    assert_eq!(by_login(&store, "alice").await, Some(alice.clone()));
    let password = async |id| store.password(id).await.unwrap().unwrap().sealed;
    assert_eq!(password(&alice.id).await, b"own");
    assert_eq!(by_login(&store, "bob").await, Some(named("bob", "bob")));
    assert_eq!(password(&user_id("bob")).await, b"seeded");
    assert_eq!(place.count("directory_user").await, 2);

    // Many in one commit, and then again.
    let many: Vec<_> = (0..150).map(|n| seed(named(&n.to_string(), &format!("u{n}")))).collect();
    for version in [1, 2] {
        store.write_catalog_and_users(version, &[], None, &many).await.unwrap();
        assert_eq!(place.count("directory_user").await, 152);
    }
}

fn a_client_and_a_seed() -> ([Edit; 1], [NewUser; 1]) {
    let key = EntityKey::client(&crate::samples::client("a"));
    let json = r#"{"name":"A","client_type":"web","auth":"client_secret_basic","grant_types":[]}"#;
    let spec = Spec::from_json(&key, json).unwrap();
    let edits = [Edit::Put(Entity { key, owner: Owner::File, spec })];
    (edits, [seed(named("alice", "alice"))])
}

pub(crate) async fn seeds_and_catalog_are_written_together(place: &Place) {
    let store = place.open().await;
    let (edits, seeds) = a_client_and_a_seed();
    // They are not written if the catalog has changed meanwhile.
    let late = store.write_catalog_and_users(7, &edits, Some(1), &seeds).await;
    assert!(is_conflict(&late));
    assert_eq!(by_login(&store, "alice").await, None);

    store.write_catalog_and_users(0, &edits, Some(1), &seeds).await.unwrap();
    assert_eq!(store.catalog_since(0).await.unwrap().edits, edits);
    assert!(by_login(&store, "alice").await.is_some());
}

pub(crate) async fn seeds_that_cannot_be_written_leave_no_catalog(place: &Place) {
    let store = place.open().await;
    let (edits, seeds) = a_client_and_a_seed();
    place.run("ALTER TABLE directory_user RENAME TO away").await;
    let failed = store.write_catalog_and_users(0, &edits, Some(1), &seeds).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))));
    place.run("ALTER TABLE away RENAME TO directory_user").await;
    assert_eq!(store.catalog_version().await.unwrap(), 0);
    assert_eq!(store.catalog_file_version().await.unwrap(), 0);
    store.write_catalog_and_users(0, &edits, Some(1), &seeds).await.unwrap();
}

pub(crate) async fn known_logins_come_back_as_they_were_asked_for(place: &Place) {
    let store = place.open().await;
    let people = (0..40).map(|n| put_user(named(&n.to_string(), &format!("Known{n}")), None));
    store.commit(&people.collect::<Vec<_>>()).await.unwrap();
    let asked: Vec<_> = (0..80).map(|n| format!("kNOWN{n}")).chain(["a\0".into()]).collect();
    let known = store.known_logins(&asked).await.unwrap();
    assert_eq!(known, (0..40).map(|n| format!("kNOWN{n}")).collect());
    assert!(store.known_logins(&[]).await.unwrap().is_empty());
    assert!(store.known_logins(&["stranger".into()]).await.unwrap().is_empty());
}

pub(crate) async fn users_are_listed_in_pages(place: &Place) {
    let store = place.open().await;
    // In the order of their bytes, whatever the database's language is.
    let logins = ["Zoe", "a-b", "a.b", "aB", "ab-c", "ac", "éa", "z"];
    let people: Vec<_> = logins
        .iter()
        .enumerate()
        .map(|(n, login)| put_user(named(&n.to_string(), login), None))
        .collect();
    store.commit(&people).await.unwrap();
    let in_order = ["a-b", "a.b", "aB", "ab-c", "ac", "z", "Zoe", "éa"];

    let mut listed = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.users(after.as_deref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.login().to_owned());
        listed.extend(page.iter().map(|listed| listed.login().to_owned()));
    }
    assert_eq!(listed, in_order);
    assert_eq!(store.users(None, 0).await.unwrap(), []);
    assert_eq!(store.users(Some("AC"), 1).await.unwrap()[0].login(), "z");
    assert_eq!(store.users(Some("a\0"), 1).await.unwrap()[0].login(), "a-b");

    let many = (0..250).map(|n| put_user(named(&format!("m{n}"), &format!("m{n}")), None));
    store.commit(&many.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.users(None, u32::MAX).await.unwrap().len(), 200);
}

pub(crate) async fn who_expects_a_person_of_another_version_writes_nothing(place: &Place) {
    let store = place.open().await;
    let expect = |name, version| Change::ExpectUser { user: user_id(name), version };
    store.commit(&[put_user(person("alice"), None)]).await.unwrap();
    for (name, version) in [("alice", 1), ("alice", u64::MAX), ("bob", 0)] {
        let begun = [open_family(&family("a", name)), expect(name, version), audit("a")];
        assert!(is_changed(&store.commit(&begun).await, Contested::User), "{name} {version}");
    }
    assert_eq!(place.count("refresh_family").await, 0);
    assert_eq!(place.count("audit_event").await, 0);

    let before = store.user(UserKey::Id(&user_id("alice"))).await.unwrap();
    store.commit(&[expect("alice", 0), open_family(&family("a", "alice"))]).await.unwrap();
    assert_eq!(store.user(UserKey::Id(&user_id("alice"))).await.unwrap(), before);
    assert_eq!(place.count("refresh_family").await, 1);
}

pub(crate) async fn nothing_that_a_person_begins_outlives_the_end_of_all(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    nodes[0].commit(&[put_user(person("alice"), None)]).await.unwrap();
    let alice = user_id("alice");
    for version in 0..25 {
        let begun: Vec<_> = (0..4)
            .map(|racer| {
                let (node, secret) = (nodes[racer % 2].clone(), format!("{version}.{racer}"));
                let family = family("a", "alice");
                let id = family.id.clone();
                let changes = [
                    Change::OpenSession(Box::new(session(&secret, &secret))),
                    open_family(&family),
                    Change::ExpectUser { user: alice.clone(), version },
                ];
                tokio::spawn(async move { (node.commit(&changes).await, secret, id) })
            })
            .collect();
        let node = nodes[version as usize % 2].clone();
        let all = || Ended::User(user_id("alice"));
        let changes = [
            Change::EndFamilies { of: all(), at: NOW },
            Change::EndSessions { of: all(), at: NOW },
            Change::MoveUser { from: version, user: Box::new(person("alice")) },
        ];
        let ending = tokio::spawn(async move { node.commit(&changes).await });
        for racer in begun {
            let (answer, secret, family) = racer.await.unwrap();
            assert!(answer.is_ok() || is_changed(&answer, Contested::User), "{answer:?}");
            // Whatever was begun before the end is ended by it.
            if answer.is_err() {
                assert!(nodes[0].family(&family).await.unwrap().is_none(), "{secret}");
            }
        }
        ending.await.unwrap().unwrap();
        assert_eq!(place.count("user_session").await, 0);
        assert_eq!(place.count(LASTING_FAMILIES).await, 0);
    }
}

pub(crate) async fn a_person_of_a_newer_format_is_out_of_service_alone(place: &Place) {
    let store = place.open().await;
    let family = family("a", "alice");
    let code = Artifact { user: Some(user_id("alice")), ..code("a") };
    let there = [
        put_user(person("alice"), Some("sealed")),
        put_user(person("bob"), None),
        open_family(&family),
        Change::PutArtifact(code),
    ];
    store.commit(&there).await.unwrap();
    place.run("UPDATE directory_user SET format = 2 WHERE id = '00ualice'").await;

    let (alice, bob) = (user_id("alice"), user_id("bob"));
    let mark = |user: &UserId| TokenMark {
        jti_sha256: sha256(b"a"),
        family: Some(family.id.clone()),
        user: Some(user.clone()),
    };
    let secret = ArtifactName::of_secret("a");
    for refused in [
        store.user(UserKey::Id(&alice)).await.map(drop),
        store.user(UserKey::Login(&person("alice").login)).await.map(drop),
        store.family_and_person(&family.id).await.map(drop),
        store.artifact_and_person(ArtifactKind::Code, &secret).await.map(drop),
        store.standing(&mark(&alice)).await.map(drop),
        store.standing_and_person(&mark(&alice)).await.map(drop),
    ] {
        let Err(StoreError::Unreadable(row)) = refused else { panic!("{refused:?}") };
        assert_eq!(row.user().as_ref(), Some(&alice));
        assert_eq!(row.why, "its format is 2, known is 1");
    }
    assert!(store.user(UserKey::Id(&bob)).await.unwrap().is_some());
    assert!(store.standing(&mark(&bob)).await.unwrap().holds());
    let listed: Vec<_> = store.users(None, 9).await.unwrap();
    assert!(
        matches!(&listed[0], Listed::Unreadable { login, .. } if *login == person("alice").login)
    );
    assert!(matches!(&listed[1], Listed::User(user) if user.id == bob));

    // Neither a seed nor a password overwrites the row.
    let seed = NewUser { user: person("alice"), sealed_password: None };
    store.write_catalog_and_users(0, &[], None, &[seed]).await.unwrap();
    let set = Change::SetPassword { user: alice.clone(), sealed: b"other".to_vec(), at: NOW };
    let refused = store.commit(&[set]).await;
    assert!(matches!(refused, Err(StoreError::Changed(Contested::User))), "{refused:?}");
    assert_eq!(store.password(&alice).await.unwrap().unwrap().sealed, b"sealed");

    place.run("UPDATE directory_user SET format = 1, status = 'LOCKED'").await;
    for refused in [
        store.user(UserKey::Id(&alice)).await.map(drop),
        store.standing(&mark(&alice)).await.map(drop),
    ] {
        assert!(matches!(refused, Err(StoreError::Unreadable(_))), "{refused:?}");
    }
}
