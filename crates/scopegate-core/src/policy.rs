//! Access policies: which scopes a client gets by a grant, and for how long.
//!
//! Policies and their rules are tried in their order, and the first rule that matches decides. Rules
//! can only allow: where none matches, nothing is granted.

mod org;
mod wanted;

use std::time::Duration;

use scopegate_claims::{Scope, ScopeSet};
use serde::{Deserialize, Serialize};

use crate::catalog::{
    AuthorizationServer, Client, Consent, RESERVED_SCOPES, RuleSpec, STANDARD_SCOPES, Scopes,
};
use crate::directory::User;
use crate::error::TokenError;

pub use wanted::Wanted;

/// What is asked of the policies.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client.
    pub client: &'a Client,
    /// The grant type that the rules are asked for.
    pub grant_type: &'a str,
    /// The person, where one takes part.
    pub person: Option<&'a User>,
    /// The scopes.
    pub wanted: &'a Wanted,
}

/// What a rule grants.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The scopes of the token.
    pub scopes: ScopeSet,
    /// How long it lives.
    pub lifetime: Duration,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: String,
    /// How long refresh tokens live in all; none: without an end.
    pub refresh_lifetime: Option<Duration>,
    /// How long they live without being used.
    pub refresh_window: Duration,
}

/// Decides what a client gets by a grant.
///
/// With a person the scopes of OpenID Connect need not be listed in a rule. A person's consent is not
/// asked for here, nor whether the client is assigned to the person.
///
/// # Errors
///
/// [`TokenError::InvalidScope`] for scopes that the server does not have,
/// [`TokenError::ConsentRequired`] for those that need a person where there is none,
/// [`TokenError::NoMatchingRule`] if no rule matches.
pub fn evaluate(asking: &Asking<'_>) -> Result<Granted, TokenError> {
    match asking.wanted {
        // Who names none means all. Where no rule gives all of them, some are left.
        Wanted::AtMost(all) if !all.is_empty() => {
            let all = Wanted::Named(all.clone());
            by_rules(&Asking { wanted: &all, ..*asking }).or_else(|_| by_rules(asking))
        }
        Wanted::AtMost(_) | Wanted::Default | Wanted::Named(_) => by_rules(asking),
    }
}

fn by_rules(asking: &Asking<'_>) -> Result<Granted, TokenError> {
    let Asking { server, client, person, wanted, .. } = *asking;
    if server.id.is_org() {
        return match person {
            None => org::for_client(client, wanted),
            Some(_) => org::for_person(client, wanted),
        };
    }
    let asked = asking.scopes()?;
    if let Some(granted) = asking.first_match(&asked) {
        asking.check_defaults(&granted)?;
        return Ok(granted);
    }
    // A refresh whose own scopes are all gone still says who the person is.
    let standard = only_standard(&asked);
    match wanted {
        Wanted::AtMost(_) if standard.contains("openid") => asking.first_match(&standard),
        _ => None,
    }
    .ok_or(TokenError::NoMatchingRule)
}

impl Asking<'_> {
    /// The scopes that are asked for, if the server has them.
    fn scopes(&self) -> Result<ScopeSet, TokenError> {
        let asked = match self.wanted {
            Wanted::Default if self.server.default_scopes.is_empty() => {
                return Err(TokenError::InvalidScope(
                    "The authorization server has no default scopes: name the scopes you need.",
                ));
            }
            Wanted::Default => self.server.default_scopes.clone(),
            Wanted::Named(scopes) => {
                scopes.iter().try_for_each(|name| self.check(name))?;
                scopes.clone()
            }
            Wanted::AtMost(scopes) => kept(scopes, |name| self.check(name).is_ok()),
        };
        match self.person {
            None => Ok(asked),
            Some(_) => without_vain_offline_access(self.client, asked),
        }
    }

    /// Of the scopes that are asked for by naming none, those are checked that a rule gives: the others
    /// refuse nothing.
    fn check_defaults(&self, granted: &Granted) -> Result<(), TokenError> {
        match self.wanted {
            Wanted::Default => granted.scopes.iter().try_for_each(|name| self.check(name)),
            Wanted::AtMost(_) | Wanted::Named(_) => Ok(()),
        }
    }

    /// Refuses a scope that the server does not have, or that nobody could consent to.
    fn check(&self, name: &str) -> Result<(), TokenError> {
        if RESERVED_SCOPES.contains(&name) {
            return match self.person {
                Some(_) if is_standard(name) => Ok(()),
                Some(_) => Err(TokenError::InvalidScope("The scope is not supported.")),
                None => Err(TokenError::InvalidScope(
                    "A scope of OpenID Connect cannot be had without a person.",
                )),
            };
        }
        let spec = Scope::parse(name).ok().and_then(|scope| self.server.scopes.get(&scope));
        match spec.map(|spec| spec.consent) {
            Some(Consent::Flexible | Consent::Implicit) => Ok(()),
            Some(Consent::Required) if self.person.is_some() => Ok(()),
            Some(Consent::Required) => Err(TokenError::ConsentRequired),
            None => Err(TokenError::InvalidScope(
                "The authorization server does not have all of these scopes.",
            )),
        }
    }

    /// What the first rule grants that matches.
    fn first_match(&self, asked: &ScopeSet) -> Option<Granted> {
        for policy in self.server.policies_for(self.client.id.as_str()) {
            for (name, rule) in policy.rules() {
                if let Some(scopes) = self.granted_by(rule, asked) {
                    return Some(Granted {
                        scopes,
                        lifetime: rule.access_token_lifetime,
                        rule: [policy.name.as_str(), "/", name].concat(),
                        refresh_lifetime: rule.refresh_token_lifetime,
                        refresh_window: rule.refresh_token_window,
                    });
                }
            }
        }
        None
    }

    /// What a rule grants, if it matches: named scopes all or none, others as far as it allows.
    fn granted_by(&self, rule: &RuleSpec, asked: &ScopeSet) -> Option<ScopeSet> {
        let is_for_all = || self.person.is_none_or(|user| rule.admits(user));
        if !rule.grant_types.contains(self.grant_type) || !is_for_all() {
            return None;
        }
        let is_listed = |name: &str| match &rule.scopes {
            Scopes::Any => true,
            Scopes::Named(allowed) => allowed.contains(name),
        };
        let is_free = |name: &str| self.person.is_some() && is_standard(name);
        let granted = kept(asked, |name| is_free(name) || is_listed(name));
        let matches = match self.wanted {
            Wanted::Named(_) => granted.len() == asked.len(),
            // A rule must give something of its own, if something of its own is asked for.
            Wanted::AtMost(_) | Wanted::Default => {
                let has_own = |scopes: &ScopeSet| !scopes.iter().all(is_free);
                !granted.is_empty() && (has_own(&granted) || !has_own(asked))
            }
        };
        matches.then_some(granted)
    }
}

/// Leaves `offline_access` out where it is of no use: without the grant, or with nothing beside it
/// that a later token could be for.
fn without_vain_offline_access(client: &Client, asked: ScopeSet) -> Result<ScopeSet, TokenError> {
    let is_lasting = |name: &str| name == "openid" || !is_standard(name);
    let can_refresh = client.spec.grant_types.contains("refresh_token");
    if !asked.contains("offline_access") || (can_refresh && asked.iter().any(is_lasting)) {
        return Ok(asked);
    }
    let rest = kept(&asked, |name| name != "offline_access");
    match rest.is_empty() {
        true => Err(TokenError::InvalidScope("The scope offline_access needs another one.")),
        false => Ok(rest),
    }
}

fn only_standard(scopes: &ScopeSet) -> ScopeSet {
    kept(scopes, is_standard)
}

fn is_standard(name: &str) -> bool {
    STANDARD_SCOPES.contains(&name)
}

fn kept(scopes: &ScopeSet, is_kept: impl Fn(&str) -> bool) -> ScopeSet {
    // Mostly all are, and a set shares its text.
    if scopes.iter().all(&is_kept) {
        return scopes.clone();
    }
    ScopeSet::from_tokens(scopes.iter().filter(|name| is_kept(name))).expect("they are scopes")
}

#[cfg(test)]
mod tests;
