//! The org server: admin scopes for admin clients with a key, standard scopes for persons.
//!
//! Its tokens are for itself, so neither opens a custom API.

use std::time::Duration;

use scopegate_claims::ScopeSet;

use super::{Granted, Wanted, is_standard, kept, without_vain_offline_access};
use crate::catalog::admin_scopes;
use crate::catalog::{Client, ClientAuth, RuleSpec};
use crate::error::TokenError;

/// The org server's refresh tokens end after 90 days.
const REFRESH_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What a client gets for itself.
pub(super) fn for_client(client: &Client, wanted: &Wanted) -> Result<Granted, TokenError> {
    const REFUSED: TokenError = TokenError::InvalidScope(
        "The org authorization server issues admin scopes only, to admin clients with a key.",
    );
    let Wanted::Named(scopes) = wanted else { return Err(REFUSED) };
    let is_admin = client.spec.admin && client.spec.auth == ClientAuth::PrivateKeyJwt;
    let are_admin_scopes =
        scopes.iter().all(|scope| admin_scopes::SCOPES.iter().any(|(name, _)| *name == scope));
    if !is_admin || !are_admin_scopes {
        return Err(REFUSED);
    }
    Ok(granted(scopes.clone(), "org/admin"))
}

/// What a client gets for a person.
pub(super) fn for_person(client: &Client, wanted: &Wanted) -> Result<Granted, TokenError> {
    const REFUSED: TokenError = TokenError::InvalidScope(
        "The org authorization server issues the scopes of OpenID Connect only.",
    );
    let asked = match wanted {
        Wanted::Named(scopes) if scopes.iter().all(is_standard) => scopes.clone(),
        Wanted::AtMost(scopes) => kept(scopes, is_standard),
        Wanted::Default | Wanted::Named(_) => return Err(REFUSED),
    };
    let scopes = without_vain_offline_access(client, asked)?;
    if scopes.is_empty() { Err(REFUSED) } else { Ok(granted(scopes, "org/sign-in")) }
}

fn granted(scopes: ScopeSet, rule: &str) -> Granted {
    Granted {
        scopes,
        lifetime: RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME,
        rule: rule.to_owned(),
        refresh_lifetime: Some(REFRESH_LIFETIME),
        refresh_window: RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW,
    }
}
