//! A service's extra claims are cached with the token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopegate_jose::ExtraClaims;
use scopegate_tower::BearerBuilder;
use serde::Deserialize;

use crate::gate::Gate;

#[derive(Deserialize)]
struct Written {
    tenant: String,
}

/// Claims that count how often they are read.
#[derive(Deserialize)]
#[serde(from = "Written")]
struct Tenant<const TEST: usize> {
    tenant: String,
}

/// One counter for each test.
static READ: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

impl<const TEST: usize> From<Written> for Tenant<TEST> {
    fn from(written: Written) -> Self {
        READ[TEST].fetch_add(1, Ordering::Relaxed);
        Self { tenant: written.tenant }
    }
}

async fn tenant<const TEST: usize>(gate: &Gate, token: &str) -> Arc<Tenant<TEST>> {
    let answer = gate.ask(token).await;
    let authenticated = answer.authenticated.unwrap();
    authenticated.extra().and_then(ExtraClaims::downcast).unwrap()
}

#[tokio::test]
async fn extra_claims_of_a_cached_token_are_shared_and_not_read_again() {
    let gate = Gate::start_with(BearerBuilder::extra_claims::<Tenant<0>>).await;
    let token = gate.issuer.token().claim("tenant", "acme").sign();
    gate.caches(&token).await;
    let read = READ[0].load(Ordering::Relaxed);
    assert_eq!(read, 2, "once for each time that the token was verified");
    let first = tenant::<0>(&gate, &token).await;
    assert_eq!(first.tenant, "acme");
    for _ in 0..9 {
        assert!(Arc::ptr_eq(&first, &tenant::<0>(&gate, &token).await));
    }
    assert_eq!(READ[0].load(Ordering::Relaxed), read);

    let other = gate.issuer.token().claim("tenant", "globex").sign();
    assert_eq!(tenant::<0>(&gate, &other).await.tenant, "globex");
    assert_eq!(tenant::<0>(&gate, &token).await.tenant, "acme");
    assert_eq!(READ[0].load(Ordering::Relaxed), read + 1);
}

#[tokio::test]
async fn a_token_without_extra_claims_is_refused_and_not_cached() {
    let gate = Gate::start_with(BearerBuilder::extra_claims::<Tenant<1>>).await;
    let token = gate.issuer.token().claim("tenant", 7).sign();
    for _ in 0..4 {
        assert_eq!(gate.refuses(&token).await, "extra_claims");
    }
    assert_eq!(READ[1].load(Ordering::Relaxed), 0);
}
