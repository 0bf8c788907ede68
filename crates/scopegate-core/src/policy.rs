//! Access policies: which scopes a grant gives to a client, and for how long.
//!
//! [`evaluate`] is a pure function that never fails. It tries the policies and their rules in order. The
//! first rule whose [conditions](condition::CONDITIONS) all hold decides. If no rule matches, nothing is
//! granted. The trace lists the rules that were tried and the first condition that failed for each.

pub mod condition;
mod evaluation;
mod requested;
mod wanted;

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use serde::{Deserialize, Serialize};

use self::condition::Case;
pub use self::evaluation::{Evaluation, Malformed, Outcome, Step, Trace};
pub use self::wanted::Wanted;
use crate::catalog::{AuthorizationServer, Client, ClientAuth, Resource, Rule, STANDARD_SCOPES};
use crate::directory::{Authentication, User};

/// All inputs of a policy decision.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client.
    pub client: &'a Client,
    /// How the client is authenticated.
    pub client_auth: ClientAuth,
    /// The grant type. For a refresh, the grant type with which the token family started.
    pub grant_type: &'a str,
    /// The user, if one takes part.
    pub user: Option<&'a User>,
    /// How and when the user signed in, if known.
    pub authentication: Option<&'a Authentication>,
    /// The values of `resource` (RFC 8707 §2).
    pub resources: &'a [Resource<'a>],
    /// The IP address of the client or of the browser, if known.
    pub address: Option<IpAddr>,
    /// The current time.
    pub now: UnixTime,
    /// The requested scopes.
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
    /// The maximum lifetime of a family of refresh tokens. `None` means no limit.
    pub refresh_lifetime: Option<Duration>,
    /// How long a refresh token may stay unused before it expires.
    pub refresh_window: Duration,
}

/// Decides which scopes and lifetimes a grant gives to a client.
///
/// If a user takes part, a rule need not list the scopes of OpenID Connect. This does not check the user's
/// consent, nor whether the user may use the client.
pub fn evaluate(facts: &Facts<'_>) -> Evaluation {
    let mut trace = Trace::default();
    let mut outcome = Outcome::NoMatch;
    // No `scope` parameter means all scopes that were granted before. Try for all of them first: otherwise
    // an earlier rule that gives only some would win over a later rule that gives all.
    if let Wanted::AtMost(all) = facts.wanted
        && !all.is_empty()
    {
        let all = Wanted::Named(all.clone());
        outcome = by_rules(&Facts { wanted: &all, ..*facts }, &mut trace);
    }
    if matches!(outcome, Outcome::NoMatch | Outcome::Malformed(_)) {
        outcome = by_rules(facts, &mut trace);
    }
    if facts.server.id.is_org() {
        outcome = outcome.for_org_server(facts.user);
    }
    Evaluation { outcome, trace }
}

fn by_rules(facts: &Facts<'_>, trace: &mut Trace) -> Outcome {
    let requested = match requested::scopes(facts) {
        Ok(requested) => requested,
        Err(malformed) => return Outcome::Malformed(malformed),
    };
    if let Some(granted) = first_match(facts, &requested, trace) {
        return match requested::check_defaults(facts, &granted.scopes) {
            Ok(()) => Outcome::Allow(granted),
            Err(malformed) => Outcome::Malformed(malformed),
        };
    }
    // If no rule gives the API scopes of a refresh any more, it may still get the OpenID Connect scopes.
    let standard = retained(&requested, is_standard);
    let is_sign_in = matches!(facts.wanted, Wanted::AtMost(_)) && standard.contains("openid");
    let granted = is_sign_in.then(|| first_match(facts, &standard, trace)).flatten();
    granted.map_or(Outcome::NoMatch, Outcome::Allow)
}

/// What the first matching rule grants.
fn first_match(facts: &Facts<'_>, requested: &ScopeSet, trace: &mut Trace) -> Option<Granted> {
    for (policy_place, policy) in facts.server.policies_for(facts.client.id.as_str()) {
        for (rule_place, rule) in (0..).zip(policy.rules()) {
            let case = Case { facts, policy, rule, requested };
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

/// Whether OpenID Connect defines this scope for users.
fn is_standard(name: &str) -> bool {
    STANDARD_SCOPES.contains(&name)
}

fn retained(scopes: &ScopeSet, is_retained: impl Fn(&str) -> bool) -> ScopeSet {
    // Usually all scopes are retained, and cloning a set is cheap.
    if scopes.iter().all(&is_retained) {
        return scopes.clone();
    }
    let retained = scopes.iter().filter(|name| is_retained(name));
    ScopeSet::from_tokens(retained).expect("members of a scope set are scopes")
}

#[cfg(test)]
mod tests;
