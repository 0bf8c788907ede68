//! `scopegate can`

use std::collections::HashMap;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::reach::{Reached, Row};
use scopegate_core::catalog::{ClientId, ServerId};

use super::failure::CliError;
use super::installation::Installation;
use super::reach::{self, Question};
use super::{Workplace, arguments};

/// Tell which scopes a client can reach
///
/// Lists every scope that the client can get, at one authorization server or at all: by which grant
/// and rule, and for which users. It is the same answer as that of `who-can`, the other way round.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate can --client orders-writer
  scopegate can --client orders-portal --server default --json

Exit codes: 0 told, 1 it cannot be told.")]
pub(super) struct Can {
    /// The client
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    client: ClientId,

    /// The authorization server [default: all]
    #[arg(long, value_name = "ID", value_parser = arguments::server)]
    server: Option<ServerId>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Can {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        reach::answer(place, &self, self.json).await
    }
}

impl Question for Can {
    type Found = Reached;

    async fn ask(&self, of: &(dyn Installation + Sync)) -> Result<Vec<Reached>, CliError> {
        of.can(&self.client, self.server.as_ref()).await
    }

    fn nothing(&self) -> String {
        format!("`{}` can get no scope", self.client)
    }

    fn rows(found: &[Reached]) -> Vec<(String, &Row)> {
        by_scopes(found)
    }
}

/// Each row with the scopes that are reached in the same way. A client gets the scopes of OpenID Connect by each
/// rule for users, so that many rows differ only in the scope.
fn by_scopes(reached: &[Reached]) -> Vec<(String, &Row)> {
    let mut rows: Vec<(Vec<&str>, &Reached)> = Vec::new();
    let mut places = HashMap::new();
    for new in reached {
        let place = *places.entry(format!("{} {:?}", new.server, new.row)).or_insert(rows.len());
        match rows.get_mut(place) {
            Some((scopes, _)) => scopes.push(&new.scope),
            None => rows.push((vec![&new.scope], new)),
        }
    }
    let mut shown = Vec::new();
    for (scopes, Reached { server, row, .. }) in rows {
        shown.push((format!("{} at {server}", scopes.join(", ")), row));
    }
    shown
}
