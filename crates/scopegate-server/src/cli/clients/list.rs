//! `scopegate clients list`

use std::time::Duration;

use clap::{Args, ValueEnum};
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::catalog::{Affected, Status};
use scopegate_core::store::Review;
use scopegate_server::setup::Setup;

use super::record::ClientRecord;
use crate::cli::failure::CliError;
use crate::cli::table::{Form, Table};
use crate::cli::{console, time_text};

/// List the clients, in the order of their ids
///
/// On a terminal the columns are aligned. In a pipe they are separated by tabs, without a header. The
/// last use is accurate to about an hour. No secret is ever shown, only when it was first stored.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients list
  scopegate clients list --unused-for 90d
  scopegate clients list --secret-older-than 365d --json
  scopegate clients list --limit 100 --after orders-reader

Exit codes: 0 listed, 1 the store cannot be read, 2 wrong arguments.")]
pub(crate) struct List {
    /// Only clients that are at least this old and were not used for this long, such as 90d
    #[arg(long, value_name = "TIME", value_parser = time_text::parse_age)]
    unused_for: Option<Duration>,

    /// Only clients with an accepted secret that was stored at least this long ago, such as 365d
    #[arg(long, value_name = "TIME", value_parser = time_text::parse_age)]
    secret_older_than: Option<Duration>,

    /// Only clients with this status
    #[arg(long, value_enum, value_name = "STATUS", ignore_case = true)]
    status: Option<StatusFilter>,

    /// Only clients that may have the admin scopes
    #[arg(long)]
    admin: bool,

    /// At most this many clients
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// Only the clients that follow this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum StatusFilter {
    Active,
    Inactive,
}

impl List {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let (catalog, now) = (super::catalog(setup).await?, SystemClock.now());
        let uses = setup.store().client_uses().await;
        let uses = uses.map_err(|error| CliError::failed(&error))?;
        let mut clients: Vec<_> = catalog.clients().cloned().collect();
        clients.sort_unstable_by(|a, b| a.id.cmp(&b.id));

        let record = |client| ClientRecord { last_used_at: None, client, now };
        let with_use = |record: ClientRecord| {
            let last_used_at = uses.get(record.client.id.as_str()).copied();
            ClientRecord { last_used_at, ..record }
        };
        let clients = clients.into_iter().map(record).map(with_use);
        let mut table = Table::on_stdout::<ClientRecord>(Form::json_array(self.json));
        let found = clients.filter(|client| self.includes(client));
        for client in found.take(self.limit.unwrap_or(usize::MAX)) {
            table.row(&client)?;
        }
        table.finish()?;
        for row in catalog.unreadable_rows() {
            if let Affected::Client(id) = row.affected() {
                console::notice(&format!("{id}: {row}"));
            }
        }
        Ok(())
    }

    fn includes(&self, record: &ClientRecord) -> bool {
        let spec = &record.client.spec;
        let before = |age: Duration| record.now.minus(age);
        let has_status = |wanted: StatusFilter| {
            (wanted == StatusFilter::Active) == (spec.status == Status::Active)
        };
        self.after.as_deref().is_none_or(|after| record.client.id.as_str() > after)
            && self.unused_for.is_none_or(|age| record.is_unused_since(before(age)))
            && self.secret_older_than.is_none_or(|age| record.has_secret_since(before(age)))
            && self.status.is_none_or(has_status)
            && (!self.admin || spec.admin)
    }
}
