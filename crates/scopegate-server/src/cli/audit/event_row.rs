//! An audit event as it is shown.

use scopegate_claims::UnixTime;
use scopegate_core::store::StoredEvent;
use scopegate_server::audit_json::audit_json;
use serde_json::Value;

use crate::cli::table::Listed;
use crate::cli::time_text;

/// The stored outcome of what was not refused.
const ALLOW: &str = "ALLOW";

/// What the names of most kinds begin with. The table leaves it out.
const COMMON: &str = "app.oauth2.as.";

/// An audit event. It is read as JSON, so that an event of a newer version is shown, too.
pub(super) struct EventRow {
    id: String,
    body: Value,
}

impl EventRow {
    pub(super) fn of(event: &StoredEvent) -> Self {
        // A body that is no JSON shows only its id.
        let body = serde_json::from_str(&event.json).unwrap_or_default();
        Self { id: event.id.to_string(), body }
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.body[member].as_str().filter(|text| !text.is_empty())
    }

    fn at(&self) -> Option<UnixTime> {
        self.body["at"].as_u64().map(UnixTime::from_seconds)
    }

    fn is_allowed(&self) -> bool {
        self.text("outcome") == Some(ALLOW)
    }

    /// Why, or what: the rule, the reason, the actor and the entity, as far as there are any.
    fn notes(&self) -> String {
        let entity = ["after", "before"].map(|member| &self.body[member]);
        let entity = entity.into_iter().find(|entity| !entity.is_null()).map(|entity| {
            let name = |member: &str| entity[member].as_str().unwrap_or_default().to_owned();
            let verb = match (self.body["before"].is_null(), self.body["after"].is_null()) {
                (true, _) => "created",
                (_, true) => "deleted",
                _ => "changed",
            };
            format!("{verb} {} {}", name("kind"), name("name"))
        });
        let labelled = |label: &str, member: &str| Some(format!("{label} {}", self.text(member)?));
        let actor = self.body["actor"]["id"].as_str();
        let actor = actor.map(|id| {
            let by = self.body["actor"]["by"].as_str();
            let person = by.map(|by| format!(", {by}")).unwrap_or_default();
            let actor = self.body["actor"]["type"].as_str().unwrap_or_default();
            format!("by {actor} {id:?}{person}")
        });
        let count = self.body["count"].as_u64().map(|count| format!("{count} requests"));
        let notes = [
            entity,
            labelled("scopes", "scope"),
            labelled("rule", "rule"),
            self.text("reason").map(str::to_owned),
            count,
            actor,
            labelled("from", "address"),
        ];
        notes.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl Listed for EventRow {
    const COLUMNS: &'static [&'static str] =
        &["AT (UTC)", "KIND", "OUTCOME", "SERVER", "CLIENT", "USER", "ID", "NOTES"];

    fn cells(&self) -> Vec<String> {
        let or_dash = |member: &str| self.text(member).unwrap_or("-").to_owned();
        let kind = self.text("kind").unwrap_or("-");
        let at = self.at().map(time_text::date).unwrap_or_default();
        let outcome = if self.is_allowed() { "allow".to_owned() } else { or_dash("outcome") };
        vec![
            at.trim_end_matches(" UTC").to_owned(),
            kind.strip_prefix(COMMON).unwrap_or(kind).to_owned(),
            outcome,
            or_dash("server"),
            or_dash("client"),
            or_dash("user"),
            self.id.clone(),
            self.notes(),
        ]
    }

    fn json(&self) -> Value {
        audit_json(&self.id, &self.body.to_string())
    }
}

#[cfg(test)]
mod tests {
    use scopegate_core::audit::DecisionId;
    use serde_json::json;

    use super::*;

    fn row(body: &Value) -> EventRow {
        let id = DecisionId::first_at(UnixTime::from_seconds(1_800_000_000));
        EventRow::of(&StoredEvent { id, json: body.to_string() })
    }

    #[test]
    fn a_refused_request_is_shown_with_its_client_as_actor_and_its_reason() {
        let row = row(&json!({
            "at": 1_800_000_000, "kind": "app.oauth2.as.token.grant.access_token",
            "server": "default", "client": "batch", "outcome": "access_denied",
            "scope": "a b", "reason": "No rule matches.", "address": "192.0.2.1",
        }));
        let json = row.json();
        assert_eq!(json["at"], "2027-01-15T08:00:00Z");
        assert_eq!(
            (&json["outcome"], &json["error"]),
            (&json!("refused"), &json!("access_denied"))
        );
        assert_eq!(json["actor"], json!({ "type": "client", "id": "batch" }));
        assert_eq!((&json["scopes"], &json["user"]), (&json!(["a", "b"]), &Value::Null));
        assert_eq!(json["decision_id"], json["id"]);
        let cells = row.cells();
        assert_eq!(
            cells[..4],
            ["2027-01-15 08:00:00", "token.grant.access_token", "access_denied", "default"]
        );
        assert_eq!(cells[7], "scopes a b; No rule matches.; from 192.0.2.1");
    }

    #[test]
    fn a_change_of_the_catalog_names_its_actor_and_its_entity() {
        let actor = json!({ "type": "file", "id": "catalog.toml", "by": "ann@build" });
        let entity = json!({ "kind": "client", "name": "batch" });
        let row = row(&json!({
            "at": 1, "kind": "catalog.entity.change", "outcome": "ALLOW", "client": "batch",
            "actor": actor, "before": entity,
        }));
        assert_eq!((&row.json()["actor"], &row.json()["decision_id"]), (&actor, &Value::Null));
        assert_eq!(row.json()["error"], Value::Null);
        assert_eq!(row.cells()[7], "deleted client batch; by file \"catalog.toml\", ann@build");
    }

    #[test]
    fn the_times_of_a_changed_entity_are_in_rfc_3339() {
        let secret =
            json!({ "mac": "***", "created_at": 1_800_000_000, "expires_at": 1_800_003_600 });
        let client = json!({ "kind": "client", "spec": { "name": "Batch", "secrets": [secret] } });
        let row = row(&json!({ "kind": "catalog.entity.change", "after": client }));
        let shown = json!({
            "mac": "***", "created_at": "2027-01-15T08:00:00Z", "expires_at": "2027-01-15T09:00:00Z",
        });
        assert_eq!(row.json()["after"]["spec"], json!({ "name": "Batch", "secrets": [shown] }));
        assert_eq!(row.json()["before"], Value::Null);
    }

    #[test]
    fn an_event_of_a_newer_version_is_shown() {
        let row = row(&json!({ "kind": "of.tomorrow", "outcome": "ALLOW" }));
        assert_eq!(
            (row.json()["kind"].clone(), row.json()["actor"].clone()),
            (json!("of.tomorrow"), Value::Null)
        );
        assert_eq!(row.cells().len(), EventRow::COLUMNS.len());
    }
}
