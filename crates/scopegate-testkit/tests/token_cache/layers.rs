//! Layers with different rules share no cached tokens.

use std::time::Duration;

use scopegate_jose::Algorithm;
use scopegate_testkit::TestIssuer;
use scopegate_tower::BearerBuilder;
use serde::Deserialize;

use crate::gate::{AUDIENCE, Gate, same};

const OTHER_AUDIENCE: &str = "api://stock";
const LEEWAY: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Tenant {
    #[expect(dead_code, reason = "its presence is tested")]
    tenant: String,
}

/// Changes the settings of a layer.
type Set = fn(BearerBuilder) -> BearerBuilder;

#[tokio::test]
async fn a_token_cached_by_one_layer_is_refused_by_a_stricter_one() {
    let issuer = TestIssuer::start(AUDIENCE).await;
    let gate = |set: Set| {
        let layer = set(issuer.layer_builder()).build().unwrap();
        Gate::of(issuer.clone(), layer)
    };
    let lenient = gate(|builder| builder.audience(OTHER_AUDIENCE));
    let usual = issuer.token().sign();
    let for_other_audience = issuer.token().audience(OTHER_AUDIENCE).sign();
    let expired = issuer.token().lifetime(Duration::from_secs(1)).sign();
    issuer.clock().advance(LEEWAY);
    let stricter: [(&str, Set, &str); 4] = [
        (&for_other_audience, |builder| builder, "wrong_audience"),
        (&expired, |builder| builder.leeway(Duration::ZERO), "expired"),
        (&usual, |builder| builder.algorithms([Algorithm::Rs256]), "algorithm_not_allowed"),
        (&usual, BearerBuilder::extra_claims::<Tenant>, "extra_claims"),
    ];
    for (token, set, reason) in stricter {
        let strict = gate(set);
        let cached = lenient.caches(token).await;
        for _ in 0..3 {
            assert_eq!(strict.refuses(token).await, reason);
        }
        assert!(same(&cached, &lenient.admits(token).await), "{reason}");
    }
}

#[tokio::test]
async fn layers_with_equal_rules_have_caches_of_their_own_and_clones_share_one() {
    let issuer = TestIssuer::start(AUDIENCE).await;
    let [one, other] = [(); 2].map(|()| issuer.layer_builder().build().unwrap());
    let clone = Gate::of(issuer.clone(), one.clone().optional());
    let [one, other] = [one, other].map(|layer| Gate::of(issuer.clone(), layer));
    let token = issuer.token().sign();
    let cached = one.caches(&token).await;
    assert!(same(&cached, &clone.admits(&token).await));
    assert!(!same(&cached, &other.caches(&token).await));
}
