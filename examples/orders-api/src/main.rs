//! The demo: an orders API whose handlers name their scopes, and its issuer in the same process.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `main.rs` | how a service comes to trust an issuer |
//! | `api.rs` | how a router is guarded, and says so in OpenAPI |
//! | `orders.rs` | how a handler says which scope it needs |
//! | `authorization_server.rs` | how an authorization server is embedded; most services do not |

mod api;
mod arguments;
mod authorization_server;
mod data_folder;
mod order;
mod order_store;
mod orders;
mod partner;
mod problem;
mod stop;
mod welcome;

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
use crate::welcome::Welcome;

#[tokio::main]
async fn main() -> ExitCode {
    // A master key of a demonstration is no loss.
    let quiet = "warn,scopegate_server::master_key=error";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "whoever started the demo reads it there")]
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
    let listen = ListenSettings { address: arguments.listen, tls: None };
    let listener = Listener::bind(&listen).await?;
    let (server, issuer, audience) = match arguments.trusted() {
        Some((issuer, audience)) => (None, issuer.to_owned(), audience.to_owned()),
        None => {
            let server = AuthorizationServer::open(arguments.as_listen, data.path()).await?;
            let issuer = server.issuer();
            (Some(server), issuer, "api://orders".to_owned())
        }
    };

    let orders = OrderStore::open(&data.path().join("orders.db")).await?;
    let auth = BearerLayer::issuer(&issuer).audience(&audience).extra_claims::<Tenant>().build()?;
    let api = api::router(orders.clone(), auth, &issuer)?;

    // Both ports are taken, so whoever comes now waits for an answer and gets it.
    let address = listener.address();
    Welcome { address, issuer: &issuer, audience: &audience, data: &data, server: server.as_ref() }
        .print()?;
    let serve_issuer = async {
        if let Some(server) = server {
            server.serve(stop.clone()).await;
        }
    };
    tokio::join!(listener.serve(api, stop.clone()), serve_issuer);
    orders.close().await;
    Ok(())
}
