//! A token stays cached while the issuer has the key that verified it.

use std::time::Duration;

use crate::gate::{COOL_DOWN, Gate, same};

#[tokio::test]
async fn a_repeated_token_is_served_from_the_cache() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().subject("u1").sign();
    let first = gate.admits(&token).await;
    let second = gate.admits(&token).await;
    assert!(!same(&first, &second), "a token that was verified once is not cached");
    for _ in 0..3 {
        assert!(same(&second, &gate.admits(&token).await));
    }
    let other = gate.caches(&gate.issuer.token().subject("u1").sign()).await;
    assert!(!same(&second, &other), "another token of the same user");
}

#[tokio::test]
async fn tokens_of_a_removed_key_are_refused_after_a_refresh() {
    let gate = Gate::start().await;
    let (kid, token) = (gate.issuer.kid(), gate.issuer.token().sign());
    let cached = gate.caches(&token).await;
    gate.issuer.withdraw(&kid);
    assert!(same(&cached, &gate.admits(&token).await), "the layer does not know yet");
    gate.renew_keys().await;
    assert_eq!(gate.refuses(&token).await, "unknown_key");
    assert_eq!(gate.refuses(&token).await, "unknown_key", "and it stays refused");
}

#[tokio::test]
async fn an_added_key_does_not_affect_tokens_of_the_old_key() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().sign();
    gate.caches(&token).await;
    for _ in 0..3 {
        gate.renew_keys().await;
        // A changed key set invalidates the entry: the token is verified once more, and cached
        // again.
        let anew = gate.admits(&token).await;
        assert!(same(&anew, &gate.admits(&token).await));
    }
}

#[tokio::test]
async fn a_removed_key_affects_only_its_own_tokens() {
    let gate = Gate::start().await;
    let (old_kid, old) = (gate.issuer.kid(), gate.issuer.token().sign());
    gate.caches(&old).await;
    gate.renew_keys().await;
    let kept = gate.issuer.token().sign();
    gate.caches(&kept).await;
    gate.issuer.withdraw(&old_kid);
    gate.renew_keys().await;
    assert_eq!(gate.refuses(&old).await, "unknown_key");
    gate.admits(&kept).await;
}

#[tokio::test]
async fn cached_tokens_survive_an_outage_until_the_keys_are_too_old() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().lifetime(Duration::from_secs(3 * 86_400)).sign();
    let cached = gate.caches(&token).await;
    gate.issuer.go_down();
    gate.issuer.clock().advance(Duration::from_secs(86_399));
    assert!(same(&cached, &gate.admits(&token).await), "keys are used for a day without refresh");
    gate.issuer.clock().advance(Duration::from_secs(1));
    assert_eq!(gate.ask(&token).await.status, 503, "the cached entry must not be used");
    gate.issuer.come_back();
    gate.issuer.clock().advance(COOL_DOWN);
    gate.admits(&token).await;
}
