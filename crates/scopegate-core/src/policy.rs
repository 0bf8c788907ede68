//! Access policies: which scopes a client gets by a grant, and for how long.
//!
//! Policies and their rules are tried in their order, and the first rule that matches decides. Rules
//! can only allow: where none matches, nothing is granted.

use std::time::Duration;

use scopegate_claims::{Scope, ScopeSet};

use crate::admin;
use crate::catalog::{
    AuthorizationServer, Client, ClientAuth, Consent, RESERVED_SCOPES, RuleSpec, Scopes,
};
use crate::error::TokenError;

/// The longest `scope` parameter, in bytes.
const MAX_SCOPE_PARAMETER: usize = 4096;

/// The scopes that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request names scopes, or does not")]
pub enum Wanted {
    /// None are named: it is for the server to choose.
    Default,
    /// These.
    Named(ScopeSet),
}

impl Wanted {
    /// Reads the `scope` parameter.
    ///
    /// # Errors
    ///
    /// [`TokenError::InvalidScope`] if it breaks the grammar or is too long.
    pub fn parse(parameter: Option<&str>) -> Result<Self, TokenError> {
        let Some(text) = parameter else { return Ok(Self::Default) };
        if text.len() > MAX_SCOPE_PARAMETER {
            return Err(TokenError::InvalidScope("The scope parameter is too long."));
        }
        let scopes = ScopeSet::parse(text)
            .map_err(|_| TokenError::InvalidScope("The scope parameter is malformed."))?;
        Ok(if scopes.is_empty() { Self::Default } else { Self::Named(scopes) })
    }
}

/// What a rule grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granted {
    /// The scopes of the token.
    pub scopes: ScopeSet,
    /// How long it lives.
    pub lifetime: Duration,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: String,
}

/// Decides what a client gets by a grant without a person.
///
/// # Errors
///
/// [`TokenError::InvalidScope`] for scopes that the server does not have,
/// [`TokenError::ConsentRequired`] for those that need a person,
/// [`TokenError::NoMatchingRule`] if no rule matches.
pub fn evaluate(
    server: &AuthorizationServer,
    client: &Client,
    grant_type: &str,
    wanted: &Wanted,
) -> Result<Granted, TokenError> {
    if server.id.is_org() {
        return evaluate_org(client, wanted);
    }
    let asked = match wanted {
        Wanted::Default if server.default_scopes.is_empty() => {
            return Err(TokenError::InvalidScope(
                "The authorization server has no default scopes: name the scopes you need.",
            ));
        }
        Wanted::Default => &server.default_scopes,
        Wanted::Named(scopes) => scopes,
    };
    check_scopes(server, asked)?;
    for policy in server.policies_for(client.id.as_str()) {
        for (name, rule) in policy.rules() {
            if let Some(scopes) = granted_by(rule, grant_type, wanted, asked) {
                let rule_name = format!("{}/{name}", policy.name);
                return Ok(Granted {
                    scopes,
                    lifetime: rule.access_token_lifetime,
                    rule: rule_name,
                });
            }
        }
    }
    Err(TokenError::NoMatchingRule)
}

/// What a rule grants, if it matches: named scopes all or none, default ones as far as it allows.
fn granted_by(
    rule: &RuleSpec,
    grant_type: &str,
    wanted: &Wanted,
    asked: &ScopeSet,
) -> Option<ScopeSet> {
    if !rule.grant_types.contains(grant_type) {
        return None;
    }
    match (&rule.scopes, wanted) {
        (Scopes::Any, _) => Some(asked.clone()),
        (Scopes::Named(allowed), Wanted::Named(_)) => {
            asked.is_subset(allowed).then(|| asked.clone())
        }
        (Scopes::Named(allowed), Wanted::Default) => {
            Some(asked.intersection(allowed)).filter(|scopes| !scopes.is_empty())
        }
    }
}

/// Refuses scopes that the server does not have, or that nobody could consent to.
fn check_scopes(server: &AuthorizationServer, asked: &ScopeSet) -> Result<(), TokenError> {
    for name in asked.iter() {
        if RESERVED_SCOPES.contains(&name) {
            return Err(TokenError::InvalidScope(
                "A scope of OpenID Connect cannot be had without a person.",
            ));
        }
        let spec = Scope::parse(name).ok().and_then(|scope| server.scopes.get(&scope));
        match spec.map(|spec| spec.consent) {
            Some(Consent::Flexible | Consent::Implicit) => {}
            Some(Consent::Required) => return Err(TokenError::ConsentRequired),
            None => {
                return Err(TokenError::InvalidScope(
                    "The authorization server does not have all of these scopes.",
                ));
            }
        }
    }
    Ok(())
}

/// The org server issues admin scopes only, and those to admin clients with a key only.
fn evaluate_org(client: &Client, wanted: &Wanted) -> Result<Granted, TokenError> {
    const REFUSED: TokenError = TokenError::InvalidScope(
        "The org authorization server issues admin scopes only, to admin clients with a key.",
    );
    let Wanted::Named(scopes) = wanted else { return Err(REFUSED) };
    let is_admin = client.spec.admin && client.spec.auth == ClientAuth::PrivateKeyJwt;
    let are_admin_scopes =
        scopes.iter().all(|scope| admin::SCOPES.iter().any(|(name, _)| *name == scope));
    if !is_admin || !are_admin_scopes {
        return Err(REFUSED);
    }
    Ok(Granted {
        scopes: scopes.clone(),
        lifetime: RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME,
        rule: "org/admin".to_owned(),
    })
}

#[cfg(test)]
mod tests;
