//! `scopegate hooks try`

use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::audit::HookOutcome;
use scopegate_core::catalog::ServerId;
use scopegate_core::explain::{ClaimChange, DescribedRequest, HookTrial, ShownToken};

use crate::cli::failure::CliError;
use crate::cli::{Workplace, console};

/// Call a token hook for a request that the options describe, and show what it changes
///
/// The hook is really called, from this machine, with the connections of scopegate.toml. No token is
/// issued and nothing is written. A hook of an embedding program cannot be called by this command.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate hooks try entitlements --client orders-portal --grant authorization_code --user alice
  scopegate hooks try plan --client orders-reader --grant client_credentials --json

Exit codes: 0 it answered, 1 it failed or refused, 2 wrong arguments.")]
pub(crate) struct Try {
    /// The name of the hook
    #[arg(value_name = "NAME")]
    name: String,

    /// The authorization server
    #[arg(long, value_name = "ID", default_value = ServerId::DEFAULT)]
    server: String,

    /// The client
    #[arg(long, value_name = "ID")]
    client: String,

    /// The grant type
    #[arg(long, value_name = "TYPE")]
    grant: String,

    /// The scopes, separated by spaces [default: no `scope` parameter]
    #[arg(long, value_name = "SCOPES")]
    scope: Vec<String>,

    /// The user, by login or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// The address that the request comes from [default: unknown]
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,

    /// A resource that the request names (RFC 8707); may be repeated
    #[arg(long, value_name = "URL")]
    resource: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Try {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let authority = place.authority().await?;
        let request = DescribedRequest {
            server: self.server,
            client: self.client,
            grant_type: self.grant,
            scope: (!self.scope.is_empty()).then(|| self.scope.join(" ")),
            user: self.user,
            address: self.address,
            resources: self.resource,
            ..DescribedRequest::default()
        };
        let tried = authority.try_hook(&self.name, &request).await;
        authority.close().await;
        let trial = tried.map_err(|error| CliError::failed(&error))?;
        match self.json {
            true => console::json(&trial)?,
            false => console::result(&shown(&trial))?,
        }
        let is_good = !matches!(
            trial.outcome,
            Some(HookOutcome::Failed | HookOutcome::Open | HookOutcome::Refused)
        );
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn shown(trial: &HookTrial) -> String {
    let HookTrial { name, kind, outcome, failure, reason, micros, changes, .. } = trial;
    let outcome = outcome.map_or("not called: it is INACTIVE", HookOutcome::as_str);
    let mut lines = vec![format!("{name} ({kind})  {outcome}, {:.1} ms", *micros as f64 / 1000.0)];
    if let Some(failure) = failure {
        lines.push(format!("failure   {failure}"));
    }
    if let Some(reason) = reason {
        lines.push(format!("because   {reason}"));
    }
    if changes.is_empty() {
        lines.push("it changes nothing".to_owned());
    }
    for ClaimChange { token, name, before, after, .. } in changes {
        let token = match token {
            ShownToken::Access => "access token",
            ShownToken::Id => "ID token",
        };
        let value = |value: &Option<serde_json::Value>| match value {
            Some(value) => value.to_string(),
            None => "(none)".to_owned(),
        };
        lines.push(format!("{token}  {name}: {} -> {}", value(before), value(after)));
    }
    let on_one_line = |line: &String| crate::cli::table::on_one_line(line);
    lines.iter().map(on_one_line).collect::<Vec<_>>().join("\n")
}
