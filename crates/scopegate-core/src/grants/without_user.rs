//! The scopes that a client may get for a user who does not take part: in a token exchange, or for an
//! assertion of a trusted issuer.

use scopegate_claims::{Scope, ScopeSet};

use super::GrantRequest;
use crate::catalog::{AuthorizationServer, Client, ClientConsent, Consent};
use crate::directory::User;
use crate::error::CallError;
use crate::policy::Wanted;
use crate::store::ConsentKey;

/// The scopes that need a sign-in.
const SIGN_IN_SCOPES: [&str; 2] = ["offline_access", "openid"];

/// Refuses a request that names a scope that needs a sign-in. Returns `at_most` without such scopes.
pub(super) fn without_sign_in(
    request: &GrantRequest<'_>,
    at_most: Option<&ScopeSet>,
) -> Result<Option<ScopeSet>, CallError> {
    check_no_sign_in(&Wanted::parse(request.form.value("scope"))?)?;
    let sign_in_scopes = ScopeSet::from_tokens(SIGN_IN_SCOPES).expect("they are valid scopes");
    Ok(at_most.map(|scopes| scopes.difference(&sign_in_scopes)))
}

/// Refuses a request that names a scope that needs a sign-in.
pub(crate) fn check_no_sign_in(wanted: &Wanted) -> Result<(), CallError> {
    match wanted {
        Wanted::Named(named) if SIGN_IN_SCOPES.into_iter().any(|scope| named.contains(scope)) => {
            Err(CallError::InvalidScope(
                "The scopes openid and offline_access are for a user who signs in.",
            ))
        }
        Wanted::AtMost(_) | Wanted::Default | Wanted::Named(_) => Ok(()),
    }
}

/// Refuses scopes that need the user's consent if the user never consented to them for this client.
///
/// If the request names no scope and there is a limit, such scopes are removed from the limit instead.
pub(super) async fn limit_to_consent(
    request: &GrantRequest<'_>,
    user: &User,
    at_most: Option<ScopeSet>,
) -> Result<Option<ScopeSet>, CallError> {
    let GrantRequest { server, client, .. } = *request;
    let named = Wanted::parse(request.form.value("scope"))?;
    let needed = needing_consent(server, client, &named, at_most.as_ref());
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

/// The requested scopes that need the user's consent. None for a trusted client.
pub(crate) fn needing_consent(
    server: &AuthorizationServer,
    client: &Client,
    named: &Wanted,
    at_most: Option<&ScopeSet>,
) -> ScopeSet {
    let requested = match (named, at_most) {
        (Wanted::Named(scopes), _) | (_, Some(scopes)) => scopes,
        (_, None) => &server.default_scopes,
    };
    if client.spec.consent == ClientConsent::Trusted {
        return ScopeSet::empty();
    }
    let needs = |name: &&str| {
        let spec = Scope::parse(name).ok().and_then(|scope| server.scopes.get(&scope));
        spec.is_some_and(|spec| spec.consent == Consent::Required)
    };
    ScopeSet::from_tokens(requested.iter().filter(needs))
        .expect("members of a scope set are scopes")
}
