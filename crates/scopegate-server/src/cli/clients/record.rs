//! What the commands show of a client.

use std::sync::Arc;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::{Client, ClientSecret, ClientType, Owner, Status};
use serde_json::{Map, Value, json};

use crate::cli::table::Listed;
use crate::cli::time_text;

/// A client with what the store knows about it besides.
#[derive(Debug)]
pub(super) struct ClientRecord {
    pub(super) client: Arc<Client>,
    /// When it was last authenticated, to about an hour.
    pub(super) last_used_at: Option<UnixTime>,
    pub(super) now: UnixTime,
}

impl ClientRecord {
    /// When the oldest secret that is still accepted was stored. `None`: there is no such secret. The inner
    /// value is the time; `None` if it is not known.
    pub(super) fn oldest_secret(&self) -> Option<Option<UnixTime>> {
        let secrets = self.client.spec.secrets.iter();
        let accepted = secrets.filter(|secret| secret.is_accepted(self.now));
        // `None` is less than every time.
        accepted.map(|secret| self.first_stored(secret)).min()
    }

    /// Tells whether an accepted secret was stored at a time or before. Of a secret of an earlier version the
    /// time is not known: it is at most as old as the client.
    pub(super) fn has_secret_since(&self, moment: UnixTime) -> bool {
        match self.oldest_secret() {
            None => false,
            Some(stored) => stored.is_none_or(|stored| stored <= moment),
        }
    }

    /// Tells whether the client was made at a time or before, and not used after it.
    pub(super) fn is_unused_since(&self, moment: UnixTime) -> bool {
        let made = self.client.record.as_ref().and_then(|record| record.created_at);
        self.last_used_at.or(made).is_none_or(|last| last <= moment)
    }

    fn first_stored(&self, secret: &ClientSecret) -> Option<UnixTime> {
        let made = self.client.record.as_ref().and_then(|record| record.created_at);
        secret.created_at().or(made)
    }

    /// Every member. Secrets are shown by their times only.
    pub(super) fn details(&self) -> Value {
        let spec = serde_json::to_value(&self.client.spec).unwrap_or_default();
        let Value::Object(mut details) = self.json() else { return Value::Null };
        let Value::Object(mut spec) = spec else { return Value::Null };
        spec.remove("client_type");
        spec.retain(|name, _| !details.contains_key(name));
        details.extend(spec);
        Value::Object(details)
    }
}

impl Listed for ClientRecord {
    const COLUMNS: &'static [&'static str] =
        &["ID", "STATUS", "TYPE", "AUTH", "OWNER", "LAST USE", "OLDEST SECRET", "NAME"];

    fn cells(&self) -> Vec<String> {
        let spec = &self.client.spec;
        let day = |time: Option<UnixTime>, without: &str| {
            time.map_or_else(|| without.to_owned(), time_text::day)
        };
        let secret =
            self.oldest_secret().map_or_else(|| "-".to_owned(), |time| day(time, "unknown"));
        vec![
            self.client.id.to_string(),
            format!(
                "{}{}",
                status_name(spec.status),
                if spec.is_on_hold() { " (hold)" } else { "" }
            ),
            type_name(spec.client_type).to_owned(),
            format!("{}{}", spec.auth.as_str(), if spec.admin { " (admin)" } else { "" }),
            owner_name(self.client.owner).to_owned(),
            day(self.last_used_at, "never"),
            secret,
            spec.name.clone(),
        ]
    }

    fn json(&self) -> Value {
        let (spec, record) = (&self.client.spec, self.client.record.as_ref());
        let time = |time: Option<UnixTime>| time.map(time_text::rfc3339);
        let secret = |secret: &ClientSecret| {
            json!({
                "created_at": time(secret.created_at()),
                "expires_at": time(secret.expires_at()),
                "accepted": secret.is_accepted(self.now),
            })
        };
        let mut object = Map::new();
        for (name, value) in [
            ("id", json!(self.client.id)),
            ("name", json!(spec.name)),
            ("status", json!(status_name(spec.status))),
            ("on_hold", json!(spec.is_on_hold())),
            ("type", json!(type_name(spec.client_type))),
            ("auth", json!(spec.auth.as_str())),
            ("admin", json!(spec.admin)),
            ("owner", json!(owner_name(self.client.owner))),
            ("grant_types", json!(spec.grant_types)),
            ("entity_id", json!(record.map(|record| record.id.as_str()))),
            ("created_at", json!(time(record.and_then(|record| record.created_at)))),
            ("updated_at", json!(time(record.and_then(|record| record.updated_at)))),
            ("last_used_at", json!(time(self.last_used_at))),
            ("secrets", spec.secrets.iter().map(secret).collect()),
        ] {
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }
}

pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Inactive => "INACTIVE",
    }
}

/// The owner as it is stored.
fn owner_name(owner: Owner) -> String {
    owner.as_str().to_owned()
}

pub(super) const fn type_name(client_type: ClientType) -> &'static str {
    match client_type {
        ClientType::Browser => "browser",
        ClientType::Native => "native",
        ClientType::Service => "service",
        ClientType::Web => "web",
    }
}
