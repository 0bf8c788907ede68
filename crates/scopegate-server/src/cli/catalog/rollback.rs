//! `scopegate catalog rollback`

use std::collections::BTreeSet;

use clap::Args;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::apply::Mode;
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::administration::reach::{AccessChange, access};
use scopegate_core::administration::rollback::{
    Rollback, RollbackError, RollbackRequest, rollback,
};
use scopegate_core::catalog::Owner;
use scopegate_server::setup::Setup;

use crate::cli::colour::Colours;
use crate::cli::failure::CliError;
use crate::cli::{confirm, console, owner, person, plan_text, reach};

/// Make the entities of an owner what they were at a version
///
/// This is a new version, so it can be rolled back too. It restores no secret, no key of a client or an
/// issuer, and no signing key. It enables nothing that is disabled now, and no client that is deleted now,
/// unless --reactivate names it, and it disables no deny rule. It deletes no admin client. A catalog file that
/// was applied since then needs a new version to be applied again.
///
/// What belongs to other owners stays as it is. Without --owner the entities of the only owner with changes
/// since then are restored, or those of the owner `file` if there are several.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate catalog rollback 11
  scopegate catalog rollback 11 --owner payments
  scopegate catalog rollback 11 --reactivate batch --reactivate 'policy default/readers' --yes

Exit codes: 0 done, 1 it cannot be done or nobody agreed, 2 wrong arguments.")]
pub(crate) struct RollBack {
    /// The version
    version: u64,

    /// Whose entities; `api` has those that were made with commands or over the API
    #[arg(long, value_name = "NAME", value_parser = owner::of_any)]
    owner: Option<Owner>,

    /// Enable this client if it was enabled at that version, or this entity, such as 'policy default/readers';
    /// can be repeated
    #[arg(long, value_name = "ID")]
    reactivate: Vec<String>,

    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl RollBack {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let reactivate: BTreeSet<String> = self.reactivate.iter().cloned().collect();
        let actor = person::actor("catalog rollback");
        let (store, base) = (setup.store(), setup.base());
        let door = CatalogDoor { store, base, actor: &actor, now: SystemClock.now() };
        let request = |mode, expected| RollbackRequest {
            version: self.version,
            owner: self.owner,
            reactivate: &reactivate,
            mode,
            expected,
        };
        let failed = |error: RollbackError| CliError::failed(&error);
        let planned = rollback(store, &door, &request(Mode::DryRun, None)).await.map_err(failed)?;
        let users = reach::users(store).await?.users;
        let after =
            planned.before.edited(planned.catalog_version + 1, planned.plan.edits().to_vec());
        console::result(&text(&planned, &access(&planned.before, &after, &users)))?;
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

fn text(Rollback { owner, plan, notes, .. }: &Rollback, access: &[AccessChange]) -> String {
    let colours = Colours::of_stdout();
    let mut text = plan_text::whole(plan, access, colours);
    text.push_str(&format!("\nrestored are the entities of the owner `{}`; ", owner.name()));
    text.push_str("no secret, no key of a client or an issuer and no signing key is restored");
    for note in notes {
        text.push('\n');
        text.push_str(&plan_text::one_line(&note.to_string()));
    }
    text
}
