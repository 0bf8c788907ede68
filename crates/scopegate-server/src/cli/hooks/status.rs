//! `scopegate hooks status`

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use scopegate_claims::{Clock, SystemClock, UnixTime};
use scopegate_core::audit::{AuditEvent, DecisionKind, HookOutcome, HookRun};
use scopegate_core::authority::Authority;
use scopegate_core::store::AuditFilter;
use serde_json::{Value, json};

use crate::cli::failure::CliError;
use crate::cli::table::{Form, Listed, Table};
use crate::cli::{Workplace, time_text};

/// How many decisions are read at once.
const PAGE: u32 = 500;

/// Show how often each token hook was used, and how it went
///
/// The numbers are from the audit log of the store, over all nodes. What a running process counts, such
/// as its circuit breakers, is on its admin listener.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate hooks status
  scopegate hooks status --since 1h --json

Exit codes: 0 shown, 1 the store cannot be read, 2 wrong arguments.")]
pub(crate) struct Status {
    /// Only decisions that are at most this old, such as 15m
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time_text::parse_age)]
    since: Duration,

    /// At most this many decisions, the newest ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    limit: usize,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let authority = place.authority().await?;
        let counted = self.count(&authority).await;
        authority.close().await;
        let mut table = Table::on_stdout::<StatusRow>(Form::json_array(self.json));
        for row in counted? {
            table.row(&row)?;
        }
        table.finish()?;
        Ok(ExitCode::SUCCESS)
    }

    async fn count(&self, authority: &Authority) -> Result<Vec<StatusRow>, CliError> {
        let catalog = authority.catalog();
        let mut rows: BTreeMap<String, StatusRow> =
            catalog.hooks().map(|hook| (hook.name.clone(), StatusRow::of(&hook.name))).collect();
        let mut filter = AuditFilter {
            since: Some(SystemClock.now().minus(self.since)),
            kind: Some(DecisionKind::TokenGrant.as_str().to_owned()),
            ..AuditFilter::default()
        };
        let mut left = self.limit;
        while left > 0 {
            let page = authority.store().audit_events(&filter, PAGE).await;
            let page = page.map_err(|error| CliError::failed(&error))?;
            for event in page.iter().take(left) {
                // An event that this version cannot read says nothing of hooks.
                if let Ok(event) = event.read() {
                    add(&mut rows, &event);
                }
            }
            left -= page.len().min(left);
            let Some(last) = page.last().filter(|_| page.len() == PAGE as usize) else { break };
            filter.before = Some(last.id);
        }
        Ok(rows.into_values().collect())
    }
}

/// Adds what an event says of hooks. The newest event comes first.
fn add(rows: &mut BTreeMap<String, StatusRow>, event: &AuditEvent) {
    let Some(decision) = event.decision() else { return };
    for HookRun { name, outcome, failure, micros } in &decision.basis.hooks {
        let row = rows.entry(name.clone()).or_insert_with(|| StatusRow::of(name));
        *row.outcomes.entry(*outcome).or_default() += 1;
        if *outcome == HookOutcome::Answered {
            row.slowest_micros = row.slowest_micros.max(*micros);
        }
        if let Some(failure) = failure {
            row.last_failure.get_or_insert_with(|| (event.at, failure.clone()));
        }
    }
}

/// How one hook was used.
struct StatusRow {
    name: String,
    outcomes: BTreeMap<HookOutcome, u64>,
    slowest_micros: u64,
    last_failure: Option<(UnixTime, String)>,
}

impl StatusRow {
    fn of(name: &str) -> Self {
        let (outcomes, slowest_micros, last_failure) = (BTreeMap::new(), 0, None);
        Self { name: name.to_owned(), outcomes, slowest_micros, last_failure }
    }

    fn count(&self, outcome: HookOutcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }
}

impl Listed for StatusRow {
    const COLUMNS: &'static [&'static str] = &[
        "NAME",
        "ANSWERED",
        "CACHED",
        "STALE",
        "REFUSED",
        "OPEN",
        "FAILED",
        "SLOWEST",
        "LAST FAILURE",
    ];

    fn cells(&self) -> Vec<String> {
        let order = [
            HookOutcome::Answered,
            HookOutcome::Cached,
            HookOutcome::Stale,
            HookOutcome::Refused,
            HookOutcome::Open,
            HookOutcome::Failed,
        ];
        let mut cells = vec![self.name.clone()];
        cells.extend(order.map(|outcome| self.count(outcome).to_string()));
        cells.push(format!("{:.1} ms", self.slowest_micros as f64 / 1000.0));
        cells.push(match &self.last_failure {
            None => "-".to_owned(),
            Some((at, failure)) => format!("{failure} at {}", time_text::rfc3339(*at)),
        });
        cells
    }

    fn json(&self) -> Value {
        let outcomes: BTreeMap<&str, u64> =
            HookOutcome::ALL.iter().map(|it| (it.as_str(), self.count(*it))).collect();
        let failure = self.last_failure.as_ref();
        json!({
            "name": self.name,
            "outcomes": outcomes,
            "slowest_micros": self.slowest_micros,
            "last_failure": failure.map(|(at, failure)| json!({
                "at": time_text::rfc3339(*at),
                "failure": failure,
            })),
        })
    }
}
