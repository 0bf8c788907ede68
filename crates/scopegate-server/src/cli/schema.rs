//! `scopegate schema`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use scopegate_core::catalog_file;
use scopegate_server::config::Config;

use super::console;
use super::failure::CliError;

/// Print the JSON Schema of a file, for editors
///
/// It has the names, types and forms of keys and values, with a description of each, so that an editor completes
/// them and marks mistakes. `scopegate validate` finds all mistakes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate schema catalog > catalog.schema.json
  scopegate schema config > scopegate.schema.json

Editors with Taplo, such as VS Code with Even Better TOML, read this first line of a file:
  #:schema ./catalog.schema.json")]
pub(super) struct Schema {
    /// The file
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// catalog.toml
    Catalog,
    /// scopegate.toml
    Config,
}

impl Schema {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        let schema = match self.of {
            Of::Catalog => catalog_file::schema::schema(),
            Of::Config => Config::schema(),
        };
        console::result(&format!("{schema:#}"))?;
        Ok(ExitCode::SUCCESS)
    }
}
