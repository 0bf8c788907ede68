//! The JSON of an audit event, as `scopegate audit list --json` and the management API show it.

use scopegate_claims::UnixTime;
use scopegate_core::explain::show_time;
use serde_json::{Value, json};

/// The stored outcome of what was not refused.
const ALLOW: &str = "ALLOW";

/// What the names of the kinds of decisions begin with.
const DECISIONS: &str = "app.oauth2.as.";

/// The JSON of a stored event. It is read as JSON, so that an event of a newer version is shown, too.
pub fn audit_json(id: &str, stored: &str) -> Value {
    // A body that is no JSON shows only its id.
    let body: Value = serde_json::from_str(stored).unwrap_or_default();
    let text = |member: &str| body[member].as_str().filter(|text| !text.is_empty());
    let kind = text("kind").unwrap_or_default();
    let is_decision = kind.starts_with(DECISIONS) && body["count"].is_null();
    let outcome = text("outcome");
    let is_allowed = outcome == Some(ALLOW);
    let scopes: Vec<_> = text("scope").unwrap_or_default().split_whitespace().collect();
    json!({
        "id": id,
        "at": body["at"].as_u64().map(UnixTime::from_seconds).map(show_time),
        "kind": text("kind"),
        "outcome": if is_allowed { "allow" } else { "refused" },
        "error": outcome.filter(|_| !is_allowed),
        "actor": actor(&body, kind, is_decision),
        "server": text("server"),
        "client": text("client"),
        "user": text("user"),
        "grant_type": text("grant_type"),
        "scopes": scopes,
        "rule": text("rule"),
        "decision_id": is_decision.then_some(id),
        "reason": text("reason"),
        "address": text("address"),
        "token_id": text("token_id"),
        "family": text("family"),
        "count": body["count"],
        "before": shown_entity(&body["before"]),
        "after": shown_entity(&body["after"]),
    })
}

/// An entity of the catalog. The times of its secrets are stored as seconds, and shown in RFC 3339.
fn shown_entity(stored: &Value) -> Value {
    let mut entity = stored.clone();
    let secrets = entity.pointer_mut("/spec/secrets").and_then(Value::as_array_mut);
    let secrets = secrets.into_iter().flatten().filter_map(Value::as_object_mut);
    for (name, value) in secrets.flatten() {
        if let (true, Some(seconds)) = (name.ends_with("_at"), value.as_u64()) {
            *value = show_time(UnixTime::from_seconds(seconds)).into();
        }
    }
    entity
}

/// Who did it. Null if it is not recorded.
fn actor(body: &Value, kind: &str, is_decision: bool) -> Value {
    if !body["actor"].is_null() {
        return body["actor"].clone();
    }
    let text = |member: &str| body[member].as_str().filter(|text| !text.is_empty());
    let (actor, id) = match kind {
        _ if kind.starts_with("user.session.") => ("user", text("user")),
        _ if kind.starts_with("app.oauth2.as.key.") => ("system", Some("keys")),
        _ if is_decision => ("client", text("client")),
        _ => return Value::Null,
    };
    id.map_or(Value::Null, |id| json!({ "type": actor, "id": id }))
}
