//! Opens the storage that a configuration names, and checks that it may be served.
//!
//! These are the steps of `scopegate serve` before it serves. A program that embeds a
//! [`Server`](crate::Server) can use them:
//!
//! 1. Find the master key, or make one where that is allowed.
//! 2. Open the storage, and check that it belongs to that key.
//! 3. Refuse to serve a storage with a demonstration to other machines.
//! 4. Apply a catalog file.

mod demo;
mod vault;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::administration::apply::{
    self, Applied, ApplyError, EqualVersion, Mode, Planned, StoredClients, Terms,
};
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::administration::plan::Ownership;
use scopegate_core::audit::Actor;
use scopegate_core::authority::{Authority, Foundation, OpenError, check_master_key};
use scopegate_core::catalog::{ClientId, ClientSecret, EntityKey, HookSecret, Owner, UserId};
use scopegate_core::catalog_file::{CatalogContext, CatalogErrors, CatalogFile, CatalogSource};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::hooks::HookPorts;
use scopegate_core::keys::fetch::NoFetch;
use scopegate_core::keys::{KeyVault, open_data_keys};
use scopegate_core::limits::RequestLimits;
use scopegate_core::people::passwords::seal_hash;
use scopegate_core::store::{InstallationStore, MASTER_KEY_FINGERPRINT, StoreError};
use scopegate_jose::{Algorithm, MasterKey};
use scopegate_store::{HookConnections, SqlStore};

use crate::config::{AuditConfig, Config, HistoryConfig, HooksConfig};
use crate::exposure::Exposure;
use crate::hook_http::HttpHooks;
use crate::master_key::{MasterKeyError, MasterKeySource};
use crate::server::ServerSettings;

/// A storage that is open under its master key, to be served under a base URL.
///
/// ```
/// use scopegate_claims::Issuer;
/// use scopegate_core::administration::apply::Mode;
/// use scopegate_core::catalog_file::CatalogSource;
/// use scopegate_server::{Server, config::Config, setup::{Setup, SetupError}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let config = Config::in_folder(folder.path());
/// let setup = Setup::open(&config, &Issuer::parse("http://127.0.0.1:9000")?).await?;
///
/// let newer = CatalogSource { name: "catalog.toml", content: b"version = 2" };
/// setup.apply(&newer, Mode::Write).await?;
/// let older = CatalogSource { name: "catalog.toml", content: b"version = 1" };
/// assert!(matches!(setup.apply(&older, Mode::Write).await, Err(SetupError::Apply(_))));
///
/// let server = Server::open(setup.into_settings()).await?;
/// server.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Setup {
    base: Issuer,
    exposure: Exposure,
    store: SqlStore,
    master_key: Arc<MasterKey>,
    trusted_proxies: crate::trusted_proxies::TrustedProxies,
    requests: RequestLimits,
    audit: AuditConfig,
    history: HistoryConfig,
    hooks: HooksConfig,
    vault: Arc<dyn KeyVault>,
    person: Option<String>,
}

/// Why a storage may not be served, or a catalog file is not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The catalog file is wrong.
    #[error(transparent)]
    Catalog(#[from] CatalogErrors),
    /// The catalog file does not fit the stored catalog.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The catalog file is a demonstration, and other machines can reach the server.
    #[error(
        "{0} is a demonstration, whose secrets everybody knows: it is refused unless the base URL \
         and all listeners are loopback"
    )]
    PublicDemo(String),
    /// The catalog file is a demonstration, and the storage was served to other machines before.
    #[error(
        "{0} is a demonstration, whose secrets everybody knows: this storage has been served to \
         others, use an empty one"
    )]
    PublicStore(String),
    /// A demonstration was applied to the storage, and other machines can reach the server.
    #[error(
        "this storage holds a demonstration, whose secrets everybody knows: it is refused unless \
         the base URL and all listeners are loopback; start with an empty storage"
    )]
    DemoStore,
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Store(#[from] scopegate_store::OpenError),
    /// The signing keys are in a PKCS#11 token, and this program was built without PKCS#11.
    #[error(
        "\"keys.pkcs11\" is set, and this scopegate was built without PKCS#11: build it with \
         `--features pkcs11`"
    )]
    NoPkcs11,
    /// An authorization server has an algorithm for which the vault makes no keys.
    #[error(
        "the server `{server}` signs with {algorithm}, and the signing keys are in a service that \
         does not support it: write other \"algorithms\", such as {supported}"
    )]
    UnsupportedAlgorithm {
        /// The server.
        server: String,
        /// The algorithm.
        algorithm: Algorithm,
        /// The algorithms that can be used.
        supported: String,
    },
    /// The storage failed, or belongs to another master key.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

impl Setup {
    /// Opens the storage of a configuration.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the storage cannot be opened, belongs to another master key, or holds a
    /// demonstration while other machines can reach the server.
    pub async fn open(config: &Config, base: &Issuer) -> Result<Self, SetupError> {
        Self::open_with(config, base, None).await
    }

    /// The same with another master key, which may be that of the storage.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn open_with(
        config: &Config,
        base: &Issuer,
        other: Option<&MasterKey>,
    ) -> Result<Self, SetupError> {
        let exposure = config.exposure(base);
        let source = MasterKeySource { file: &config.master_key_file, exposure };
        let mut given = source.find()?;
        let previous = config.previous_master_key_file.as_deref();
        let previous = MasterKeySource::find_previous(previous, exposure)?;
        for key in previous.iter().chain(other) {
            given = given.map(|given| given.with_previous(key));
        }
        let store = SqlStore::open(&config.store.url, &config.store.options).await?;
        let master_key = match given {
            Some(master_key) => master_key,
            None => make_master_key(&store, source).await?,
        };
        let master_key = open_data_keys(&store, &master_key).await?;
        let master_key = master_key.ok_or(OpenError::WrongMasterKey)?;
        if exposure == Exposure::Public {
            demo::refuse_demo_store(&store).await?;
        }
        let trusted_proxies = config.trusted_proxies.clone();
        let (requests, audit, history) = (config.requests, config.audit, config.history);
        let base = base.clone();
        let vault = vault::of(config, exposure)?;
        Ok(Self {
            base,
            exposure,
            store,
            master_key,
            trusted_proxies,
            requests,
            audit,
            history,
            hooks: config.hooks.clone(),
            vault,
            person: None,
        })
    }

    /// Names the person for whom catalog files are applied, for the history of the catalog and the audit log.
    #[must_use]
    pub fn on_behalf_of(self, person: String) -> Self {
        Self { person: Some(person), ..self }
    }

    /// Makes the entities of the owner `file` what a file says. Applying the same file again changes
    /// nothing.
    ///
    /// If only this machine can reach the server, a file with the version of the applied one and other
    /// content is applied with a warning. Otherwise it is refused.
    ///
    /// # Errors
    ///
    /// As [`apply_file`](Self::apply_file), and if the file is wrong.
    pub async fn apply(
        &self,
        source: &CatalogSource<'_>,
        mode: Mode,
    ) -> Result<Applied, SetupError> {
        let equal_version = match self.exposure {
            Exposure::Loopback => EqualVersion::Apply,
            Exposure::Public => EqualVersion::Refuse,
        };
        let terms = Terms { equal_version, ..Terms::of(mode) };
        let file = self.read_file(source, terms.ownership.owner).await?;
        self.apply_file(source.name, &file, terms).await
    }

    /// Reads and checks a catalog file that may refer to what the storage has.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the file is wrong, or the storage fails.
    pub async fn read_file(
        &self,
        source: &CatalogSource<'_>,
        owner: Owner,
    ) -> Result<CatalogFile, SetupError> {
        // Most files do not refer to what the storage has. Then it is not read: it may have a million clients.
        let without = StoreContext { setup: self, clients: Err(AtomicBool::new(false)) };
        let read = CatalogFile::parse(source, &without);
        if let Err(was_asked) = without.clients
            && was_asked.into_inner()
        {
            let clients = Ok(StoredClients::read(&self.store, owner).await?);
            return Ok(CatalogFile::parse(source, &StoreContext { setup: self, clients })?);
        }
        Ok(read?)
    }

    /// Makes the entities of an owner what a file says. Applying the same file again changes nothing.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the file is older than the one that was applied last, has its version and
    /// other content, conflicts with what others own, or is a demonstration that other machines could
    /// reach.
    pub async fn apply_file(
        &self,
        name: &str,
        file: &CatalogFile,
        terms: Terms,
    ) -> Result<Applied, SetupError> {
        let actor = Actor::file(name).on_behalf_of(self.person.as_deref());
        let (store, base) = (&self.store, &self.base);
        let door = CatalogDoor { store, base, actor: &actor, now: SystemClock.now() };
        vault::check_algorithms(&*self.vault, file).await?;
        if file.demo {
            if self.exposure == Exposure::Public {
                return Err(SetupError::PublicDemo(name.to_owned()));
            }
            // The mark is written first, and only if the dry run shows that the file can be
            // applied.
            let dry_run = Terms { mode: Mode::DryRun, ..terms };
            let planned = apply::apply_as(&door, file, dry_run).await?;
            if terms.mode == Mode::DryRun {
                return Ok(planned);
            }
            demo::mark(&self.store, name).await?;
        }
        Ok(apply::apply_as(&door, file, terms).await?)
    }

    /// The changes that a file would make, and the catalog before them. Nothing is written.
    ///
    /// # Errors
    ///
    /// As [`apply_file`](Self::apply_file).
    pub async fn plan_file(
        &self,
        name: &str,
        file: &CatalogFile,
        ownership: Ownership,
    ) -> Result<Planned, SetupError> {
        if file.demo && self.exposure == Exposure::Public {
            return Err(SetupError::PublicDemo(name.to_owned()));
        }
        let actor = Actor::file(name).on_behalf_of(self.person.as_deref());
        let (store, base) = (&self.store, &self.base);
        let door = CatalogDoor { store, base, actor: &actor, now: SystemClock.now() };
        let terms = Terms { ownership, ..Terms::of(Mode::DryRun) };
        Ok(apply::plan_as(&door, file, terms).await?)
    }

    /// Who can reach the server.
    pub fn exposure(&self) -> Exposure {
        self.exposure
    }

    /// The issuer of the org server: the base URL.
    pub fn base(&self) -> &Issuer {
        &self.base
    }

    /// The storage.
    pub fn store(&self) -> &SqlStore {
        &self.store
    }

    /// The key under which secrets are sealed.
    pub fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// Where signing keys are made and used.
    pub fn key_vault(&self) -> Arc<dyn KeyVault> {
        Arc::clone(&self.vault)
    }

    /// What an [`Authority`] is opened with by a command that
    /// runs beside a server.
    pub fn into_foundation(self) -> Foundation {
        Foundation {
            base: self.base,
            store: Arc::new(self.store),
            master_key: self.master_key,
            clock: Arc::new(SystemClock),
            fetch: Arc::new(NoFetch),
            limits: self.requests,
        }
    }

    /// Opens the authorization servers for a command that runs beside a server and may call hooks.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the storage fails, or was written under another master key.
    pub async fn into_authority(self) -> Result<Arc<Authority>, OpenError> {
        let (hooks, vault) = (self.hook_ports(), self.key_vault());
        Authority::open_with_hooks(self.into_foundation(), vault, hooks).await
    }

    /// What calls the token hooks of this process.
    fn hook_ports(&self) -> HookPorts {
        let mut ports = HookPorts::default();
        ports.http = Arc::new(HttpHooks::default());
        let connections = self.hooks.connections.clone();
        ports.sql = Arc::new(HookConnections::new(&self.store, connections));
        ports.deadline = self.hooks.deadline;
        ports
    }

    /// What a [`Server`](crate::Server) is opened with.
    pub fn into_settings(self) -> ServerSettings {
        let connections = HookConnections::new(&self.store, self.hooks.connections);
        let settings = ServerSettings::new(self.base, self.store, self.master_key)
            .with_key_vault(self.vault)
            .with_hook_connections(connections)
            .with_hook_deadline(self.hooks.deadline)
            .with_trusted_proxies(self.trusted_proxies)
            .with_exposure(self.exposure)
            .with_request_limits(self.requests)
            .with_history_kept_for(self.history.keep);
        match self.audit.keep {
            Some(keep) => settings.with_audit_kept_for(keep),
            None => settings,
        }
    }
}

/// Makes a key for a storage that has none yet. If the storage has one, its key is missing.
async fn make_master_key(
    store: &SqlStore,
    source: MasterKeySource<'_>,
) -> Result<MasterKey, SetupError> {
    if store.kept(MASTER_KEY_FINGERPRINT).await?.is_some() {
        return Err(source.missing().into());
    }
    let made = source.make()?;
    match check_master_key(store, made.key()).await {
        Ok(()) => Ok(source.accept(made)),
        // Meanwhile another process has given the storage another key.
        Err(OpenError::WrongMasterKey) => {
            source.unmake(&made);
            Err(source.missing().into())
        }
        Err(error) => Err(error.into()),
    }
}

/// What a catalog file may refer to: the storage, and the environment of this process.
struct StoreContext<'a> {
    setup: &'a Setup,
    /// The clients of the storage. If they were not read: whether the file refers to any.
    clients: Result<StoredClients, AtomicBool>,
}

impl StoreContext<'_> {
    fn clients(&self) -> Option<&StoredClients> {
        let note = |was_asked: &AtomicBool| was_asked.store(true, Ordering::Relaxed);
        self.clients.as_ref().inspect_err(|was_asked| note(was_asked)).ok()
    }
}

impl CatalogContext for StoreContext<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(&self.setup.master_key, sha256)
    }

    fn seal_password(&self, user: &UserId, phc: &str) -> Vec<u8> {
        seal_hash(&self.setup.master_key, user, phc)
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(&self.setup.base)
    }

    fn has_client(&self, id: &ClientId) -> bool {
        self.clients().is_some_and(|clients| clients.has_client_of_others(id))
    }

    fn dangles(&self, of: &EntityKey, client: &ClientId) -> bool {
        self.clients().is_some_and(|clients| clients.dangles(of, client))
    }

    fn kept_secret(&self, client: &ClientId, id: &str) -> Option<ClientSecret> {
        self.clients()?.kept_secret(client, id)
    }

    fn seal_hook_secret(&self, hook: &str, secret: &str) -> Vec<u8> {
        HookSecret::seal(&self.setup.master_key, hook, secret)
    }

    fn kept_hook_secret(&self, hook: &str, id: &str) -> Option<HookSecret> {
        self.clients()?.kept_hook_secret(hook, id)
    }
}

#[cfg(test)]
mod tests;
