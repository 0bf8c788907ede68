//! Families of refresh tokens.

use std::time::Duration;

use scopegate_core::catalog::{
    CatalogState, ClientId, Edit, Entity, EntityKey, Owner, ServerId, Spec,
};
use scopegate_core::store::{Change, Contested, Ended, Family, SessionId};
use scopegate_testkit::UncheckedCatalog;

use crate::place::{LASTING_FAMILIES, Node, Place};
use crate::samples::{
    NOW, audit, client, counts, family, is_changed, later, one_of_four_wins, open_family, person,
    put_user, rotate, user_id,
};

async fn read(store: &Node, family: &Family) -> Family {
    store.family(&family.id).await.unwrap().expect("it is there")
}

fn end(of: Ended) -> Change {
    Change::EndFamilies { of, at: later(100) }
}

pub(crate) async fn a_family_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    let full = family("a", "alice");
    let mut bare =
        Family { session: None, generation: u32::MAX, revoked: true, ..family("b", "bob") };
    bare.body.auth = None;
    store.commit(&[open_family(&full), open_family(&bare)]).await.unwrap();
    assert_eq!(read(&store, &full).await, full);
    assert_eq!(read(&store, &bare).await, bare);
    assert_eq!(store.family(&family("a", "alice").id).await.unwrap(), None);
    assert!(is_changed(&store.commit(&[open_family(&full)]).await, Contested::Family));
}

pub(crate) async fn a_family_comes_with_its_person(place: &Place) {
    let store = place.open().await;
    let alice = person("alice");
    let (hers, of_nobody) = (family("a", "alice"), family("b", "nobody"));
    let begun = [put_user(alice.clone(), None), open_family(&hers), open_family(&of_nobody)];
    store.commit(&begun).await.unwrap();
    let found = async |id| store.family_and_person(id).await.unwrap();
    assert_eq!(found(&hers.id).await, Some((hers.clone(), Some(alice))));
    assert_eq!(found(&of_nobody.id).await, Some((of_nobody.clone(), None)));
    assert_eq!(found(&family("a", "alice").id).await, None);
}

pub(crate) async fn a_family_is_one_row_however_often_it_is_used(place: &Place) {
    let store = place.open().await;
    let family = family("a", "alice");
    store.commit(&[open_family(&family)]).await.unwrap();
    for generation in 0..100 {
        store.commit(&[rotate(&family.id, generation, generation + 1)]).await.unwrap();
    }
    // A refresh without a new refresh token keeps the generation.
    store.commit(&[rotate(&family.id, 100, 100)]).await.unwrap();
    assert_eq!(place.count("refresh_family").await, 1);
    let moved = Family {
        generation: 100,
        rotated_at: later(60),
        idle_ends_at: later(9 * 86_400),
        forget_at: later(10 * 86_400),
        ..family.clone()
    };
    assert_eq!(read(&store, &family).await, moved);
}

pub(crate) async fn a_family_does_not_move_from_a_stale_generation(place: &Place) {
    let store = place.open().await;
    let family = family("a", "alice");
    store.commit(&[open_family(&family)]).await.unwrap();
    store.commit(&[rotate(&family.id, 0, 1)]).await.unwrap();
    for stale in [0, 2, u32::MAX] {
        let lost = store.commit(&[rotate(&family.id, stale, 9), audit("a")]).await;
        assert!(is_changed(&lost, Contested::Family), "{stale}");
    }
    assert_eq!(read(&store, &family).await.generation, 1);
    assert_eq!(place.count("audit_event").await, 0);
}

pub(crate) async fn of_two_rotations_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let family = family("a", "alice");
    nodes[0].commit(&[open_family(&family)]).await.unwrap();
    for generation in 0..25 {
        let rotation = |_| vec![rotate(&family.id, generation, generation + 1), audit("a")];
        one_of_four_wins(&nodes, rotation, Contested::Family).await;
    }
    assert_eq!(read(&nodes[1], &family).await.generation, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn a_revoked_family_does_not_move(place: &Place) {
    let store = place.open().await;
    let family = family("a", "alice");
    store.commit(&[open_family(&family)]).await.unwrap();
    store.commit(&[end(Ended::Family(family.id.clone()))]).await.unwrap();
    for to in [0, 1] {
        let lost = store.commit(&[rotate(&family.id, 0, to)]).await;
        assert!(is_changed(&lost, Contested::Family));
    }
    let ended = read(&store, &family).await;
    // It is kept for a day, so that its access tokens are refused.
    assert!(ended.revoked);
    assert_eq!(ended.forget_at, later(100 + 86_400));

    // Ending it again does not keep it for longer.
    let again = Change::EndFamilies { of: Ended::Family(family.id.clone()), at: later(500) };
    store.commit(&[again]).await.unwrap();
    assert_eq!(read(&store, &family).await, ended);
}

pub(crate) async fn an_end_is_not_undone_by_a_rotation_at_the_same_time(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for _ in 0..25 {
        let family = family("a", "alice");
        nodes[0].commit(&[open_family(&family)]).await.unwrap();
        let (one, other) = (nodes[0].clone(), nodes[1].clone());
        let rotation = [rotate(&family.id, 0, 1)];
        let ending = [end(Ended::User(user_id("alice")))];
        let rotating = tokio::spawn(async move { one.commit(&rotation).await });
        let ending = tokio::spawn(async move { other.commit(&ending).await });
        let rotated = rotating.await.unwrap();
        assert!(rotated.is_ok() || is_changed(&rotated, Contested::Family), "{rotated:?}");
        ending.await.unwrap().unwrap();
        assert!(read(&nodes[0], &family).await.revoked);
    }
}

pub(crate) async fn those_who_end_the_same_families_at_once_all_succeed(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for _ in 0..10 {
        let families: Vec<_> = (0..40).map(|_| family("a", "alice")).collect();
        let opened: Vec<_> = families.iter().map(open_family).collect();
        nodes[0].commit(&opened).await.unwrap();
        let whose = [
            Ended::User(user_id("alice")),
            Ended::Client(client("a")),
            Ended::Session(SessionId::stored("sesalice".into())),
            Ended::User(user_id("alice")),
        ];
        let ending: Vec<_> = whose
            .into_iter()
            .enumerate()
            .map(|(node, of)| {
                let store = nodes[node % 2].clone();
                tokio::spawn(async move { store.commit(&[end(of), audit("a")]).await })
            })
            .collect();
        for ended in ending {
            ended.await.unwrap().unwrap();
        }
        for family in &families {
            assert!(read(&nodes[0], family).await.revoked);
        }
    }
}

pub(crate) async fn families_end_by_session_user_client(place: &Place) {
    let store = place.open().await;
    let session = || SessionId::stored("sesalice".into());
    type IsMeant = fn(&Family) -> bool;
    let cases: [(Ended, IsMeant); 3] = [
        (Ended::Session(session()), |family| family.session.is_some()),
        (Ended::User(user_id("alice")), |family| family.user == user_id("alice")),
        (Ended::Client(client("a")), |family| family.client == client("a")),
    ];
    for (of, is_meant) in cases {
        let elsewhere = Family { session: None, ..family("a", "bob") };
        let families = [
            family("a", "alice"),
            family("a", "alice"),
            Family { session: Some(session()), ..family("b", "bob") },
            Family { session: None, ..family("b", "alice") },
            elsewhere,
        ];
        let opened: Vec<_> = families.iter().map(open_family).collect();
        store.commit(&opened).await.unwrap();
        store.commit(&[end(of.clone())]).await.unwrap();
        for family in &families {
            assert_eq!(read(&store, family).await.revoked, is_meant(family), "{of:?}");
        }
    }
    // Ending families of which there are none is not an error.
    store.commit(&[end(Ended::Client(client("nobody")))]).await.unwrap();
}

pub(crate) async fn what_ends_goes_before_what_begins(place: &Place) {
    let store = place.open().await;
    let (old, new) = (family("a", "alice"), family("a", "alice"));
    store.commit(&[open_family(&old)]).await.unwrap();
    store.commit(&[open_family(&new), end(Ended::User(user_id("alice")))]).await.unwrap();
    assert!(read(&store, &old).await.revoked);
    assert!(!read(&store, &new).await.revoked);
}

fn write_client(id: &str, status: &str) -> Edit {
    let key = EntityKey::client(&ClientId::parse(id).unwrap());
    let json = format!(
        r#"{{"name":"A","client_type":"web","auth":"client_secret_basic","grant_types":[],"status":"{status}"}}"#
    );
    let spec = Spec::from_json(&key, &json).unwrap();
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

pub(crate) async fn a_disabled_clients_families_end_with_the_write(place: &Place) {
    let store = place.open().await;
    let delete = Edit::Delete(EntityKey::client(&client("deleted")));
    let families = ["active", "disabled", "deleted"].map(|client| family(client, "alice"));
    let opened: Vec<_> = families.iter().map(open_family).collect();
    store.commit(&opened).await.unwrap();
    let edits = [write_client("active", "ACTIVE"), write_client("disabled", "INACTIVE"), delete];

    // A write of the catalog that is refused ends no families.
    store.write_catalog(7, &edits, None).await.unwrap_err();
    for family in &families {
        assert_eq!(read(&store, family).await, *family);
    }

    store.write_catalog(0, &edits, None).await.unwrap();
    let [active, disabled, deleted] = &families;
    assert_eq!(read(&store, active).await, *active);
    for ended in [disabled, deleted] {
        assert_eq!(read(&store, ended).await, Family { revoked: true, ..ended.clone() });
    }
    // When the client is active again, its old families stay ended.
    store.write_catalog(1, &[write_client("disabled", "ACTIVE")], None).await.unwrap();
    assert!(read(&store, disabled).await.revoked);
    let lost = store.commit(&[rotate(&disabled.id, 0, 1)]).await;
    assert!(is_changed(&lost, Contested::Family));
    assert!(active.idle_ends_at > NOW.plus(Duration::from_secs(1)));
}

fn expect(client_id: &str, server: &str, version: u64) -> Change {
    let server = ServerId::parse(server).unwrap();
    Change::ExpectCatalog(CatalogState { client: client(client_id), server, version })
}

fn write_server(id: &str) -> Edit {
    let key = EntityKey::server(&ServerId::parse(id).unwrap());
    let json = r#"{"name":"A","audiences":[{"name":"api://a"}],"algorithms":["ES256"]}"#;
    let spec = Spec::from_json(&key, json).unwrap();
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

pub(crate) async fn a_family_is_not_opened_by_a_catalog_that_has_changed(place: &Place) {
    let store = place.open().await;
    let open = |expected: Change| {
        let (store, begun) =
            (store.clone(), [open_family(&family("a", "alice")), expected, audit("a")]);
        async move { store.commit(&begun).await }
    };
    // A default server that was never changed has no row.
    store.write_catalog(0, &[write_client("a", "ACTIVE")], None).await.unwrap();
    open(expect("a", "default", 1)).await.unwrap();
    // Changes of other entities do not matter.
    store.write_catalog(1, &[write_client("b", "ACTIVE"), write_server("b")], None).await.unwrap();
    open(expect("a", "default", 1)).await.unwrap();
    assert_eq!(place.count("refresh_family").await, 2);

    let delete = Edit::Delete(EntityKey::client(&client("a")));
    let changes = [write_server("default"), write_client("a", "INACTIVE"), delete];
    for (change, version) in changes.into_iter().zip(2..) {
        open(expect("a", "default", version)).await.unwrap();
        let before = counts(place).await;
        store.write_catalog(version, &[change], None).await.unwrap();
        let lost = open(expect("a", "default", version)).await;
        assert!(is_changed(&lost, Contested::Catalog), "{version}: {lost:?}");
        assert_eq!(counts(place).await, before, "{version}");
    }
    assert_eq!(place.count(LASTING_FAMILIES).await, 0);
}

pub(crate) async fn no_family_outlives_the_end_of_its_client(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    nodes[0].write_catalog(0, &[write_client("a", "ACTIVE")], None).await.unwrap();
    for version in (1..40).step_by(2) {
        let begun: Vec<_> = (0..4)
            .map(|racer| {
                let begun = [open_family(&family("a", "alice")), expect("a", "a", version)];
                let node = nodes[racer % 2].clone();
                tokio::spawn(async move { node.commit(&begun).await })
            })
            .collect();
        let node = nodes[version as usize / 2 % 2].clone();
        // Server and client in the reverse of the order in which they are expected.
        let off = [write_server("a"), write_client("a", "INACTIVE")];
        let ending = tokio::spawn(async move { node.write_catalog(version, &off, None).await });
        for racer in begun {
            let answer = racer.await.unwrap();
            assert!(answer.is_ok() || is_changed(&answer, Contested::Catalog), "{answer:?}");
        }
        ending.await.unwrap().unwrap();
        assert_eq!(place.count(LASTING_FAMILIES).await, 0);
        let on = [write_client("a", "ACTIVE")];
        nodes[0].write_catalog(version + 1, &on, None).await.unwrap();
    }
}

pub(crate) async fn a_catalog_that_disables_many_clients_waits_in_no_circle(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let names = ["a", "b", "c", "d"];
    for version in 0..15 {
        // The families of the clients alternate, so that client by client is another order.
        let families: Vec<_> =
            (0..200).map(|number| family(names[number % names.len()], "alice")).collect();
        let opened: Vec<_> = families.iter().map(open_family).collect();
        nodes[0].commit(&opened).await.unwrap();
        let disabling = nodes[0].clone();
        let disabling = tokio::spawn(async move {
            let edits: Vec<_> = names.iter().map(|name| write_client(name, "INACTIVE")).collect();
            disabling.write_catalog(version, &edits, None).await.map(drop)
        });
        let others = [Ended::User(user_id("alice")), Ended::Client(client("c"))].map(|of| {
            let node = nodes[1].clone();
            tokio::spawn(async move { node.commit(&[end(of)]).await })
        });
        disabling.await.unwrap().unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert_eq!(place.count(LASTING_FAMILIES).await, 0);
    }
}
