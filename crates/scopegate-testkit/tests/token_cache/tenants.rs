//! Cached tokens of a tenant are invalid once the tenant is no longer trusted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scopegate_claims::Issuer;
use scopegate_testkit::TestIssuer;
use scopegate_tower::{BearerLayer, TenantLimits, TrustedIssuer};

use crate::gate::{AUDIENCE, Gate, same};

const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// A directory of tenants whose answers a test can change.
#[derive(Clone, Debug, Default)]
struct Directory {
    has_left: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
}

impl Directory {
    async fn gate(&self) -> Gate {
        let tenant = TestIssuer::start(AUDIENCE).await;
        let (directory, issuer) = (self.clone(), tenant.clone());
        let resolver = move |_: Issuer| {
            let fails = directory.fails.load(Ordering::Relaxed);
            let is_there = !directory.has_left.load(Ordering::Relaxed);
            let trusted = TrustedIssuer::new(issuer.url()).fetch(issuer.network());
            async move {
                match fails {
                    true => Err(io::Error::other("the directory is down")),
                    false => Ok(is_there.then_some(trusted)),
                }
            }
        };
        let layer = BearerLayer::issuers([])
            .audience(AUDIENCE)
            .clock(Arc::new(tenant.clock().clone()))
            .tenant_limits(TenantLimits::new().trusted_for(TRUSTED_FOR))
            .or_resolve(resolver)
            .build()
            .unwrap();
        Gate::of(tenant, layer)
    }
}

#[tokio::test]
async fn cached_tokens_of_a_withdrawn_tenant_are_refused() {
    let directory = Directory::default();
    let gate = directory.gate().await;
    let token = gate.issuer.token().sign();
    let cached = gate.caches(&token).await;
    directory.has_left.store(true, Ordering::Relaxed);
    assert!(same(&cached, &gate.admits(&token).await), "it is trusted for a minute");
    gate.issuer.clock().advance(TRUSTED_FOR);
    assert_eq!(gate.refuses(&token).await, "wrong_issuer");
}

#[tokio::test]
async fn a_cached_token_is_not_used_while_its_tenant_cannot_be_looked_up() {
    let directory = Directory::default();
    let gate = directory.gate().await;
    let token = gate.issuer.token().sign();
    gate.caches(&token).await;
    directory.fails.store(true, Ordering::Relaxed);
    gate.issuer.clock().advance(TRUSTED_FOR);
    assert_eq!(gate.ask(&token).await.status, 503);
    directory.fails.store(false, Ordering::Relaxed);
    gate.issuer.clock().advance(Duration::from_secs(5));
    gate.admits(&token).await;
}

#[tokio::test]
async fn a_tenant_that_is_confirmed_stays_trusted() {
    let gate = Directory::default().gate().await;
    let token = gate.issuer.token().sign();
    gate.caches(&token).await;
    gate.issuer.clock().advance(TRUSTED_FOR);
    let anew = gate.admits(&token).await;
    assert!(same(&anew, &gate.admits(&token).await));
}
