//! Consents.

use scopegate_core::catalog::{Edit, EntityKey};
use scopegate_core::store::{Change, ConsentKey};
use scopegate_testkit::UncheckedCatalog;

use crate::place::Place;
use crate::samples::{NOW, client, consent_key, later, scopes};

fn put(key: &ConsentKey, names: &str) -> Change {
    Change::PutConsent { key: key.clone(), scopes: scopes(names), at: NOW }
}

pub(crate) async fn a_consent_is_per_server_client_user(place: &Place) {
    let store = place.open().await;
    let key = consent_key("default", "a", "alice");
    store.commit(&[put(&key, "write:orders read:orders")]).await.unwrap();
    assert_eq!(store.consent(&key).await.unwrap(), Some(scopes("read:orders write:orders")));
    for other in [
        consent_key("orders", "a", "alice"),
        consent_key("default", "b", "alice"),
        consent_key("default", "a", "bob"),
    ] {
        assert_eq!(store.consent(&other).await.unwrap(), None, "{other:?}");
        // Withdrawing one consent does not withdraw another.
        store.commit(&[Change::WithdrawConsent(other)]).await.unwrap();
    }
    assert!(store.consent(&key).await.unwrap().is_some());
    store.commit(&[Change::WithdrawConsent(key.clone())]).await.unwrap();
    assert_eq!(store.consent(&key).await.unwrap(), None);
}

pub(crate) async fn the_newest_consent_replaces_the_one_before(place: &Place) {
    let store = place.open().await;
    let key = consent_key("default", "a", "alice");
    store.commit(&[put(&key, "a b")]).await.unwrap();
    let newer = Change::PutConsent { key: key.clone(), scopes: scopes("c"), at: later(1) };
    store.commit(&[newer]).await.unwrap();
    assert_eq!(store.consent(&key).await.unwrap(), Some(scopes("c")));
    assert_eq!(place.count("consent").await, 1);
}

pub(crate) async fn a_deleted_client_takes_its_consents_along(place: &Place) {
    let store = place.open().await;
    let (gone, other) =
        (consent_key("default", "a", "alice"), consent_key("default", "b", "alice"));
    store.commit(&[put(&gone, "a"), put(&other, "a")]).await.unwrap();
    let delete = Edit::Delete(EntityKey::client(&client("a")));
    store.write_catalog(0, &[delete], None).await.unwrap();
    assert_eq!(store.consent(&gone).await.unwrap(), None);
    assert!(store.consent(&other).await.unwrap().is_some());
}
