//! When a set is fetched, and what serves meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use scopegate_jose::{Algorithm, SigningKey};
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::keys::fetch::FetchError;

const URL: &str = "https://client.example/keys";
const START: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// A document on the web that a test changes.
#[derive(Debug, Default)]
struct Place {
    document: Mutex<Option<Vec<u8>>>,
    asked: AtomicU32,
    /// Each fetch waits here, so that a test can look while it is under way.
    gate: Option<Notify>,
}

#[async_trait]
impl Fetch for Place {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        self.document.lock().unwrap().clone().ok_or(FetchError::Unreachable)
    }
}

impl Place {
    /// Publishes a new key; the answer is its id.
    fn publish(&self) -> String {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let document = json!({ "keys": [key.public_jwk()] });
        *self.document.lock().unwrap() = Some(serde_json::to_vec(&document).unwrap());
        key.kid().to_owned()
    }

    fn go_down(&self) {
        *self.document.lock().unwrap() = None;
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
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
async fn a_set_is_fetched_once_for_all_who_wait() {
    let (place, keys) = at(Place { gate: Some(Notify::new()), ..Place::default() });
    let kid = place.publish();
    let asking = futures_of(&keys, &kid, 50);
    let opening = async {
        tokio::task::yield_now().await;
        place.gate.as_ref().unwrap().notify_one();
    };
    let (found, ()) = tokio::join!(asking, opening);
    assert_eq!((found, place.asked()), (50, 1));
}

/// Starts a number of requests at once; the answer is how many get the key.
async fn futures_of(keys: &ClientKeys, kid: &str, number: usize) -> usize {
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
async fn a_fresh_set_is_not_asked_for_again_and_an_old_one_is() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    assert!(has(&keys, &kid, after(599)).await);
    assert_eq!(place.asked(), 1);
    let next = place.publish();
    assert!(!has(&keys, &kid, after(600)).await);
    assert!(has(&keys, &next, after(600)).await);
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_a_minute() {
    let (place, keys) = at(Place::default());
    place.publish();
    assert!(!has(&keys, "invented", START).await);
    let next = place.publish();
    assert!(!has(&keys, &next, after(59)).await, "the last fetch was not long ago");
    assert_eq!(place.asked(), 1);
    assert!(has(&keys, &next, after(60)).await);
    for second in 60..120 {
        assert!(!has(&keys, "invented", after(second)).await);
    }
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn an_outage_is_bridged_for_a_day() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    place.go_down();
    assert!(has(&keys, &kid, after(600)).await);
    assert!(has(&keys, &kid, after(659)).await);
    assert_eq!(place.asked(), 2, "a failure counts too");
    assert!(has(&keys, &kid, after(24 * 3600 - 1)).await);
    let error = keys.of(URL, Some(&kid), after(24 * 3600)).await.unwrap_err();
    assert!(matches!(error, CallError::KeysUnavailable));
}

#[tokio::test]
async fn a_known_key_is_not_waited_for_while_the_set_is_renewed() {
    let (place, keys) = at(Place::default());
    let kid = place.publish();
    assert!(has(&keys, &kid, START).await);
    // Another request fetches the set and waits for the answer.
    let published = keys.published(URL);
    let _turn = published.fetching.lock().await;
    let served = tokio::time::timeout(Duration::ZERO, keys.of(URL, Some(&kid), after(600))).await;
    assert!(served.expect("nothing is waited for").is_ok());
    let unknown = keys.of(URL, Some("invented"), after(600));
    assert!(tokio::time::timeout(Duration::ZERO, unknown).await.is_err(), "this one is");
}

#[tokio::test]
async fn a_set_that_was_never_had_is_no_fault_of_the_client() {
    let (place, keys) = at(Place::default());
    for (now, asked) in [(START, 1), (after(4), 1), (after(5), 2)] {
        let error = keys.of(URL, None, now).await.unwrap_err();
        assert!(matches!(error, CallError::KeysUnavailable));
        assert_eq!(place.asked(), asked);
    }
    *place.document.lock().unwrap() = Some(b"<html>".to_vec());
    assert!(keys.of(URL, None, after(10)).await.is_err());
    let kid = place.publish();
    assert!(has(&keys, &kid, after(15)).await);
}

#[tokio::test]
async fn a_fetch_that_is_broken_off_counts() {
    let (place, keys) = at(Place { gate: Some(Notify::new()), ..Place::default() });
    let asking = keys.of(URL, None, START);
    assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
    assert!(keys.of(URL, None, after(4)).await.is_err());
    assert_eq!(place.asked(), 1);
}

#[tokio::test]
async fn no_more_sets_are_kept_than_there_is_room_for() {
    let (place, keys) = at(Place::default());
    place.publish();
    for number in 0..=MAX_SETS as u64 {
        keys.of(&format!("{URL}/{number}"), None, after(number)).await.unwrap();
    }
    assert_eq!(keys.by_url.lock().unwrap().len(), MAX_SETS);
    let asked = place.asked();
    keys.of(&format!("{URL}/{MAX_SETS}"), None, after(MAX_SETS as u64)).await.unwrap();
    assert_eq!(place.asked(), asked);
}
