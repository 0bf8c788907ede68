//! When a key set is fetched, and which set is used meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use scopegate_jose::{Algorithm, SigningKey};
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::keys::fetch::FetchError;

const URL: &str = "https://client.example/keys";
const START: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// A published document that a test changes.
#[derive(Debug, Default)]
struct Place {
    document: Mutex<Option<Vec<u8>>>,
    fetches: AtomicU32,
    /// Each fetch waits here, so that a test can act while it is running.
    gate: Option<Notify>,
}

#[async_trait]
impl Fetch for Place {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        self.document.lock().unwrap().clone().ok_or(FetchError::Unreachable)
    }
}

impl Place {
    /// Publishes a new key and returns its id.
    fn publish(&self) -> String {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let document = json!({ "keys": [key.public_jwk()] });
        *self.document.lock().unwrap() = Some(serde_json::to_vec(&document).unwrap());
        key.kid().to_owned()
    }

    fn go_down(&self) {
        *self.document.lock().unwrap() = None;
    }

    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::Relaxed)
    }
}

fn at(place: Place) -> (Arc<Place>, ClientKeys) {
    let place = Arc::new(place);
    (Arc::clone(&place), ClientKeys::new(place))
}

fn after(seconds: u64) -> UnixTime {
    START.plus(Duration::from_secs(seconds))
}

async fn has(keys: &ClientKeys, kid: &str, now: UnixTime) -> bool {
    keys.of(URL, Some(kid), now).await.unwrap().contains_kid(kid)
}

#[tokio::test]
async fn a_set_is_fetched_once_for_all_waiting_requests() {
    let (place, keys) = at(Place { gate: Some(Notify::new()), ..Place::default() });
    let kid = place.publish();
    let asking = count_found(&keys, &kid, 50);
    let opening = async {
        tokio::task::yield_now().await;
        place.gate.as_ref().unwrap().notify_one();
    };
    let (found, ()) = tokio::join!(asking, opening);
    assert_eq!((found, place.fetches()), (50, 1));
}

/// Starts a number of requests at once. Returns how many of them get the key.
async fn count_found(keys: &ClientKeys, kid: &str, number: usize) -> usize {
    let mut asking: Vec<_> = (0..number).map(|_| Box::pin(has(keys, kid, START))).collect();
    let mut found = 0;
    std::future::poll_fn(|context| {
        asking.retain_mut(|asking| match asking.as_mut().poll(context) {
            std::task::Poll::Ready(is_there) => {
                found += usize::from(is_there);
                false
            }
            std::task::Poll::Pending => true,
        });
        if asking.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    found
}

#[tokio::test]
async fn a_fresh_set_is_not_fetched_again_and_an_old_one_is() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    assert!(has(&keys, &kid, after(599)).await);
    assert_eq!(place.fetches(), 1);
    let next = place.publish();
    assert!(!has(&keys, &kid, after(600)).await);
    assert!(has(&keys, &next, after(600)).await);
    assert_eq!(place.fetches(), 2);
}

#[tokio::test]
async fn an_unknown_key_causes_one_fetch_a_minute() {
    let (place, keys) = at(Place::default());
    place.publish();
    assert!(!has(&keys, "invented", START).await);
    let next = place.publish();
    assert!(!has(&keys, &next, after(59)).await, "the next fetch is not due yet");
    assert_eq!(place.fetches(), 1);
    assert!(has(&keys, &next, after(60)).await);
    for second in 60..120 {
        assert!(!has(&keys, "invented", after(second)).await);
    }
    assert_eq!(place.fetches(), 2);
}

#[tokio::test]
async fn during_an_outage_the_last_set_is_used_for_a_day() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    place.go_down();
    assert!(has(&keys, &kid, after(600)).await);
    assert!(has(&keys, &kid, after(659)).await);
    assert_eq!(place.fetches(), 2, "a failed fetch counts too");
    assert!(has(&keys, &kid, after(24 * 3600 - 1)).await);
    let error = keys.of(URL, Some(&kid), after(24 * 3600)).await.unwrap_err();
    assert!(matches!(error, CallError::KeysUnavailable));
}

#[tokio::test]
async fn a_request_for_a_known_key_does_not_wait_while_the_set_is_fetched_again() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    // Another request is fetching the set.
    let published = keys.published(URL);
    let _turn = published.fetching.lock().await;
    let served = tokio::time::timeout(Duration::ZERO, keys.of(URL, Some(&kid), after(600))).await;
    assert!(served.expect("it does not wait").is_ok());
    let unknown = keys.of(URL, Some("invented"), after(600));
    assert!(tokio::time::timeout(Duration::ZERO, unknown).await.is_err(), "it waits for the fetch");
}

#[tokio::test]
async fn without_any_set_the_error_is_not_the_clients() {
    let (place, keys) = at(Place::default());
    for (now, fetches) in [(START, 1), (after(4), 1), (after(5), 2)] {
        let error = keys.of(URL, None, now).await.unwrap_err();
        assert!(matches!(error, CallError::KeysUnavailable));
        assert_eq!(place.fetches(), fetches);
    }
    *place.document.lock().unwrap() = Some(b"<html>".to_vec());
    assert!(keys.of(URL, None, after(10)).await.is_err());
    let kid = place.publish();
    assert!(has(&keys, &kid, after(15)).await);
}

#[tokio::test]
async fn a_fetch_whose_request_is_dropped_counts() {
    let (place, keys) = at(Place { gate: Some(Notify::new()), ..Place::default() });
    let asking = keys.of(URL, None, START);
    assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
    assert!(keys.of(URL, None, after(4)).await.is_err());
    assert_eq!(place.fetches(), 1);
}

#[tokio::test]
async fn the_number_of_sets_is_bounded() {
    let (place, keys) = at(Place::default());
    place.publish();
    for number in 0..=MAX_SETS as u64 {
        keys.of(&format!("{URL}/{number}"), None, after(number)).await.unwrap();
    }
    assert_eq!(keys.by_url.lock().unwrap().len(), MAX_SETS);
    let fetches = place.fetches();
    keys.of(&format!("{URL}/{MAX_SETS}"), None, after(MAX_SETS as u64)).await.unwrap();
    assert_eq!(place.fetches(), fetches);
}
