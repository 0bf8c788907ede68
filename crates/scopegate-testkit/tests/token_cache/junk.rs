//! Invalid tokens and tokens that are sent once are not cached, and do not evict others.

use scopegate_claims::Scope;
use scopegate_jose::base64url;
use scopegate_testkit::Broken;
use scopegate_tower::{BearerBuilder, CacheSize};

use crate::gate::{Gate, same};

/// Three times as many tokens as the cache of the test may hold.
const MANY: usize = 600;

async fn small() -> Gate {
    Gate::start_with(|builder| builder.cache(CacheSize { entries: 200, bytes: 4 << 20 })).await
}

#[tokio::test]
async fn broken_tokens_are_refused_each_time_and_the_valid_one_stays_cached() {
    let gate = Gate::start().await;
    let good = gate.issuer.token().scope("read:orders");
    let token = good.clone().sign();
    let cached = gate.caches(&token).await;
    for broken in Broken::ALL {
        let junk = good.clone().broken(broken);
        let reasons = [gate.refuses(&junk).await, gate.refuses(&junk).await];
        assert_eq!(reasons[0], reasons[1], "{broken}");
        assert!(same(&cached, &gate.admits(&token).await), "{broken}");
    }
}

#[tokio::test]
async fn a_flood_of_invalid_tokens_does_not_evict_valid_ones() {
    let gate = small().await;
    let token = gate.issuer.token().sign();
    let cached = gate.caches(&token).await;
    let (signed, _) = token.rsplit_once('.').unwrap();
    for number in 0..MANY {
        let mut signature = [7; 64];
        signature[..8].copy_from_slice(&number.to_be_bytes());
        let junk = format!("{signed}.{}", base64url::encode(&signature));
        assert_eq!(gate.refuses(&junk).await, "bad_signature");
    }
    for number in 0..MANY {
        let junk = gate.issuer.token().audience(&format!("api://stock-{number}")).sign();
        assert_eq!(gate.refuses(&junk).await, "wrong_audience");
    }
    assert!(same(&cached, &gate.admits(&token).await));
}

#[tokio::test]
async fn a_flood_of_tokens_sent_once_does_not_evict_others() {
    let gate = small().await;
    let token = gate.issuer.token().sign();
    let cached = gate.caches(&token).await;
    for _ in 0..MANY {
        gate.admits(&gate.issuer.token().sign()).await;
    }
    assert!(same(&cached, &gate.admits(&token).await));
}

#[tokio::test]
async fn a_cached_token_has_the_same_scopes() {
    let gate = Gate::start().await;
    let needed = Scope::parse("write:orders").unwrap();
    let reader = gate.issuer.token().scope("read:orders").sign();
    let writer = gate.issuer.token().scope("read:orders write:orders").sign();
    gate.caches(&reader).await;
    gate.caches(&writer).await;
    for _ in 0..2 {
        assert!(!gate.admits(&reader).await.claims().scopes().contains(needed.as_str()));
        assert!(gate.admits(&writer).await.claims().scopes().contains(needed.as_str()));
    }
}

#[tokio::test]
async fn a_forged_last_signature_byte_misses_the_cache() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().sign();
    let cached = gate.caches(&token).await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = base64url::decode(signature).unwrap();
    let last = signature.len() - 1;
    let right = signature[last];
    for other in (0..=u8::MAX).filter(|byte| *byte != right) {
        signature[last] = other;
        let forged = format!("{signed}.{}", base64url::encode(&signature));
        assert_eq!(forged.len(), token.len());
        assert_eq!(gate.refuses(&forged).await, "bad_signature", "{other}");
    }
    assert!(same(&cached, &gate.admits(&token).await));
}

#[tokio::test]
async fn a_part_of_a_cached_token_misses_the_cache() {
    let gate = Gate::start().await;
    let token = gate.issuer.token().sign();
    let cached = gate.caches(&token).await;
    for other in
        [&token[..token.len() - 1], &token[1..], &format!("{token}A"), &format!("{token}.")]
    {
        gate.refuses(other).await;
    }
    assert!(same(&cached, &gate.admits(&token).await));
}

#[tokio::test]
async fn answers_are_the_same_without_a_cache() {
    let with = Gate::start().await;
    let without = Gate::start_with(BearerBuilder::without_cache).await;
    let [remembered, read_anew] = [&with, &without].map(|gate| gate.issuer.token().sign());
    with.caches(&remembered).await;
    let first = without.admits(&read_anew).await;
    for _ in 0..3 {
        let again = without.admits(&read_anew).await;
        assert!(!same(&first, &again), "nothing is cached");
        assert_eq!(first.claims(), again.claims());
    }

    for broken in Broken::ALL {
        let mut answers = Vec::new();
        for gate in [&with, &without] {
            let token = gate.issuer.token().broken(broken);
            answers.push((gate.refuses(&token).await, gate.refuses(&token).await));
        }
        assert_eq!(answers[0], answers[1], "{broken}");
    }
    let lifetime = std::time::Duration::from_secs(600 + 60);
    for (gate, token) in [(&with, &remembered), (&without, &read_anew)] {
        gate.issuer.clock().advance(lifetime);
        assert_eq!(gate.refuses(token).await, "expired");
    }
}
