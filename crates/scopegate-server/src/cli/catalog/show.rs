//! `scopegate catalog show`

use clap::Args;
use scopegate_core::administration::history;
use scopegate_core::catalog::Owner;
use scopegate_core::catalog_file::write::write;
use scopegate_server::setup::Setup;

use crate::cli::failure::CliError;
use crate::cli::{console, plan_text};

/// Print the whole catalog as it was at a version, in the form of a catalog file
///
/// Secrets are not in it. What no file can write, such as an admin client, is named in a comment at the start. It
/// has the entities of all owners and no version of a file, so that it cannot be applied by mistake.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  scopegate catalog show 12")]
pub(crate) struct Show {
    /// The version
    version: u64,
}

impl Show {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let entities = history::entities_at(setup.store(), self.version).await;
        let mut entities = entities.map_err(|error| CliError::failed(&error))?;
        // A comment says who owns what the owner `file` does not.
        let others = entities.iter().filter(|entity| entity.owner != Owner::File).count();
        let mut unwritable = Vec::new();
        let text = loop {
            match write(&entities, self.version) {
                Ok(text) => break text,
                Err(refused) => {
                    entities.retain(|entity| !refused.iter().any(|why| *why.key() == entity.key));
                    unwritable.extend(refused);
                }
            }
        };
        let mut lines = vec![
            format!(
                "# Version {} of the catalog, of all owners, without secrets; {others} entities are not owned by \
                 `file`.",
                self.version
            ),
            "# It is for reading: it has no version of a file, so that it cannot be applied. To go back, run"
                .to_owned(),
            format!("# `scopegate catalog rollback {}`.", self.version),
        ];
        lines.extend(unwritable.iter().map(|why| format!("# Left out: {why}.")));
        console::result(
            &lines.iter().map(|line| plan_text::one_line(line)).collect::<Vec<_>>().join("\n"),
        )?;
        let without_version = text.split_once('\n').map_or("", |(_, rest)| rest);
        console::result(without_version.trim_end())?;
        Ok(())
    }
}
