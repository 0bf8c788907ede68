//! `scopegate plan`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::plan::Plan;
use scopegate_core::administration::reach::{
    AccessChange, Progress as Progressed, access_with_progress,
};
use scopegate_core::catalog::{Entity, Snapshot};
use scopegate_core::catalog_file::CatalogSource;
use scopegate_server::setup::Setup;
use serde_json::json;

use super::colour::Colours;
use super::failure::CliError;
use super::owner::Owned;
use super::progress::Progress;
use super::{Workplace, catalog_file, console, input, is_missing, person, plan_text, reach};

/// Show what `apply` would change
///
/// Lists each entity with the old and the new value of each field, and the clients that gain or lose
/// scopes, and for whom. Secrets are never shown. Nothing is changed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate plan catalog.toml
  scopegate plan catalog.toml --json | jq .access

Exit codes: 0 planned, 1 the store would refuse it, 2 the file is wrong.")]
pub(super) struct ShowPlan {
    /// The catalog: servers, scopes, claims, policies, clients
    #[arg(value_name = "FILE")]
    catalog: PathBuf,

    #[command(flatten)]
    owned: Owned,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ShowPlan {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let config = place.config()?;
        let base = config.base_url(config.listen.public)?;
        let failed = |error: &dyn std::error::Error| CliError::failed(error);
        let (before, plan, users) = if is_missing(&config.store) {
            let file = catalog_file::parse(&self.catalog, Some(&base))?;
            let plan = Plan::between_as::<Entity>(&[], &file, self.owned.ownership());
            (Snapshot::empty(&base), plan.map_err(|error| failed(&error))?, Vec::new())
        } else {
            let setup = Setup::open(&config, &base).await?.on_behalf_of(person::name());
            let planned = self.plan(&setup).await;
            let users = reach::users(setup.store()).await;
            setup.store().close().await;
            let (before, plan) = planned?;
            (before, plan, users?.users)
        };
        let after = before.edited(before.version() + 1, plan.edits().to_vec());
        let access = {
            let progress = Progress::of("comparing access");
            let report = |at: Progressed| progress.show(at.done, at.total);
            access_with_progress(&before, &after, &users, report)
        };
        self.show(before.version(), &plan, &access)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The stored catalog, and what the file would change of it.
    async fn plan(&self, setup: &Setup) -> Result<(Snapshot, Plan), CliError> {
        let (name, content) = (self.catalog.display().to_string(), input::read(&self.catalog)?);
        let source = CatalogSource { name: &name, content: &content };
        let ownership = self.owned.ownership();
        let file = setup.read_file(&source, ownership.owner).await?;
        let planned = setup.plan_file(&name, &file, ownership).await?;
        Ok((planned.catalog, planned.plan))
    }

    fn show(&self, version: u64, plan: &Plan, access: &[AccessChange]) -> Result<(), CliError> {
        if self.json {
            return console::json(&json!({
                "catalog_version": version,
                "changes": plan.to_json(),
                "access": access,
                "on_hold": plan.held(),
            }));
        }
        let colours = Colours::of_stdout();
        console::result(&plan_text::whole(plan, access, colours))?;
        console::notice(&format!(
            "compared with version {version} of the catalog: `apply --expect {version}` refuses if it changes"
        ));
        Ok(())
    }
}
