//! `[[server.policy]]` and `[[server.policy.rule]]`.

use std::time::Duration;

use serde_json::Value;

use super::field::{Fields, Use};
use crate::catalog::{ClientId, Clients, PolicySpec, RuleSpec, Scopes, Status};
use crate::spelling::show_duration;

pub(super) fn policy(spec: &PolicySpec) -> Fields {
    let PolicySpec { priority, clients, status } = spec;
    Fields::default()
        .add("priority", Value::from(*priority), Use::Position)
        .with("clients", names(clients))
        .unless(&Status::default(), "status", status)
}

pub(super) fn rule(spec: &RuleSpec) -> Fields {
    let RuleSpec {
        priority,
        grant_types,
        scopes,
        access_token_lifetime,
        users,
        groups,
        refresh_token_lifetime,
        refresh_token_window,
        status,
    } = spec;
    let shown = |duration: &Duration| show_duration(*duration);
    let default_lifetime = shown(&RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME);
    let default_window = shown(&RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW);
    Fields::default()
        .add("priority", Value::from(*priority), Use::Position)
        .with("grant_types", grant_types)
        .unless_empty("users", users)
        .unless_empty("groups", groups)
        .with("scopes", listed(scopes))
        .unless(&default_lifetime, "access_token_lifetime", &shown(access_token_lifetime))
        .if_some("refresh_token_lifetime", refresh_token_lifetime.as_ref().map(shown))
        .unless(&default_window, "refresh_token_window", &shown(refresh_token_window))
        .unless(&Status::default(), "status", status)
}

/// The clients that something is for.
pub(super) fn names(clients: &Clients) -> Vec<&str> {
    match clients {
        Clients::All => vec!["*"],
        Clients::Named(ids) => ids.iter().map(ClientId::as_str).collect(),
    }
}

fn listed(scopes: &Scopes) -> Vec<&str> {
    match scopes {
        Scopes::Any => vec!["*"],
        Scopes::Named(scopes) => scopes.iter().collect(),
    }
}
