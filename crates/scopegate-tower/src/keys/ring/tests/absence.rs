//! Keys that the issuer does not have, or not yet.

use super::*;

/// Asks for a key as a request does.
async fn ask_for(ring: &Arc<KeyRing>, issuer: &TestIssuer, kid: &str) {
    if let Ok(refresh) = ring.refresh_for_request(Some(kid), issuer.clock.now()) {
        refresh.outcome_for_request().await;
    }
}

#[tokio::test]
async fn a_key_known_to_be_absent_is_not_asked_for_within_the_cool_down() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    let may_bring = |kid| ring.may_bring(Some(kid), issuer.clock.now());
    ask_for(&ring, &issuer, "nowhere").await;
    assert!(!may_bring("nowhere"));
    assert!(may_bring("k2"), "of others nothing is known");
    assert!(ring.may_bring(None, issuer.clock.now()));
    issuer.clock.advance(seconds(14));
    assert!(!may_bring("nowhere"));
    issuer.clock.advance(seconds(1));
    assert!(may_bring("nowhere"), "it may have been published");

    ask_for(&ring, &issuer, "nowhere").await;
    assert!(!may_bring("nowhere"));
    issuer.clock.set(issuer.clock.now().minus(seconds(1)));
    assert!(may_bring("nowhere"), "a clock that is set back does not make it longer");

    issuer.clock.advance(seconds(16));
    ask_for(&ring, &issuer, "k2").await;
    assert!(may_bring("nowhere") && !may_bring("k2"), "only of the last there is anything known");

    issuer.behave(Behaviour::Down);
    issuer.clock.advance(seconds(15));
    ask_for(&ring, &issuer, "k3").await;
    assert!(may_bring("k3"), "the issuer has not spoken");
}

#[tokio::test(start_paused = true)]
async fn who_joins_a_refresh_is_not_told_of_absence() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(seconds(2)));
    let ring = ring(&issuer);
    let flood = ring.refresh_for_request(Some("random"), issuer.clock.now()).unwrap();
    // The key is published after the refresh began: it may well be missing from what that brings.
    let legitimate = ring.refresh_for_request(Some("k2"), issuer.clock.now()).unwrap();
    flood.outcome().await;
    legitimate.outcome().await;
    assert!(!ring.may_bring(Some("random"), issuer.clock.now()));
    assert!(ring.may_bring(Some("k2"), issuer.clock.now()));
}

#[tokio::test(start_paused = true)]
async fn who_asks_while_a_refresh_runs_waits_for_it_whatever_was_absent_before() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    ask_for(&ring, &issuer, "k2").await;
    issuer.add_key("k2");
    issuer.behave(Behaviour::Slow(seconds(2)));
    // The background's, which keeps to another clock: the cool-down is not over.
    let running = ring.refresh_by_schedule().unwrap();
    assert!(ring.may_bring(Some("k2"), issuer.clock.now()));
    running.outcome().await;
    assert_eq!(ring.kids(&issuer), ["k1", "k2"]);
}
