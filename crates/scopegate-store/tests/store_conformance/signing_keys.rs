//! Signing keys.

use scopegate_claims::UnixTime;
use scopegate_core::catalog::{RowKey, ServerId};
use scopegate_core::store::{KeyPhase, KeyStore, StoreError, StoredKey, Versions};
use scopegate_jose::{Algorithm, Jwk};

use crate::place::Place;

/// RFC 8037 appendix A.2.
const PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"k","alg":"EdDSA",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn key(server: &ServerId, algorithm: Algorithm, kid: &str) -> StoredKey {
    StoredKey {
        server: server.clone(),
        kid: kid.into(),
        algorithm,
        phase: KeyPhase::Signing,
        since: UnixTime::from_seconds(1_800_000_000),
        public: Jwk::parse(PUBLIC).unwrap(),
        sealed: (0..=255).collect(),
    }
}

/// A key of the default server.
pub(crate) fn signing_key(kid: &str) -> StoredKey {
    key(&custom(), Algorithm::EdDsa, kid)
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
        store.insert_signing_key(key).await.unwrap();
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
    store.insert_signing_key(&key(&custom(), Algorithm::EdDsa, "1")).await.unwrap();
    let second = store.insert_signing_key(&key(&custom(), Algorithm::EdDsa, "2")).await;
    assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
    store.insert_signing_key(&key(&custom(), Algorithm::Rs256, "2")).await.unwrap();
    store.insert_signing_key(&key(&ServerId::org(), Algorithm::EdDsa, "1")).await.unwrap();
    assert_eq!(store.keys_since(0).await.unwrap().keys.len(), 3);
}

pub(crate) async fn of_nodes_that_make_the_first_key_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for algorithm in Algorithm::ALL {
        let racers: Vec<_> = (0..4)
            .map(|racer: usize| {
                let store = nodes[racer % 2].clone();
                let key = key(&custom(), algorithm, &format!("{algorithm} {racer}"));
                tokio::spawn(async move { store.insert_signing_key(&key).await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(()) => won += 1,
                lost => assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}"),
            }
        }
        assert_eq!(won, 1, "{algorithm}");
    }
    assert_eq!(nodes[0].keys_since(0).await.unwrap().keys.len(), Algorithm::ALL.len());
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
        store.insert_signing_key(&key(&custom(), algorithm, kid)).await.unwrap();
    }
    // A key that was not written is not a change.
    store.insert_signing_key(&key(&custom(), Algorithm::Rs256, "3")).await.unwrap_err();
    assert_eq!(store.versions().await.unwrap(), Versions { catalog: 0, keys: 2 });
    assert_eq!(kids(0).await, (2, vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(kids(1).await, (2, vec!["2".to_owned()]));
    assert_eq!(kids(2).await, (2, vec![]));
    // The catalog has a version of its own.
    store.write_catalog(0, &[], None).await.unwrap();
    assert_eq!(store.versions().await.unwrap(), Versions { catalog: 1, keys: 2 });
}

pub(crate) async fn a_key_that_is_not_understood_is_told_and_fails_no_other(place: &Place) {
    let store = place.open_sql().await;
    store.insert_signing_key(&key(&custom(), Algorithm::EdDsa, "1")).await.unwrap();
    store.insert_signing_key(&key(&ServerId::org(), Algorithm::EdDsa, "2")).await.unwrap();
    for (column, why) in [
        ("format = 2", "its format is 2, known is 1"),
        ("phase = 'announced'", "its phase is not of a known form"),
        ("algorithm = 'ML-DSA-44'", "its algorithm is not of a known form"),
        ("public_jwk = '{}'", "its public key is not of a known form"),
        ("since = -1", "its time is not of a known form"),
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
        writer.insert_signing_key(&key(&custom(), algorithm, algorithm.name())).await.unwrap();
        let seen = wait.await.unwrap().unwrap();
        assert_eq!(seen, Versions { catalog: 0, keys: keys + 1 });
    }
}
