//! A cache hit checks the lifetime.

use std::time::Duration;

use scopegate_claims::Clock;

use crate::gate::{Gate, same};

const SECOND: Duration = Duration::from_secs(1);
const LEEWAY: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_cached_token_is_refused_once_it_has_expired() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().lifetime(Duration::from_secs(300)).sign();
    let cached = gate.caches(&token).await;
    gate.issuer.clock().advance(Duration::from_secs(300) + LEEWAY - SECOND);
    assert!(same(&cached, &gate.admits(&token).await));
    gate.issuer.clock().advance(SECOND);
    assert_eq!(gate.refuses(&token).await, "expired");
    assert_eq!(gate.refuses(&token).await, "expired");
}

#[tokio::test]
async fn a_token_is_refused_until_nbf() {
    let gate = Gate::start().await;
    let begins = gate.issuer.clock().now().plus(LEEWAY + SECOND);
    let token = gate.issuer.token().claim("nbf", begins).sign();
    assert_eq!(gate.refuses(&token).await, "not_yet_valid");
    gate.issuer.clock().advance(SECOND);
    // The refusal was not cached, and the token is cached as usual.
    gate.caches(&token).await;
}

#[tokio::test]
async fn a_cached_token_is_refused_if_the_clock_is_set_before_nbf() {
    let gate = Gate::start().await;
    let (clock, start) = (gate.issuer.clock(), gate.issuer.clock().now());
    let begins = start.plus(Duration::from_secs(300));
    let token = gate.issuer.token().claim("nbf", begins).sign();
    clock.set(begins);
    gate.caches(&token).await;
    clock.set(start);
    assert_eq!(gate.refuses(&token).await, "not_yet_valid");
    clock.set(begins);
    gate.admits(&token).await;
}
