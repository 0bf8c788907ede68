//! The issuers that a resolver names: looked up when needed, kept for a while, then evicted.

mod refused;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use scopegate_claims::{Issuer, UnixTime};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use self::refused::{Reason, Refused};
use crate::issuer_settings::IssuerContext;
use crate::keys::{IssuerReadiness, Outcome, Progress, Refresh, TIMEOUT};
use crate::trust::Trust;
use crate::{ResolveIssuer, Resolved, TenantLimits, TrustedIssuer};

/// The maximum number of lookups that run at a time. Others wait.
const MAX_RUNNING: usize = 16;

/// The maximum number of lookups that run or wait. Above it a request is refused with 503.
const MAX_LOOKUPS: usize = 1024;

/// The `Retry-After` of such a refusal.
pub(crate) const RETRY_SOON: Duration = Duration::from_secs(1);

/// The tenants of a layer.
///
/// Finding a tenant takes no lock and no allocation. Changes are made by one task per lookup.
pub(crate) struct Tenants {
    resolver: Arc<dyn ResolveIssuer>,
    limits: TenantLimits,
    context: IssuerContext,
    live: ArcSwap<Live>,
    lookups: Mutex<Lookups>,
    permits: Semaphore,
}

type Live = HashMap<Box<str>, Arc<Tenant>>;

/// A tenant that is trusted at the moment.
#[derive(Debug)]
struct Tenant {
    issuer: Issuer,
    trust: Arc<Trust>,
    /// The resolver's last answer, to see whether a new answer differs.
    answer: TrustedIssuer,
    /// The Unix time, in seconds, from which it is looked up again in the background.
    renew_at: AtomicU64,
}

#[derive(Default)]
struct Lookups {
    running: HashMap<Box<str>, Refresh>,
    refused: Refused,
}

/// What is known about an issuer without asking the resolver.
#[derive(Debug)]
pub(crate) enum TenantStatus {
    Trusted(Arc<Trust>),
    /// There is no such tenant.
    Unknown,
    /// The last lookup failed; the next one is allowed after this time.
    RecentlyFailed(Duration),
    /// Nothing is known; the resolver must be asked.
    NotAsked,
}

impl Tenants {
    pub(crate) fn new(
        resolver: Arc<dyn ResolveIssuer>,
        limits: TenantLimits,
        context: IssuerContext,
    ) -> Self {
        Self {
            resolver,
            limits,
            context,
            live: ArcSwap::default(),
            lookups: Mutex::default(),
            permits: Semaphore::new(MAX_RUNNING),
        }
    }

    /// Finds what is known about an issuer.
    pub(crate) fn find(self: &Arc<Self>, issuer: &str, now: UnixTime) -> TenantStatus {
        let live = self.live.load();
        if let Some(tenant) = live.get(issuer)
            && tenant.trust.keys.key_status().is_trusted(now)
        {
            tenant.trust.keys.refresh_if_due(now);
            self.renew_if_due(tenant, now);
            return TenantStatus::Trusted(Arc::clone(&tenant.trust));
        }
        match self.lock().refused.find(issuer, now) {
            Some((Reason::Unknown, _)) => TenantStatus::Unknown,
            Some((Reason::Failed, rest)) => TenantStatus::RecentlyFailed(rest),
            None => TenantStatus::NotAsked,
        }
    }

    /// Returns the running lookup of this issuer, or starts one.
    pub(crate) fn ask(
        self: &Arc<Self>,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Result<Refresh, Outcome> {
        let mut lookups = self.lock();
        if let Some(running) = lookups.running.get(issuer.as_str())
            && running.is_running()
        {
            return Ok(running.clone());
        }
        // Another request's lookup may have just ended.
        if !matches!(self.find_locked(&lookups, issuer.as_str(), now), TenantStatus::NotAsked) {
            return Err(Outcome::Succeeded);
        }
        if lookups.running.len() >= MAX_LOOKUPS {
            // Remove lookups whose task is gone, for example with its runtime.
            lookups.running.retain(|_, lookup| lookup.is_running());
            if lookups.running.len() >= MAX_LOOKUPS {
                return Err(Outcome::CoolingDown(RETRY_SOON));
            }
        }
        self.start(&mut lookups, issuer.clone()).ok_or(Outcome::Failed)
    }

    fn find_locked(&self, lookups: &Lookups, issuer: &str, now: UnixTime) -> TenantStatus {
        let live = self.live.load();
        match (live.get(issuer), lookups.refused.find(issuer, now)) {
            (Some(tenant), _) if tenant.trust.keys.key_status().is_trusted(now) => {
                TenantStatus::Trusted(Arc::clone(&tenant.trust))
            }
            (_, Some((Reason::Unknown, _))) => TenantStatus::Unknown,
            (_, Some((Reason::Failed, rest))) => TenantStatus::RecentlyFailed(rest),
            (_, None) => TenantStatus::NotAsked,
        }
    }

    fn renew_if_due(self: &Arc<Self>, tenant: &Tenant, now: UnixTime) {
        let renew_at = tenant.renew_at.load(Relaxed);
        if now.as_seconds() < renew_at {
            return;
        }
        // The one request that wins this exchange starts the lookup. If the lookup fails, another
        // request tries again after 15 seconds.
        let next = now.plus(RETRY_SOON * 15).as_seconds();
        if tenant.renew_at.compare_exchange(renew_at, next, Relaxed, Relaxed).is_ok() {
            let mut lookups = self.lock();
            let issuer = &tenant.issuer;
            let is_running = lookups.running.get(issuer.as_str()).is_some_and(Refresh::is_running);
            if !is_running && lookups.running.len() < MAX_LOOKUPS {
                self.start(&mut lookups, issuer.clone());
            }
        }
    }

    fn start(self: &Arc<Self>, lookups: &mut Lookups, issuer: Issuer) -> Option<Refresh> {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!("issuers cannot be resolved outside of a tokio runtime");
            return None;
        };
        let (progress, lookup) = Refresh::begin();
        lookups.running.insert(issuer.as_str().into(), lookup.clone());
        // In its own task, so that it continues if the request that started it is cancelled.
        runtime.spawn(Arc::clone(self).resolve(issuer, progress));
        Some(lookup)
    }

    async fn resolve(self: Arc<Self>, issuer: Issuer, progress: watch::Sender<Progress>) {
        // The time in the queue counts, so that a flood ends when the requests that caused it have
        // given up.
        let answer = timeout(TIMEOUT, async {
            let _permit = self.permits.acquire().await;
            self.resolver.resolve(issuer.clone()).await
        });
        let resolved = answer.await.unwrap_or_else(|_| Resolved::Failed("it took too long".into()));
        let now = self.context.clock.now();
        let outcome = self.settle(&issuer, resolved, now);
        self.lock().running.remove(issuer.as_str());
        progress.send_replace(Progress::Ended(outcome));
    }

    /// Acts on the resolver's answer.
    fn settle(&self, issuer: &Issuer, resolved: Resolved, now: UnixTime) -> Outcome {
        let name = issuer.as_str();
        let trusted = match resolved {
            Resolved::Trusted(trusted) => *trusted,
            Resolved::Unknown => {
                tracing::debug!("there is no such tenant");
                let mut lookups = self.lock();
                self.drop_tenant(name);
                lookups.refused.remember(name, Reason::Unknown, now);
                return Outcome::Succeeded;
            }
            Resolved::Failed(error) => {
                tracing::warn!(
                    error = &*error as &dyn std::error::Error,
                    "an issuer cannot be resolved: {error}"
                );
                return self.fail(name, now);
            }
        };
        if trusted.issuer != name {
            tracing::error!(found = trusted.issuer, "the resolver returned a different issuer");
            return self.fail(name, now);
        }
        self.hold(issuer, trusted, now)
    }

    /// Trusts an issuer for the configured time.
    fn hold(&self, issuer: &Issuer, answer: TrustedIssuer, now: UnixTime) -> Outcome {
        let name = issuer.as_str();
        let until = now.plus(self.limits.trusted_for);
        // Three quarters of that time, so that no request has to wait for a tenant in use.
        let renew_at = now.plus(self.limits.trusted_for / 4 * 3).as_seconds();
        let changing = self.lock();
        let live = self.live.load_full();
        if let Some(tenant) = live.get(name)
            && tenant.answer.is_same(&answer)
        {
            tenant.trust.keys.key_status().trust_until(until);
            tenant.renew_at.store(renew_at, Relaxed);
            return Outcome::Succeeded;
        }
        let trust = match answer.clone().trust(&self.context) {
            Ok(trust) => trust,
            Err(error) => {
                tracing::error!(issuer = name, "the resolver returned invalid settings: {error}");
                drop(changing);
                return self.fail(name, now);
            }
        };
        let key_status = trust.keys.key_status();
        key_status.trust_until(until);
        // Marks the tenant as used, so that it is not evicted at once.
        key_status.generation(now);
        let (issuer, trust) = (issuer.clone(), Arc::new(trust));
        let tenant = Tenant { issuer, trust, answer, renew_at: renew_at.into() };
        let mut next = Live::clone(&live);
        if let Some(before) = next.insert(name.into(), Arc::new(tenant)) {
            // Tokens that were verified by the old rules are no longer valid.
            before.trust.keys.key_status().end();
        }
        next.retain(|_, tenant| tenant.trust.keys.key_status().is_trusted(now));
        while next.len() > self.limits.most {
            let Some(least) = least_used(&next, name) else { break };
            next.remove(&least);
        }
        self.live.store(Arc::new(next));
        Outcome::Succeeded
    }

    fn drop_tenant(&self, issuer: &str) {
        let live = self.live.load_full();
        if let Some(tenant) = live.get(issuer) {
            tenant.trust.keys.key_status().end();
            let mut next = Live::clone(&live);
            next.remove(issuer);
            self.live.store(Arc::new(next));
        }
    }

    /// Records a failed lookup. A tenant that is trusted stays trusted until its time is over.
    fn fail(&self, issuer: &str, now: UnixTime) -> Outcome {
        self.lock().refused.remember(issuer, Reason::Failed, now);
        Outcome::Failed
    }

    /// The state of the tenants' keys.
    pub(crate) fn readiness(&self, now: UnixTime) -> Vec<IssuerReadiness> {
        let live = self.live.load();
        let mut tenants: Vec<_> = live
            .values()
            .map(|tenant| IssuerReadiness::of(tenant.trust.name(), &tenant.trust.keys, now))
            .collect();
        tenants.sort_by(|left, right| left.issuer().cmp(right.issuer()));
        tenants
    }

    fn lock(&self) -> MutexGuard<'_, Lookups> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least recently used tenant, except this one.
fn least_used(live: &Live, but: &str) -> Option<Box<str>> {
    live.iter()
        .filter(|(name, _)| ***name != *but)
        .min_by_key(|(_, tenant)| tenant.trust.keys.key_status().used_at())
        .map(|(name, _)| name.clone())
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("limits", &self.limits)
            .field("live", &self.live.load().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
