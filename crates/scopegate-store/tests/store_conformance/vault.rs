//! The vault, and what is sealed under the master key.

use scopegate_core::catalog::ServerId;
use scopegate_core::store::{
    Change, Directory, InstallationStore, KeyMove, KeyPhase, KeyStore, Ledger, MasterKeyChange,
    ResealedRow, Resealing, SealedKey, SealedKind, StoreError, UserKey, Versions,
};
use scopegate_jose::Algorithm;

use crate::place::Place;
use crate::samples::{NOW, audit, person, put_user};
use crate::signing_keys::{key, put};

pub(crate) async fn the_first_text_stays(place: &Place) {
    let store = place.open().await;
    store.ping().await.unwrap();
    assert_eq!(store.kept("a").await.unwrap(), None);
    assert_eq!(store.keep("a", "first é").await.unwrap(), "first é");
    assert_eq!(store.keep("a", "second").await.unwrap(), "first é");
    assert_eq!(store.kept("a").await.unwrap().as_deref(), Some("first é"));
    assert_eq!(store.keep("b", "").await.unwrap(), "");
    assert_eq!(store.keep("b", "second").await.unwrap(), "");
}

pub(crate) async fn nodes_that_start_at_once_keep_the_same_text(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for name in ["a", "b", "c", "d", "e"] {
        let racers: Vec<_> = (0..4)
            .map(|racer: usize| {
                let store = nodes[racer % 2].clone();
                tokio::spawn(async move { store.keep(name, &racer.to_string()).await.unwrap() })
            })
            .collect();
        let mut kept = Vec::new();
        for racer in racers {
            kept.push(racer.await.unwrap());
        }
        assert!(kept.iter().all(|text| *text == kept[0]), "{kept:?}");
    }
}

pub(crate) async fn sealed_secrets_are_listed_in_pages_and_replaced_if_they_are_unchanged(
    place: &Place,
) {
    let store = place.open_sql().await;
    let servers = [ServerId::default_server(), ServerId::org()];
    for (server, kid) in [(&servers[1], "1"), (&servers[0], "2"), (&servers[0], "1")] {
        let algorithm = if kid == "1" { Algorithm::EdDsa } else { Algorithm::Rs256 };
        put(&store, &key(server, algorithm, kid)).await;
    }
    let gone = KeyMove::Advance {
        server: servers[1].clone(),
        kid: "1".to_owned(),
        from: KeyPhase::Signing,
        to: KeyPhase::Dropped,
        at: NOW,
    };
    store.move_keys(&[gone], &[]).await.unwrap();
    let (alice, bob) = (person("alice"), person("bob"));
    store.commit(&[put_user(alice.clone(), Some("a")), put_user(bob, None)]).await.unwrap();
    for (kind, wanted) in [(SealedKind::SigningKeys, 2), (SealedKind::Passwords, 1)] {
        let (mut seen, mut after): (Vec<SealedKey>, Option<SealedKey>) = (Vec::new(), None);
        loop {
            let rows = store.sealed_after(kind, after.as_ref(), 1).await.unwrap();
            let Some(row) = rows.into_iter().next() else { break };
            after = Some(row.key.clone());
            seen.push(row.key.clone());
            let replaced = ResealedRow { before: row, sealed: b"new".to_vec() };
            let twice = [replaced.clone(), replaced];
            assert_eq!(store.reseal(&twice).await.unwrap(), 1, "the second is out of date");
        }
        assert_eq!(seen.len(), wanted, "{seen:?}");
    }
    // Other nodes read the keys again.
    let changed = store.keys_since(4).await.unwrap().keys;
    assert!(changed.len() == 2 && changed.iter().all(|key| key.sealed == b"new"));
    let password = store.password(&alice.id).await.unwrap().unwrap();
    assert_eq!((password.sealed.as_slice(), password.generation), (&b"new"[..], 0));
    let after = store.user(UserKey::Id(&alice.id)).await.unwrap().unwrap();
    assert_eq!(after.version, alice.version, "sign-ins that run are not disturbed");
}

pub(crate) async fn the_master_key_changes_once_and_other_nodes_learn_of_it(place: &Place) {
    let (store, waiter) = (place.open_sql().await, place.open_sql().await);
    for name in ["a", "b"] {
        store.keep(name, "old").await.unwrap();
    }
    let change = |b: &str| {
        let Change::Audit(event) = audit("") else { unreachable!() };
        let text =
            |name: &str, before: &str| (name.to_owned(), before.to_owned(), "new".to_owned());
        MasterKeyChange { texts: vec![text("a", "old"), text("b", b)], event }
    };
    let refused = store.change_master_key(&change("other")).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(store.kept("a").await.unwrap().as_deref(), Some("old"), "all or nothing");
    assert_eq!(place.count("audit_event").await, 0);
    let known = Versions { catalog: 0, keys: 0 };
    let wait = tokio::spawn(async move { waiter.wait_for_change_after(known).await });
    store.change_master_key(&change("old")).await.unwrap();
    assert_eq!(wait.await.unwrap().unwrap(), Versions { catalog: 0, keys: 1 });
    assert_eq!(store.kept("b").await.unwrap().as_deref(), Some("new"));
    assert_eq!(place.count("audit_event").await, 1);
    let again = store.change_master_key(&change("old")).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}
