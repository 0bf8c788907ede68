//! The authorization servers of one process, answering HTTP.

mod storage;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::authority::{Authority, Foundation, OpenError};
use scopegate_core::catalog::audience_names::{self, AudienceClash};
use scopegate_core::error::CallError;
use scopegate_core::hooks::{HookPorts, TokenHook};
use scopegate_core::keys::{KeyError, KeyVault, KeysInMemory};
use scopegate_core::limits::RequestLimits;
use scopegate_jose::MasterKey;
use scopegate_store::HookConnections;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::config::HistoryConfig;
use crate::exposure::Exposure;
use crate::first_keys::FirstKeys;
use crate::hook_http::HttpHooks;
use crate::http::{self, App};
use crate::http_fetch::HttpFetch;
use crate::trusted_proxies::TrustedProxies;

pub use storage::{CatalogWatch, Storage};

/// What a [`Server`] is opened with.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    base: Issuer,
    storage: Storage,
    master_key: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    trusted_proxies: TrustedProxies,
    exposure: Exposure,
    limits: RequestLimits,
    audit_kept_for: Option<Duration>,
    history_kept_for: Duration,
    vault: Arc<dyn KeyVault>,
    hooks: HookPorts,
}

impl ServerSettings {
    /// Serves a storage under a base URL. Secrets are sealed under the master key.
    pub fn new(
        base: Issuer,
        storage: impl Into<Storage>,
        master_key: impl Into<Arc<MasterKey>>,
    ) -> Self {
        Self {
            exposure: Exposure::of(&base, &[]),
            base,
            storage: storage.into(),
            master_key: master_key.into(),
            clock: Arc::new(SystemClock),
            trusted_proxies: TrustedProxies::none(),
            limits: RequestLimits::default(),
            audit_kept_for: None,
            history_kept_for: HistoryConfig::default().keep,
            vault: Arc::new(KeysInMemory),
            hooks: {
                let mut hooks = HookPorts::default();
                hooks.http = Arc::new(HttpHooks::default());
                hooks
            },
        }
    }

    /// Adds a token hook of this program. In the catalog it is a hook of this name with `type = "program"`.
    #[must_use]
    pub fn with_hook(mut self, name: &str, hook: Arc<dyn TokenHook>) -> Self {
        self.hooks.programs.insert(name.to_owned(), hook);
        self
    }

    /// Runs the queries of SQL hooks on these databases. By default there are none.
    #[must_use]
    pub fn with_hook_connections(mut self, connections: HookConnections) -> Self {
        self.hooks.sql = Arc::new(connections);
        self
    }

    /// Sets the maximum time of all token hooks of a request. The default is 3 s.
    #[must_use]
    pub fn with_hook_deadline(mut self, deadline: Duration) -> Self {
        self.hooks.deadline = deadline;
        self
    }

    /// Generates and uses signing keys by this vault, such as a KMS, instead of in memory.
    #[must_use]
    pub fn with_key_vault(mut self, vault: Arc<dyn KeyVault>) -> Self {
        self.vault = vault;
        self
    }

    /// Reads the time from this clock instead of the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Trusts these proxies to name the address that a request comes from.
    #[must_use]
    pub fn with_trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Sets who can reach the server; by default this follows from the base URL. A server for its
    /// own machine only may fetch the keys of clients from that machine.
    #[must_use]
    pub fn with_exposure(mut self, exposure: Exposure) -> Self {
        self.exposure = exposure;
        self
    }

    /// Limits how often unauthenticated requests may write to the storage.
    #[must_use]
    pub fn with_request_limits(mut self, limits: RequestLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Deletes audit events that are older than this. By default all are kept.
    #[must_use]
    pub fn with_audit_kept_for(mut self, keep: Duration) -> Self {
        self.audit_kept_for = Some(keep);
        self
    }

    /// Deletes versions of the catalog that are older than this. The default is 400 days.
    #[must_use]
    pub fn with_history_kept_for(mut self, keep: Duration) -> Self {
        self.history_kept_for = keep;
        self
    }
}

/// Why a [`Server`] does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The storage failed, or was written under another master key.
    #[error(transparent)]
    Authority(#[from] OpenError),
    /// An audience is a client id, or an issuer under the base URL.
    #[error(transparent)]
    Audience(#[from] AudienceClash),
    /// The service that holds the signing keys cannot be used, or does not support an algorithm of
    /// the catalog.
    #[error("the service that holds the signing keys cannot be used: {0}")]
    KeyVault(String),
    /// A signing key could not be made, stored or unsealed.
    #[error("the signing keys cannot be made ready")]
    Keys(#[source] Arc<CallError>),
    /// The server was closed before it was ready.
    #[error("the server was closed before it was ready")]
    Closed,
}

/// Checks that the vault can be used, and makes keys for all algorithms of the catalog.
async fn check_vault(vault: &dyn KeyVault, authority: &Authority) -> Result<(), StartError> {
    let refused = |error: KeyError| StartError::KeyVault(error.to_string());
    vault.open().await.map_err(refused)?;
    let supported = vault.algorithms().await.map_err(refused)?;
    let catalog = authority.catalog();
    for server in catalog.servers().filter(|server| server.spec.status.is_active()) {
        let unsupported = server.spec.algorithms.iter().find(|one| !supported.contains(one));
        if let Some(algorithm) = unsupported {
            let names: Vec<_> = supported.iter().map(|one| one.name()).collect();
            return Err(StartError::KeyVault(format!(
                "the server `{}` signs with {algorithm}, which it does not support: give the server \
                 other algorithms ({})",
                server.id,
                names.join(", "),
            )));
        }
    }
    Ok(())
}

/// The authorization servers of one process, as something that answers HTTP.
///
/// Its tasks end when it is closed or dropped. Only [`close`](Self::close) writes the last audit
/// events.
///
/// ```
/// use axum::body::Body;
/// use http::{Request, StatusCode};
/// use scopegate_claims::Issuer;
/// use scopegate_jose::MasterKey;
/// use scopegate_server::{Server, ServerSettings};
/// use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scopegate.db");
/// let store = SqlStore::open(&StoreUrl::sqlite(path), &StoreOptions::default()).await?;
/// let base = Issuer::parse("http://127.0.0.1:9000")?;
/// let server = Server::open(ServerSettings::new(base, store, MasterKey::generate())).await?;
///
/// let keys = Request::get("/oauth2/default/v1/keys").body(Body::empty())?;
/// assert_eq!(server.router().oneshot(keys).await?.status(), StatusCode::OK);
///
/// // A request without credentials gets no token.
/// let form = "grant_type=client_credentials&scope=read:orders";
/// let token = Request::post("/oauth2/default/v1/token")
///     .header("content-type", "application/x-www-form-urlencoded")
///     .body(Body::from(form))?;
/// assert_eq!(server.router().oneshot(token).await?.status(), StatusCode::UNAUTHORIZED);
/// server.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    app: App,
    first_keys: watch::Receiver<FirstKeys>,
    tasks: Mutex<JoinSet<()>>,
}

impl Server {
    /// Opens a server and waits until it is ready: the storage is read, and the first authorization
    /// servers have their keys.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the storage fails, belongs to another master key, cannot store keys, or
    /// holds an audience that is an issuer under this base URL.
    pub async fn open(settings: ServerSettings) -> Result<Self, StartError> {
        let server = Self::start(settings).await?;
        server.ready().await?;
        Ok(server)
    }

    /// Reads the storage and begins to make the keys that are missing. Until it is
    /// [`ready`](Self::ready), `/livez` answers that the process lives, and `/readyz` that it is
    /// not ready.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), except those about keys.
    pub async fn start(settings: ServerSettings) -> Result<Self, StartError> {
        let ServerSettings { base, storage, master_key, clock, trusted_proxies, .. } = settings;
        let ServerSettings {
            exposure, limits, audit_kept_for, history_kept_for, vault, hooks, ..
        } = settings;
        let Storage { store, watch } = storage;
        let fetch = Arc::new(HttpFetch::for_catalog(exposure));
        let foundation = Foundation { base, store, master_key, clock, fetch, limits };
        let authority = Authority::open_with_hooks(foundation, Arc::clone(&vault), hooks).await?;
        audience_names::check_catalog(&authority.catalog())?;
        check_vault(&*vault, &authority).await?;
        let (tasks, first_keys) =
            upkeep::start(&authority, watch, audit_kept_for, history_kept_for);
        let app = App::new(authority, trusted_proxies, first_keys.clone());
        Ok(Self { app, first_keys, tasks: Mutex::new(tasks) })
    }

    /// Waits until the first authorization servers have their keys: the org server, the default
    /// one, and up to 62 more.
    ///
    /// # Errors
    ///
    /// [`StartError::Keys`] if that fails. The server goes on trying until it is closed.
    pub async fn ready(&self) -> Result<(), StartError> {
        let mut first_keys = self.first_keys.clone();
        let decided = first_keys.wait_for(|keys| !matches!(keys, FirstKeys::BeingMade)).await;
        match decided.as_deref() {
            Ok(FirstKeys::Made) => Ok(()),
            Ok(FirstKeys::Failed(error)) => Err(StartError::Keys(Arc::clone(error))),
            Ok(FirstKeys::BeingMade) | Err(_) => Err(StartError::Closed),
        }
    }

    /// What the public listener serves: the protocol, the pages and the health checks.
    ///
    /// It knows the address of a client only if requests carry axum's
    /// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo). Those from a
    /// [`Listener`](crate::Listener) do.
    pub fn router(&self) -> Router {
        http::public(self.app.clone())
    }

    /// What the admin listener serves.
    pub fn admin_router(&self) -> Router {
        http::admin(&self.app)
    }

    /// The authorization servers, without HTTP.
    pub fn authority(&self) -> &Arc<Authority> {
        self.app.authority()
    }

    /// Ends the tasks and writes the audit events that are still queued. From now on grants are
    /// refused.
    pub async fn close(&self) {
        self.tasks.lock().await.shutdown().await;
        self.authority().close().await;
    }
}
