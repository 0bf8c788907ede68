//! Access policies: which scopes a grant gives to a client, and for how long.
//!
//! [`evaluate`] is a pure function that never fails. It tries the policies and their rules in order. The
//! first rule whose [conditions](condition::CONDITIONS) all hold decides: it allows, or it denies. If no rule
//! matches, nothing is granted. The trace lists the rules that were tried and the first condition that failed
//! for each.

pub mod condition;
mod evaluation;
mod inputs;
mod recorded;
mod requested;
mod wanted;

pub(crate) use self::requested::{check_defaults as check_given, scopes as requested_scopes};

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use serde::{Deserialize, Serialize};

use self::condition::Case;
pub use self::evaluation::{Evaluation, Malformed, Outcome, Step, Trace};
pub use self::wanted::Wanted;
use crate::catalog::{
    AuthorizationServer, Candidate, Client, ClientAuth, Effect, Resource, STANDARD_SCOPES,
};
use crate::directory::{Authentication, User};
use crate::expression::Work;

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
    /// The hooks that may change the tokens, in the order in which they are applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
    /// The maximum lifetime of the access token, whatever a hook says. `None` means that of all hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_cap: Option<Duration>,
}

/// Decides which scopes and lifetimes a grant gives to a client.
///
/// If a user takes part, a rule need not list the scopes of OpenID Connect. This does not check the user's
/// consent, nor whether the user may use the client.
///
/// Rules of policies for other clients, and rules for other grant types, are not tried and not in the trace.
/// [`explain`] has them.
pub fn evaluate(facts: &Facts<'_>) -> Evaluation {
    let mut trace = Trace::default();
    let outcome = decide(facts, &mut Fast(&mut trace, Work::new()));
    Evaluation { outcome, trace }
}

/// The decision of [`evaluate`], slower. Every rule is tried until one matches, and each is passed to `tried`
/// with the result. A rule occurs twice if it is tried for two sets of scopes.
pub fn explain(facts: &Facts<'_>, mut tried: impl FnMut(&Case<'_>, Step)) -> Outcome {
    decide(facts, &mut Full(&mut tried, Work::new()))
}

fn decide(facts: &Facts<'_>, search: &mut impl Search) -> Outcome {
    let mut outcome = Outcome::NoMatch;
    // No `scope` parameter means all scopes that were granted before. Try for all of them first: otherwise
    // an earlier rule that gives only some would win over a later rule that gives all.
    if let Wanted::AtMost(all) = facts.wanted
        && !all.is_empty()
    {
        let all = Wanted::Named(all.clone());
        outcome = by_rules(&Facts { wanted: &all, ..*facts }, search);
    }
    if matches!(outcome, Outcome::NoMatch | Outcome::Malformed(_)) {
        outcome = by_rules(facts, search);
    }
    match facts.server.id.is_org() {
        true => outcome.for_org_server(facts.user),
        false => outcome,
    }
}

fn by_rules(facts: &Facts<'_>, search: &mut impl Search) -> Outcome {
    let requested = match requested::scopes(facts) {
        Ok(requested) => requested,
        Err(malformed) => return Outcome::Malformed(malformed),
    };
    match search.first_match(facts, &requested) {
        Outcome::Allow(granted) => match requested::check_defaults(facts, &granted.scopes) {
            Ok(()) => Outcome::Allow(granted),
            Err(malformed) => Outcome::Malformed(malformed),
        },
        Outcome::NoMatch => {
            // If no rule gives the API scopes of a refresh any more, it may still get the OpenID Connect
            // scopes.
            let standard = retained(&requested, is_standard);
            let is_sign_in = matches!(facts.wanted, Wanted::AtMost(_));
            match is_sign_in && standard.contains("openid") {
                true => search.first_match(facts, &standard),
                false => Outcome::NoMatch,
            }
        }
        other @ (Outcome::Deny { .. } | Outcome::Malformed(_)) => other,
    }
}

/// The rules that are tried for a request.
trait Search {
    /// The result of the first rule that matches.
    fn first_match(&mut self, facts: &Facts<'_>, requested: &ScopeSet) -> Outcome;
}

/// Tries the rules of the index.
struct Fast<'t>(&'t mut Trace, Work);

impl Search for Fast<'_> {
    fn first_match(&mut self, facts: &Facts<'_>, requested: &ScopeSet) -> Outcome {
        let bits = Case::requested_bits(facts, requested);
        for candidate in facts.server.rules_for(facts.client.id.as_str(), facts.grant_type) {
            let Candidate { policy_place, policy, rule_place, rule, filter } = candidate;
            let case = Case { facts, policy, rule, requested, work: &self.1 };
            // Most rules of a large policy are for other scopes. They are not even read.
            let failed = match filter.may_fit(bits) {
                true => case.first_of_indexed(),
                false => Some(condition::SCOPES),
            };
            let effect = filter.effect;
            self.0.tried(Step { policy: policy_place, rule: rule_place, failed, effect });
            if failed.is_none() {
                return matched(&case);
            }
        }
        Outcome::NoMatch
    }
}

/// Tries all rules, and reports each.
struct Full<'t, T>(&'t mut T, Work);

impl<T: FnMut(&Case<'_>, Step)> Search for Full<'_, T> {
    fn first_match(&mut self, facts: &Facts<'_>, requested: &ScopeSet) -> Outcome {
        for (policy_place, policy) in (0..).zip(facts.server.policies()) {
            for (rule_place, rule) in (0..).zip(policy.rules()) {
                let case = Case { facts, policy, rule, requested, work: &self.1 };
                let failed = case.first_that_fails();
                let effect = rule.spec.effect;
                let step = Step { policy: policy_place, rule: rule_place, failed, effect };
                (self.0)(&case, step);
                if failed.is_none() {
                    return matched(&case);
                }
            }
        }
        Outcome::NoMatch
    }
}

/// The result of a rule that matches.
fn matched(case: &Case<'_>) -> Outcome {
    let (policy, spec) = (case.policy, &case.rule.spec);
    let rule = [policy.name.as_str(), "/", &case.rule.name].concat();
    if spec.effect == Effect::Deny {
        return Outcome::Deny { rule };
    }
    let scopes = case.scopes_given();
    Outcome::Allow(Granted {
        lifetime: spec.lifetime_of(&scopes),
        lifetime_cap: spec.lifetime_cap(&scopes),
        hooks: spec.hooks.clone(),
        scopes,
        rule,
        refresh_lifetime: spec.refresh_token_lifetime,
        refresh_window: spec.refresh_token_window,
    })
}

/// Whether OpenID Connect defines this scope for users.
pub(crate) fn is_standard(name: &str) -> bool {
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
