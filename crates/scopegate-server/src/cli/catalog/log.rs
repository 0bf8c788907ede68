//! `scopegate catalog log`

use clap::Args;
use scopegate_core::administration::history;
use scopegate_server::setup::Setup;

use crate::cli::colour::Colours;
use crate::cli::failure::CliError;
use crate::cli::{console, plan_text};

/// List the versions of the catalog, newest first: when, by whom, and what changed
///
/// Versions are kept for 400 days, or as long as `catalog.keep` in scopegate.toml says.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate catalog log
  scopegate catalog log --changes --limit 5
  scopegate catalog log --json")]
pub(crate) struct Log {
    /// The most versions
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u32,

    /// Show the changed entities of each version
    #[arg(long)]
    changes: bool,

    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl Log {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let entries = history::log(setup.store(), self.limit).await;
        for entry in entries.map_err(|error| CliError::failed(&error))? {
            if self.json {
                console::result(&entry.to_json().to_string())?;
                continue;
            }
            let mut text = super::line(&entry);
            if self.changes {
                text.push('\n');
                for change in entry.changes() {
                    plan_text::entity(&mut text, &change, Colours::of_stdout());
                }
            }
            console::result(text.trim_end())?;
        }
        Ok(())
    }
}
