//! `scopegate catalog show`

use clap::Args;
use scopegate_core::administration::history;
use scopegate_core::catalog::Owner;
use scopegate_core::catalog_file::write::write;
use scopegate_server::setup::Setup;

use crate::cli::console;
use crate::cli::failure::CliError;

/// Print the whole catalog as it was at a version, in the form of a catalog file
///
/// Secrets are not in it. What no file can write, such as an admin client, is named at the end.
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
        console::result(&format!(
            "# Version {} of the catalog; {others} entities are not owned by `file`.",
            self.version
        ))?;
        console::result(text.trim_end())?;
        for why in unwritable {
            console::notice(&why.to_string());
        }
        Ok(())
    }
}
