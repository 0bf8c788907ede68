//! What commands ask of an installation: its store, or its management API.

mod over_http;
mod over_store;

use std::path::PathBuf;

use async_trait::async_trait;
use clap::Args;
use scopegate_claims::UnixTime;
use scopegate_core::administration::reach::{Reached, Row};
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::explain::DescribedRequest;
use scopegate_core::store::{OutcomeFilter, StoredEvent};
use serde_json::Value;
use url::Url;

use self::over_http::OverHttp;
use self::over_store::OverStore;
use super::Workplace;
use super::failure::CliError;

/// Where a management API is, and with which key it is called.
#[derive(Args, Clone, Debug)]
pub(super) struct Remote {
    /// Ask the management API at this URL instead of the store, such as http://127.0.0.1:9001
    #[arg(long, global = true, value_name = "URL", env = "SCOPEGATE_URL")]
    pub(super) url: Option<Url>,

    /// With --url: the admin client that asks
    #[arg(long, global = true, value_name = "ID", env = "SCOPEGATE_ADMIN_CLIENT")]
    admin_client: Option<String>,

    /// With --url: the file with the private key of the admin client, a JWK
    #[arg(long, global = true, value_name = "FILE", env = "SCOPEGATE_ADMIN_KEY")]
    admin_key: Option<PathBuf>,
}

/// What a command is told about a request.
pub(super) struct Told {
    /// The explanation as JSON.
    pub(super) json: Value,
    /// The explanation as text, for people. The management API has none.
    pub(super) text: Option<String>,
}

/// Which audit events are read.
#[derive(Clone, Debug)]
pub(super) struct AskedEvents {
    pub(super) since: Option<UnixTime>,
    pub(super) before: Option<DecisionId>,
    pub(super) server: Option<String>,
    pub(super) client: Option<String>,
    /// The login or the id.
    pub(super) user: Option<String>,
    pub(super) kind: Option<&'static str>,
    pub(super) outcome: Option<OutcomeFilter>,
}

/// An installation that commands ask.
#[async_trait]
pub(super) trait Installation {
    /// Explains a request that is described.
    async fn explain(
        &self,
        request: &DescribedRequest,
        calls_hooks: bool,
    ) -> Result<Told, CliError>;

    /// Explains a decision that happened.
    async fn explain_decision(&self, id: DecisionId) -> Result<Told, CliError>;

    /// Every client that can reach a scope.
    async fn who_can(&self, server: &ServerId, scope: &str) -> Result<Vec<Row>, CliError>;

    /// Every scope that a client can reach.
    async fn can(
        &self,
        client: &ClientId,
        server: Option<&ServerId>,
    ) -> Result<Vec<Reached>, CliError>;

    /// Audit events, newest first, at most 200.
    async fn audit_events(
        &self,
        asked: &AskedEvents,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, CliError>;

    /// Ends what was opened.
    async fn close(&self);
}

/// Opens the installation that a command works on.
pub(super) async fn open(place: &Workplace) -> Result<Box<dyn Installation + Sync>, CliError> {
    let Remote { url, admin_client, admin_key } = &place.remote;
    let Some(url) = url else { return Ok(Box::new(OverStore(place.authority().await?))) };
    let needed = |what: &str| CliError::usage(&format!("--url needs {what}"));
    let client = admin_client.as_ref().ok_or_else(|| needed("--admin-client"))?;
    let key = admin_key.as_ref().ok_or_else(|| needed("--admin-key"))?;
    Ok(Box::new(OverHttp::new(url, client, key)?))
}
