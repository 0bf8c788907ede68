//! A token is remembered as long as the key that verified it is the issuer's.

use std::time::Duration;

use crate::gate::{COOL_DOWN, Gate, same};

#[tokio::test]
async fn a_token_that_comes_again_is_remembered() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().subject("u1").sign();
    let first = gate.admits(&token).await;
    assert!(same(&first, &gate.admits(&token).await));
    let other = gate.issuer.token().subject("u1").sign();
    assert!(!same(&first, &gate.admits(&other).await), "another token of the same person");
}

#[tokio::test]
async fn the_tokens_of_a_removed_key_die_when_the_keys_are_read() {
    let gate = Gate::start().await;
    let (kid, token) = (gate.issuer.kid(), gate.issuer.token().sign());
    let first = gate.admits(&token).await;
    gate.issuer.withdraw(&kid);
    assert!(same(&first, &gate.admits(&token).await), "the layer does not know yet");
    gate.renew_keys().await;
    assert_eq!(gate.refuses(&token).await, "unknown_key");
    assert_eq!(gate.refuses(&token).await, "unknown_key", "and stays so");
}

#[tokio::test]
async fn a_new_key_beside_the_old_one_refuses_nobody() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().sign();
    gate.admits(&token).await;
    for _ in 0..3 {
        gate.renew_keys().await;
        // Other keys are other keys: the token is verified once more, and remembered again.
        let anew = gate.admits(&token).await;
        assert!(same(&anew, &gate.admits(&token).await));
    }
}

#[tokio::test]
async fn a_removed_key_ends_its_own_tokens_and_no_others() {
    let gate = Gate::start().await;
    let (old_kid, old) = (gate.issuer.kid(), gate.issuer.token().sign());
    gate.admits(&old).await;
    gate.renew_keys().await;
    let kept = gate.issuer.token().sign();
    gate.admits(&kept).await;
    gate.issuer.withdraw(&old_kid);
    gate.renew_keys().await;
    assert_eq!(gate.refuses(&old).await, "unknown_key");
    gate.admits(&kept).await;
}

#[tokio::test]
async fn remembered_tokens_outlive_the_issuers_absence_and_not_its_keys() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().lifetime(Duration::from_secs(3 * 86_400)).sign();
    let first = gate.admits(&token).await;
    gate.issuer.go_down();
    gate.issuer.clock().advance(Duration::from_secs(86_399));
    assert!(same(&first, &gate.admits(&token).await), "keys serve on for a day");
    gate.issuer.clock().advance(Duration::from_secs(1));
    assert_eq!(gate.ask(&token).await.status, 503, "what cannot be decided is not remembered away");
    gate.issuer.come_back();
    gate.issuer.clock().advance(COOL_DOWN);
    gate.admits(&token).await;
}
