//! `scopegate export`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::export::export;
use scopegate_core::catalog::Owner;

use super::failure::CliError;
use super::{Workplace, console, owner};

/// Write the stored catalog as a catalog file
///
/// Applied to the same store for the same owner, the file changes nothing. It has no secret: it names the
/// stored ones as { kept = "ID" }, which only the same store accepts. Users are not in it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate export --out catalog.toml
  scopegate export --owner api --out clients.toml
  scopegate apply clients.toml --owner clients --adopt")]
pub(super) struct Export {
    /// Whose entities; `api` has those that were made with commands or over the API
    #[arg(long, value_name = "NAME", default_value = "file", value_parser = owner::of_any)]
    owner: Owner,

    /// The file to write [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let setup = place.open_existing().await?;
        let exported = export(setup.store(), self.owner).await;
        setup.store().close().await;
        let text = exported.map_err(|error| CliError::failed(&error))?;
        match self.out {
            None => console::result(text.trim_end())?,
            Some(path) => std::fs::write(&path, text).map_err(|error| {
                CliError::Failed(format!("cannot write {}: {error}", path.display()))
            })?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
