//! `scopegate hooks list`

use std::process::ExitCode;

use clap::Args;
use scopegate_core::catalog::{Hook, HookAuth, HookTarget, Snapshot};
use serde_json::{Value, json};

use crate::cli::Workplace;
use crate::cli::failure::CliError;
use crate::cli::table::{Form, Listed, Table};

/// List the token hooks, and the rules that call them
///
/// No secret is ever shown.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate hooks list
  scopegate hooks list --json

Exit codes: 0 listed, 1 the store cannot be read.")]
pub(crate) struct List {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let authority = place.authority().await?;
        let catalog = authority.catalog();
        authority.close().await;
        let mut table = Table::on_stdout::<HookRow<'_>>(Form::json_array(self.json));
        for hook in catalog.hooks() {
            table.row(&HookRow { hook, rules: rules_of(&catalog, &hook.name) })?;
        }
        table.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The active rules that name a hook, as `server/policy/rule`.
fn rules_of(catalog: &Snapshot, hook: &str) -> Vec<String> {
    let mut rules = Vec::new();
    for server in catalog.servers() {
        for policy in server.policies() {
            let named =
                policy.rules().iter().filter(|rule| rule.spec.hooks.iter().any(|it| it == hook));
            rules.extend(named.map(|rule| format!("{}/{}/{}", server.id, policy.name, rule.name)));
        }
    }
    rules.sort();
    rules
}

struct HookRow<'a> {
    hook: &'a Hook,
    rules: Vec<String>,
}

impl HookRow<'_> {
    fn kind(&self) -> &'static str {
        match self.hook.spec.target {
            HookTarget::Http(_) => "http",
            HookTarget::Program => "program",
            HookTarget::Sql(_) => "sql",
        }
    }

    /// The URL or the connection.
    fn target(&self) -> Option<&str> {
        match &self.hook.spec.target {
            HookTarget::Http(http) => Some(&http.url),
            HookTarget::Program => None,
            HookTarget::Sql(sql) => Some(&sql.connection),
        }
    }

    fn auth(&self) -> Option<&'static str> {
        self.hook.spec.auth().map(|auth| match auth {
            HookAuth::Header { .. } => "header",
            HookAuth::Oauth(_) => "oauth",
            HookAuth::Signature(_) => "signature",
        })
    }

    fn status(&self) -> &'static str {
        if self.hook.spec.status.is_active() { "ACTIVE" } else { "INACTIVE" }
    }
}

impl Listed for HookRow<'_> {
    const COLUMNS: &'static [&'static str] =
        &["NAME", "TYPE", "TARGET", "FAILURE", "CACHE", "STATUS", "RULES"];

    fn cells(&self) -> Vec<String> {
        let spec = &self.hook.spec;
        let ttl = spec.cache.as_ref().map(|cache| format!("{}s", cache.ttl.as_secs()));
        vec![
            self.hook.name.clone(),
            self.kind().to_owned(),
            self.target().unwrap_or("-").to_owned(),
            spec.failure.as_str().to_owned(),
            ttl.unwrap_or_else(|| "-".to_owned()),
            self.status().to_owned(),
            self.rules.join(" "),
        ]
    }

    fn json(&self) -> Value {
        let spec = &self.hook.spec;
        let cache = spec.cache.as_ref();
        json!({
            "name": self.hook.name,
            "type": self.kind(),
            "target": self.target(),
            "auth": self.auth(),
            "deadline_ms": spec.deadline.map(|deadline| u64::try_from(deadline.as_millis()).ok()),
            "failure": spec.failure.as_str(),
            "cache": cache.map(|cache| json!({
                "key": cache.key.text(),
                "ttl": cache.ttl.as_secs(),
                "stale": cache.stale().as_secs(),
            })),
            "may_set": spec.may_set.iter().map(|claim| claim.as_str()).collect::<Vec<_>>(),
            "independent": spec.is_independent(),
            "status": self.status(),
            "owner": self.hook.owner.as_str(),
            "rules": self.rules,
        })
    }
}
