//! The token hooks of a request: named, and called if that is asked for.

use serde::Serialize;
use serde_json::Value;

use super::CannotTell;
use super::claims;
use super::decide::{Allowance, decide};
use super::described::DescribedRequest;
use super::explanation::{BEFORE_HOOKS, Explanation, Kind, ShownToken, names};
use super::inquiry::Inquiry;
use crate::audit::{DecisionId, HookOutcome, HookRun};
use crate::authority::Authority;
use crate::catalog::HookTarget;
use crate::error::{CallError, OAuthError};
use crate::token::{self, Amendments, Asking};

/// A token hook of the rule that decides.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShownHook {
    /// Its name.
    pub name: String,
    /// What happened when it was called. `None`: it was not called for this explanation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<HookOutcome>,
    /// Why it failed, with a name from a fixed list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How long it took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
}

impl ShownHook {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), outcome: None, failure: None, micros: None }
    }
}

impl From<&HookRun> for ShownHook {
    fn from(HookRun { name, outcome, failure, micros }: &HookRun) -> Self {
        let (name, failure) = (name.clone(), failure.clone());
        Self { name, outcome: Some(*outcome), failure, micros: Some(*micros) }
    }
}

/// What a hook does with a described request.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HookTrial {
    /// The name of the hook.
    pub name: String,
    /// What is called: `http`, `sql` or `program`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The result. `None`: the hook is inactive.
    pub outcome: Option<HookOutcome>,
    /// Why it failed, with a name from a fixed list.
    pub failure: Option<String>,
    /// Why it failed or refused, in one sentence.
    pub reason: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The claims that the hook changed.
    pub changes: Vec<ClaimChange>,
}

/// A claim of a token before and after a hook.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClaimChange {
    /// The token.
    pub token: ShownToken,
    /// The name of the claim.
    pub name: String,
    /// Its value without the hook. `None`: the token does not have it.
    pub before: Option<Value>,
    /// Its value with the hook. `None`: the token does not have it.
    pub after: Option<Value>,
}

/// The payloads of the access token and of the ID token.
type Payloads = (Option<Value>, Option<Value>);

impl Authority {
    /// Explains how a request would be decided, and calls its token hooks. They may answer otherwise for a real
    /// request, since the session and the ids differ.
    ///
    /// # Errors
    ///
    /// As [`explain`](Self::explain).
    pub async fn explain_with_hooks(
        &self,
        request: &DescribedRequest,
    ) -> Result<Explanation, CannotTell> {
        let (inquiry, notes) = self.inquiry(request).await?;
        let mut explanation = Explanation::of(&inquiry).await;
        if let Ok(allowance) = decide(&inquiry)
            && !allowance.granted.hooks.is_empty()
        {
            let (runs, amended) = self.call_hooks(&inquiry, &allowance).await;
            explanation.hooks = runs.iter().map(ShownHook::from).collect();
            match amended {
                Ok(payloads) => explanation.amended(&inquiry, &allowance, payloads),
                Err(error) => explanation.refused_by_hook(&error),
            }
        }
        explanation.notes.splice(0..0, notes);
        Ok(explanation)
    }

    /// Calls one hook for a described request, whether or not the rule names it.
    ///
    /// # Errors
    ///
    /// [`CannotTell`] if there is no such hook, if the request is not granted, or if the storage fails.
    pub async fn try_hook(
        &self,
        name: &str,
        request: &DescribedRequest,
    ) -> Result<HookTrial, CannotTell> {
        let (inquiry, _) = self.inquiry(request).await?;
        let hook = inquiry.catalog.hook(name).map(std::sync::Arc::clone);
        let hook = hook.ok_or_else(|| CannotTell::UnknownHook(name.to_owned()))?;
        let Ok(mut allowance) = decide(&inquiry) else {
            let explanation = Explanation::of(&inquiry).await;
            let reason = explanation.reason.unwrap_or_default();
            return Err(CannotTell::NotGranted(reason));
        };
        let before = claims::payloads(&inquiry, &allowance).await;
        allowance.granted.hooks = vec![name.to_owned()];
        let (runs, amended) = self.call_hooks(&inquiry, &allowance).await;
        let run = runs.first();
        let (reason, after) = match amended {
            Ok(after) => (None, after),
            Err(error) => (Some(reason(&error)), before.clone()),
        };
        Ok(HookTrial {
            name: name.to_owned(),
            kind: match hook.spec.target {
                HookTarget::Http(_) => "http",
                HookTarget::Program => "program",
                HookTarget::Sql(_) => "sql",
            },
            outcome: run.map(|run| run.outcome),
            failure: run.and_then(|run| run.failure.clone()),
            reason,
            micros: run.map(|run| run.micros).unwrap_or_default(),
            changes: changes(&before, &after),
        })
    }

    async fn call_hooks(
        &self,
        inquiry: &Inquiry,
        allowance: &Allowance,
    ) -> (Vec<HookRun>, Result<Payloads, CallError>) {
        let mut amendments = Amendments::default();
        let asking = Asking {
            catalog: &inquiry.catalog,
            grant_type: &inquiry.grant_type,
            redirect_uri: None,
            decision: DecisionId::at(inquiry.now),
            deadline: None,
            max_lifetime: None,
        };
        let amended = match token::draft(allowance.allowed(inquiry)) {
            Ok(draft) => amendments.amend(draft, &self.hooks, &asking).await,
            Err(error) => Err(error),
        };
        let payloads = match amended {
            Ok(draft) => Ok(claims::payloads_of(draft, allowance).await),
            Err(error) => Err(error),
        };
        (amendments.runs().to_vec(), payloads)
    }
}

impl Explanation {
    /// Shows the tokens as the hooks have changed them.
    fn amended(&mut self, inquiry: &Inquiry, allowance: &Allowance, payloads: Payloads) {
        let before = (self.access_token.take(), self.id_token.take());
        self.notes.retain(|note| note != BEFORE_HOOKS);
        let changes = changes(&before, &payloads);
        self.claims = claims::shown(&payloads, inquiry, allowance);
        for claim in &mut self.claims {
            let is_changed = |it: &ClaimChange| it.token == claim.token && it.name == claim.name;
            if changes.iter().any(is_changed) && !DERIVED.contains(&claim.name.as_str()) {
                claim.source = "a hook".to_owned();
            }
        }
        if let (Some(granted), Some(access)) = (&mut self.granted, &payloads.0) {
            let number = |name: &str| access.get(name).and_then(Value::as_u64);
            if let (Some(end), Some(begin)) = (number("exp"), number("iat")) {
                granted.access_token_lifetime = Some(end.saturating_sub(begin));
            }
            let scope = access.get("scope").and_then(Value::as_str);
            if let Some(scopes) =
                scope.and_then(|text| scopegate_claims::ScopeSet::parse(text).ok())
            {
                granted.scopes = names(&scopes);
            }
        }
        (self.access_token, self.id_token) = payloads;
    }

    fn refused_by_hook(&mut self, error: &CallError) {
        let answer = OAuthError::from(error);
        self.outcome = Kind::Deny;
        self.error = Some(answer.error.as_str().to_owned());
        self.description = Some(answer.description);
        self.reason = Some(reason(error));
        self.granted = None;
        self.claims.clear();
        (self.access_token, self.id_token) = (None, None);
    }
}

/// The claims whose source is the rule, although a hook changes them.
const DERIVED: [&str; 2] = ["jti", "at_hash"];

fn reason(error: &CallError) -> String {
    match error.summary() {
        Some(summary) => format!("{error}: {summary}"),
        None => error.to_string(),
    }
}

/// What differs between the payloads.
fn changes(before: &Payloads, after: &Payloads) -> Vec<ClaimChange> {
    let mut changes = Vec::new();
    for (token, before, after) in
        [(ShownToken::Access, &before.0, &after.0), (ShownToken::Id, &before.1, &after.1)]
    {
        let members = |payload: &Option<Value>| {
            payload.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let (before, after) = (members(before), members(after));
        let all: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in all {
            let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
            if before != after {
                changes.push(ClaimChange { token, name: name.clone(), before, after });
            }
        }
    }
    changes
}
