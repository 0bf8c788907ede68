//! What may be given for a person who is not there to be asked: her token or another issuer speaks
//! for her.

use scopegate_claims::{Scope, ScopeSet};

use super::GrantRequest;
use crate::catalog::{ClientConsent, Consent};
use crate::directory::User;
use crate::error::CallError;
use crate::policy::Wanted;
use crate::store::ConsentKey;

/// The scopes of a client that had the person sign in.
const OF_SIGN_IN: [&str; 2] = ["offline_access", "openid"];

/// Refuses what is named and can only be had by signing in. The answer is `at_most` without it.
pub(super) fn without_sign_in(
    request: &GrantRequest<'_>,
    at_most: Option<&ScopeSet>,
) -> Result<Option<ScopeSet>, CallError> {
    if let Wanted::Named(named) = Wanted::parse(request.form.value("scope"))?
        && OF_SIGN_IN.into_iter().any(|scope| named.contains(scope))
    {
        return Err(CallError::InvalidScope(
            "The scopes openid and offline_access are for a person who signs in.",
        ));
    }
    let of_sign_in = ScopeSet::from_tokens(OF_SIGN_IN).expect("they are scopes");
    Ok(at_most.map(|scopes| scopes.difference(&of_sign_in)))
}

/// Refuses what needs the person's consent and was never consented to, for this client.
///
/// Where scopes are bounded and none is named, such a scope is left out of the bound.
pub(super) async fn as_consented(
    request: &GrantRequest<'_>,
    user: &User,
    at_most: Option<ScopeSet>,
) -> Result<Option<ScopeSet>, CallError> {
    let GrantRequest { server, client, .. } = *request;
    let named = Wanted::parse(request.form.value("scope"))?;
    let asked = match (&named, &at_most) {
        (Wanted::Named(scopes), _) | (_, Some(scopes)) => scopes,
        (_, None) => &server.default_scopes,
    };
    let needed = needing_consent(request, asked);
    if needed.is_empty() {
        return Ok(at_most);
    }
    let key =
        ConsentKey { server: server.id.clone(), client: client.id.clone(), user: user.id.clone() };
    let given = request.store.consent(&key).await?.unwrap_or_else(ScopeSet::empty);
    let missing = needed.difference(&given);
    match (named, at_most) {
        (_, at_most) if missing.is_empty() => Ok(at_most),
        (Wanted::AtMost(_) | Wanted::Default, Some(most)) => Ok(Some(most.difference(&missing))),
        (_, _) => Err(CallError::ConsentRequired),
    }
}

/// The scopes among these that a person must agree to, unless the client is trusted without.
fn needing_consent(request: &GrantRequest<'_>, scopes: &ScopeSet) -> ScopeSet {
    if request.client.spec.consent == ClientConsent::Trusted {
        return ScopeSet::empty();
    }
    let needs = |name: &&str| {
        let spec = Scope::parse(name).ok().and_then(|scope| request.server.scopes.get(&scope));
        spec.is_some_and(|spec| spec.consent == Consent::Required)
    };
    ScopeSet::from_tokens(scopes.iter().filter(needs)).expect("they are scopes")
}
