//! The claims that the administrator added.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scopegate_claims::{Scope, ScopeSet};
use serde_json::Value;

use crate::catalog::{
    AuthorizationServer, ClaimSource, Client, EntityKey, GroupFilter, TokenKind, is_reserved,
};
use crate::directory::User;
use crate::error::CallError;

/// Okta's limit. A claim with more groups is an error.
const MAX_GROUPS: usize = 100;

/// The administrator's claims that apply to this kind of token and these scopes.
pub(super) fn custom_claims<'a>(
    server: &'a AuthorizationServer,
    kind: TokenKind,
    client: &'a Client,
    user: Option<&'a User>,
    granted: &ScopeSet,
) -> Result<BTreeMap<&'a str, Cow<'a, Value>>, CallError> {
    let applies = |scopes: &[Scope]| {
        scopes.is_empty() || scopes.iter().any(|scope| granted.contains(scope.as_str()))
    };
    let mut claims = BTreeMap::new();
    for (EntityKey { name, .. }, spec) in &server.claims {
        // The catalog refuses reserved names. Check again, so that a row written by other means cannot forge
        // a claim.
        if spec.token != kind || is_reserved(kind, name) || !applies(&spec.scopes) {
            continue;
        }
        if let Some(value) = value(&spec.value, client, user)? {
            claims.insert(name.as_str(), value);
        }
    }
    Ok(claims)
}

fn value<'a>(
    source: &'a ClaimSource,
    client: &'a Client,
    user: Option<&'a User>,
) -> Result<Option<Cow<'a, Value>>, CallError> {
    Ok(match source {
        ClaimSource::ClientAttribute(name) => client.spec.attributes.get(name).map(Cow::Borrowed),
        ClaimSource::Constant(value) => Some(Cow::Borrowed(value)),
        ClaimSource::Groups(filter) => user.map(|user| groups(filter, user)).transpose()?,
        ClaimSource::UserAttribute(name) => user.and_then(|user| match name.as_str() {
            "id" => Some(Cow::Owned(Value::from(user.id.as_str()))),
            "login" => Some(Cow::Owned(Value::from(user.login.as_str()))),
            name => user.profile.attribute(name).map(Cow::Borrowed),
        }),
    })
}

fn groups(filter: &GroupFilter, user: &User) -> Result<Cow<'static, Value>, CallError> {
    let named: Vec<&str> =
        user.groups.iter().map(String::as_str).filter(|group| filter.admits(group)).collect();
    if named.len() > MAX_GROUPS {
        return Err(CallError::TooManyGroups);
    }
    Ok(Cow::Owned(Value::from(named)))
}
