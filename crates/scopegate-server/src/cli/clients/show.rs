//! `scopegate clients show`

use clap::Args;
use scopegate_claims::{Clock, SystemClock, UnixTime};
use scopegate_core::catalog::{ClientId, Owner};
use scopegate_core::store::Review;
use scopegate_server::setup::Setup;
use serde_json::Value;

use super::known;
use super::record::{ClientRecord, status_name, type_name};
use crate::cli::failure::CliError;
use crate::cli::table::on_one_line;
use crate::cli::{console, time_text};

/// Show a client: its settings, when it was last used, and the age of its secrets
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients show orders-reader
  scopegate clients show orders-reader --json

Exit codes: 0 shown, 1 there is no such client, 2 wrong arguments.")]
pub(crate) struct Show {
    /// The client id
    #[arg(value_name = "ID", value_parser = ClientId::parse)]
    id: ClientId,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let record = known(setup, &self.id).await?;
        let families = setup.store().open_families(&self.id, SystemClock.now()).await;
        let families = families.map_err(|error| CliError::failed(&error))?;
        if self.json {
            let mut details = record.details();
            details["refresh_token_families"] = families.into();
            return console::result(&format!("{details:#}"));
        }
        lines(&record, families).iter().try_for_each(|(name, text)| {
            console::result(&on_one_line(&format!("{name:<16} {text}")))
        })
    }
}

fn lines(record: &ClientRecord, families: u64) -> Vec<(&'static str, String)> {
    let (client, spec, now) = (&record.client, &record.client.spec, record.now);
    let time = |time: Option<UnixTime>, without: &str| {
        time.map_or_else(|| without.to_owned(), |time| time_text::show(time, now))
    };
    let admin = if spec.admin { ", may have the admin scopes" } else { "" };
    let stored = client.record.as_ref();
    let mut lines = vec![
        ("id", client.id.to_string()),
        ("name", spec.name.clone()),
        ("status", status(record)),
        ("type", type_name(spec.client_type).to_owned()),
        ("authentication", format!("{}{admin}", spec.auth.as_str())),
        ("owner", owner_text(client.owner).to_owned()),
        ("grant types", joined(&spec.grant_types)),
        ("created", time(stored.and_then(|record| record.created_at), "not known")),
        ("changed", time(stored.and_then(|record| record.updated_at), "not known")),
        ("last use", time(record.last_used_at, "never, as far as is known")),
        ("refresh tokens", format!("{families} families")),
    ];
    for secret in &spec.secrets {
        let stored = time(secret.created_at(), "at a time that is not known");
        let end = match secret.expires_at() {
            None => "does not end".to_owned(),
            Some(end) if end <= now => format!("ended {}", time_text::show(end, now)),
            Some(end) => format!("ends {}", time_text::show(end, now)),
        };
        lines.push(("secret", format!("stored {stored}; {end}")));
    }
    for key in &spec.jwks {
        lines.push(("key", key.kid().unwrap_or("without kid").to_owned()));
    }
    lines.extend(spec.jwks_uri.clone().map(|uri| ("keys at", uri)));
    for (name, value) in rest(record) {
        lines.push((name, value));
    }
    lines
}

/// The status, and what lifts a hold.
fn status(ClientRecord { client, .. }: &ClientRecord) -> String {
    let status = status_name(client.spec.status);
    match client.spec.status_after_hold {
        None => status.to_owned(),
        Some(then) => format!(
            "{status}: on hold; `scopegate clients enable {}` makes it {}, as its catalog file says",
            client.id,
            status_name(then)
        ),
    }
}

/// The lists that most clients do not have.
fn rest(record: &ClientRecord) -> Vec<(&'static str, String)> {
    let details = record.details();
    let named = [
        ("redirect URIs", "redirect_uris"),
        ("after sign-out", "post_logout_redirect_uris"),
        ("web origins", "origins"),
        ("users", "users"),
        ("groups", "groups"),
        ("audiences", "audiences"),
        ("attributes", "attributes"),
    ];
    let shown = named.into_iter().filter_map(|(name, member)| match &details[member] {
        Value::Array(list) if !list.is_empty() => {
            let texts = list.iter().filter_map(Value::as_str);
            Some((name, texts.collect::<Vec<_>>().join(", ")))
        }
        Value::Object(object) if !object.is_empty() => Some((name, details[member].to_string())),
        _ => None,
    });
    shown.collect()
}

fn joined<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

const fn owner_text(owner: Owner) -> &'static str {
    match owner {
        Owner::Api => "the API and this command",
        Owner::File | Owner::Named(_) => {
            "a catalog file: change it there, and run `scopegate apply FILE`"
        }
    }
}
