//! `[[server]]`, `[[server.scope]]` and `[[server.claim]]`.

use scopegate_claims::Dialect;
use scopegate_jose::Algorithm;
use serde_json::{Value, json};

use super::field::{Fields, name_of};
use crate::catalog::{
    AudienceSpec, ClaimExpression, ClaimSource, ClaimSpec, Consent, GroupFilter, KeySchedule,
    MetadataPublish, OnError, ScopeSpec, ServerSpec, Status,
};
use crate::catalog_file::claim::{ON_ERROR, TOKENS};
use crate::catalog_file::scope::{CONSENT, PUBLISH};
use crate::catalog_file::server::{DIALECTS, ROTATIONS};
use crate::spelling::show_duration;

pub(super) fn server(spec: &ServerSpec) -> Fields {
    let ServerSpec { name, description, audiences, dialect, algorithms, .. } = spec;
    let ServerSpec { trusted_servers, keys, status, .. } = spec;
    let audiences: Vec<Value> = audiences.iter().map(audience).collect();
    let dialect_name = |dialect| name_of(&DIALECTS, dialect);
    let algorithms: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    Fields::default()
        .with("name", name)
        .unless(&String::new(), "description", description)
        .with("audiences", audiences)
        .unless(&dialect_name(&Dialect::default()), "dialect", &dialect_name(dialect))
        .unless(&vec![Algorithm::Rs256.name()], "algorithms", &algorithms)
        .unless_empty("trusted_servers", trusted_servers)
        .unless(&schedule(&KeySchedule::default()), "keys", &schedule(keys))
        .unless(&Status::default(), "status", status)
}

fn audience(AudienceSpec { name, resources }: &AudienceSpec) -> Value {
    match resources.is_empty() {
        true => json!({ "name": name }),
        false => json!({ "name": name, "resources": resources }),
    }
}

fn schedule(KeySchedule { rotation, every, announce }: &KeySchedule) -> Value {
    let rotation = name_of(&ROTATIONS, rotation);
    let mut table = json!({ "rotation": rotation, "every": show_duration(*every) });
    if let Some(announce) = announce {
        table["announce"] = Value::from(show_duration(*announce));
    }
    table
}

pub(super) fn scope(spec: &ScopeSpec) -> Fields {
    let ScopeSpec { display_name, description, consent, default, optional, metadata_publish } =
        spec;
    let consent_name = |consent| name_of(&CONSENT, consent);
    let publish_name = |publish| name_of(&PUBLISH, publish);
    Fields::default()
        .unless(&String::new(), "display_name", display_name)
        .unless(&String::new(), "description", description)
        .unless(&consent_name(&Consent::default()), "consent", &consent_name(consent))
        .unless(&false, "default", default)
        .unless(&false, "optional", optional)
        .unless(
            &publish_name(&MetadataPublish::default()),
            "metadata_publish",
            &publish_name(metadata_publish),
        )
}

pub(super) fn claim(spec: &ClaimSpec) -> Fields {
    let ClaimSpec { token, value, scopes, status } = spec;
    let on_error_name = |on_error| name_of(&ON_ERROR, on_error);
    Fields::default()
        .with("token", name_of(&TOKENS, token))
        .with("value", source(value))
        .unless_empty("scopes", scopes)
        .unless(&on_error_name(&OnError::default()), "on_error", &on_error_name(on_error(value)))
        .unless(&Status::default(), "status", status)
}

/// What happens if the value cannot be computed.
fn on_error(value: &ClaimSource) -> &OnError {
    match value {
        ClaimSource::Expression(expression) => &expression.on_error,
        _ => &OnError::Omit,
    }
}

fn source(value: &ClaimSource) -> Value {
    match value {
        ClaimSource::ClientAttribute(name) => {
            json!({ "attribute": format!("client.attributes.{name}") })
        }
        ClaimSource::UserAttribute(name) => json!({ "attribute": format!("user.{name}") }),
        ClaimSource::Constant(constant) => json!({ "constant": constant }),
        ClaimSource::Expression(ClaimExpression { text, on_error: _ }) => {
            json!({ "expression": text.text() })
        }
        ClaimSource::MatchingGroups(pattern) => json!({ "groups": { "regex": pattern } }),
        ClaimSource::Groups(GroupFilter { kind, value }) => {
            json!({ "groups": { kind.as_str(): value } })
        }
    }
}
