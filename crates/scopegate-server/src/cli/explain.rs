//! `scopegate explain`

use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use scopegate_claims::UnixTime;
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::ServerId;
use scopegate_core::explain::{DescribedRequest, parse_time};

use super::failure::CliError;
use super::installation::{self, Installation, Told};
use super::{Workplace, console};

/// Say why a request is granted or refused, and what would allow it
///
/// For a decision that happened, by its id (the member `decision_id` of a refusal, or the id in the
/// audit log), or for a request that the options describe. It works on the store, needs no running
/// server, and changes nothing.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate explain --client orders-reader --grant client_credentials --scope write:orders
  scopegate explain --client orders-portal --grant authorization_code --user bob \\
      --scope 'openid write:orders' --address 192.0.2.7 --at 2026-11-30T22:00:00Z
  scopegate explain 01a3185c-5000-7000-8000-000000000000

Exit codes: 0 explained, whatever the outcome; 1 it cannot be told; 2 wrong arguments.")]
pub(super) struct Explain {
    /// The id of a decision that happened
    #[arg(value_name = "DECISION_ID", conflicts_with_all = [
        "client", "grant", "scope", "user", "address", "at", "acr", "amr", "auth_time",
        "client_auth", "resource", "subject_server", "call_hooks",
    ])]
    decision: Option<DecisionId>,

    /// The authorization server
    #[arg(long, value_name = "ID", default_value = ServerId::DEFAULT)]
    server: String,

    /// The client
    #[arg(long, value_name = "ID", required_unless_present = "decision")]
    client: Option<String>,

    /// The grant type
    #[arg(long, value_name = "TYPE", required_unless_present = "decision")]
    grant: Option<String>,

    /// The scopes, separated by spaces [default: no `scope` parameter]
    #[arg(long, value_name = "SCOPES")]
    scope: Vec<String>,

    /// The user, by login or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// The address that the request comes from [default: unknown]
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,

    /// The time, such as 2026-11-30T09:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    at: Option<UnixTime>,

    /// The authentication context class of the sign-in [default: a password]
    #[arg(long, value_name = "CLASS")]
    acr: Option<String>,

    /// A method of the sign-in, such as pwd (RFC 8176); may be repeated [default: those of the class]
    #[arg(long, value_name = "METHOD")]
    amr: Vec<String>,

    /// When the user signed in [default: at the time of the request]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    auth_time: Option<UnixTime>,

    /// How the client authenticates [default: as it is registered]
    #[arg(long, value_name = "METHOD")]
    client_auth: Option<String>,

    /// A resource that the request names (RFC 8707); may be repeated
    #[arg(long, value_name = "URL")]
    resource: Vec<String>,

    /// For a token exchange: the server that issued the subject token [default: the same]
    #[arg(long, value_name = "ID")]
    subject_server: Option<String>,

    /// Call the token hooks of the rule, and show the tokens as they change them
    #[arg(long)]
    call_hooks: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let json = self.json;
        let installation = installation::open(place).await?;
        let explained = self.explain(&*installation).await;
        installation.close().await;
        let Told { json: explanation, text } = explained?;
        match text.filter(|_| !json) {
            Some(text) => console::result(&text)?,
            None => console::json(&explanation)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn explain(self, installation: &(dyn Installation + Sync)) -> Result<Told, CliError> {
        if let Some(id) = self.decision {
            return installation.explain_decision(id).await;
        }
        let calls_hooks = self.call_hooks;
        let request = DescribedRequest {
            server: self.server,
            client: self.client.unwrap_or_default(),
            grant_type: self.grant.unwrap_or_default(),
            scope: (!self.scope.is_empty()).then(|| self.scope.join(" ")),
            user: self.user,
            address: self.address,
            at: self.at,
            acr: self.acr,
            amr: self.amr,
            auth_time: self.auth_time,
            client_auth: self.client_auth,
            resources: self.resource,
            subject_server: self.subject_server,
        };
        installation.explain(&request, calls_hooks).await
    }
}

fn read_time(text: &str) -> Result<UnixTime, &'static str> {
    parse_time(text).ok_or("write a time with its offset, such as 2026-11-30T09:00:00Z")
}
