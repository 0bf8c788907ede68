//! Resolves the requested scopes against the scopes that the server has.

use scopegate_claims::{Scope, ScopeSet};

use super::{Facts, Malformed, Wanted, is_standard, retained};
use crate::catalog::{Client, Consent, RESERVED_SCOPES};

/// The requested scopes, or the default scopes if the request names none.
///
/// # Errors
///
/// [`Malformed`] if the server does not have a named scope, if a named scope needs a user and no user takes
/// part, or if no scope is named and the server has no default scopes.
pub(crate) fn scopes(facts: &Facts<'_>) -> Result<ScopeSet, Malformed> {
    let requested = match facts.wanted {
        Wanted::Default if facts.server.default_scopes.is_empty() => {
            return Err(Wanted::NO_DEFAULT_SCOPES);
        }
        Wanted::Default => facts.server.default_scopes.clone(),
        Wanted::Named(scopes) => {
            scopes.iter().try_for_each(|name| check(facts, name))?;
            scopes.clone()
        }
        Wanted::AtMost(scopes) => retained(scopes, |name| check(facts, name).is_ok()),
    };
    match facts.user {
        None => Ok(requested),
        Some(_) => without_useless_offline_access(facts.client, requested),
    }
}

/// Checks those default scopes that a rule grants. The request is not refused because of default scopes
/// that the rule does not grant.
pub(crate) fn check_defaults(facts: &Facts<'_>, granted: &ScopeSet) -> Result<(), Malformed> {
    match facts.wanted {
        Wanted::Default => granted.iter().try_for_each(|name| check(facts, name)),
        Wanted::AtMost(_) | Wanted::Named(_) => Ok(()),
    }
}

/// Refuses a scope that the server does not have, or that needs consent when no user takes part.
fn check(facts: &Facts<'_>, name: &str) -> Result<(), Malformed> {
    if RESERVED_SCOPES.contains(&name) {
        return match facts.user {
            Some(_) if is_standard(name) => Ok(()),
            Some(_) => Err(Malformed::Scope("The scope is not supported.")),
            None => Err(Malformed::Scope("The scopes of OpenID Connect need a user.")),
        };
    }
    let spec = Scope::parse(name).ok().and_then(|scope| facts.server.scopes.get(&scope));
    match spec.map(|spec| spec.consent) {
        Some(Consent::Flexible | Consent::Implicit) => Ok(()),
        Some(Consent::Required) if facts.user.is_some() => Ok(()),
        Some(Consent::Required) => Err(Malformed::ConsentRequired),
        None => Err(Wanted::UNKNOWN_SCOPE),
    }
}

/// Removes `offline_access` if the client may not refresh, or if a refreshed token would have no scope of
/// use: neither `openid` nor an API scope.
fn without_useless_offline_access(
    client: &Client,
    requested: ScopeSet,
) -> Result<ScopeSet, Malformed> {
    let outlives_sign_in = |name: &str| name == "openid" || !is_standard(name);
    let is_useful = client.spec.may_refresh() && requested.iter().any(outlives_sign_in);
    if !requested.contains("offline_access") || is_useful {
        return Ok(requested);
    }
    let rest = retained(&requested, |name| name != "offline_access");
    if rest.is_empty() { Err(Malformed::OfflineAccessAlone) } else { Ok(rest) }
}
