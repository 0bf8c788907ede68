//! Signing keys.

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ServerId;
use scopegate_core::store::{KeyPhase, StoreError, StoredKey};
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

fn custom() -> ServerId {
    ServerId::parse("default").unwrap()
}

pub(crate) async fn a_key_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    assert!(store.signing_keys().await.unwrap().is_empty());
    let written =
        [key(&custom(), Algorithm::EdDsa, "1"), key(&ServerId::org(), Algorithm::EdDsa, "2")];
    for key in &written {
        store.insert_signing_key(key).await.unwrap();
    }
    let read = store.signing_keys().await.unwrap();
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
    assert_eq!(store.signing_keys().await.unwrap().len(), 3);
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
    assert_eq!(nodes[0].signing_keys().await.unwrap().len(), Algorithm::ALL.len());
}
