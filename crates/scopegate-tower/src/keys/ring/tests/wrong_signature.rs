//! Keys that the issuer replaces under their old `kid`.

use super::*;
use crate::decision::Decision;

#[tokio::test]
async fn a_wrong_signature_refreshes_in_the_background_once_a_minute() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    for minute in 1..=3 {
        for second in 0..60 {
            ring.signature_was_wrong(issuer.clock.now());
            settle().await;
            assert_eq!(issuer.fetches(), 1 + minute, "second {second}");
            issuer.clock.advance(seconds(1));
        }
    }
    issuer.clock.set(issuer.clock.now().minus(seconds(86_400)));
    ring.signature_was_wrong(issuer.clock.now());
    settle().await;
    assert_eq!(issuer.fetches(), 5, "setting the clock back does not extend the time");
}

#[tokio::test]
async fn forged_tokens_do_not_delay_a_new_key_nor_unknown_keys_this_refresh() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    issuer.clock.advance(seconds(15));
    ring.signature_was_wrong(issuer.clock.now());
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    // At the same moment an unknown key still gets its refresh.
    issuer.add_key("k2");
    assert!(ring.may_bring(Some("k2"), issuer.clock.now()));
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    assert_eq!(ring.kids(&issuer), ["k1", "k2"]);
    assert_eq!(refresh(&ring, &issuer).await, Outcome::CoolingDown(seconds(15)));
    // The cool-down of unknown keys does not stop the refresh for a wrong signature.
    issuer.clock.advance(seconds(60));
    assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
    ring.signature_was_wrong(issuer.clock.now());
    settle().await;
    assert_eq!(issuer.fetches(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_starts_no_second_refresh_beside_a_running_one() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(seconds(2)));
    let ring = ring(&issuer);
    let running = ring.refresh_for_request(None, issuer.clock.now()).unwrap();
    ring.signature_was_wrong(issuer.clock.now());
    running.outcome().await;
    settle().await;
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn fixed_keys_are_not_refreshed() {
    let issuer = TestIssuer::new();
    let ring = Arc::new(KeyRing::fixed(issuer.key_set()));
    ring.signature_was_wrong(issuer.clock.now());
    assert_eq!(issuer.fetches(), 0);
}

#[test]
fn without_a_runtime_a_wrong_signature_changes_nothing() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    ring.signature_was_wrong(issuer.clock.now());
    assert!(ring.report().unwrap().last_error.is_none());
}

#[tokio::test]
async fn a_key_that_changed_under_its_kid_is_used_without_a_wait() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    issuer.replace_key("k1");
    let headers = |issuer: &TestIssuer| {
        let value = format!("Bearer {}", issuer.token()).parse().unwrap();
        http::HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
    };
    let decide = |headers: &http::HeaderMap| {
        layer.gate.decide(headers, None, layer.rule, issuer.clock.now())
    };
    let token = headers(&issuer);
    let refused = decide(&token);
    let Decision::Refuse(RefusalCause::InvalidToken(error)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error, JoseError::BadSignature);
    settle().await;
    assert!(matches!(decide(&token), Decision::Admit(_)));
    assert_eq!(issuer.fetches(), 2);
}
