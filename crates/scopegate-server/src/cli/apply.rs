//! `scopegate apply`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::apply::{Applied, ApplyError, Mode, Terms};
use scopegate_core::administration::plan::Plan;
use scopegate_core::catalog::{Entity, Snapshot};
use scopegate_core::catalog_file::{CatalogFile, CatalogSource};
use scopegate_server::config::Config;
use scopegate_server::setup::{Setup, SetupError};

use super::colour::Colours;
use super::failure::CliError;
use super::owner::Owned;
use super::{
    Workplace, catalog, catalog_file, confirm, console, input, is_missing, person, plan_text, reach,
};

/// Make the store what a catalog file says
///
/// Prints its plan, as `plan` does, and changes all of it or nothing. Of a file of more than 4 MiB it prints the
/// names only. Applying the same file again changes
/// nothing. Only what came from a file of the same owner is changed or deleted: what the API or `clients
/// create` made stays. A server on the same store uses the change within a second.
///
/// A change that deletes more than it keeps is probably the wrong file: at a terminal it is asked for, and
/// elsewhere it needs --yes.
///
/// With --expect the file is refused if somebody else has changed the catalog since the plan that was looked at:
/// `plan` prints the version of the catalog that it compared with.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate plan catalog.toml
  scopegate apply catalog.toml
  scopegate apply payments.toml --owner payments
  scopegate apply catalog.toml --expect 12 --yes

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

    /// Refuse if the catalog does not have this version any more, which `plan` prints
    #[arg(long, value_name = "VERSION")]
    expect: Option<u64>,

    /// Do not ask, even if more is deleted than kept
    #[arg(long)]
    yes: bool,
}

/// The size of a file from which only names are printed, in bytes. It has tens of thousands of changes.
const NAMES_ONLY_FROM: usize = 4 << 20;

impl From<ApplyError> for CliError {
    fn from(error: ApplyError) -> Self {
        Self::failed(&error)
    }
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
        let setup = Setup::open(&config, &base).await?.on_behalf_of(person::name());
        let applied = self.apply(&setup).await;
        setup.store().close().await;
        console::result(&applied?)?;
        if self.dry_run {
            console::notice("nothing was changed: this was a dry run");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints what would be changed in a store that does not exist yet.
    fn plan_for_nothing(&self, file: &CatalogFile, config: &Config) -> Result<ExitCode, CliError> {
        self.check_expected(0)?;
        let base = config.base_url(config.listen.public)?;
        let plan = Plan::between_as::<Entity>(&[], file, self.owned.ownership());
        let plan = plan.map_err(|error| CliError::failed(&error))?;
        console::result(&plan_text::of(&Snapshot::empty(&base), &plan, &[]))?;
        let url = &config.store.url;
        console::notice(&format!("nothing was changed: there is no store at {url} yet"));
        Ok(ExitCode::SUCCESS)
    }

    /// Refuses if the catalog has another version than --expect says.
    fn check_expected(&self, found: u64) -> Result<(), ApplyError> {
        match self.expect {
            Some(expected) if expected != found => Err(ApplyError::Changed { expected, found }),
            _ => Ok(()),
        }
    }

    /// Applies the file to a store. Returns the plan as text.
    async fn apply(&self, setup: &Setup) -> Result<String, CliError> {
        let (name, content) = (self.catalog.display().to_string(), input::read(&self.catalog)?);
        let source = CatalogSource { name: &name, content: &content };
        let file = setup.read_file(&source, self.owned.ownership().owner).await?;
        let is_large = content.len() > NAMES_ONLY_FROM;
        loop {
            let (planned, text) = match is_large {
                true => {
                    let dry_run = self.terms(Mode::DryRun, self.expect);
                    match setup.apply_file(&name, &file, dry_run).await {
                        Ok(applied) => {
                            let text = applied.plan.to_string();
                            (applied, text)
                        }
                        Err(error) => return Err(refused(setup, error).await),
                    }
                }
                false => self.plan(setup, &name, &file).await?,
            };
            if self.dry_run {
                return Ok(text);
            }
            let is_asked = planned.plan.deletes_more_than_it_keeps() && !self.yes;
            if is_asked {
                ask(&planned.plan)?;
            }
            let write = self.terms(Mode::Write, Some(planned.catalog_version));
            match setup.apply_file(&name, &file, write).await {
                Ok(_) => return Ok(text),
                // Nobody has seen the plan, so another one is as good.
                Err(SetupError::Apply(ApplyError::Changed { .. }))
                    if !is_asked && self.expect.is_none() => {}
                Err(error) => return Err(refused(setup, error).await),
            }
        }
    }

    fn terms(&self, mode: Mode, expected: Option<u64>) -> Terms {
        Terms { ownership: self.owned.ownership(), expected, ..Terms::of(mode) }
    }

    /// The plan, and its text as `plan` prints it.
    async fn plan(
        &self,
        setup: &Setup,
        name: &str,
        file: &CatalogFile,
    ) -> Result<(Applied, String), CliError> {
        let planned = setup.plan_file(name, file, self.owned.ownership()).await?;
        let catalog_version = planned.catalog.version();
        if let Err(changed) = self.check_expected(catalog_version) {
            return Err(refused(setup, changed.into()).await);
        }
        let users = reach::users(setup.store()).await?.users;
        let text = plan_text::of(&planned.catalog, &planned.plan, &users);
        Ok((Applied { plan: planned.plan, file_version: file.version, catalog_version }, text))
    }
}

/// Why the file is refused. If the catalog has changed, what has changed, and by whom.
async fn refused(setup: &Setup, error: SetupError) -> CliError {
    let SetupError::Apply(ApplyError::Changed { expected, .. }) = &error else {
        return error.into();
    };
    match catalog::versions_after(setup, *expected).await {
        Ok(since) => CliError::Failed(format!("{error}\n{since}")),
        Err(error) => error,
    }
}

/// Shows a plan that deletes more than it keeps, and asks.
fn ask(plan: &Plan) -> Result<(), CliError> {
    console::notice(&plan_text::changes(plan, Colours::Off));
    let (deleted, kept) = (plan.deletions(), plan.kept());
    confirm::ask(&format!("this deletes {deleted} entities and keeps {kept}"))
}
