//! `scopegate audit list`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::audit::DecisionId;
use scopegate_core::store::OutcomeFilter;

use super::event_row::EventRow;
use super::kind;
use crate::cli::failure::CliError;
use crate::cli::installation::{self, AskedEvents, Installation};
use crate::cli::table::{Form, Table};
use crate::cli::{Workplace, time_text};

/// Events that are read at once.
const PAGE: usize = 200;

/// List audit events, newest first
///
/// Refusals, changes, and all events of a user are found by an index. The tokens of one client without a
/// user are found by going back in time: give --since where the log is long.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate audit list --since 24h
  scopegate audit list --client batch --outcome refused
  scopegate audit list --kind catalog --since 7d
  scopegate audit list --user alice --json | jq -r .kind
  scopegate audit list --before 01a3185c-5000-7000-8000-000000000000

Exit codes: 0 listed, 1 the store cannot be read or there is no such user, 2 wrong arguments.")]
pub(crate) struct List {
    /// Only events of this last time, such as 24h or 7d
    #[arg(long, value_name = "TIME", value_parser = time_text::parse_age)]
    since: Option<Duration>,

    /// Only events of this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,

    /// Only events of this user, by login or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// Only events of this authorization server
    #[arg(long, value_name = "ID")]
    server: Option<String>,

    /// Only events of this kind; a part of the name is enough, such as `catalog`
    #[arg(long, value_name = "KIND", value_parser = kind::parse)]
    kind: Option<&'static str>,

    /// Only what was granted or done, or only what was refused
    #[arg(long, value_enum, value_name = "OUTCOME")]
    outcome: Option<Wanted>,

    /// At most this many events
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,

    /// Only events before the one with this id
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    before: Option<DecisionId>,

    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wanted {
    Allow,
    Refused,
}

impl List {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let installation = installation::open(place).await?;
        let done = self.list(&*installation).await;
        installation.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn list(self, installation: &(dyn Installation + Sync)) -> Result<(), CliError> {
        let mut asked = self.asked();
        let mut left = self.limit;
        let mut table = Table::on_stdout::<EventRow>(Form::json_lines(self.json));
        while left > 0 {
            let size = left.min(PAGE);
            let page = installation.audit_events(&asked, size).await?;
            for event in &page {
                table.row(&EventRow::of(event))?;
            }
            left -= page.len().min(left);
            let Some(last) = page.last().filter(|_| page.len() == size) else { break };
            asked.before = Some(last.id);
        }
        table.finish().map(drop)
    }

    fn asked(&self) -> AskedEvents {
        AskedEvents {
            since: self.since.map(|age| SystemClock.now().minus(age)),
            before: self.before,
            server: self.server.clone(),
            client: self.client.clone(),
            user: self.user.clone(),
            kind: self.kind,
            outcome: self.outcome.map(|wanted| match wanted {
                Wanted::Allow => OutcomeFilter::Allow,
                Wanted::Refused => OutcomeFilter::Refused,
            }),
        }
    }
}

fn parse_id(text: &str) -> Result<DecisionId, &'static str> {
    let value = serde_json::Value::from(text);
    serde_json::from_value(value).map_err(|_| "write the id of an event, a UUID")
}
