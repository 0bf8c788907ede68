//! `[[server.policy.rule]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::field::{Fields, Use, name_of};
use crate::catalog::{Effect, Hours, RuleSpec, Scopes, Status};
use crate::catalog_file::rule::EFFECTS;
use crate::expression::Expression;
use crate::spelling::show_duration;

pub(super) fn rule(spec: &RuleSpec) -> Fields {
    let RuleSpec {
        priority,
        effect,
        grant_types,
        scopes,
        access_token_lifetime,
        users,
        groups,
        refresh_token_lifetime,
        refresh_token_window,
        zones,
        not_zones,
        hours,
        client_auth,
        acr_values,
        max_age,
        resources,
        when,
        narrow,
        scope_lifetimes,
        hooks,
        status,
    } = spec;
    let shown = |duration: &Duration| show_duration(*duration);
    let default_lifetime = shown(&RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME);
    let default_window = shown(&RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW);
    let effect_name = |effect| name_of(&EFFECTS, effect);
    let methods: Vec<&str> = client_auth.iter().map(|method| method.as_str()).collect();
    let caps: BTreeMap<&str, String> =
        scope_lifetimes.iter().map(|(scope, cap)| (scope.as_str(), shown(cap))).collect();
    Fields::default()
        .add("priority", Value::from(*priority), Use::Position)
        .unless(&effect_name(&Effect::default()), "effect", &effect_name(effect))
        .with("grant_types", grant_types)
        .unless_empty("users", users)
        .unless_empty("groups", groups)
        .with("scopes", listed(scopes))
        .unless_empty("zones", zones)
        .unless_empty("not_zones", not_zones)
        .if_some("hours", hours.as_ref().map(hours_table))
        .unless_empty("client_auth", methods)
        .unless_empty("acr_values", acr_values)
        .if_some("max_age", max_age.as_ref().map(shown))
        .unless_empty("resources", resources)
        .if_some("when", when.as_ref().map(Expression::text))
        .unless(&false, "narrow", narrow)
        .unless(&default_lifetime, "access_token_lifetime", &shown(access_token_lifetime))
        .unless_empty("scope_lifetimes", caps)
        .if_some("refresh_token_lifetime", refresh_token_lifetime.as_ref().map(shown))
        .unless(&default_window, "refresh_token_window", &shown(refresh_token_window))
        .unless_empty("hooks", hooks)
        .unless(&Status::default(), "status", status)
}

fn hours_table(Hours { days, from, to, time_zone }: &Hours) -> Value {
    let (from, to) = (from.to_string(), to.to_string());
    match days.is_empty() {
        true => json!({ "from": from, "to": to, "time_zone": time_zone }),
        false => json!({ "days": days, "from": from, "to": to, "time_zone": time_zone }),
    }
}

fn listed(scopes: &Scopes) -> Vec<&str> {
    match scopes {
        Scopes::Any => vec!["*"],
        Scopes::Named(scopes) => scopes.iter().collect(),
    }
}
