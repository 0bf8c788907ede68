//! The claims that the administrator added.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scopegate_claims::{Scope, ScopeSet};
use serde_json::Value;

use crate::catalog::{
    AuthorizationServer, ClaimSource, ClaimSpec, EntityKey, OnError, TokenKind, is_reserved,
};
use crate::error::CallError;
use crate::expression::{EvaluationError, Inputs, Work};

/// Okta's limit. A claim with more groups is an error.
const MAX_GROUPS: usize = 100;

/// A claim that the administrator added, with the reason for its value. For explanations.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClaimShown {
    /// The name.
    pub name: String,
    /// The kind of token that has the claim.
    pub token: TokenKind,
    /// The value. `None` if the token has no such claim.
    pub value: Option<Value>,
    /// Where the value comes from, such as `expression: user.profile.department`.
    pub source: String,
    /// Why there is no value, if computing it failed. It contains no values.
    pub failure: Option<String>,
    /// Whether the failure refuses the token.
    pub refuses: bool,
}

/// The administrator's claims that apply to this kind of token and these scopes.
pub(super) fn custom_claims<'a>(
    server: &'a AuthorizationServer,
    kind: TokenKind,
    inputs: &Inputs<'a>,
    granted: &ScopeSet,
    work: &Work,
) -> Result<BTreeMap<Cow<'a, str>, Cow<'a, Value>>, CallError> {
    let mut claims = BTreeMap::new();
    for (name, spec) in that_apply(server, kind, granted) {
        match value(&spec.value, inputs, work) {
            Ok(Some(value)) => {
                claims.insert(Cow::Borrowed(name), value);
            }
            Ok(None) => {}
            Err(failure) if failure.refuses(&spec.value) => {
                return Err(failure.of_claim(name));
            }
            Err(failure) => {
                let server = server.id.as_str();
                tracing::debug!(server, claim = name, %failure, "a claim is left out");
            }
        }
    }
    Ok(claims)
}

/// Each claim of the administrator that applies to this kind of token and these scopes, with its source, whether or
/// not it has a value.
pub fn explain_claims(
    server: &AuthorizationServer,
    kind: TokenKind,
    inputs: &Inputs<'_>,
    granted: &ScopeSet,
    work: &Work,
) -> Vec<ClaimShown> {
    let shown = |(name, spec): (&str, &ClaimSpec)| {
        let value = value(&spec.value, inputs, work);
        ClaimShown {
            name: name.to_owned(),
            token: kind,
            source: spec.value.to_string(),
            refuses: value.as_ref().is_err_and(|failure| failure.refuses(&spec.value)),
            failure: value.as_ref().err().map(ToString::to_string),
            value: value.ok().flatten().map(Cow::into_owned),
        }
    };
    that_apply(server, kind, granted).map(shown).collect()
}

fn that_apply<'a>(
    server: &'a AuthorizationServer,
    kind: TokenKind,
    granted: &ScopeSet,
) -> impl Iterator<Item = (&'a str, &'a ClaimSpec)> {
    let applies = |scopes: &[Scope]| {
        scopes.is_empty() || scopes.iter().any(|scope| granted.contains(scope.as_str()))
    };
    let claims = server.claims.iter().map(|(EntityKey { name, .. }, spec)| (name.as_str(), spec));
    // The catalog refuses reserved names. Check again, so that a row written by other means cannot forge
    // a claim.
    claims.filter(move |(name, spec)| {
        spec.status.is_active()
            && spec.token == kind
            && !is_reserved(kind, name)
            && applies(&spec.scopes)
    })
}

fn value<'a>(
    source: &'a ClaimSource,
    inputs: &Inputs<'a>,
    work: &Work,
) -> Result<Option<Cow<'a, Value>>, Failure> {
    Ok(match source {
        ClaimSource::ClientAttribute(name) => inputs.client.attributes.get(name).map(Cow::Borrowed),
        ClaimSource::Constant(value) => Some(Cow::Borrowed(value)),
        ClaimSource::Expression(expression) => {
            let value =
                expression.text.evaluate_within(inputs, work).map_err(Failure::Expression)?;
            if value.is_null() { None } else { Some(Cow::Owned(value)) }
        }
        ClaimSource::Groups(filter) => groups(inputs, |group| filter.admits(group))?,
        ClaimSource::MatchingGroups(pattern) => groups(inputs, |group| pattern.matches(group))?,
        ClaimSource::UserAttribute(name) => inputs.user.and_then(|user| match name.as_str() {
            "id" => Some(Cow::Owned(Value::from(user.id))),
            "login" => Some(Cow::Owned(Value::from(user.login))),
            name => user.profile.get(name).map(Cow::Borrowed),
        }),
    })
}

/// The user's groups that are in the claim. `None` if no user takes part.
fn groups<'a>(
    inputs: &Inputs<'a>,
    admits: impl Fn(&str) -> bool,
) -> Result<Option<Cow<'a, Value>>, Failure> {
    let Some(all) = inputs.user.map(|user| user.groups) else { return Ok(None) };
    let named = all.iter().map(String::as_str).filter(|group| admits(group));
    let named: Vec<_> = named.collect();
    if named.len() > MAX_GROUPS {
        return Err(Failure::TooManyGroups);
    }
    Ok(Some(Cow::Owned(Value::from(named))))
}

/// Why a claim has no value.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Expression(EvaluationError),
    #[error("the claim would contain more than 100 groups")]
    TooManyGroups,
}

impl Failure {
    /// Whether the failure refuses the token. Groups that are left out silently could take away a right, so too
    /// many of them always do.
    fn refuses(&self, source: &ClaimSource) -> bool {
        match (self, source) {
            (Self::Expression(_), ClaimSource::Expression(expression)) => {
                expression.on_error == OnError::Refuse
            }
            (Self::Expression(_) | Self::TooManyGroups, _) => true,
        }
    }

    fn of_claim(self, name: &str) -> CallError {
        match self {
            Self::Expression(why) => CallError::ClaimFailed { claim: name.to_owned(), why },
            Self::TooManyGroups => CallError::TooManyGroups,
        }
    }
}
