//! `scopegate test`

mod from_audit;
mod junit;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_core::policy_tests::{Known, TestFile, TestResult};
use scopegate_core::spelling::parse_duration;

use self::world::World;
use super::failure::CliError;
use super::{Workplace, console, input};

/// How far back the audit log is read, if it is not told.
const SINCE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Run policy tests, or write them from decisions that happened
///
/// Each test describes a request, and the scopes, claims and lifetime that it must give, or the
/// refusal. It is decided as a real request. Nothing is signed and nothing is stored.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate test catalog.tests.toml --catalog catalog.toml
  scopegate test catalog.tests.toml --junit report.xml
  scopegate test --from-audit --since 7d > catalog.tests.toml

Exit codes: 0 all passed, 1 a test failed, 2 a file is wrong.")]
pub(super) struct Test {
    /// The file of tests
    #[arg(value_name = "FILE", required_unless_present = "from_audit")]
    file: Option<PathBuf>,

    /// Test this catalog file, without a store [default: the catalog of the store]
    #[arg(long, value_name = "FILE", conflicts_with = "from_audit")]
    catalog: Option<PathBuf>,

    /// Write the results to this file as JUnit XML
    #[arg(long, value_name = "FILE", conflicts_with = "from_audit")]
    junit: Option<PathBuf>,

    /// Print tests that decisions of the audit log would pass
    #[arg(long, conflicts_with = "file")]
    from_audit: bool,

    /// How far back the audit log is read [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Duration>,
}

impl Test {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        match (&self.file, self.since) {
            (None, since) => from_audit::print(place, since.unwrap_or(SINCE)).await,
            (Some(_), Some(_)) => Err(CliError::usage("--since needs --from-audit")),
            (Some(file), None) => self.test(place, file).await,
        }
    }

    async fn test(&self, place: &Workplace, file: &std::path::Path) -> Result<ExitCode, CliError> {
        let name = file.display().to_string();
        let source = CatalogSource { name: &name, content: &input::read(file)? };
        let world = match &self.catalog {
            Some(catalog) => World::of_file(place, catalog)?,
            None => World::of_store(place, &TestFile::logins(&source)).await?,
        };
        let known = Known { catalog: &world.catalog, user: &|login| world.user(login) };
        let parsed = TestFile::parse(&source, &known);
        let tests = parsed.map_err(|errors| CliError::BadInput(errors.to_string()))?.tests;
        let mut results = Vec::new();
        for test in tests {
            results.push(test.run(&world.catalog, world.now).await);
        }
        if let Some(junit) = &self.junit {
            junit::write(junit, &name, &results)?;
        }
        report(&name, &results)
    }
}

/// Shows the tests that failed, and the number of those that passed.
fn report(file: &str, results: &[TestResult]) -> Result<ExitCode, CliError> {
    let failed: Vec<_> = results.iter().filter(|result| !result.is_passed()).collect();
    for result in &failed {
        let lines = result.to_string().replace('\n', "\n  ");
        console::result(&format!("{file}:{}: failed: {}\n  {lines}\n", result.line, result.name))?;
    }
    let passed = results.len() - failed.len();
    console::result(&format!("{passed} passed, {} failed", failed.len()))?;
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse_since(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("write a time such as 24h or 7d")
}
