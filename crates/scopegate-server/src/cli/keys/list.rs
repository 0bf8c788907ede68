//! `scopegate keys list`

use clap::Args;
use scopegate_claims::UnixTime;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::ServerId;
use scopegate_core::keys::ListedKey;
use serde_json::{Value, json};

use super::{parse_server, server};
use crate::cli::console;
use crate::cli::failure::CliError;
use crate::cli::time_text::{rfc3339, show};

/// List the keys that are published: server, key id, algorithm, phase, and what comes next
///
/// A time in the future is the earliest one. It is later if no server runs then.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only the keys of this authorization server
    #[arg(long, value_name = "ID", value_parser = parse_server)]
    server: Option<ServerId>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self, authority: &Authority) -> Result<(), CliError> {
        if let Some(id) = &self.server {
            server(authority, id)?;
        }
        let keys = authority.keys().list(&authority.catalog());
        let is_meant = |key: &ListedKey| self.server.as_ref().is_none_or(|id| key.server == *id);
        let keys: Vec<_> = keys.into_iter().filter(is_meant).collect();
        if self.json {
            let keys: Vec<_> = keys.iter().map(to_json).collect();
            return console::result(&Value::from(keys).to_string());
        }
        let now = authority.clock().now();
        keys.iter().try_for_each(|key| console::result(&line(key, now)))
    }
}

fn to_json(key: &ListedKey) -> Value {
    let time = |time: Option<UnixTime>| time.map(rfc3339);
    json!({
        "server": key.server.as_str(),
        "kid": key.kid,
        "algorithm": key.algorithm.name(),
        "phase": key.phase.as_str(),
        "held_in": key.held_in,
        "created": rfc3339(key.created),
        "signs_from": time(key.signs_from),
        "retires_at": time(key.retires_at),
        "drops_at": time(key.drops_at),
    })
}

fn line(key: &ListedKey, now: UnixTime) -> String {
    let ListedKey { server, kid, algorithm, phase, .. } = key;
    let at = |what: &str, time: Option<UnixTime>| {
        time.map_or_else(String::new, |time| format!("\t{what} {}", show(time, now)))
    };
    let next = match phase.as_str() {
        "announced" => at("signs from", key.signs_from),
        "signing" => at("retires", key.retires_at),
        _ => at("dropped", key.drops_at),
    };
    let held_in = key.held_in.as_ref().map_or_else(String::new, |place| format!("\tin {place}"));
    format!("{server}\t{kid}\t{}\t{}{next}{held_in}", algorithm.name(), phase.as_str())
}
