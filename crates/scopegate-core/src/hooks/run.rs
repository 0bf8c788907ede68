//! Calls the hooks of a rule, in their order, and applies what they answer.
//!
//! Hooks are applied in the order of the rule. A hook sees the tokens as the hooks before it have changed them, so
//! that it is called after them. An independent hook sees the tokens without any changes of hooks. All independent
//! hooks are called at once, and each answer is applied when it is its turn. So the result does not depend on which
//! answer comes first.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Hooks;
use super::answer::HookAnswer;
use super::called::{Called, Remembered};
use super::failure::HookFailure;
use super::patch::Limits;
use super::request::HookRequest;
use super::state::HookState;
use super::tokens::HookTokens;
use crate::audit::{HookOutcome, HookRun};
use crate::catalog::{Hook, OnFailure};

/// Why the hooks of a rule refuse a request.
#[derive(Debug)]
pub(crate) enum HookRefusal {
    /// A hook failed, and the request must not be granted without it.
    Failed {
        /// The name of the hook.
        hook: String,
        /// Why it failed.
        why: HookFailure,
    },
    /// A hook answered that the request must be refused.
    Refused {
        /// The name of the hook.
        hook: String,
        /// The text for the client.
        summary: String,
    },
}

/// What the hooks of a rule did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// One entry for each hook that was called or had an answer in the cache, in the order of the rule.
    pub(crate) runs: Vec<HookRun>,
}

/// A hook of the rule, ready to be called.
struct Step {
    hook: Arc<Hook>,
    state: Arc<HookState>,
}

impl Hooks {
    /// Calls the hooks with these names and changes the tokens. The tokens of a refused request are not used.
    pub(crate) async fn run(
        &self,
        names: &[String],
        request: &HookRequest<'_>,
        tokens: &mut HookTokens,
        remembered: &Remembered,
        ends_at: Instant,
        report: &mut Report,
    ) -> Result<(), HookRefusal> {
        let mut steps = Vec::with_capacity(names.len());
        for name in names {
            match request.catalog.hook(name) {
                Some(hook) if hook.spec.status.is_active() => {
                    steps.push(Step { hook: Arc::clone(hook), state: self.states.of(hook) });
                }
                Some(_) => {}
                // Its failure mode is not known, so that the request is refused.
                None => {
                    let (hook, why) = (name.clone(), HookFailure::Unknown);
                    report.runs.push(HookRun {
                        name: hook.clone(),
                        outcome: HookOutcome::Failed,
                        failure: Some(why.label().to_owned()),
                        micros: 0,
                    });
                    return Err(HookRefusal::Failed { hook, why });
                }
            }
        }
        let independent = steps.iter().filter(|step| step.hook.spec.is_independent()).count();
        let unchanged = (independent > 0).then(|| tokens.clone());
        let mut early = FuturesUnordered::new();
        if let Some(unchanged) = &unchanged {
            for (place, step) in steps.iter().enumerate() {
                if step.hook.spec.is_independent() {
                    early.push(async move {
                        (place, self.call(step, request, unchanged, remembered, ends_at).await)
                    });
                }
            }
        }
        let mut answers: Vec<Option<Called>> = steps.iter().map(|_| None).collect();
        for (place, step) in steps.iter().enumerate() {
            let called = if step.hook.spec.is_independent() {
                while answers[place].is_none() {
                    let Some((place, called)) = early.next().await else { break };
                    answers[place] = Some(called);
                }
                answers[place].take()
            } else {
                let seen = &*tokens;
                let mut call = std::pin::pin!(self.call(step, request, seen, remembered, ends_at));
                loop {
                    tokio::select! {
                        called = &mut call => break Some(called),
                        Some((place, called)) = early.next(), if !early.is_empty() => {
                            answers[place] = Some(called);
                        }
                    }
                }
            };
            // Each independent hook has an answer when all of them are done.
            let Some(called) = called else { continue };
            self.finish(step, called, request, tokens, report)?;
        }
        Ok(())
    }

    async fn call(
        &self,
        step: &Step,
        request: &HookRequest<'_>,
        seen: &HookTokens,
        remembered: &Remembered,
        ends_at: Instant,
    ) -> Called {
        self.answer(&step.hook, &step.state, request, seen, remembered, ends_at).await
    }

    /// Applies an answer, or does what the hook's failure mode says.
    fn finish(
        &self,
        Step { hook, state }: &Step,
        called: Called,
        request: &HookRequest<'_>,
        tokens: &mut HookTokens,
        report: &mut Report,
    ) -> Result<(), HookRefusal> {
        let Called { answer, source, took, key } = called;
        let limits = Limits::of(hook, request);
        let applied = answer.and_then(|answer| match &*answer {
            HookAnswer::Refuse(summary) => Ok(Some(summary.as_str().to_owned())),
            HookAnswer::Patch(patch) => {
                patch.apply(tokens, &limits).map(|()| None).map_err(HookFailure::BadPatch)
            }
        });
        let mut run = HookRun {
            name: hook.name.clone(),
            outcome: source,
            failure: None,
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        };
        let name = || hook.name.clone();
        let result = match applied {
            Ok(None) => Ok(()),
            Ok(Some(summary)) => {
                run.outcome = HookOutcome::Refused;
                Err(HookRefusal::Refused { hook: name(), summary })
            }
            Err(why) => {
                run.failure = Some(why.label().to_owned());
                state.counters.failed(request.now, why.label());
                tracing::debug!(hook = hook.name, failure = why.label(), %why, "a hook failed");
                let mut stale = || {
                    let cache = hook.spec.cache.as_ref()?;
                    let found = state.cache.find(key.as_deref()?, cache.stale(), Instant::now());
                    match &*found? {
                        HookAnswer::Patch(patch) => patch.apply(tokens, &limits).ok(),
                        HookAnswer::Refuse(_) => None,
                    }
                };
                match hook.spec.failure {
                    OnFailure::Open => {
                        run.outcome = HookOutcome::Open;
                        Ok(())
                    }
                    OnFailure::Stale if stale().is_some() => {
                        run.outcome = HookOutcome::Stale;
                        Ok(())
                    }
                    OnFailure::Closed | OnFailure::Stale => {
                        run.outcome = HookOutcome::Failed;
                        Err(HookRefusal::Failed { hook: name(), why })
                    }
                }
            }
        };
        state.counters.count(run.outcome);
        report.runs.push(run);
        result
    }
}

/// The time at which the hooks of a request are given up.
pub(crate) fn end(begun: Instant, budget: Duration, request_ends_at: Option<Instant>) -> Instant {
    let own = begun + budget;
    request_ends_at.map_or(own, |request| own.min(request))
}
