//! The explanation of a request, as data.

use std::time::Duration;

use scopegate_claims::ScopeSet;
use serde::Serialize;
use serde_json::Value;

use super::decide::{Allowance, decide, parties, wanted};
use super::hooks::ShownHook;
use super::inquiry::Inquiry;
use super::refusal::{Cause, Refusal};
use super::{claims, suggest, tried};
use crate::audit::DecisionId;
use crate::catalog::Effect;
use crate::spelling::show_duration;

/// Why a request is granted or refused. Its JSON is for programs, and its `Display` is for people.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The result.
    pub outcome: Kind,
    /// The error code that the client gets. `None` if the request is granted.
    pub error: Option<String>,
    /// Why it is refused, in one sentence.
    pub reason: Option<String>,
    /// The request, in one sentence.
    pub request: String,
    /// The check before or after the rules that refused.
    pub refused_by: Option<FailedCheck>,
    /// The rules that were tried, in order.
    pub rules: Vec<ShownRule>,
    /// What is granted.
    pub granted: Option<GrantedTokens>,
    /// The token hooks of the rule, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<ShownHook>,
    /// The claims of the tokens.
    pub claims: Vec<ShownClaim>,
    /// The payload of the access token that would be issued.
    pub access_token: Option<Value>,
    /// The payload of the ID token that would be issued.
    pub id_token: Option<Value>,
    /// The smallest changes that would allow the request.
    pub suggestions: Vec<String>,
    /// What else must be known to read the explanation right.
    pub notes: Vec<String>,
    /// The version of the catalog that decides.
    pub catalog_version: u64,
    /// The text that the client gets.
    #[serde(skip)]
    pub(super) description: Option<&'static str>,
    /// The id of the decision, if it is one that happened.
    pub decision_id: Option<DecisionId>,
}

/// The result of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "callers must handle every result")]
pub enum Kind {
    /// It is granted.
    Allow,
    /// A rule, or a check before the rules, denies it.
    Deny,
    /// No rule matches.
    NoMatch,
    /// It asks for something that does not exist, or that no rule could give.
    Malformed,
}

/// A rule that was tried.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ShownRule {
    /// The name of the policy.
    pub policy: String,
    /// The name of the rule.
    pub rule: String,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whether it matched.
    pub matched: bool,
    /// The first condition that failed.
    pub failed: Option<FailedCheck>,
    /// The conditions of a deny rule that matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<MatchedCondition>,
    /// The index of the first condition that failed. The larger it is, the nearer the rule was to matching.
    #[serde(skip)]
    pub(super) progress: u8,
}

/// A condition of a deny rule that matched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchedCondition {
    /// Its name.
    pub condition: String,
    /// What it requires.
    pub wanted: String,
    /// What the request has.
    pub found: String,
    /// Whether it cannot be evaluated. Then a deny rule matches, too.
    pub unknown: bool,
}

/// A condition that failed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FailedCheck {
    /// Its name.
    pub condition: String,
    /// What it requires.
    pub wanted: String,
    /// What the request has instead.
    pub found: String,
    /// Whether it failed because it cannot be evaluated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

/// What is granted.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GrantedTokens {
    /// The scopes.
    pub scopes: Vec<String>,
    /// The policy and the rule, as `policy/rule`.
    pub rule: String,
    /// The lifetime of the access token, in seconds.
    pub access_token_lifetime: Option<u64>,
    /// The lifetime of the refresh token, in seconds, if there is one and it has a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u64>,
    /// How long the refresh token may stay unused, in seconds, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_window: Option<u64>,
}

/// A claim of a token.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ShownClaim {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where the value comes from.
    pub source: String,
    /// The token that has it.
    pub token: ShownToken,
}

/// A kind of token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "two kinds of tokens have claims")]
pub enum ShownToken {
    /// The access token.
    Access,
    /// The ID token.
    Id,
}

/// What is to be known if the hooks are not called.
pub(super) const BEFORE_HOOKS: &str =
    "hooks may change the tokens, which are shown as they are before (--call-hooks)";

impl Explanation {
    /// Explains an inquiry.
    pub(super) async fn of(inquiry: &Inquiry) -> Self {
        let mut explanation = Self::of_request(inquiry);
        if let Ok(parties) = parties(inquiry)
            && let Ok(wanted) = wanted(inquiry, &parties)
        {
            explanation.rules = tried::rules(inquiry, &parties, &wanted);
        }
        match decide(inquiry) {
            Ok(allowance) => explanation.allowed(inquiry, &allowance).await,
            Err(refusal) => explanation.refused(inquiry, &refusal),
        }
        explanation
    }

    /// An explanation without a result.
    pub(super) fn of_request(inquiry: &Inquiry) -> Self {
        Self {
            outcome: Kind::NoMatch,
            error: None,
            reason: None,
            request: sentence(inquiry),
            refused_by: None,
            rules: Vec::new(),
            granted: None,
            hooks: Vec::new(),
            claims: Vec::new(),
            access_token: None,
            id_token: None,
            suggestions: Vec::new(),
            notes: Vec::new(),
            catalog_version: inquiry.catalog.version(),
            description: None,
            decision_id: None,
        }
    }

    /// Whether a rule that was tried depends on the address, which is not known.
    pub(super) fn depends_on_unknown_address(&self) -> bool {
        let is_of_address = |condition: &str| ["zones", "not_zones"].contains(&condition);
        self.rules.iter().any(|rule| {
            let failed = rule.failed.iter().map(|it| (it.condition.as_str(), it.unknown));
            let matched = rule.conditions.iter().map(|it| (it.condition.as_str(), it.unknown));
            failed.chain(matched).any(|(condition, unknown)| unknown && is_of_address(condition))
        })
    }

    async fn allowed(&mut self, inquiry: &Inquiry, allowance: &Allowance) {
        self.outcome = Kind::Allow;
        let granted = &allowance.granted;
        let has_refresh_token = allowance.has_refresh_token();
        self.granted = Some(GrantedTokens {
            scopes: names(&granted.scopes),
            rule: granted.rule.clone(),
            access_token_lifetime: Some(granted.lifetime.as_secs()),
            refresh_token_lifetime: granted
                .refresh_lifetime
                .filter(|_| has_refresh_token)
                .map(|lifetime| lifetime.as_secs()),
            refresh_token_window: has_refresh_token.then_some(granted.refresh_window.as_secs()),
        });
        if !allowance.consent_to.is_empty() {
            self.notes.push(format!(
                "{} is asked for consent first: {}",
                inquiry.login(),
                allowance.consent_to
            ));
        }
        self.hooks = granted.hooks.iter().map(|name| ShownHook::named(name)).collect();
        if !self.hooks.is_empty() {
            self.notes.push(BEFORE_HOOKS.to_owned());
        }
        self.notes.extend(claims::failures(inquiry, allowance));
        let payloads = claims::payloads(inquiry, allowance).await;
        self.claims = claims::shown(&payloads, inquiry, allowance);
        (self.access_token, self.id_token) = payloads;
    }

    fn refused(&mut self, inquiry: &Inquiry, refusal: &Refusal) {
        self.outcome = refusal.kind();
        let answer = refusal.answer();
        self.error = Some(answer.error.as_str().to_owned());
        self.description = Some(answer.description);
        self.refused_by = refusal.failed_check();
        if !matches!(refusal.cause, Cause::Policies(_) | Cause::Claims) {
            self.rules.clear();
        }
        self.reason = Some(super::text::reason(inquiry, refusal, &self.rules));
        self.suggestions = suggest::changes(inquiry);
    }
}

pub(super) fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(str::to_owned).collect()
}

/// The request in one sentence.
fn sentence(inquiry: &Inquiry) -> String {
    let scopes = match (&inquiry.scope, &inquiry.at_most) {
        (Some(scope), _) if !scope.trim().is_empty() => format!("`{}`", scope.trim()),
        (_, Some(most)) => format!("what is left of `{most}`"),
        (_, None) => "the default scopes".to_owned(),
    };
    let user = match &inquiry.user {
        Some(user) => format!(" for {}", user.login),
        None => String::new(),
    };
    let resources = inquiry.resources.iter().map(|resource| format!(" at {resource}"));
    let grant_type = match inquiry.grant_type.as_str() {
        "" => "a grant type that the server does not have",
        name => name,
    };
    format!(
        "{} asks `{}` for {scopes}{user} by {grant_type}{}",
        inquiry.client,
        inquiry.server,
        resources.collect::<String>(),
    )
}

/// A duration in seconds, as people write it: two days and more in days.
pub(super) fn duration(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match seconds >= 2 * DAY && seconds.is_multiple_of(DAY) {
        true => format!("{}d", seconds / DAY),
        false => show_duration(Duration::from_secs(seconds)),
    }
}
