//! The issuers that a resolver names: found at need, kept for a while, let go of.

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

use self::refused::{Refused, Why};
use crate::issuer_settings::Surroundings;
use crate::issuers::Trust;
use crate::keys::{IssuerReadiness, Outcome, Progress, Refresh, TIMEOUT};
use crate::{ResolveIssuer, Resolved, TenantLimits, TrustedIssuer};

/// The most questions that a resolver is asked at a time. Others wait their turn.
const AT_ONCE: usize = 16;

/// The most questions that run or wait; above it a request is told to come again.
const QUEUE: usize = 1024;

/// In what time to come again.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// The tenants of a layer.
///
/// To find one takes no lock and no allocation. What comes and goes with them is the business of one
/// task per question.
pub(crate) struct Tenants {
    resolver: Box<dyn ResolveIssuer>,
    limits: TenantLimits,
    around: Surroundings,
    live: ArcSwap<Live>,
    state: Mutex<State>,
    turns: Semaphore,
}

type Live = HashMap<Box<str>, Arc<Tenant>>;

/// A tenant that is trusted for the time being.
#[derive(Debug)]
struct Tenant {
    trust: Arc<Trust>,
    /// What the resolver said, to see whether it says something else.
    told: TrustedIssuer,
    /// From when on the resolver is asked about it in the background.
    renew_at: AtomicU64,
}

#[derive(Default)]
struct State {
    running: HashMap<Box<str>, Refresh>,
    refused: Refused,
}

/// What is known of an issuer without asking.
#[derive(Debug)]
pub(crate) enum Known {
    Trusted(Arc<Trust>),
    /// There is no such tenant.
    Unknown,
    /// Nobody could tell a moment ago.
    Unclear(Duration),
    /// The resolver knows.
    Nothing,
}

impl Tenants {
    pub(crate) fn new(
        resolver: Box<dyn ResolveIssuer>,
        limits: TenantLimits,
        around: Surroundings,
    ) -> Self {
        Self {
            resolver,
            limits,
            around,
            live: ArcSwap::default(),
            state: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// Finds what is known of an issuer.
    pub(crate) fn find(self: &Arc<Self>, issuer: &str, now: UnixTime) -> Known {
        let live = self.live.load();
        if let Some(tenant) = live.get(issuer)
            && tenant.trust.keys.standing().is_trusted(now)
        {
            tenant.trust.keys.refresh_if_due(now);
            self.renew_if_due(tenant, now);
            return Known::Trusted(Arc::clone(&tenant.trust));
        }
        match self.lock().refused.find(issuer, now) {
            Some((Why::Unknown, _)) => Known::Unknown,
            Some((Why::Failed, rest)) => Known::Unclear(rest),
            None => Known::Nothing,
        }
    }

    /// The question that is running about this issuer, or a new one.
    pub(crate) fn ask(
        self: &Arc<Self>,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Result<Refresh, Outcome> {
        let mut state = self.lock();
        if let Some(running) = state.running.get(issuer.as_str())
            && running.is_running()
        {
            return Ok(running.clone());
        }
        // Somebody may just have got the answer.
        if !matches!(self.find_locked(&state, issuer.as_str(), now), Known::Nothing) {
            return Err(Outcome::Succeeded);
        }
        if state.running.len() >= QUEUE {
            // A question whose task is gone has left its place.
            state.running.retain(|_, question| question.is_running());
            if state.running.len() >= QUEUE {
                return Err(Outcome::CoolingDown(SOON));
            }
        }
        self.start(&mut state, issuer.clone()).ok_or(Outcome::Failed)
    }

    fn find_locked(&self, state: &State, issuer: &str, now: UnixTime) -> Known {
        let live = self.live.load();
        match (live.get(issuer), state.refused.find(issuer, now)) {
            (Some(tenant), _) if tenant.trust.keys.standing().is_trusted(now) => {
                Known::Trusted(Arc::clone(&tenant.trust))
            }
            (_, Some((Why::Unknown, _))) => Known::Unknown,
            (_, Some((Why::Failed, rest))) => Known::Unclear(rest),
            (_, None) => Known::Nothing,
        }
    }

    fn renew_if_due(self: &Arc<Self>, tenant: &Tenant, now: UnixTime) {
        let renew_at = tenant.renew_at.load(Relaxed);
        if now.as_seconds() < renew_at {
            return;
        }
        // One request takes it upon itself; if it comes to nothing, another does later.
        let next = now.plus(SOON * 15).as_seconds();
        if tenant.renew_at.compare_exchange(renew_at, next, Relaxed, Relaxed).is_ok() {
            let mut state = self.lock();
            let issuer = tenant.trust.rules.issuer();
            let is_running = state.running.get(issuer.as_str()).is_some_and(Refresh::is_running);
            if !is_running && state.running.len() < QUEUE {
                self.start(&mut state, issuer.clone());
            }
        }
    }

    fn start(self: &Arc<Self>, state: &mut State, issuer: Issuer) -> Option<Refresh> {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!("issuers cannot be resolved outside of a tokio runtime");
            return None;
        };
        let (progress, question) = Refresh::begin();
        state.running.insert(issuer.as_str().into(), question.clone());
        // Its own task, so that it goes on when the request that caused it is given up.
        runtime.spawn(Arc::clone(self).resolve(issuer, progress));
        Some(question)
    }

    async fn resolve(self: Arc<Self>, issuer: Issuer, progress: watch::Sender<Progress>) {
        // The time in the queue counts, so that a flood is over when those who asked have given up.
        let answer = timeout(TIMEOUT, async {
            let _turn = self.turns.acquire().await;
            self.resolver.resolve(issuer.clone()).await
        });
        let resolved = answer.await.unwrap_or_else(|_| Resolved::Failed("it took too long".into()));
        let now = self.around.clock.now();
        let outcome = self.settle(&issuer, resolved, now);
        self.lock().running.remove(issuer.as_str());
        progress.send_replace(Progress::Ended(outcome));
    }

    /// Acts on the answer.
    fn settle(&self, issuer: &Issuer, resolved: Resolved, now: UnixTime) -> Outcome {
        let issuer = issuer.as_str();
        let trusted = match resolved {
            Resolved::Trusted(trusted) => *trusted,
            Resolved::Unknown => {
                tracing::debug!("there is no such tenant");
                let mut state = self.lock();
                self.let_go(issuer);
                state.refused.note(issuer, Why::Unknown, now);
                return Outcome::Succeeded;
            }
            Resolved::Failed(error) => {
                tracing::warn!(
                    error = &*error as &dyn std::error::Error,
                    "an issuer cannot be resolved: {error}"
                );
                return self.fail(issuer, now);
            }
        };
        if trusted.issuer != issuer {
            tracing::error!(found = trusted.issuer, "the resolver answers with another issuer");
            return self.fail(issuer, now);
        }
        self.hold(issuer, trusted, now)
    }

    /// Trusts an issuer for its time.
    fn hold(&self, issuer: &str, told: TrustedIssuer, now: UnixTime) -> Outcome {
        let until = now.plus(self.limits.trusted_for);
        // Three quarters of the time, so that one in use is never waited for.
        let renew_at = now.plus(self.limits.trusted_for / 4 * 3).as_seconds();
        let changing = self.lock();
        let live = self.live.load_full();
        if let Some(tenant) = live.get(issuer)
            && tenant.told.is_same(&told)
        {
            tenant.trust.keys.standing().trust_until(until);
            tenant.renew_at.store(renew_at, Relaxed);
            return Outcome::Succeeded;
        }
        let trust = match told.clone().trust(&self.around) {
            Ok(trust) => trust,
            Err(error) => {
                tracing::error!(issuer, "the resolver describes an issuer wrongly: {error}");
                drop(changing);
                return self.fail(issuer, now);
            }
        };
        let standing = trust.keys.standing();
        standing.trust_until(until);
        // As if it were used, so that it does not make room at once.
        standing.generation(now);
        let tenant = Tenant { trust: Arc::new(trust), told, renew_at: renew_at.into() };
        let mut next = Live::clone(&live);
        if let Some(before) = next.insert(issuer.into(), Arc::new(tenant)) {
            // What was verified by other rules counts no more.
            before.trust.keys.standing().end();
        }
        next.retain(|_, tenant| tenant.trust.keys.standing().is_trusted(now));
        while next.len() > self.limits.most {
            let Some(least) = least_used(&next, issuer) else { break };
            next.remove(&least);
        }
        self.live.store(Arc::new(next));
        Outcome::Succeeded
    }

    fn let_go(&self, issuer: &str) {
        let live = self.live.load_full();
        if let Some(tenant) = live.get(issuer) {
            tenant.trust.keys.standing().end();
            let mut next = Live::clone(&live);
            next.remove(issuer);
            self.live.store(Arc::new(next));
        }
    }

    /// Nobody can tell; one that is trusted stays so to the end of its time.
    fn fail(&self, issuer: &str, now: UnixTime) -> Outcome {
        self.lock().refused.note(issuer, Why::Failed, now);
        Outcome::Failed
    }

    /// How the tenants' keys are doing.
    pub(crate) fn readiness(&self, now: UnixTime) -> Vec<IssuerReadiness> {
        let live = self.live.load();
        let mut tenants: Vec<_> = live
            .values()
            .map(|tenant| tenant.trust.keys.readiness(tenant.trust.name(), now))
            .collect();
        tenants.sort_by(|left, right| left.issuer().cmp(right.issuer()));
        tenants
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tenant that was not used for the longest time, other than this one.
fn least_used(live: &Live, but: &str) -> Option<Box<str>> {
    live.iter()
        .filter(|(name, _)| ***name != *but)
        .min_by_key(|(_, tenant)| tenant.trust.keys.standing().used_at())
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
