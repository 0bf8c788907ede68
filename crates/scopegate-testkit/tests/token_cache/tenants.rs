//! What is remembered of a tenant ends with the trust in it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scopegate_claims::Issuer;
use scopegate_testkit::TestIssuer;
use scopegate_tower::{BearerLayer, TenantLimits, TrustedIssuer};

use crate::gate::{AUDIENCE, Gate, same};

const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// Somebody who knows the tenants, and what may change about that.
#[derive(Clone, Debug, Default)]
struct Directory {
    has_left: Arc<AtomicBool>,
    is_away: Arc<AtomicBool>,
}

impl Directory {
    async fn gate(&self) -> Gate {
        let tenant = TestIssuer::start(AUDIENCE).await;
        let (directory, issuer) = (self.clone(), tenant.clone());
        let resolver = move |_: Issuer| {
            let is_away = directory.is_away.load(Ordering::Relaxed);
            let is_there = !directory.has_left.load(Ordering::Relaxed);
            let trusted = TrustedIssuer::new(issuer.url()).fetch(issuer.network());
            async move {
                match is_away {
                    true => Err(io::Error::other("the directory is away")),
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
async fn the_tokens_of_a_tenant_that_left_die_with_the_trust() {
    let directory = Directory::default();
    let gate = directory.gate().await;
    let token = gate.issuer.token().sign();
    let first = gate.admits(&token).await;
    directory.has_left.store(true, Ordering::Relaxed);
    assert!(same(&first, &gate.admits(&token).await), "it is trusted for a minute");
    gate.issuer.clock().advance(TRUSTED_FOR);
    assert_eq!(gate.refuses(&token).await, "wrong_issuer");
}

#[tokio::test]
async fn a_tenant_of_whom_nobody_can_tell_does_not_live_on_in_memory() {
    let directory = Directory::default();
    let gate = directory.gate().await;
    let token = gate.issuer.token().sign();
    gate.admits(&token).await;
    directory.is_away.store(true, Ordering::Relaxed);
    gate.issuer.clock().advance(TRUSTED_FOR);
    assert_eq!(gate.ask(&token).await.status, 503);
    directory.is_away.store(false, Ordering::Relaxed);
    gate.issuer.clock().advance(Duration::from_secs(5));
    gate.admits(&token).await;
}

#[tokio::test]
async fn a_tenant_that_stays_is_asked_about_and_stays() {
    let gate = Directory::default().gate().await;
    let token = gate.issuer.token().sign();
    gate.admits(&token).await;
    gate.issuer.clock().advance(TRUSTED_FOR);
    let anew = gate.admits(&token).await;
    assert!(same(&anew, &gate.admits(&token).await));
}
