//! Keys that the issuer does not have, or does not have yet.

use super::*;

/// Triggers a refresh for a key, as a request does.
async fn ask_for(ring: &Arc<KeyRing>, issuer: &TestIssuer, kid: &str) {
    if let Ok(refresh) = ring.refresh_for_request(Some(kid), issuer.clock.now()) {
        refresh.outcome_for_request().await;
    }
}

#[tokio::test]
async fn a_key_known_to_be_absent_causes_no_refresh_within_the_cool_down() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    let may_bring = |kid| ring.may_bring(Some(kid), issuer.clock.now());
    ask_for(&ring, &issuer, "nowhere").await;
    assert!(!may_bring("nowhere"));
    assert!(may_bring("k2"), "nothing is known about other keys");
    assert!(ring.may_bring(None, issuer.clock.now()));
    issuer.clock.advance(seconds(14));
    assert!(!may_bring("nowhere"));
    issuer.clock.advance(seconds(1));
    assert!(may_bring("nowhere"), "it may have been published");

    ask_for(&ring, &issuer, "nowhere").await;
    assert!(!may_bring("nowhere"));
    issuer.clock.set(issuer.clock.now().minus(seconds(1)));
    assert!(may_bring("nowhere"), "setting the clock back does not extend the time");

    issuer.clock.advance(seconds(16));
    ask_for(&ring, &issuer, "k2").await;
    assert!(may_bring("nowhere") && !may_bring("k2"), "only the last key is remembered");

    issuer.behave(Behaviour::Down);
    issuer.clock.advance(seconds(15));
    ask_for(&ring, &issuer, "k3").await;
    assert!(may_bring("k3"), "the issuer has not answered");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_marks_only_the_key_it_was_started_for_as_absent() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(seconds(2)));
    let ring = ring(&issuer);
    let flood = ring.refresh_for_request(Some("random"), issuer.clock.now()).unwrap();
    // The key is published after the refresh began, so the refresh may not bring it.
    let legitimate = ring.refresh_for_request(Some("k2"), issuer.clock.now()).unwrap();
    flood.outcome().await;
    legitimate.outcome().await;
    assert!(!ring.may_bring(Some("random"), issuer.clock.now()));
    assert!(ring.may_bring(Some("k2"), issuer.clock.now()));
}

#[tokio::test(start_paused = true)]
async fn a_request_during_a_refresh_waits_for_it_even_if_its_key_was_absent() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    ask_for(&ring, &issuer, "k2").await;
    issuer.add_key("k2");
    issuer.behave(Behaviour::Slow(seconds(2)));
    // The background task uses another clock, so it can refresh during the cool-down.
    let running = ring.refresh_by_schedule().unwrap();
    assert!(ring.may_bring(Some("k2"), issuer.clock.now()));
    running.outcome().await;
    assert_eq!(ring.kids(&issuer), ["k1", "k2"]);
}
