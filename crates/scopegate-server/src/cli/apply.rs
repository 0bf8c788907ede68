//! `scopegate apply`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::apply::{Applied, ApplyError, Mode, Terms};
use scopegate_core::administration::plan::Plan;
use scopegate_core::catalog::Entity;
use scopegate_core::catalog_file::{CatalogFile, CatalogSource};
use scopegate_server::config::Config;
use scopegate_server::setup::{Setup, SetupError};

use super::colour::Colours;
use super::failure::CliError;
use super::owner::Owned;
use super::{Workplace, catalog, catalog_file, confirm, console, input, is_missing, plan_text};

/// Make the store what a catalog file says
///
/// Prints what changes, and changes all of it or nothing. Applying the same file again changes
/// nothing. Only what came from a file of the same owner is changed or deleted: what the API or `clients
/// create` made stays. A server on the same store uses the change within a second.
///
/// A change that deletes more than it keeps is probably the wrong file: at a terminal it is asked for, and
/// elsewhere it needs --yes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate plan catalog.toml
  scopegate apply catalog.toml
  scopegate apply payments.toml --owner payments

Exit codes: 0 applied, 1 the store refused it or nobody agreed, 2 the file is wrong.")]
pub(super) struct Apply {
    /// The catalog: servers, scopes, claims, policies, clients
    #[arg(value_name = "FILE")]
    catalog: PathBuf,

    #[command(flatten)]
    owned: Owned,

    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask, even if more is deleted than kept
    #[arg(long)]
    yes: bool,
}

impl Apply {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let config = place.config()?;
        let base = config.base_url(config.listen.public)?;
        if is_missing(&config.store) {
            // The file is checked first, so that a wrong file does not cause a store to be made.
            let file = catalog_file::parse(&self.catalog, Some(&base))?;
            if self.dry_run {
                return self.plan_for_nothing(&file, &config);
            }
        }
        let setup = Setup::open(&config, &base).await?;
        let applied = self.apply(&setup).await;
        setup.store().close().await;
        console::result(&applied?.plan.to_string())?;
        if self.dry_run {
            console::notice("nothing was changed: this was a dry run");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints what would be changed in a store that does not exist yet.
    fn plan_for_nothing(&self, file: &CatalogFile, config: &Config) -> Result<ExitCode, CliError> {
        let plan = Plan::between_as::<Entity>(&[], file, self.owned.ownership());
        console::result(&plan.map_err(|error| CliError::failed(&error))?.to_string())?;
        let url = &config.store.url;
        console::notice(&format!("nothing was changed: there is no store at {url} yet"));
        Ok(ExitCode::SUCCESS)
    }

    /// Applies the file to a store.
    async fn apply(&self, setup: &Setup) -> Result<Applied, CliError> {
        let (name, content) = (self.catalog.display().to_string(), input::read(&self.catalog)?);
        let source = CatalogSource { name: &name, content: &content };
        let ownership = self.owned.ownership();
        let file = setup.read_file(&source, ownership.owner).await?;
        let terms = |mode| Terms { ownership, ..Terms::of(mode) };
        if self.dry_run {
            return Ok(setup.apply_file(&name, &file, terms(Mode::DryRun)).await?);
        }
        if self.yes {
            return Ok(setup.apply_file(&name, &file, terms(Mode::Write)).await?);
        }
        loop {
            let planned = setup.apply_file(&name, &file, terms(Mode::DryRun)).await?;
            let is_asked = planned.plan.deletes_more_than_it_keeps();
            if is_asked {
                ask(&planned.plan)?;
            }
            let expected = Some(planned.catalog_version);
            let write = Terms { expected, ..terms(Mode::Write) };
            match setup.apply_file(&name, &file, write).await {
                // Nobody has seen the plan, so another one is as good.
                Err(SetupError::Apply(ApplyError::Changed { .. })) if !is_asked => {}
                Err(SetupError::Apply(error @ ApplyError::Changed { expected, .. })) => {
                    let since = catalog::versions_after(setup, expected).await?;
                    return Err(CliError::Failed(format!("{error}\n{since}")));
                }
                answer => return Ok(answer?),
            }
        }
    }
}

/// Shows a plan that deletes more than it keeps, and asks.
fn ask(plan: &Plan) -> Result<(), CliError> {
    console::notice(&plan_text::changes(plan, Colours::Off));
    let (deleted, kept) = (plan.deletions(), plan.kept());
    confirm::ask(&format!("this deletes {deleted} entities and keeps {kept}"))
}
