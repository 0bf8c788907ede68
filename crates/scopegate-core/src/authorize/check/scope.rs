//! What the token shall be for.

use crate::authorize::AuthorizeError;
use crate::authorize::draft::Draft;
use crate::catalog::{AuthorizationServer, STANDARD_SCOPES};
use crate::error::TokenError;
use crate::policy::Wanted;
use crate::token::selected;

/// The scopes, all of which the server must have. What the person gets of them is decided later.
pub(in crate::authorize) fn scope(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let wanted = Wanted::parse(draft.form.value("scope"))?;
    let refusal = match &wanted {
        Wanted::Named(scopes) if scopes.iter().all(|name| has(draft.server, name)) => None,
        Wanted::Named(_) | Wanted::AtMost(_) => {
            Some("The authorization server does not have all of these scopes.")
        }
        Wanted::Default if draft.server.default_scopes.is_empty() => {
            Some("The authorization server has no default scopes: name the scopes you need.")
        }
        Wanted::Default => None,
    };
    draft.asked.wanted = wanted;
    refusal.map_or(Ok(()), |text| Err(TokenError::InvalidScope(text).into()))
}

/// The scopes of the org server are for its administrators, not for persons.
fn has(server: &AuthorizationServer, name: &str) -> bool {
    let is_own = || server.scopes.keys().any(|scope| scope.as_str() == name);
    STANDARD_SCOPES.contains(&name) || (!server.id.is_org() && is_own())
}

/// The resources, which must select one audience (RFC 8707 §2).
pub(in crate::authorize) fn resource(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let audience = selected(draft.server, draft.form, None)?;
    draft.asked.select(audience);
    Ok(())
}
