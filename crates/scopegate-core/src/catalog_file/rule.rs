//! `[[server.policy.rule]]`: a rule of a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scopegate_claims::{Scope, ScopeSet};

use super::ids::{BadScopes, Listed, read_list, read_set};
use super::seen::Seen;
use super::{expression, status, users_and_groups};
use crate::catalog::{ClientAuth, ClockTime, Day, Effect, Hours, RuleSpec, Scopes};
use crate::expression::Wanted;
use crate::spelling::{Quoted, parse_duration};
use crate::toml_reader::{Node, Shape, Table, Text};

pub(super) const RULE: Shape = Shape {
    what: "a rule",
    keys: &[
        "name",
        "effect",
        "grant_types",
        "users",
        "groups",
        "scopes",
        "zones",
        "not_zones",
        "hours",
        "client_auth",
        "acr_values",
        "max_age",
        "resources",
        "when",
        "narrow",
        "access_token_lifetime",
        "scope_lifetimes",
        "refresh_token_lifetime",
        "refresh_token_window",
        "hooks",
        "status",
    ],
    ..Shape::NONE
};

pub(super) const HOURS: Shape =
    Shape { what: "a time window", keys: &["days", "from", "to", "time_zone"], ..Shape::NONE };

pub(super) const EFFECTS: [(&str, Effect); 2] = [("allow", Effect::Allow), ("deny", Effect::Deny)];

/// Reads a rule.
pub(super) fn read(rule: Table<'_>, priority: u32, bad_scopes: &BadScopes<'_>) -> Option<RuleSpec> {
    let effect = rule.optional_text("effect").map(|text| text.one_of("effect", &EFFECTS));
    let grant_types = rule.required("grant_types");
    let scopes = rule.required("scopes").and_then(|node| read_scopes(node, bad_scopes));
    let read = |key| rule.optional_text(key).map(read_duration);
    let access_token_lifetime = read("access_token_lifetime");
    let refresh_token_lifetime = read("refresh_token_lifetime");
    let refresh_token_window = read("refresh_token_window");
    let max_age = read("max_age");
    let (users, groups) = users_and_groups::read(rule);
    let names = |key, what| read_set(rule.optional(key), what, |name| Some(name.text.to_owned()));
    let when = rule.optional_text("when").map(|text| expression::read(text, Wanted::Boolean));
    let hours = rule.optional("hours").map(read_hours);
    let hooks = rule.optional("hooks").and_then(Node::texts).unwrap_or_default();
    let client_auth = rule.optional("client_auth").map(read_client_auth);
    let scope_lifetimes =
        rule.optional("scope_lifetimes").map(|node| read_lifetimes(node, bad_scopes));
    Some(RuleSpec {
        priority,
        effect: effect.unwrap_or(Some(Effect::Allow))?,
        grant_types: read_set(grant_types, "grant type", |name| Some(name.text.to_owned())),
        scopes: scopes?,
        access_token_lifetime: access_token_lifetime
            .unwrap_or(Some(RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME))?,
        users,
        groups,
        zones: names("zones", "zone"),
        not_zones: names("not_zones", "zone"),
        hours: optional(hours)?,
        client_auth: client_auth.unwrap_or_else(|| Some(BTreeSet::new()))?,
        acr_values: names("acr_values", "class"),
        max_age: optional(max_age)?,
        resources: names("resources", "resource"),
        when: optional(when)?,
        narrow: rule.optional("narrow").map_or(Some(false), Node::boolean)?,
        scope_lifetimes: scope_lifetimes.unwrap_or_else(|| Some(BTreeMap::new()))?,
        refresh_token_lifetime: optional(refresh_token_lifetime)?,
        refresh_token_window: refresh_token_window
            .unwrap_or(Some(RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW))?,
        hooks: hooks.into_iter().map(|hook| hook.text.to_owned()).collect(),
        status: status::read(rule),
    })
}

/// The value of an optional key. `None` if it is there and cannot be read.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

fn read_scopes(node: Node<'_>, bad: &BadScopes<'_>) -> Option<Scopes> {
    let Listed::These(scopes) = read_list(node, "scopes")? else { return Some(Scopes::Any) };
    let mut seen = Seen::default();
    let scopes = scopes.into_iter().map(|scope| {
        seen.add("scope", scope);
        bad.scope(scope)
    });
    let scopes: Vec<Option<Scope>> = scopes.collect();
    let scopes: BTreeSet<Scope> = scopes.into_iter().collect::<Option<_>>()?;
    ScopeSet::from_tokens(scopes).ok().map(Scopes::Named)
}

fn read_hours(node: Node<'_>) -> Option<Hours> {
    let hours = node.table(&HOURS)?;
    let mut seen = Seen::default();
    let days = hours.optional("days").map_or_else(|| Some(Vec::new()), Node::texts);
    let days: Vec<Option<Day>> = days?
        .into_iter()
        .map(|day| {
            seen.add("day", day);
            day.one_of("day", &Day::ALL)
        })
        .collect();
    let time = |key| {
        hours.required_text(key).and_then(|text| {
            text.parse(|written| {
                let message = || {
                    format!(
                        "{} is no time of the day: write hours and minutes, such as \"08:00\"",
                        Quoted(written)
                    )
                };
                ClockTime::parse(written).ok_or_else(message)
            })
        })
    };
    let (from, to) = (time("from"), time("to"));
    let time_zone = hours.required_text("time_zone");
    Some(Hours {
        days: days.into_iter().collect::<Option<_>>()?,
        from: from?,
        to: to?,
        time_zone: time_zone?.text.to_owned(),
    })
}

fn read_client_auth(node: Node<'_>) -> Option<BTreeSet<ClientAuth>> {
    let known: Vec<_> = ClientAuth::ALL.iter().map(|method| (method.as_str(), *method)).collect();
    let mut seen = Seen::default();
    let methods: Vec<Option<ClientAuth>> = node
        .texts()?
        .into_iter()
        .map(|method| {
            seen.add("method", method);
            method.one_of("client authentication method", &known)
        })
        .collect();
    methods.into_iter().collect()
}

fn read_lifetimes(node: Node<'_>, bad: &BadScopes<'_>) -> Option<BTreeMap<String, Duration>> {
    let lifetimes: Vec<_> = node
        .entries()?
        .map(|(scope, lifetime)| {
            let lifetime = lifetime.text().and_then(read_duration);
            Some((bad.scope(scope)?.as_str().to_owned(), lifetime?))
        })
        .collect();
    lifetimes.into_iter().collect()
}

/// Reads a duration. Its limits are checked later, because they depend on the key.
pub(super) fn read_duration(text: Text<'_>) -> Option<Duration> {
    let duration = parse_duration(text.text);
    if duration.is_none() {
        let shown = Quoted(text.text);
        text.refuse(format_args!(
            "{shown} is no duration: write numbers with units, such as \"10m\" or \"1h30m\""
        ));
    }
    duration
}
