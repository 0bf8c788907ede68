//! A database that goes away and comes back.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{Change, StoreError, UserKey, Versions};
use scopegate_store::{OpenError, SqlStore, StoreOptions};
use scopegate_testkit::UncheckedCatalog;

use crate::place::{Node, Place};

/// How long an operation waits for a database that is away.
const SHORT: Duration = Duration::from_millis(300);

/// Longer than any test takes, however slow the machine is.
const LONG: Duration = Duration::from_secs(120);

/// Repeats work that a slow machine does not do within the patience of a store.
pub(crate) async fn in_the_end<T, E, F>(work: impl Fn() -> F, is_too_slow: impl Fn(&E) -> bool) -> T
where
    E: std::fmt::Debug,
    F: Future<Output = Result<T, E>>,
{
    let trying = async {
        loop {
            match work().await {
                Err(error) if is_too_slow(&error) => {}
                answer => return answer.unwrap(),
            }
        }
    };
    tokio::time::timeout(LONG, trying).await.expect("it is done in the end")
}

pub(crate) const fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

/// A store that does not wait long for a database that is away.
pub(crate) async fn impatient(place: &Place) -> Node {
    let options = StoreOptions::default().patience(SHORT);
    let is_unreachable = |error: &OpenError| matches!(error, OpenError::Unreachable { .. });
    in_the_end(|| place.try_open_with(&options), is_unreachable).await
}

fn use_assertion(jti: &str) -> Change {
    let client = ClientId::parse("a").unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }
}

pub(crate) async fn an_outage_is_unavailable_and_ends(place: &Place) {
    let store = impatient(place).await;
    let before = [use_assertion("before")];
    in_the_end(|| store.commit(&before), is_unavailable).await;

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
        // SQLite makes a missing folder again, so opening does not fail there.
        let options = StoreOptions::default().patience(LONG);
        let error = SqlStore::open(&place.url(), &options).await.unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("refused"), "{error}");
    }

    place.repair().await;
    in_the_end(|| store.commit(&changes), is_unavailable).await;
    let replay = place.open().await.commit(&before).await;
    assert!(matches!(replay, Err(StoreError::Conflict)), "{replay:?}");
    in_the_end(|| store.ping(), is_unavailable).await;
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
    let options = StoreOptions::default().patience(SHORT);
    let store = loop {
        if let Ok(store) = SqlStore::open(&place.url(), &options).await {
            break store;
        }
    };
    let waiter = store.clone();
    let waiting =
        tokio::spawn(async move { waiter.wait_for_change_after(Versions::default()).await });
    place.break_down().await;
    let answer = tokio::time::timeout(LONG, waiting).await;
    let answer = answer.expect("told").unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");

    place.repair().await;
    let waiter = store.clone();
    let seen = in_the_end(|| waiter.wait_for_change_after(Versions::default()), is_unavailable);
    let written = place.open_sql().await;
    let written = written.write_catalog(0, &[], None);
    let (seen, written) = tokio::join!(seen, written);
    assert_eq!((seen.catalog, written.unwrap()), (1, 1));
}
