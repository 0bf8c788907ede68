//! What is decided before a request comes, and what depends on the request.
//!
//! The client, its authentication method, the grant, the users and the scopes are stored. The time, the address,
//! the sign-in and the resource are not: a condition on them may hold or not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::{Hours, Rule, RuleSpec};
use crate::expression::{Expression, Root};
use crate::policy::condition::{CONDITIONS, Case, Condition, Dependence};
use crate::spelling::show_duration;

/// Whether a user signed in, for this request or for the token that is exchanged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum SignIn {
    /// When and how they signed in is known for each request.
    Known,
    /// It is never known.
    Unknown,
}

impl SignIn {
    pub(super) fn is_known(is_known: bool) -> Self {
        if is_known { Self::Known } else { Self::Unknown }
    }
}

/// Whether a condition lets a rule match.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chance {
    /// For each request.
    Always,
    /// For each request of some users. Each user must be checked.
    ByUser,
    /// For no request.
    Never,
    /// For some requests.
    Sometimes,
}

/// Whether a condition lets a rule match. `case` has no circumstances.
pub(super) fn chance(condition: &dyn Condition, case: &Case<'_>, sign_in: SignIn) -> Chance {
    let is_decided = match condition.name() {
        "acr_values" | "max_age" => sign_in == SignIn::Unknown,
        "hours" => case.rule.time_zone().is_none(),
        "when" => is_expression_decided(case, sign_in),
        _ => condition.depends_on(case.rule) == Dependence::Catalog,
    };
    if !is_decided {
        return Chance::Sometimes;
    }
    if case.facts.user.is_some() && may_read_user(condition, case.rule) {
        return Chance::ByUser;
    }
    match condition.check(case).lets_match(case.rule.spec.effect) {
        true => Chance::Always,
        false => Chance::Never,
    }
}

/// Whether the result may differ between two users. A new condition is asked for each user, which is always
/// right and may be slow.
fn may_read_user(condition: &dyn Condition, rule: &Rule) -> bool {
    match condition.name() {
        "built_in" | "client_auth" | "clients" | "grant_types" | "scopes" => false,
        "acr_values" | "hours" | "max_age" => false,
        "when" => reads(rule, Root::User),
        _ => true,
    }
}

/// Whether the result may differ between two clients that name the same policies, grants, users and groups.
pub(super) fn reads_client(rule: &Rule) -> bool {
    const KNOWN: [&str; 13] = [
        "acr_values",
        "built_in",
        "client_auth",
        "clients",
        "grant_types",
        "groups",
        "hours",
        "max_age",
        "not_zones",
        "resources",
        "scopes",
        "when",
        "zones",
    ];
    let mut others = CONDITIONS.iter().filter(|condition| !KNOWN.contains(&condition.name()));
    reads(rule, Root::Client) || others.any(|condition| condition.is_written(rule))
}

fn reads(rule: &Rule, root: Root) -> bool {
    rule.spec.when.as_ref().is_some_and(|when| when.reads().contains(&root))
}

/// Whether all that an expression reads is stored. `session` is known to be absent if no user signed in.
fn is_expression_decided(case: &Case<'_>, sign_in: SignIn) -> bool {
    let Some(when) = &case.rule.spec.when else { return true };
    let depends_on_audience = case.facts.server.spec.audiences.len() > 1
        && reads(case.rule, Root::Server)
        && when.text().contains("audience");
    !depends_on_audience
        && when.reads().iter().all(|root| match root {
            Root::Client | Root::Scopes | Root::Server | Root::User => true,
            Root::Request => reads_only_grant_type(when),
            Root::Session => sign_in == SignIn::Unknown,
        })
}

/// Whether an expression reads nothing of the request except its grant type.
fn reads_only_grant_type(when: &Expression) -> bool {
    let mut mentions = when.text().match_indices("request");
    mentions.all(|(at, _)| when.text()[at..].starts_with("request.grant_type"))
}

/// A condition that depends on the circumstances, as a sentence.
pub(super) fn sentence(condition: &dyn Condition, case: &Case<'_>) -> String {
    let spec = &case.rule.spec;
    match condition.name() {
        "zones" => format!("the address of the request is in {}", zones(&spec.zones)),
        "not_zones" => format!("the address of the request is not in {}", zones(&spec.not_zones)),
        "hours" => spec.hours.as_ref().map_or_else(String::new, hours),
        "acr_values" => {
            format!("the user signed in with {} or stronger", listed(&spec.acr_values, "or"))
        }
        "max_age" => {
            let age = show_duration(spec.max_age.unwrap_or_default());
            format!("the user signed in at most {age} ago")
        }
        "resources" => format!(
            "the request names a resource, and no other than {}",
            listed(&spec.resources, "and")
        ),
        "when" => format!("this is true: {}", condition.wanted(case)),
        name => format!("{name}: {}", condition.wanted(case)),
    }
}

fn zones(names: &BTreeSet<String>) -> String {
    let noun = if names.len() == 1 { "the zone" } else { "one of the zones" };
    format!("{noun} {}", listed(names, "and"))
}

fn hours(Hours { days, from, to, time_zone, .. }: &Hours) -> String {
    let days: Vec<_> = days.iter().map(|day| day.as_str()).collect();
    let days = if days.is_empty() { String::new() } else { format!(" on {}", days.join(", ")) };
    format!("the time is {from} to {to}{days} in {time_zone}")
}

fn listed(names: &BTreeSet<String>, word: &str) -> String {
    let mut names = names.iter().rev();
    let last = names.next().map_or("", String::as_str);
    let before: Vec<_> = names.rev().map(String::as_str).collect();
    match before.is_empty() {
        true => last.to_owned(),
        false => format!("{} {word} {last}", before.join(", ")),
    }
}

/// The circumstances that a rule requires. If an earlier rule for the same users has equal ones, it wins each
/// time when a later rule would match.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(super) struct Required<'r> {
    zones: &'r BTreeSet<String>,
    not_zones: &'r BTreeSet<String>,
    hours: Option<String>,
    acr_values: &'r BTreeSet<String>,
    max_age: Option<Duration>,
    resources: &'r BTreeSet<String>,
    /// The expression, unless it is decided by what is stored.
    when: Option<&'r str>,
}

impl<'r> Required<'r> {
    /// The circumstances that the conditions of a rule require. `None` if they include one that is not compared
    /// here.
    pub(super) fn by(rule: &'r Rule, sometimes: &[&dyn Condition]) -> Option<Self> {
        const COMPARED: [&str; 7] =
            ["acr_values", "hours", "max_age", "not_zones", "resources", "when", "zones"];
        if !sometimes.iter().all(|condition| COMPARED.contains(&condition.name())) {
            return None;
        }
        let RuleSpec { zones, not_zones, acr_values, max_age, resources, .. } = &rule.spec;
        let hours = rule.spec.hours.as_ref().map(hours);
        let has_when = sometimes.iter().any(|condition| condition.name() == "when");
        let when = rule.spec.when.as_ref().filter(|_| has_when).map(Expression::text);
        Some(Self { zones, not_zones, hours, acr_values, max_age: *max_age, resources, when })
    }
}
