//! `[[server.policy]]`.

use serde_json::Value;

use super::field::{Fields, Use};
use crate::catalog::{ClientId, Clients, GroupSpec, PolicySpec, Status};

pub(super) fn policy(spec: &PolicySpec) -> Fields {
    let PolicySpec { priority, description, clients, status } = spec;
    Fields::default()
        .add("priority", Value::from(*priority), Use::Position)
        .unless(&String::new(), "description", description)
        .with("clients", names(clients))
        .unless(&Status::default(), "status", status)
}

/// The clients that something is for.
pub(super) fn names(clients: &Clients) -> Vec<&str> {
    match clients {
        Clients::All => vec!["*"],
        Clients::Named(ids) => ids.iter().map(ClientId::as_str).collect(),
    }
}

/// A group. No catalog file has one: these fields are shown in the history.
pub(super) fn group(spec: &GroupSpec) -> Fields {
    Fields::default().unless(&String::new(), "description", &spec.description)
}
