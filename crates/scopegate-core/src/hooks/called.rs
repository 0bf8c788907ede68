//! One answer of a hook: from what this request remembers, from the cache, or from a call.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scopegate_jose::sha256;
use serde_json::Value;
use tokio::time::Instant;

use super::answer::HookAnswer;
use super::cache::{Shared, Turn};
use super::failure::HookFailure;
use super::patch::{Limits, Patch};
use super::port::{HttpCall, SqlCall};
use super::request::HookRequest;
use super::state::HookState;
use super::tokens::HookTokens;
use super::{Hooks, okta};
use crate::audit::HookOutcome;
use crate::catalog::{Hook, HookAuth, HookTarget, SqlHook};

/// The answers that a request got. If a concurrent commit wins, the request is decided again, and a hook that would
/// be asked the same is not called a second time.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<HashMap<(String, [u8; 32]), Shared>>);

impl Remembered {
    fn find(&self, hook: &Hook, digest: [u8; 32]) -> Option<Shared> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&(hook.name.clone(), digest)).cloned()
    }

    fn remember(&self, hook: &Hook, digest: [u8; 32], answer: &Shared) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert((hook.name.clone(), digest), answer.clone());
    }
}

/// The answer of a hook, and how it was found.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) answer: Shared,
    /// `Cached`, or `Answered` for a call.
    pub(super) source: HookOutcome,
    pub(super) took: Duration,
    /// The key of the cache.
    pub(super) key: Option<Arc<str>>,
}

/// What a hook is asked, ready to be sent.
enum Question {
    Okta([u8; 32]),
    Sql { parameters: Vec<Value>, digest: [u8; 32] },
}

impl Question {
    const fn digest(&self) -> [u8; 32] {
        match self {
            Self::Okta(digest) | Self::Sql { digest, .. } => *digest,
        }
    }
}

impl Hooks {
    /// Finds the answer of a hook.
    pub(super) async fn answer(
        &self,
        hook: &Hook,
        state: &HookState,
        request: &HookRequest<'_>,
        seen: &HookTokens,
        remembered: &Remembered,
        ends_at: Instant,
    ) -> Called {
        let begun = Instant::now();
        let ends_at = hook.spec.deadline.map_or(ends_at, |own| ends_at.min(begun + own));
        let key = cache_key(hook, request, seen);
        if let (Some(cache), Some(key)) = (&hook.spec.cache, &key)
            && let Some(answer) = state.cache.find(key, cache.ttl, begun)
        {
            let (answer, took) = (Ok(answer), begun.elapsed());
            return Called { answer, source: HookOutcome::Cached, took, key: Some(key.clone()) };
        }
        let question = question(hook, request, seen);
        let answer = match question {
            Err(failure) => Err(failure),
            Ok(question) => match remembered.find(hook, question.digest()) {
                Some(answer) => answer,
                None => {
                    let asked = Asked { hook, state, request, seen, question: &question, ends_at };
                    let answer = self.shared(&asked, key.as_ref()).await;
                    remembered.remember(hook, question.digest(), &answer);
                    answer
                }
            },
        };
        Called { answer, source: HookOutcome::Answered, took: begun.elapsed(), key }
    }

    /// Calls a hook, or waits for the call of another request with the same key.
    async fn shared(&self, asked: &Asked<'_>, key: Option<&Arc<str>>) -> Shared {
        let Some(key) = key else { return self.bounded(asked).await };
        loop {
            match asked.state.cache.turn(key) {
                Turn::Mine(call) => {
                    // A call may have ended since the cache was searched.
                    let ttl = asked.hook.spec.cache.as_ref().map(|cache| cache.ttl);
                    let found =
                        asked.state.cache.find(key, ttl.unwrap_or_default(), Instant::now());
                    let result = match found {
                        Some(answer) => Ok(answer),
                        None => {
                            let called = self.bounded(asked).await;
                            if let Ok(answer) = &called {
                                asked.state.cache.keep(key, answer, Instant::now());
                            }
                            called
                        }
                    };
                    call.finish(&result);
                    return result;
                }
                Turn::Others(mut others) => {
                    let waiting = others.wait_for(Option::is_some);
                    match tokio::time::timeout_at(asked.ends_at, waiting).await {
                        Err(_) => return Err(HookFailure::TimedOut),
                        Ok(Ok(result)) => {
                            if let Some(result) = result.clone() {
                                return result;
                            }
                        }
                        // The request that was calling is gone.
                        Ok(Err(_)) => {}
                    }
                }
            }
        }
    }

    /// Calls a hook, within the limits of calls.
    async fn bounded(&self, asked: &Asked<'_>) -> Shared {
        let Asked { hook, state, request, seen, ends_at, .. } = *asked;
        let begun = Instant::now();
        if begun >= ends_at {
            return Err(HookFailure::TimedOut);
        }
        let _place = state.places.try_acquire().map_err(|_| HookFailure::Busy)?;
        let pass = state.breaker.admit(begun).ok_or(HookFailure::CircuitOpen)?;
        let answered = tokio::time::timeout_at(ends_at, self.send(asked)).await;
        let answered = answered.unwrap_or(Err(HookFailure::TimedOut));
        state.counters.called(begun.elapsed());
        match &answered {
            Err(failure) if failure.is_of_service() => {
                if pass.failed(Instant::now()) {
                    let failure = failure.label();
                    tracing::warn!(hook = hook.name, failure, "a hook is not called for a while");
                }
            }
            Err(_) | Ok(_) => pass.succeeded(),
        }
        // A patch that cannot be applied is no good answer, so that it is not kept for others.
        if let Ok(HookAnswer::Patch(patch)) = &answered {
            patch.apply(&mut seen.clone(), &Limits::of(hook, request))?;
        }
        answered.map(Arc::new)
    }

    async fn send(&self, asked: &Asked<'_>) -> Result<HookAnswer, HookFailure> {
        let Asked { hook, request, seen, question, ends_at, .. } = *asked;
        match (&hook.spec.target, question) {
            (HookTarget::Http(http), _) => {
                let okta::OktaCall { event_id, body } = okta::call(request, seen);
                let secret = http.auth.as_ref().map(HookAuth::secret);
                let secret = secret.map(|secret| secret.open(&self.master_key, &hook.name));
                let secret = secret.transpose()?;
                let call = HttpCall {
                    name: &hook.name,
                    hook: http,
                    secret: secret.as_ref(),
                    event_id: &event_id,
                    timestamp: request.now.as_seconds(),
                    body: &body,
                    ends_at,
                };
                match self.ports.http.post(call).await? {
                    None => Ok(HookAnswer::unchanged()),
                    Some(body) => HookAnswer::of_okta(&body),
                }
            }
            (HookTarget::Program, _) => {
                let program = self.ports.programs.get(&hook.name);
                let program = program.ok_or(HookFailure::NotInProgram)?;
                let answered = program.amend(request, seen).await;
                answered.map_err(|error| HookFailure::Program(error.to_string()))
            }
            (HookTarget::Sql(sql), Question::Sql { parameters, .. }) => {
                let call = SqlCall { hook: sql, parameters, ends_at };
                let columns = self.ports.sql.query(call).await?;
                Ok(claims(sql, seen, &columns).into())
            }
            (HookTarget::Sql(_), Question::Okta(_)) => Err(HookFailure::Unknown),
        }
    }
}

/// A hook that is asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    hook: &'a Hook,
    state: &'a HookState,
    request: &'a HookRequest<'a>,
    seen: &'a HookTokens,
    question: &'a Question,
    ends_at: Instant,
}

impl<'a> Limits<'a> {
    pub(super) fn of(hook: &'a Hook, request: &HookRequest<'a>) -> Self {
        Self {
            server: request.server,
            user: request.person.map(|person| &person.user.id),
            may_set: &hook.spec.may_set,
        }
    }
}

fn question(
    hook: &Hook,
    request: &HookRequest<'_>,
    seen: &HookTokens,
) -> Result<Question, HookFailure> {
    let HookTarget::Sql(sql) = &hook.spec.target else {
        return Ok(Question::Okta(okta::digest(request, seen)));
    };
    let values = sql.parameters.iter().map(|expression| expression.evaluate(&request.inputs));
    let parameters: Vec<Value> =
        values.collect::<Result<_, _>>().map_err(HookFailure::Parameter)?;
    let digest = sha256(Value::from(parameters.clone()).to_string().as_bytes());
    Ok(Question::Sql { parameters, digest })
}

/// The key of the cache. An answer is for one authorization server, and for tokens of the same kinds. `None` if the
/// hook has no cache, or if the key has no value: then the hook is called.
fn cache_key(hook: &Hook, request: &HookRequest<'_>, seen: &HookTokens) -> Option<Arc<str>> {
    let cache = hook.spec.cache.as_ref()?;
    let value = cache.key.evaluate(&request.inputs).ok().filter(|value| !value.is_null())?;
    let kinds = if seen.id.is_some() { "access id" } else { "access" };
    Some(format!("{}\n{kinds}\n{value}", request.server.id).into())
}

/// The columns as claims. A column that is null gives no claim.
fn claims(sql: &SqlHook, seen: &HookTokens, columns: &BTreeMap<String, Value>) -> Patch {
    let mut patch = Patch::default();
    for token in &sql.tokens {
        if !seen.has(*token) {
            continue;
        }
        for (claim, column) in &sql.claims {
            if let Some(value) = columns.get(column).filter(|value| !value.is_null()) {
                patch = patch.with_claim(*token, claim, value.clone());
            }
        }
    }
    patch
}
