//! `scopegate catalog diff`

use clap::Args;
use scopegate_core::administration::history;
use scopegate_server::setup::Setup;
use serde_json::json;

use crate::cli::colour::Colours;
use crate::cli::failure::CliError;
use crate::cli::{console, plan_text};

/// Show what changed between two versions of the catalog
///
/// Changes of secrets are not known.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  scopegate catalog diff 11 12")]
pub(crate) struct Diff {
    /// The first version
    #[arg(value_name = "A")]
    from: u64,

    /// The second version
    #[arg(value_name = "B")]
    to: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let plan = history::difference_between(setup.store(), self.from, self.to).await;
        let plan = plan.map_err(|error| CliError::failed(&error))?;
        match self.json {
            true => console::json(&json!({ "changes": plan.to_json() })),
            false => console::result(&plan_text::changes(&plan, Colours::of_stdout())),
        }
    }
}
