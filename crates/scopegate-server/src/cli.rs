//! The command line: one command, one file.

mod apply;
mod arguments;
mod audit;
mod can;
mod catalog;
mod catalog_file;
mod clients;
mod colour;
mod completions;
mod confirm;
mod console;
mod descriptors;
mod explain;
mod export;
mod failure;
mod hooks;
mod input;
mod installation;
mod keys;
mod logging;
mod owner;
mod person;
mod plan;
mod plan_text;
mod progress;
mod reach;
mod schema;
mod serve;
mod table;
mod test;
mod time_text;
mod token;
mod users;
mod validate;
mod who_can;
mod whom;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use scopegate_core::authority::Authority;
use scopegate_jose::MasterKey;
use scopegate_server::config::{Config, StoreConfig};
use scopegate_server::setup::Setup;

use self::failure::CliError;
use self::installation::Remote;

/// An authorization server: issues access tokens for your APIs.
///
/// It needs no configuration to try it: `scopegate serve` keeps everything in ./scopegate-data and
/// listens on this machine only.
#[derive(Debug, Parser)]
#[command(
    name = "scopegate",
    version,
    arg_required_else_help = true,
    after_help = "\
A first token, on this machine:
  scopegate serve --catalog catalog.toml
  scopegate token mint --client orders-reader --scope read:orders"
)]
struct Cli {
    /// How the process runs [default: ./scopegate.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    remote: Remote,

    /// Who runs the command, for the history and the audit log [default: the user of the system at this host]
    #[arg(long = "as", global = true, value_name = "NAME", value_parser = person::parse)]
    person: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Plan(plan::ShowPlan),
    Apply(apply::Apply),
    Export(export::Export),
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    Validate(validate::Validate),
    Schema(schema::Schema),
    Explain(explain::Explain),
    WhoCan(who_can::WhoCan),
    Can(can::Can),
    Test(test::Test),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Clients(clients::Clients),
    #[command(subcommand)]
    Users(users::Users),
    #[command(subcommand)]
    Hooks(hooks::Hooks),
    #[command(subcommand)]
    Audit(audit::Audit),
    Completions(completions::Completions),
}

impl Command {
    /// Tells whether the command asks an [`Installation`](installation::Installation).
    fn works_over_http(&self) -> bool {
        match self {
            Self::Explain(_)
            | Self::WhoCan(_)
            | Self::Can(_)
            | Self::Audit(audit::Audit::List(_)) => true,
            Self::Hooks(_)
            | Self::Serve(_)
            | Self::Plan(_)
            | Self::Apply(_)
            | Self::Export(_)
            | Self::Catalog(_)
            | Self::Validate(_)
            | Self::Schema(_)
            | Self::Test(_)
            | Self::Token(_)
            | Self::Keys(_)
            | Self::Clients(_)
            | Self::Users(_)
            | Self::Completions(_) => false,
        }
    }
}

/// Runs the command that the arguments name. Returns the exit code of the process.
pub(crate) fn run() -> ExitCode {
    let arguments = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(arguments.run()),
        Err(error) => Err(CliError::failed(&error)),
    };
    match result {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}

impl Cli {
    async fn run(self) -> Result<ExitCode, CliError> {
        person::set(self.person);
        if self.remote.url.is_some() && !self.command.works_over_http() {
            return Err(CliError::usage(
                "this command works on the store only: leave --url (SCOPEGATE_URL) out. With --url work \
                 explain, who-can, can and audit list",
            ));
        }
        let place = Workplace { file: self.config, remote: self.remote };
        match self.command {
            Command::Serve(command) => command.run(&place).await,
            Command::Plan(command) => command.run(&place).await,
            Command::Apply(command) => command.run(&place).await,
            Command::Export(command) => command.run(&place).await,
            Command::Catalog(command) => command.run(&place).await,
            Command::Validate(command) => command.run(&place).await,
            Command::Schema(command) => command.run(),
            Command::Explain(command) => command.run(&place).await,
            Command::WhoCan(command) => command.run(&place).await,
            Command::Can(command) => command.run(&place).await,
            Command::Test(command) => command.run(&place).await,
            Command::Token(command) => command.run(&place).await,
            Command::Keys(command) => command.run(&place).await,
            Command::Clients(command) => command.run(&place).await,
            Command::Users(command) => command.run(&place).await,
            Command::Hooks(command) => command.run(&place).await,
            Command::Audit(command) => command.run(&place).await,
            Command::Completions(command) => command.run(),
        }
    }
}

/// What a command works on: the configuration, and the store that it names.
#[derive(Debug)]
struct Workplace {
    file: Option<PathBuf>,
    remote: Remote,
}

impl Workplace {
    /// Reads the configuration, and starts to show warnings.
    fn config(&self) -> Result<Config, CliError> {
        let config = Config::load(self.file.as_deref())?;
        logging::start_for_command(&config.log);
        Ok(config)
    }

    /// Opens the storage for a command that runs beside a server. The storage is made if it does
    /// not exist.
    async fn open(&self) -> Result<Setup, CliError> {
        let config = self.config()?;
        let base = config.base_url(config.listen.public)?;
        Ok(Setup::open(&config, &base).await?)
    }

    /// Opens an existing storage for a command that runs beside a server.
    async fn open_existing(&self) -> Result<Setup, CliError> {
        if let Some(missing) = missing(&self.config()?.store) {
            return Err(missing);
        }
        self.open().await
    }

    /// Opens an existing storage, for a command that may change its master key to this one.
    async fn open_to_rewrap(&self, new: &MasterKey) -> Result<Setup, CliError> {
        let config = self.config()?;
        if let Some(missing) = missing(&config.store) {
            return Err(missing);
        }
        let base = config.base_url(config.listen.public)?;
        Ok(Setup::open_with(&config, &base, Some(new)).await?)
    }

    /// Opens the authorization servers of an existing storage, without HTTP.
    async fn authority(&self) -> Result<Arc<Authority>, CliError> {
        let opened = self.open_existing().await?.into_authority().await;
        opened.map_err(|error| CliError::failed(&error))
    }
}

/// The failure of a command that needs a store, if there is none.
fn missing(store: &StoreConfig) -> Option<CliError> {
    let url = &store.url;
    is_missing(store).then(|| {
        CliError::Failed(format!(
            "there is no store at {url}: run `scopegate serve` or `scopegate apply` first"
        ))
    })
}

/// Tells whether the store does not exist, so that opening it would make it. A command in the wrong
/// folder must not make a store there.
fn is_missing(store: &StoreConfig) -> bool {
    store.url.sqlite_path().is_some_and(|path| !path.exists())
}
