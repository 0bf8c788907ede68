//! A database that goes away and comes back.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{CatalogStore, Change, StoreError, UserKey, Versions};
use scopegate_store::{OpenError, SqlStore, StoreOptions};

use crate::place::Place;

fn use_assertion(jti: &str) -> Change {
    let client = ClientId::parse("a").unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }
}

pub(crate) async fn an_outage_is_unavailable_and_ends(place: &Place) {
    let options =
        StoreOptions::default().patience(Duration::from_millis(300)).trust(Duration::ZERO);
    let store = place.open_with(&options).await;
    store.commit(&[use_assertion("before")]).await.unwrap();

    place.break_down().await;
    let changes = [use_assertion("during")];
    let answers = [
        store.commit(&changes).await,
        store.forget_expired(UnixTime::MAX).await,
        store.catalog_version().await.map(drop),
        store.catalog_since(0).await.map(drop),
        store.write_catalog(0, &[], None).await.map(drop),
        store.keys_since(0).await.map(drop),
        store.session(&[0; 32]).await.map(drop),
        store.user(UserKey::Login("alice")).await.map(drop),
        store.keep("a", "b").await.map(drop),
        store.ping().await,
    ];
    for (number, answer) in answers.iter().enumerate() {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{number}: {answer:?}");
    }
    if place.is_postgres() {
        // A folder of SQLite that is gone is made again, so there is no such error.
        let error = SqlStore::open(&place.url(), &options).await.unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("refused"), "{error}");
    }

    place.repair().await;
    store.commit(&changes).await.unwrap();
    let replay = store.commit(&[use_assertion("before")]).await;
    assert!(matches!(replay, Err(StoreError::Conflict)), "{replay:?}");
    store.ping().await.unwrap();
}

pub(crate) async fn a_lost_connection_is_replaced(place: &Place) {
    let store = place.open().await;
    for round in 0..3 {
        store.commit(&[use_assertion(&round.to_string())]).await.unwrap();
        place.break_down().await;
        place.repair().await;
    }
    assert_eq!(place.count("used_assertion").await, 3);
}

pub(crate) async fn whoever_waits_through_an_outage_learns_of_it(place: &Place) {
    let options =
        StoreOptions::default().patience(Duration::from_millis(300)).trust(Duration::ZERO);
    let store = SqlStore::open(&place.url(), &options).await.unwrap();
    let waiter = store.clone();
    let waiting =
        tokio::spawn(async move { waiter.wait_for_change_after(Versions::default()).await });
    place.break_down().await;
    let answer = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    let answer = answer.expect("told in time").unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");

    place.repair().await;
    let waiter = store.clone();
    let waiting =
        tokio::spawn(async move { waiter.wait_for_change_after(Versions::default()).await });
    store.write_catalog(0, &[], None).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    assert_eq!(answer.expect("seen in time").unwrap().unwrap().catalog, 1);
}
