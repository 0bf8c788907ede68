//! `scopegate catalog`

mod diff;
mod log;
mod rollback;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use scopegate_core::administration::history::{self, LogEntry};
use scopegate_server::setup::Setup;

use super::Workplace;
use super::failure::CliError;
use super::plan_text::one_line;
use super::time_text;

/// Versions that are shown if somebody else has changed the catalog meanwhile.
const MAX_SHOWN: u32 = 20;

/// Earlier versions of the catalog: who changed what, and back again
#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    Log(log::Log),
    Show(show::Show),
    Diff(diff::Diff),
    Rollback(rollback::RollBack),
}

impl Catalog {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let setup = place.open_existing().await?;
        let result = match self {
            Self::Log(command) => command.run(&setup).await,
            Self::Show(command) => command.run(&setup).await,
            Self::Diff(command) => command.run(&setup).await,
            Self::Rollback(command) => command.run(&setup).await,
        };
        setup.store().close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

/// What somebody else has changed since a version, one line for each change.
pub(super) async fn versions_after(setup: &Setup, version: u64) -> Result<String, CliError> {
    let entries = history::log(setup.store(), MAX_SHOWN).await;
    let entries = entries.map_err(|error| CliError::failed(&error))?;
    let later = entries.iter().filter(|entry| entry.version.version > version);
    Ok(later.map(line).collect::<Vec<_>>().join("\n"))
}

/// A version on one line.
fn line(entry: &LogEntry) -> String {
    let version = &entry.version;
    let actor = serde_json::to_value(version.actor.kind).unwrap_or_default();
    let actor = actor.as_str().unwrap_or_default();
    let owner = version
        .owner
        .map_or_else(|| "all owners".to_owned(), |owner| format!("owner {}", owner.name()));
    let by = version.actor.by.as_deref().map(|by| format!(" by {by}"));
    let file = version.file_version.map(|file| format!(", version {file} of the file"));
    let restored = version.restored.map(|of| format!(", restored version {of}"));
    one_line(&format!(
        "{}  {}  {actor} {}{}  {owner}{}{}  {}",
        version.version,
        time_text::date(version.at),
        version.actor.id,
        by.unwrap_or_default(),
        file.unwrap_or_default(),
        restored.unwrap_or_default(),
        entry.totals(),
    ))
}
