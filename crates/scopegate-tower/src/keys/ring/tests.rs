mod absence;
mod background;
mod wrong_signature;

use http::header::CACHE_CONTROL;
use scopegate_jose::JoseError;
use url::Url;

use super::*;
use crate::http_hosts::HttpHosts;
use crate::keys::schedule::STALE;
use crate::keys::{IssuerReadiness, KeyState, Location, Refresh};
use crate::test_issuer::{Behaviour, ISSUER, JWKS_URL, Page, TestIssuer};

fn ring_of(issuer: &TestIssuer, source: KeySource) -> Arc<KeyRing> {
    Arc::new(KeyRing::remote(ISSUER, source, Arc::new(issuer.clock.clone()), None))
}

fn source_of(issuer: &TestIssuer, location: Location) -> KeySource {
    KeySource::new(location, HttpHosts::default(), Arc::new(issuer.clone()))
}

fn ring(issuer: &TestIssuer) -> Arc<KeyRing> {
    let source = source_of(issuer, Location::Url(Url::parse(JWKS_URL).unwrap()));
    ring_of(issuer, source)
}

impl KeyRing {
    fn kids(&self, issuer: &TestIssuer) -> Vec<String> {
        let held = self.held(issuer.clock.now());
        held.map(|held| held.keys.kids().map(str::to_owned).collect()).unwrap_or_default()
    }
}

impl Refresh {
    async fn outcome_for_request(self) -> Outcome {
        self.outcome_until(tokio::time::Instant::now() + crate::keys::MAX_WAIT).await
    }
}

async fn refresh(ring: &Arc<KeyRing>, issuer: &TestIssuer) -> Outcome {
    match ring.refresh_for_request(None, issuer.clock.now()) {
        Ok(refresh) => refresh.outcome_for_request().await,
        Err(outcome) => outcome,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets all tasks run that are ready.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn requests_share_one_refresh() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    let waiting: Vec<_> = (0..100)
        .map(|_| ring.refresh_for_request(None, issuer.clock.now()).unwrap().outcome_for_request())
        .map(tokio::spawn)
        .collect();
    for outcome in waiting {
        assert_eq!(outcome.await.unwrap(), Outcome::Succeeded);
    }
    assert_eq!(issuer.fetches(), 1);
    assert_eq!(ring.kids(&issuer), ["k1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_outlives_the_request_that_started_it() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(seconds(2)));
    let ring = ring(&issuer);
    let first = tokio::spawn(
        ring.refresh_for_request(None, issuer.clock.now()).unwrap().outcome_for_request(),
    );
    settle().await;
    first.abort();
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn after_a_failed_refresh_the_cool_down_applies_too() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Down);
    let ring = ring(&issuer);
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
    issuer.behave(Behaviour::Keys);
    for passed in 0..15 {
        assert_eq!(refresh(&ring, &issuer).await, Outcome::CoolingDown(seconds(15 - passed)));
        issuer.clock.advance(seconds(1));
    }
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_refreshes() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    issuer.clock.set(issuer.clock.now().minus(seconds(86_400)));
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_five_seconds_but_the_refresh_goes_on() {
    let issuer = TestIssuer::new();
    // Two exchanges of four seconds each: neither times out on its own.
    let source = KeySource::new(
        Location::Discovery(ISSUER.into()),
        HttpHosts::default(),
        Arc::new(SlowPages(issuer.clone())),
    );
    let ring = ring_of(&issuer, source);
    let begin = tokio::time::Instant::now();
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
    assert_eq!(begin.elapsed(), seconds(5));
    tokio::time::sleep(seconds(4)).await;
    assert_eq!(ring.kids(&issuer), ["k1"]);
}

#[derive(Debug)]
struct SlowPages(TestIssuer);

impl crate::Fetch for SlowPages {
    fn fetch(
        &self,
        request: http::Request<()>,
    ) -> std::pin::Pin<
        Box<
            dyn Future<Output = Result<http::Response<bytes::Bytes>, crate::FetchError>>
                + Send
                + '_,
        >,
    > {
        let metadata =
            serde_json::json!({ "issuer": "https://id.example.com", "jwks_uri": JWKS_URL });
        self.0.behave(Behaviour::Pages(vec![
            ("/.well-known/openid-configuration", Page::Json(metadata)),
            ("/keys", Page::Keys),
        ]));
        Box::pin(async move {
            tokio::time::sleep(seconds(4)).await;
            self.0.fetch(request).await
        })
    }
}

#[tokio::test]
async fn discovery_is_not_repeated_at_each_refresh() {
    let issuer = TestIssuer::new();
    let metadata = serde_json::json!({ "issuer": "https://id.example.com", "jwks_uri": JWKS_URL });
    let pages =
        vec![("/.well-known/openid-configuration", Page::Json(metadata)), ("/keys", Page::Keys)];
    issuer.behave(Behaviour::Pages(pages));
    let location = Location::Discovery(ISSUER.into());
    let source = source_of(&issuer, location);
    let ring = ring_of(&issuer, source);
    for _ in 0..3 {
        refresh(&ring, &issuer).await;
        issuer.clock.advance(seconds(15));
    }
    assert_eq!(issuer.requests(), ["/.well-known/openid-configuration", "/keys", "/keys", "/keys"]);
    // After an hour, or after a failure, discovery runs again, in case the keys moved.
    issuer.behave(Behaviour::Down);
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
    issuer.clock.advance(seconds(15));
    refresh(&ring, &issuer).await;
    assert_eq!(issuer.requests()[4..], ["/keys", "/.well-known/openid-configuration"]);
}

#[tokio::test]
async fn a_key_that_was_removed_is_dropped() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    let before = ring.held.load().generation;
    issuer.replace_key("k2");
    issuer.clock.advance(seconds(15));
    refresh(&ring, &issuer).await;
    assert_eq!(ring.kids(&issuer), ["k2"]);
    assert_eq!(ring.held.load().generation, before + 1);

    issuer.withdraw_keys();
    issuer.clock.advance(seconds(15));
    refresh(&ring, &issuer).await;
    assert_eq!(ring.held(issuer.clock.now()).unwrap().keys.len(), 0);
    let unknown = JoseError::UnknownKey { kid: None };
    let cause = ring.refusal(Outcome::Succeeded, unknown, issuer.clock.now());
    assert!(matches!(cause, RefusalCause::InvalidToken(_)), "the issuer has answered: {cause:?}");
}

#[tokio::test]
async fn unchanged_keys_keep_their_generation() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    let before = ring.held.load_full();
    issuer.clock.advance(seconds(3600));
    refresh(&ring, &issuer).await;
    assert_eq!(issuer.fetches(), 2);
    assert!(Arc::ptr_eq(&before, &ring.held.load_full()), "parsed once");
}

#[tokio::test]
async fn stale_keys_are_used_for_24_hours() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    issuer.behave(Behaviour::Down);
    issuer.clock.advance(seconds(86_399));
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
    assert_eq!(ring.kids(&issuer), ["k1"]);
    issuer.clock.advance(seconds(1));
    assert!(ring.held(issuer.clock.now()).is_none());
    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(seconds(15));
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    assert_eq!(ring.kids(&issuer), ["k1"]);
}

#[tokio::test]
async fn an_unreadable_key_set_changes_nothing() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    for text in [&b"<html>"[..], b"", b"{}", b"{\"keys\":{}}", b"\xff"] {
        issuer.clock.advance(seconds(15));
        issuer.behave(Behaviour::Pages(vec![("/keys", Page::Text(text.to_vec()))]));
        assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
        assert_eq!(ring.kids(&issuer), ["k1"]);
    }
}

#[tokio::test]
async fn an_unchanged_key_set_is_not_downloaded_again() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Tagged);
    issuer.send_header(CACHE_CONTROL, "max-age=900");
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    let before = ring.held.load_full();
    for hours in 1..=3 {
        issuer.clock.advance(seconds(3600 * 12));
        assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
        assert_eq!(issuer.not_modified(), hours);
        assert_eq!(ring.kids(&issuer), ["k1"], "confirmed, so not too old");
        let due_in = ring.report().unwrap().due_at.unwrap().since(issuer.clock.now()).as_secs();
        assert!((787..=900).contains(&due_in), "the freshness from before: {due_in}");
    }
    assert!(Arc::ptr_eq(&before, &ring.held.load_full()));

    issuer.replace_key("k2");
    issuer.clock.advance(seconds(15));
    refresh(&ring, &issuer).await;
    assert_eq!(ring.kids(&issuer), ["k2"], "the tag changes with the set");
    issuer.clock.advance(seconds(15));
    refresh(&ring, &issuer).await;
    assert_eq!(issuer.not_modified(), 4, "and the new tag is used");
}

#[tokio::test]
async fn an_unrequested_304_is_an_error() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Pages(vec![("/keys", Page::Status(304))]));
    let ring = ring(&issuer);
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Failed);
    assert!(ring.kids(&issuer).is_empty());
}

fn seeded(issuer: &TestIssuer) -> Arc<KeyRing> {
    let location = Location::Url(Url::parse(JWKS_URL).unwrap());
    let source = source_of(issuer, location);
    let (clock, seeds) = (Arc::new(issuer.clock.clone()), issuer.key_set());
    Arc::new(KeyRing::remote(ISSUER, source, clock, Some(seeds)))
}

#[tokio::test]
async fn seed_keys_are_used_until_the_issuer_answers() {
    let issuer = TestIssuer::new();
    let ring = seeded(&issuer);
    issuer.replace_key("k2");
    issuer.behave(Behaviour::Down);
    for _ in 0..3 {
        assert_eq!(ring.kids(&issuer), ["k1"]);
        ring.refresh_if_due(issuer.clock.now());
        settle().await;
        issuer.clock.advance(seconds(86_400));
    }
    assert_eq!(issuer.fetches(), 3, "a request triggers a refresh each time");
    assert!(ring.first_keys(issuer.clock.now()).await.is_ok(), "seed keys are enough to start");
    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(seconds(60));
    ring.refresh_if_due(issuer.clock.now());
    settle().await;
    assert_eq!(ring.kids(&issuer), ["k2"], "a seed key that is not published is dropped");
    assert_eq!(ring.key_status().generation(issuer.clock.now()), Some(2));
}

#[tokio::test]
async fn readiness_reports_each_key_state() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    let readiness = || IssuerReadiness::of("i", &ring, issuer.clock.now());
    assert_eq!(readiness().to_string(), "i: unread, 0 keys");
    issuer.behave(Behaviour::Down);
    ring.wake(issuer.clock.now());
    settle().await;
    assert_eq!(readiness().state(), KeyState::Unavailable);
    assert!(!readiness().is_ready());
    assert_eq!(
        readiness().last_error(),
        Some(
            "the key set https://id.example.com/keys cannot be read: the exchange failed: \
             connection refused"
        )
    );
    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(seconds(15));
    ring.wake(issuer.clock.now());
    settle().await;
    assert_eq!(issuer.fetches(), 1, "probes do not cause further requests");
    refresh(&ring, &issuer).await;
    let fresh = readiness();
    assert_eq!((fresh.state(), fresh.keys(), fresh.age()), (KeyState::Fresh, 1, Some(seconds(0))));
    assert!(fresh.is_ready() && fresh.last_error().is_none());
    assert!((525..=600).contains(&fresh.next_refresh().unwrap().as_secs()));

    issuer.behave(Behaviour::Down);
    issuer.clock.advance(seconds(3600));
    refresh(&ring, &issuer).await;
    let stale = readiness();
    assert_eq!((stale.state(), stale.age()), (KeyState::Stale, Some(seconds(3600))));
    assert!(stale.is_ready(), "stale keys are still used");
    let json = serde_json::to_value(&stale).unwrap();
    assert_eq!(json["state"], "stale");
    assert_eq!(json["age_seconds"], 3600);
    issuer.clock.advance(seconds(86_400));
    assert_eq!(readiness().state(), KeyState::Unavailable);
    assert_eq!(
        IssuerReadiness::of("i", &seeded(&issuer), issuer.clock.now()).state(),
        KeyState::Seeds
    );
    let fixed = KeyRing::fixed(issuer.key_set());
    assert_eq!(IssuerReadiness::of("i", &fixed, issuer.clock.now()).state(), KeyState::Fixed);
}

#[tokio::test]
async fn dropping_a_ring_ends_its_key_status() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    let key_status = Arc::clone(ring.key_status());
    assert_eq!(key_status.generation(issuer.clock.now()), None);
    refresh(&ring, &issuer).await;
    assert_eq!(key_status.generation(issuer.clock.now()), Some(1));
    assert_eq!(key_status.generation(issuer.clock.now().plus(STALE)), None, "too old");
    drop(ring);
    settle().await;
    assert_eq!(key_status.generation(issuer.clock.now()), None);
}
