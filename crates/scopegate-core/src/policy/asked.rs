//! The scopes that a request asks for, as far as the server has them.

use scopegate_claims::{Scope, ScopeSet};

use super::{Facts, Malformed, Wanted, is_standard, kept};
use crate::catalog::{Client, Consent, RESERVED_SCOPES};

/// The scopes that are asked for.
///
/// # Errors
///
/// [`Malformed`] if a scope is named that the server does not have, that needs a user where there is none,
/// or if none is named and the server has no default scopes.
pub(super) fn scopes(facts: &Facts<'_>) -> Result<ScopeSet, Malformed> {
    let asked = match facts.wanted {
        Wanted::Default if facts.server.default_scopes.is_empty() => {
            return Err(Wanted::NO_DEFAULT_SCOPES);
        }
        Wanted::Default => facts.server.default_scopes.clone(),
        Wanted::Named(scopes) => {
            scopes.iter().try_for_each(|name| check(facts, name))?;
            scopes.clone()
        }
        Wanted::AtMost(scopes) => kept(scopes, |name| check(facts, name).is_ok()),
    };
    match facts.user {
        None => Ok(asked),
        Some(_) => without_useless_offline_access(facts.client, asked),
    }
}

/// Checks the scopes that a rule gives of the default scopes. Default scopes that it does not give refuse
/// nothing.
pub(super) fn check_defaults(facts: &Facts<'_>, granted: &ScopeSet) -> Result<(), Malformed> {
    match facts.wanted {
        Wanted::Default => granted.iter().try_for_each(|name| check(facts, name)),
        Wanted::AtMost(_) | Wanted::Named(_) => Ok(()),
    }
}

/// Refuses a scope that the server does not have, or to which no user could consent.
fn check(facts: &Facts<'_>, name: &str) -> Result<(), Malformed> {
    if RESERVED_SCOPES.contains(&name) {
        return match facts.user {
            Some(_) if is_standard(name) => Ok(()),
            Some(_) => Err(Malformed::Scope("The scope is not supported.")),
            None => {
                Err(Malformed::Scope("A scope of OpenID Connect cannot be had without a person."))
            }
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

/// Leaves `offline_access` out if the client may not refresh, or if no other scope is asked for that a
/// later token could have.
fn without_useless_offline_access(client: &Client, asked: ScopeSet) -> Result<ScopeSet, Malformed> {
    let outlives_sign_in = |name: &str| name == "openid" || !is_standard(name);
    let is_useful = client.spec.may_refresh() && asked.iter().any(outlives_sign_in);
    if !asked.contains("offline_access") || is_useful {
        return Ok(asked);
    }
    let rest = kept(&asked, |name| name != "offline_access");
    if rest.is_empty() { Err(Malformed::OfflineAccessAlone) } else { Ok(rest) }
}
