//! The demo: an orders API whose handlers declare their scopes, and its issuer in the same process.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `main.rs` | how a service trusts an issuer |
//! | `api.rs` | how a router is guarded, and publishes its scopes in OpenAPI |
//! | `orders.rs` | how a handler declares the scope it needs |
//! | `authorization_server.rs` | how an authorization server is embedded; most services do not need this |

mod api;
mod arguments;
mod authorization_server;
mod data_folder;
mod descriptors;
mod docs_page;
mod order;
mod order_store;
mod orders;
mod partner;
mod problem;
mod stop;
mod welcome;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use futures_util::FutureExt;
use scopegate::BearerLayer;
use scopegate_server::{ListenSettings, Listener};
use tracing_subscriber::EnvFilter;

use crate::arguments::Arguments;
use crate::authorization_server::AuthorizationServer;
use crate::data_folder::DataFolder;
use crate::order_store::OrderStore;
use crate::orders::Tenant;
use crate::welcome::{Origin, Welcome};

#[tokio::main]
async fn main() -> ExitCode {
    start_log();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the user who started the demo reads it there")]
            {
                eprintln!("orders-api: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    arguments.check()?;
    let stop = stop::signal()?.shared();
    let data = DataFolder::open(arguments.data.as_deref())?;
    // The listeners share the process's limit of open files.
    let limits = descriptors::limits(if arguments.trusted().is_some() { 1 } else { 2 });
    let listener = Listener::bind(&ListenSettings { address: arguments.listen, tls: None }).await?;
    let listener = listener.with_limits(limits.clone());
    let orders = OrderStore::open(&data.path().join("orders.db")).await?;

    // With an existing issuer, the API needs only its URL and the audience.
    let (issuer, audience, server) = match arguments.trusted() {
        Some((issuer, audience)) => (issuer.to_owned(), audience.to_owned(), None),
        None => {
            let urls = arguments.urls(listener.address());
            let address = arguments.as_listen;
            let server = AuthorizationServer::open(address, data.path(), &urls, limits).await?;
            (server.issuer(), AuthorizationServer::AUDIENCE.to_owned(), Some(server))
        }
    };
    let address = listener.address();
    let auth = BearerLayer::issuer(&issuer).audience(&audience).extra_claims::<Tenant>();
    let api = api::router(orders.clone(), auth, &issuer, arguments.resource(address))?;

    // The ports are bound, so clients that connect from now on get an answer.
    let origin = if server.is_some() { Origin::Here } else { Origin::Elsewhere };
    Welcome { address, issuer: &issuer, audience: &audience, origin, data: &data }.print()?;

    let serve_issuer = async {
        if let Some(server) = server {
            server.serve(stop.clone()).await;
        }
    };
    tokio::join!(listener.serve(api, stop.clone()), serve_issuer);
    orders.close().await;
    Ok(())
}

/// Logs to standard error. `RUST_LOG` sets the level.
fn start_log() {
    // The demo's master key protects nothing of value, so the advice to keep a copy is not logged.
    let usual = "warn,scopegate_server::master_key=error";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(std::io::stderr().is_terminal()).init();
}
