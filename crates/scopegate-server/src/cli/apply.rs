//! `scopegate apply`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::apply::{Applied, Mode};
use scopegate_core::administration::plan::Plan;
use scopegate_core::catalog::Entity;
use scopegate_core::catalog_file::{CatalogFile, CatalogSource};
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;

use super::failure::CliError;
use super::{Workplace, catalog_file, console, input, is_missing};

/// Make the store what a catalog file says
///
/// Prints what changes, and changes all of it or nothing. Applying the same file again changes
/// nothing. Only what came from a file is changed or deleted: what the API or `clients create` made
/// stays. A server on the same store uses the change within a second.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate apply catalog.toml --dry-run
  scopegate apply catalog.toml

Exit codes: 0 applied, 1 the store refused it, 2 the file is wrong.")]
pub(super) struct Apply {
    /// The catalog: servers, scopes, claims, policies, clients
    #[arg(value_name = "FILE")]
    catalog: PathBuf,

    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Apply {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let config = place.config()?;
        let base = config.base_url(config.listen.public)?;
        if is_missing(&config.store) {
            // The file is checked first, so that a wrong file does not cause a store to be made.
            let file = catalog_file::parse(&self.catalog, Some(&base))?;
            if self.dry_run {
                return plan_for_nothing(&file, &config);
            }
        }
        let mode = if self.dry_run { Mode::DryRun } else { Mode::Write };
        let setup = Setup::open(&config, &base).await?;
        let applied = apply(&setup, &self.catalog, mode).await?;
        console::result(&applied.plan.to_string())?;
        if self.dry_run {
            console::notice("nothing was changed: this was a dry run");
        }
        setup.store().close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints what would be changed in a store that does not exist yet.
fn plan_for_nothing(file: &CatalogFile, config: &Config) -> Result<ExitCode, CliError> {
    let plan = Plan::between::<Entity>(&[], file).map_err(|error| CliError::failed(&error))?;
    console::result(&plan.to_string())?;
    let url = &config.store.url;
    console::notice(&format!("nothing was changed: there is no store at {url} yet"));
    Ok(ExitCode::SUCCESS)
}

/// Applies a file to a store.
async fn apply(setup: &Setup, path: &Path, mode: Mode) -> Result<Applied, CliError> {
    let content = input::read(path)?;
    let name = path.display().to_string();
    Ok(setup.apply(&CatalogSource { name: &name, content: &content }, mode).await?)
}
