//! `scopegate catalog rollback`

use std::collections::BTreeSet;

use clap::Args;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::apply::Mode;
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::administration::rollback::{
    Rollback, RollbackError, RollbackRequest, rollback,
};
use scopegate_core::audit::Actor;
use scopegate_core::catalog::ClientId;
use scopegate_server::setup::Setup;

use crate::cli::colour::Colours;
use crate::cli::failure::CliError;
use crate::cli::{confirm, console, plan_text};

/// Make the catalog what it was at a version
///
/// This is a new version, so it can be rolled back too. It restores no secret, no key of a client or an
/// issuer, and no signing key. It enables no client that is disabled or deleted now, unless --reactivate
/// names it. A catalog file that was applied since then needs a new version to be applied again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate catalog rollback 11
  scopegate catalog rollback 11 --reactivate batch --yes

Exit codes: 0 done, 1 it cannot be done or nobody agreed, 2 wrong arguments.")]
pub(crate) struct RollBack {
    /// The version
    version: u64,

    /// Enable this client if it was enabled at that version; can be repeated
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    reactivate: Vec<ClientId>,

    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl RollBack {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let reactivate: BTreeSet<ClientId> = self.reactivate.iter().cloned().collect();
        let actor = Actor::cli("catalog rollback");
        let (store, base) = (setup.store(), setup.base());
        let door = CatalogDoor { store, base, actor: &actor, now: SystemClock.now() };
        let request = |mode, expected| RollbackRequest {
            version: self.version,
            reactivate: &reactivate,
            mode,
            expected,
        };
        let failed = |error: RollbackError| CliError::failed(&error);
        let planned = rollback(store, &door, &request(Mode::DryRun, None)).await.map_err(failed)?;
        console::result(&text(&planned))?;
        if self.dry_run || planned.plan.is_empty() {
            console::notice("nothing was changed");
            return Ok(());
        }
        if !self.yes {
            confirm::ask(&format!("this restores version {} of the catalog", self.version))?;
        }
        let write = request(Mode::Write, Some(planned.catalog_version));
        match rollback(store, &door, &write).await {
            Ok(done) => {
                console::notice(&format!("the catalog has version {} now", done.catalog_version));
                Ok(())
            }
            Err(error @ RollbackError::Changed { expected, .. }) => {
                let since = super::versions_after(setup, expected).await?;
                Err(CliError::Failed(format!("{error}\n{since}")))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn text(Rollback { plan, notes, .. }: &Rollback) -> String {
    let mut text = plan_text::changes(plan, Colours::of_stdout());
    text.push_str("\nno secret, no key of a client or an issuer and no signing key is restored");
    for note in notes {
        text.push('\n');
        text.push_str(&plan_text::one_line(&note.to_string()));
    }
    text
}
