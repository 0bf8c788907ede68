//! `scopegate serve`

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::apply::{ApplyError, Mode};
use scopegate_core::catalog::ServerId;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_server::config::{Config, LogFormat};
use scopegate_server::setup::{Setup, SetupError};
use scopegate_server::{ListenSettings, Listeners, Server};
use tokio::signal;

use super::descriptors::Descriptors;
use super::failure::CliError;
use super::person;
use super::{Workplace, catalog_file, console, input, is_missing, logging};

/// Maximum servers that are named at the start.
const MAX_NAMED: usize = 10;

/// Serve tokens until SIGINT or SIGTERM
///
/// Without a configuration everything is kept in ./scopegate-data, and only this machine can reach
/// the server. A first start makes the master key and the signing keys.
#[derive(Args, Debug)]
#[command(after_long_help = after_help())]
pub(super) struct Serve {
    /// Apply this catalog first; one that is older than the last applied one is refused
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let descriptors = Descriptors::raise();
        let config = Config::load_to_serve(place.file.as_deref(), descriptors.now())?;
        logging::start_for_server(&config.log);
        let limits = config.listen_limits(descriptors.now());
        let end = EndSignals::listen()?;

        // The ports are bound first, so that a second server on the same machine fails before it
        // changes anything.
        let listeners = bind(&config).await?.with_limits(limits.clone());
        let base = config.base_url(listeners.public_address())?;
        if let Some(catalog) = self.catalog.as_deref().filter(|_| is_missing(&config.store)) {
            // The file is checked first, so that a wrong file does not cause a store to be made.
            catalog_file::parse(catalog, Some(&base))?;
        }
        let setup = Setup::open(&config, &base).await?.on_behalf_of(person::name());
        if let Some(catalog) = &self.catalog {
            apply_at_start(&setup, catalog).await?;
        }
        // Logged only now, so that a start which fails before prints one line only: the reason.
        descriptors.log(&limits);
        let store = setup.store().clone();
        let server = Server::start(setup.into_settings()).await?;
        let admin = listeners.admin_address();
        let mut started = Ok(());
        let until_end = async {
            let mut end = pin!(end.wait());
            let ready = tokio::select! {
                () = &mut end => return,
                ready = server.ready() => ready,
            };
            match ready {
                Ok(()) => {
                    announce(&config, &server, admin);
                    end.await;
                }
                Err(error) => started = Err(error),
            }
        };
        listeners.serve(&server, until_end).await;
        store.close().await;
        started?;
        tracing::info!("ended");
        Ok(ExitCode::SUCCESS)
    }
}

/// Applies a catalog file. If a newer version has written rows that this one does not understand, or if
/// the file was rolled back, it is not applied, and the server still starts with the stored catalog.
async fn apply_at_start(setup: &Setup, catalog: &Path) -> Result<(), CliError> {
    let (name, content) = (catalog.display().to_string(), input::read(catalog)?);
    let source = CatalogSource { name: &name, content: &content };
    match setup.apply(&source, Mode::Write).await {
        Ok(applied) => tracing::info!(
            edits = applied.plan.edits().len(),
            file_version = applied.file_version,
            catalog_version = applied.catalog_version,
            "the catalog file is applied"
        ),
        // After a rollback the nodes must start, with the catalog that was restored.
        Err(SetupError::Apply(
            error @ (ApplyError::Unreadable(_) | ApplyError::RolledBack { .. }),
        )) => {
            tracing::error!(error = &error as &dyn Error, "the catalog file is not applied");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn bind(config: &Config) -> Result<Listeners, CliError> {
    let settings = |address| ListenSettings { address, tls: config.tls.clone() };
    let (public, admin) = (settings(config.listen.public), settings(config.listen.admin));
    Ok(Listeners::bind(&public, Some(&admin)).await?)
}

/// The signals that end a server. They are caught from the start, so that none ends the process in
/// the middle of a write.
#[cfg(unix)]
struct EndSignals {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
    fn listen() -> Result<Self, CliError> {
        use signal::unix::{SignalKind, signal};

        let listen = |kind| signal(kind).map_err(|error| CliError::failed(&error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => tracing::info!("interrupted: finishing"),
            _ = self.terminate.recv() => tracing::info!("told to end: finishing"),
        }
    }
}

#[cfg(not(unix))]
struct EndSignals;

#[cfg(not(unix))]
impl EndSignals {
    fn listen() -> Result<Self, CliError> {
        Ok(Self)
    }

    async fn wait(self) {
        // If signals cannot be caught, wait for ever.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Prints what is served. With a JSON log, writes it into the log instead.
fn announce(config: &Config, server: &Server, admin: Option<SocketAddr>) {
    let catalog = server.authority().catalog();
    let (mut named, mut more) = (Vec::new(), 0);
    for server in catalog.servers().filter(|server| server.spec.status.is_active()) {
        match named.len() {
            MAX_NAMED => more += 1,
            _ => named.push(server),
        }
    }
    if config.log.format == LogFormat::Json {
        for server in named {
            let discovery = format!("{}/.well-known/openid-configuration", server.issuer);
            tracing::info!(server = %server.id, issuer = %server.issuer, discovery, "issuing");
        }
        return;
    }
    let line = |name: &str, value: &str| console::notice(&format!("  {name:<12} {value}"));
    console::notice(&format!("scopegate {}", env!("CARGO_PKG_VERSION")));
    for server in named {
        line(issuer_name(&server.id), server.issuer.as_str());
    }
    if more > 0 {
        line("", &format!("and {more} more"));
    }
    line("discovery", "{issuer}/.well-known/openid-configuration");
    if let Some(admin) = admin {
        line("admin", &admin.to_string());
    }
    line("store", &config.store.url.to_string());
}

fn issuer_name(id: &ServerId) -> &str {
    if id.is_org() { "organisation" } else { id.as_str() }
}

/// The examples, and all keys of the configuration.
fn after_help() -> String {
    let mut help = "\
Examples:
  scopegate serve
  scopegate serve --catalog catalog.toml
  SCOPEGATE__LISTEN__PUBLIC=127.0.0.1:8000 scopegate serve
  SCOPEGATE__LOG__FORMAT=json scopegate serve --config /etc/scopegate/scopegate.toml

scopegate.toml, each key also as an environment variable (store.url: SCOPEGATE__STORE__URL):
"
    .to_owned();
    for key in Config::keys() {
        let (path, meaning, default) = (key.path(), key.meaning(), key.default());
        help.push_str(&format!("  {path} [{default}]\n      {meaning}\n"));
    }
    help.push_str(
        "\nSCOPEGATE_MASTER_KEY holds the master key itself: 32 random bytes in base64url.",
    );
    help
}
