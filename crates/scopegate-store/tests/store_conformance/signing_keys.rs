//! Signing keys.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::{RowKey, ServerId};
use scopegate_core::store::{Change, KeyMove, KeyPhase, KeyStore, StoreError, StoredKey, Versions};
use scopegate_jose::{Algorithm, Jwk};
use scopegate_testkit::UncheckedCatalog;

use crate::place::Place;
use crate::samples::{NOW, audit};

/// RFC 8037 appendix A.2.
const PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"k","alg":"EdDSA",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

pub(crate) fn key(server: &ServerId, algorithm: Algorithm, kid: &str) -> StoredKey {
    StoredKey {
        server: server.clone(),
        kid: kid.into(),
        algorithm,
        phase: KeyPhase::Signing,
        created: NOW,
        signs_from: Some(NOW),
        retired_at: None,
        longest: Some(Duration::from_secs(600)),
        cached: Some(Duration::from_secs(35)),
        public: Jwk::parse(PUBLIC).unwrap(),
        sealed: (0..=255).collect(),
    }
}

fn insert(key: &StoredKey) -> KeyMove {
    KeyMove::Insert(Box::new(key.clone()))
}

/// Stores a key of the default server.
pub(crate) async fn put_signing_key(store: &dyn KeyStore, kid: &str) {
    put(store, &key(&custom(), Algorithm::EdDsa, kid)).await;
}

pub(crate) async fn put(store: &dyn KeyStore, key: &StoredKey) {
    store.move_keys(&[insert(key)], &[]).await.unwrap();
}

fn custom() -> ServerId {
    ServerId::parse("default").unwrap()
}

pub(crate) async fn a_key_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    assert!(store.keys_since(0).await.unwrap().keys.is_empty());
    let written =
        [key(&custom(), Algorithm::EdDsa, "1"), key(&ServerId::org(), Algorithm::EdDsa, "2")];
    for key in &written {
        put(&*store, key).await;
    }
    let read = store.keys_since(0).await.unwrap().keys;
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(&written) {
        assert_eq!(format!("{read:?}"), format!("{written:?}"));
        assert_eq!(read.public, written.public);
    }
}

pub(crate) async fn a_server_has_one_signing_key_for_an_algorithm(place: &Place) {
    let store = place.open().await;
    put(&*store, &key(&custom(), Algorithm::EdDsa, "1")).await;
    let second = store.move_keys(&[insert(&key(&custom(), Algorithm::EdDsa, "2"))], &[]).await;
    assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
    put(&*store, &key(&custom(), Algorithm::Rs256, "2")).await;
    put(&*store, &key(&ServerId::org(), Algorithm::EdDsa, "1")).await;
    assert_eq!(store.keys_since(0).await.unwrap().keys.len(), 3);
}

pub(crate) async fn of_nodes_that_make_the_first_key_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for &algorithm in Algorithm::SIGNING {
        let racers: Vec<_> = (0..4)
            .map(|racer: usize| {
                let store = nodes[racer % 2].clone();
                let key = key(&custom(), algorithm, &format!("{algorithm} {racer}"));
                tokio::spawn(async move { store.move_keys(&[insert(&key)], &[]).await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(_) => won += 1,
                lost => assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}"),
            }
        }
        assert_eq!(won, 1, "{algorithm}");
    }
    assert_eq!(nodes[0].keys_since(0).await.unwrap().keys.len(), Algorithm::SIGNING.len());
}

pub(crate) async fn a_key_is_read_once(place: &Place) {
    let store = place.open().await;
    let kids = async |version| {
        let changes = store.keys_since(version).await.unwrap();
        let kids: Vec<_> = changes.keys.iter().map(|key| key.kid.clone()).collect();
        (changes.version, kids)
    };
    assert_eq!(kids(0).await, (0, vec![]));
    assert_eq!(store.versions().await.unwrap(), Versions { catalog: 0, keys: 0 });
    for (algorithm, kid) in [(Algorithm::EdDsa, "1"), (Algorithm::Rs256, "2")] {
        put(&*store, &key(&custom(), algorithm, kid)).await;
    }
    // A key that was not kept is no change.
    let rival = key(&custom(), Algorithm::Rs256, "3");
    store.move_keys(&[insert(&rival)], &[]).await.unwrap_err();
    assert_eq!(store.versions().await.unwrap(), Versions { catalog: 0, keys: 2 });
    assert_eq!(kids(0).await, (2, vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(kids(1).await, (2, vec!["2".to_owned()]));
    assert_eq!(kids(2).await, (2, vec![]));
    // The catalog has a version of its own.
    store.write_catalog(0, &[], None).await.unwrap();
    assert_eq!(store.versions().await.unwrap(), Versions { catalog: 1, keys: 2 });
}

/// The move of a key of the default server from one phase to the next.
fn advance(kid: &str, from: KeyPhase, to: KeyPhase) -> KeyMove {
    KeyMove::Advance { server: custom(), kid: kid.to_owned(), from, to, at: LATER }
}

const LATER: UnixTime = NOW.plus(Duration::from_secs(60));

/// A key that signs and one that is announced, the next of it.
async fn put_key_and_successor(store: &dyn KeyStore) {
    put(store, &key(&custom(), Algorithm::EdDsa, "1")).await;
    put(store, &announced("2")).await;
}

fn announced(kid: &str) -> StoredKey {
    let key = key(&custom(), Algorithm::EdDsa, kid);
    StoredKey { phase: KeyPhase::Announced, signs_from: None, ..key }
}

fn assert_conflict(moved: &Result<u64, StoreError>) {
    assert!(matches!(moved, Err(StoreError::Conflict)), "{moved:?}");
}

pub(crate) async fn a_key_moves_from_phase_to_phase(place: &Place) {
    use KeyPhase::{Announced, Retiring, Signing};
    let store = place.open().await;
    put_key_and_successor(&*store).await;
    let rotation = [advance("1", Signing, Retiring), advance("2", Announced, Signing)];
    assert_eq!(store.move_keys(&rotation, &[]).await.unwrap(), 3);
    for (version, changed) in [(0, 2), (2, 2), (3, 0)] {
        let keys = store.keys_since(version).await.unwrap().keys;
        assert_eq!(keys.len(), changed, "after {version}");
    }
    let keys = store.keys_since(2).await.unwrap().keys;
    let lives: Vec<_> =
        keys.iter().map(|key| (key.phase, key.signs_from, key.retired_at)).collect();
    assert_eq!(lives, [(Retiring, Some(NOW), Some(LATER)), (Signing, Some(LATER), None)]);
    assert!(keys.iter().all(|key| key.created == NOW && key.sealed.len() == 256));
}

pub(crate) async fn a_key_leaves_only_the_phase_that_it_is_in_and_never_goes_back(place: &Place) {
    use KeyPhase::{Announced, Dropped, Retiring, Signing};
    let store = place.open().await;
    put_key_and_successor(&*store).await;
    let before = format!("{:?}", store.keys_since(0).await.unwrap());
    for refused in [
        vec![advance("2", Announced, Signing)],
        vec![advance("1", Retiring, Dropped)],
        vec![advance("1", Signing, Announced)],
        vec![advance("1", Signing, Signing)],
        vec![advance("3", Announced, Signing)],
        // The signing key must retire first.
        vec![advance("2", Announced, Signing), advance("1", Signing, Retiring)],
        vec![insert(&announced("3"))],
        vec![insert(&StoredKey { algorithm: Algorithm::Es256, ..announced("2") })],
        // One that fails takes the others with it.
        vec![advance("1", Signing, Retiring), advance("1", Signing, Retiring)],
    ] {
        assert_conflict(&store.move_keys(&refused, &[]).await);
        let after = format!("{:?}", store.keys_since(0).await.unwrap());
        assert_eq!(after, before, "{refused:?}");
    }
    store.move_keys(&[advance("1", Signing, Retiring)], &[]).await.unwrap();
    store.move_keys(&[advance("2", Announced, Signing)], &[]).await.unwrap();
}

pub(crate) async fn moves_are_recorded_in_their_transaction(place: &Place) {
    let store = place.open().await;
    let Change::Audit(event) = audit("") else { unreachable!() };
    let first = [insert(&key(&custom(), Algorithm::EdDsa, "1"))];
    store.move_keys(&first, &[event]).await.unwrap();
    assert_eq!(place.count("audit_event").await, 1);
    let Change::Audit(event) = audit("") else { unreachable!() };
    assert_conflict(&store.move_keys(&first, &[event]).await);
    assert_eq!(place.count("audit_event").await, 1, "what did not happen is not recorded");
}

pub(crate) async fn a_dropped_key_is_told_to_those_who_knew_it(place: &Place) {
    use KeyPhase::{Announced, Dropped, Retiring, Signing};
    let store = place.open().await;
    put_key_and_successor(&*store).await;
    let rotation = [advance("1", Signing, Retiring), advance("2", Announced, Signing)];
    store.move_keys(&rotation, &[]).await.unwrap();
    assert_eq!(store.move_keys(&[advance("1", Retiring, Dropped)], &[]).await.unwrap(), 4);
    let changes = store.keys_since(3).await.unwrap();
    assert_eq!(changes.dropped, [RowKey::signing_key("default", "1")]);
    assert!(changes.keys.is_empty() && changes.unreadable.is_empty());
    let changes = store.keys_since(0).await.unwrap();
    assert!(changes.dropped.is_empty(), "a node that starts knows no key to drop");
    assert_eq!(changes.keys.len(), 1);
    // Its id stays taken.
    let again = StoredKey { algorithm: Algorithm::Es256, ..announced("1") };
    assert_conflict(&store.move_keys(&[insert(&again)], &[]).await);
}

pub(crate) async fn of_nodes_that_rotate_a_key_at_once_one_wins(place: &Place) {
    use KeyPhase::{Announced, Retiring, Signing};
    let nodes = [place.open().await, place.open().await];
    put_key_and_successor(&*nodes[0]).await;
    let racers: Vec<_> = (0..6)
        .map(|racer: usize| {
            let store = nodes[racer % 2].clone();
            let rotation = [advance("1", Signing, Retiring), advance("2", Announced, Signing)];
            tokio::spawn(async move { store.move_keys(&rotation, &[]).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => won += 1,
            lost => assert_conflict(&lost),
        }
    }
    assert_eq!((won, nodes[1].versions().await.unwrap().keys), (1, 3));
}

pub(crate) async fn a_signing_key_may_only_sign_longer_tokens(place: &Place) {
    use KeyPhase::{Retiring, Signing};
    let store = place.open().await;
    put_key_and_successor(&*store).await;
    let cover = |kid: &str, seconds| {
        let longest = Duration::from_secs(seconds);
        [KeyMove::Cover { server: custom(), kid: kid.to_owned(), longest }]
    };
    let longest = async || store.keys_since(0).await.unwrap().keys[0].longest;
    for shorter in [0, 599, 600] {
        assert_conflict(&store.move_keys(&cover("1", shorter), &[]).await);
    }
    assert_eq!(longest().await, Some(Duration::from_secs(600)));
    assert_eq!(store.move_keys(&cover("1", 601), &[]).await.unwrap(), 3);
    assert_eq!(longest().await, Some(Duration::from_secs(601)));
    assert_eq!(store.keys_since(2).await.unwrap().keys.len(), 1, "other nodes learn of it");
    assert_conflict(&store.move_keys(&cover("2", 9999), &[]).await);
    store.move_keys(&[advance("1", Signing, Retiring)], &[]).await.unwrap();
    assert_conflict(&store.move_keys(&cover("1", 9999), &[]).await);
    // A key of an earlier version covers 24 hours.
    let unrecorded = StoredKey { longest: None, ..key(&ServerId::org(), Algorithm::EdDsa, "3") };
    put(&*store, &unrecorded).await;
    let cover = |seconds| KeyMove::Cover {
        server: ServerId::org(),
        kid: "3".to_owned(),
        longest: Duration::from_secs(seconds),
    };
    assert_conflict(&store.move_keys(&[cover(86_400)], &[]).await);
    store.move_keys(&[cover(86_401)], &[]).await.unwrap();
}

pub(crate) async fn the_first_claim_holds_until_the_key_is_stored(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let claim = async |node: usize, algorithm, claim, instead_of| {
        nodes[node].claim_key(&custom(), algorithm, claim, instead_of).await.unwrap()
    };
    assert_eq!(claim(0, Algorithm::Rs256, "a", None).await, "a");
    assert_eq!(claim(1, Algorithm::Rs256, "b", None).await, "a");
    assert_eq!(claim(0, Algorithm::Rs256, "a", None).await, "a");
    assert_eq!(claim(1, Algorithm::Ps256, "b", None).await, "b", "each algorithm has its own");
    assert_eq!(claim(1, Algorithm::Rs256, "b", Some("c")).await, "a");
    assert_eq!(claim(1, Algorithm::Rs256, "b", Some("a")).await, "b");
    assert_eq!(claim(0, Algorithm::Rs256, "a", None).await, "b");
    put(&*nodes[1], &key(&custom(), Algorithm::Rs256, "1")).await;
    assert_eq!(claim(0, Algorithm::Rs256, "a", None).await, "a");
}

pub(crate) async fn the_private_half_of_a_dropped_key_is_erased(place: &Place) {
    use KeyPhase::{Dropped, Signing};
    let store = place.open_sql().await;
    put(&store, &key(&custom(), Algorithm::EdDsa, "1")).await;
    put(&store, &key(&ServerId::org(), Algorithm::EdDsa, "1")).await;
    store.move_keys(&[advance("1", Signing, Dropped)], &[]).await.unwrap();
    place.run("DELETE FROM signing_key WHERE length(sealed) > 0").await;
    assert_eq!(place.count("signing_key").await, 1);
}

pub(crate) async fn a_dropped_key_of_a_newer_format_is_dropped(place: &Place) {
    let store = place.open_sql().await;
    put(&store, &key(&custom(), Algorithm::EdDsa, "1")).await;
    let drop = "UPDATE catalog_state SET key_version = 2; \
                UPDATE signing_key SET phase = 'dropped', format = 2, algorithm = 'ML-DSA-44', \
                version = 2";
    place.run(drop).await;
    let changes = store.keys_since(1).await.unwrap();
    assert_eq!(changes.dropped, [RowKey::signing_key("default", "1")]);
    assert!(changes.unreadable.is_empty());
}

pub(crate) async fn a_key_that_is_not_understood_is_told_and_fails_no_other(place: &Place) {
    let store = place.open_sql().await;
    put(&store, &key(&custom(), Algorithm::EdDsa, "1")).await;
    put(&store, &key(&ServerId::org(), Algorithm::EdDsa, "2")).await;
    for (column, why) in [
        ("format = 2", "its format is 2, known is 1"),
        ("phase = 'lent'", "its phase is not of a known form"),
        ("phase = 'retiring'", "its time is not of a known form"),
        ("signs_from = -1", "its time is not of a known form"),
        ("algorithm = 'ML-DSA-44'", "its algorithm is not of a known form"),
        ("public_jwk = '{}'", "its public key is not of a known form"),
        ("since = -1", "its time is not of a known form"),
        ("longest = -1", "its time is not of a known form"),
    ] {
        place.run("CREATE TABLE aside AS SELECT * FROM signing_key").await;
        place.run(&format!("UPDATE signing_key SET {column} WHERE server = 'default'")).await;
        let changes = store.keys_since(0).await.unwrap();
        assert_eq!(changes.keys.len(), 1, "{column}");
        assert!(changes.keys[0].server.is_org());
        assert_eq!(changes.unreadable[0].key, RowKey::signing_key("default", "1"));
        assert_eq!(changes.unreadable[0].why, why);
        let back = "DELETE FROM signing_key; INSERT INTO signing_key SELECT * FROM aside; \
                    DROP TABLE aside";
        place.run(back).await;
    }
}

pub(crate) async fn a_waiting_node_learns_of_a_key_of_another(place: &Place) {
    let (waiter, writer) = (place.open_sql().await, place.open_sql().await);
    for (keys, algorithm) in [(0, Algorithm::EdDsa), (1, Algorithm::Rs256)] {
        let (waiter, known) = (waiter.clone(), Versions { catalog: 0, keys });
        let wait = tokio::spawn(async move { waiter.wait_for_change_after(known).await });
        put(&writer, &key(&custom(), algorithm, algorithm.name())).await;
        let seen = wait.await.unwrap().unwrap();
        assert_eq!(seen, Versions { catalog: 0, keys: keys + 1 });
    }
}
