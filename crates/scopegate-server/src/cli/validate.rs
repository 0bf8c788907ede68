//! `scopegate validate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use scopegate_core::catalog_file::CatalogFile;
use scopegate_server::config::{Config, DEFAULT_FILE};

use super::failure::CliError;
use super::{Workplace, catalog_file, console};

/// Check a catalog file and scopegate.toml, and change nothing
///
/// Lists all problems with their places and what to write instead, and warns of what is valid but
/// probably a mistake. It opens no store, so it does not know clients that were made there: if the
/// policies of a file name such clients, use `scopegate apply --dry-run`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate validate catalog.toml
  scopegate validate --config /etc/scopegate/scopegate.toml

Exit codes: 0 right, 2 wrong.")]
pub(super) struct Validate {
    /// The catalog file; without it only scopegate.toml is checked
    #[arg(value_name = "FILE")]
    catalog: Option<PathBuf>,
}

impl Validate {
    pub(super) fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let config_file = place.file.clone().or_else(|| {
            let default = PathBuf::from(DEFAULT_FILE);
            default.exists().then_some(default)
        });
        if self.catalog.is_none() && config_file.is_none() {
            return Err(CliError::usage("name a catalog file, or a configuration with --config"));
        }
        let config = Config::load(config_file.as_deref());
        let base =
            config.as_ref().ok().and_then(|config| config.base_url(config.listen.public).ok());
        let catalog = self.catalog.as_deref().map(|path| catalog_file::parse(path, base.as_ref()));
        if let (Some(path), Some(Ok(file))) = (&self.catalog, &catalog) {
            warn(path, file);
        }
        let problems = [config.err().map(CliError::from), catalog.and_then(Result::err)];
        let mut code = None;
        for problem in problems.into_iter().flatten() {
            code = Some(problem.report());
        }
        if code.is_none() {
            for file in config_file.iter().chain(&self.catalog) {
                console::notice(&format!("{}: right", file.display()));
            }
        }
        Ok(code.unwrap_or(ExitCode::SUCCESS))
    }
}

/// Shows what is valid in a file but probably a mistake.
fn warn(path: &Path, file: &CatalogFile) {
    for warning in &file.warnings {
        let (path, line, column) = (path.display(), warning.line, warning.column);
        console::notice(&format!("{path}:{line}:{column}: warning: {}", warning.message));
    }
}
