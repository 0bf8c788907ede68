//! `scopegate validate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use scopegate_claims::Issuer;
use scopegate_core::catalog::Owner;
use scopegate_core::catalog_file::{CatalogFile, CatalogSource};
use scopegate_server::config::{Config, DEFAULT_FILE};
use scopegate_server::setup::Setup;

use super::failure::CliError;
use super::{Workplace, catalog_file, console, input, missing};

/// Check a catalog file and scopegate.toml, and change nothing
///
/// Lists all problems with their places and what to write instead, and warns of what is valid but
/// probably a mistake. Without --store it opens no store, so it does not know clients and secrets that
/// are only there.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate validate catalog.toml
  scopegate validate catalog.toml --store
  scopegate validate --config /etc/scopegate/scopegate.toml

Exit codes: 0 right, 1 the store cannot be opened, 2 wrong.")]
pub(super) struct Validate {
    /// The catalog file; without it only scopegate.toml is checked
    #[arg(value_name = "FILE")]
    catalog: Option<PathBuf>,

    /// Know the clients and secrets of the store
    #[arg(long, requires = "catalog")]
    store: bool,

    /// With --store: the owner that the file is applied for
    #[arg(long, value_name = "NAME", default_value = "file", value_parser = Owner::of_file)]
    owner: Owner,
}

impl Validate {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let config_file = place.file.clone().or_else(|| {
            let default = PathBuf::from(DEFAULT_FILE);
            default.exists().then_some(default)
        });
        if self.catalog.is_none() && config_file.is_none() {
            return Err(CliError::usage("name a catalog file, or a configuration with --config"));
        }
        let config = Config::load_to_validate(config_file.as_deref());
        let base =
            config.as_ref().ok().and_then(|config| config.base_url(config.listen.public).ok());
        let catalog = match (&self.catalog, &config, &base) {
            (None, _, _) => None,
            (Some(path), Ok(config), Some(base)) if self.store => {
                Some(self.parse_with_store(path, config, base).await)
            }
            // The store is named by a configuration that is wrong, which is reported.
            (Some(_), Err(_), _) if self.store => None,
            (Some(path), _, base) => Some(catalog_file::parse_leniently(path, base.as_ref())),
        };
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

    async fn parse_with_store(
        &self,
        path: &Path,
        config: &Config,
        base: &Issuer,
    ) -> Result<CatalogFile, CliError> {
        if let Some(missing) = missing(&config.store) {
            return Err(missing);
        }
        let setup = Setup::open(config, base).await?;
        let (name, content) = (path.display().to_string(), input::read(path)?);
        let source = CatalogSource { name: &name, content: &content };
        let file = setup.read_file(&source, self.owner).await;
        setup.store().close().await;
        Ok(file?)
    }
}

/// Shows what is valid in a file but probably a mistake.
fn warn(path: &Path, file: &CatalogFile) {
    for warning in &file.warnings {
        let (path, line, column) = (path.display(), warning.line, warning.column);
        console::notice(&format!("{path}:{line}:{column}: warning: {}", warning.message));
    }
}
