//! Access policies: which scopes a client gets by a grant, and for how long.
//!
//! [`evaluate`] is total and pure. It tries the policies and their rules in their order, and the first
//! rule whose [conditions](condition::CONDITIONS) all hold decides. If no rule matches, nothing is
//! granted. The trace says which rules were tried and which condition failed first.

mod asked;
pub mod condition;
mod evaluation;
mod wanted;

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use serde::{Deserialize, Serialize};

pub use self::evaluation::{Evaluation, Malformed, Outcome, Step, Trace};
pub use self::wanted::Wanted;
use crate::catalog::{AuthorizationServer, Client, ClientAuth, Resource, Rule, STANDARD_SCOPES};
use crate::directory::{Authentication, User};
use condition::Case;

/// Everything that a policy may look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client.
    pub client: &'a Client,
    /// How the client is authenticated.
    pub client_auth: ClientAuth,
    /// The grant type. A refresh has the grant type by which its family began.
    pub grant_type: &'a str,
    /// The user, if one takes part.
    pub user: Option<&'a User>,
    /// How and when the user signed in, if that is known.
    pub authentication: Option<&'a Authentication>,
    /// The values of `resource` (RFC 8707 §2).
    pub resources: &'a [Resource<'a>],
    /// The address of the client or of the browser, if it is known.
    pub address: Option<IpAddr>,
    /// The present.
    pub now: UnixTime,
    /// The scopes that are asked for.
    pub wanted: &'a Wanted,
}

/// What a rule grants.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The scopes of the token.
    pub scopes: ScopeSet,
    /// How long the access token lives.
    pub lifetime: Duration,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: String,
    /// How long the refresh tokens of a family live in all. `None`: without an end.
    pub refresh_lifetime: Option<Duration>,
    /// How long a refresh token lives without being used.
    pub refresh_window: Duration,
}

/// Decides what a client gets by a grant.
///
/// With a user, a rule need not list the scopes of OpenID Connect. Consent is not looked at here, nor
/// whether the user may use the client.
pub fn evaluate(facts: &Facts<'_>) -> Evaluation {
    let mut trace = Trace::default();
    let mut outcome = Outcome::NoMatch;
    // No `scope` parameter means all scopes that were granted before. A rule that gives all of them goes
    // before one that gives some.
    if let Wanted::AtMost(all) = facts.wanted
        && !all.is_empty()
    {
        let all = Wanted::Named(all.clone());
        outcome = by_rules(&Facts { wanted: &all, ..*facts }, &mut trace);
    }
    if !matches!(outcome, Outcome::Allow(_)) {
        outcome = by_rules(facts, &mut trace);
    }
    if facts.server.id.is_org() {
        outcome = outcome.for_org_server(facts.user);
    }
    Evaluation { outcome, trace }
}

fn by_rules(facts: &Facts<'_>, trace: &mut Trace) -> Outcome {
    let asked = match asked::scopes(facts) {
        Ok(asked) => asked,
        Err(malformed) => return Outcome::Malformed(malformed),
    };
    if let Some(granted) = first_match(facts, &asked, trace) {
        return match asked::check_defaults(facts, &granted.scopes) {
            Ok(()) => Outcome::Allow(granted),
            Err(malformed) => Outcome::Malformed(malformed),
        };
    }
    // A refresh whose own scopes are all gone still says who the user is.
    let standard = kept(&asked, is_standard);
    let says_who = matches!(facts.wanted, Wanted::AtMost(_)) && standard.contains("openid");
    let granted = says_who.then(|| first_match(facts, &standard, trace)).flatten();
    granted.map_or(Outcome::NoMatch, Outcome::Allow)
}

/// What the first rule grants whose conditions all hold.
fn first_match(facts: &Facts<'_>, asked: &ScopeSet, trace: &mut Trace) -> Option<Granted> {
    for (policy_place, policy) in facts.server.policies_for(facts.client.id.as_str()) {
        for (rule_place, rule) in (0..).zip(policy.rules()) {
            let case = Case { facts, policy, rule, asked };
            let failed = condition::first_that_fails(&case);
            trace.tried(Step { policy: policy_place, rule: rule_place, failed });
            if failed.is_none() {
                let Rule { name, spec, .. } = rule;
                return Some(Granted {
                    scopes: condition::scopes_given(&case),
                    lifetime: spec.access_token_lifetime,
                    rule: [policy.name.as_str(), "/", name].concat(),
                    refresh_lifetime: spec.refresh_token_lifetime,
                    refresh_window: spec.refresh_token_window,
                });
            }
        }
    }
    None
}

/// Tells whether a scope is one of those that OpenID Connect defines for users.
fn is_standard(name: &str) -> bool {
    STANDARD_SCOPES.contains(&name)
}

fn kept(scopes: &ScopeSet, is_kept: impl Fn(&str) -> bool) -> ScopeSet {
    // Usually all are kept, and a clone of a set shares its text.
    if scopes.iter().all(&is_kept) {
        return scopes.clone();
    }
    ScopeSet::from_tokens(scopes.iter().filter(|name| is_kept(name))).expect("they are scopes")
}

#[cfg(test)]
mod tests;
