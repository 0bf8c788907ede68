//! The authorization servers of a process, and everything that they share.

pub mod unattended;
pub(crate) mod upkeep;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use scopegate_claims::{Clock, Issuer};
use scopegate_jose::MasterKey;
use tokio::sync::Mutex;

use self::unattended::Unattended;
use crate::catalog::{Affected, ServerId, Snapshot, UnreadableRow};
use crate::hooks::{HookPorts, Hooks};
use crate::keys::fetch::Fetch;
use crate::keys::{ClientKeys, KeyRing, KeyVault, KeysInMemory, open_data_keys};
use crate::limits::{Polls, RequestLimits, StrangersRequests};
use crate::people::interaction::{FlowSecret, Interaction, InteractionError};
use crate::people::passwords::Passwords;
use crate::people::{PasswordGuesses, UserCodeGuesses};
use crate::recording::{AuditQueue, Refusals};
use crate::store::{
    Contested, InstallationStore, MASTER_KEY_FINGERPRINT, Store, StoreError, Versions,
};

/// Maximum number of tasks at once that continue after their callers disconnect.
const UNATTENDED: u32 = 256;

/// The authorization servers of one process.
#[derive(Debug)]
pub struct Authority {
    pub(crate) catalog: ArcSwap<Snapshot>,
    /// Held during a reload, so that an older state never replaces a newer one.
    reloading: Mutex<()>,
    pub(crate) keys: KeyRing,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) master_key: Arc<MasterKey>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: AuditQueue,
    pub(crate) client_keys: ClientKeys,
    pub(crate) passwords: Passwords,
    pub(crate) password_guesses: PasswordGuesses,
    pub(crate) user_code_guesses: UserCodeGuesses,
    unattended: Unattended,
    pub(crate) requests: StrangersRequests,
    pub(crate) polls: Polls,
    pub(crate) refusals: Refusals,
    pub(crate) hooks: Hooks,
    /// The URLs of the token endpoint of the org server on the administrator's listener.
    admin_token_urls: OnceLock<Vec<String>>,
}

/// Maximum attempts to read the catalog and the keys while other nodes change them. Each attempt
/// reads only the changes since the one before.
const ATTEMPTS: usize = 16;

/// The maximum number of rows that one reload names in the log.
const MAX_NAMED: usize = 20;

/// What an [`Authority`] is opened with.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// The base URL: the issuer of the org server.
    pub base: Issuer,
    /// The storage.
    pub store: Arc<dyn Store>,
    /// The key that seals secrets.
    pub master_key: Arc<MasterKey>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Fetches the keys that clients and trusted issuers publish.
    pub fetch: Arc<dyn Fetch>,
    /// How many requests public clients may leave in the storage.
    pub limits: RequestLimits,
}

/// Why an authority cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
    /// The storage was written under another master key.
    #[error(
        "the master key is not the one under which this storage was written: \
         give the right one, or start with an empty storage"
    )]
    WrongMasterKey,
}

impl Authority {
    /// Opens the authorization servers from the storage.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the storage does not answer, or was written under another master key.
    pub async fn open(foundation: Foundation) -> Result<Arc<Self>, OpenError> {
        Self::open_with_vault(foundation, Arc::new(KeysInMemory)).await
    }

    /// The same with another vault of signing keys, such as a KMS.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn open_with_vault(
        foundation: Foundation,
        vault: Arc<dyn KeyVault>,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_with_hooks(foundation, vault, HookPorts::default()).await
    }

    /// The same with what token hooks are called by. Without it each hook fails.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn open_with_hooks(
        foundation: Foundation,
        vault: Arc<dyn KeyVault>,
        hooks: HookPorts,
    ) -> Result<Arc<Self>, OpenError> {
        let Foundation { base, store, master_key, clock, fetch, limits } = foundation;
        let master_key =
            open_data_keys(&*store, &master_key).await?.ok_or(OpenError::WrongMasterKey)?;
        let keys = KeyRing::open_with_vault(
            store.clone(),
            Arc::clone(&master_key),
            Arc::clone(&clock),
            vault,
        );
        let keys = keys.await?;
        let authority = Self {
            catalog: ArcSwap::from_pointee(Snapshot::empty(&base)),
            reloading: Mutex::default(),
            keys,
            audit: AuditQueue::start(store.clone()),
            client_keys: ClientKeys::new(fetch),
            passwords: Passwords::default(),
            password_guesses: PasswordGuesses::default(),
            user_code_guesses: UserCodeGuesses::default(),
            unattended: Unattended::with_places(UNATTENDED),
            requests: StrangersRequests::new(limits),
            polls: Polls::default(),
            refusals: Refusals::default(),
            hooks: Hooks::new(hooks, Arc::clone(&master_key)),
            admin_token_urls: OnceLock::new(),
            store,
            master_key,
            clock,
        };
        authority.reload().await?;
        Ok(Arc::new(authority))
    }

    /// The current catalog.
    pub fn catalog(&self) -> Arc<Snapshot> {
        self.catalog.load_full()
    }

    /// The storage.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The signing keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The queue of audit events that wait to be written.
    pub fn audit(&self) -> &AuditQueue {
        &self.audit
    }

    /// Hashes and checks passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// The token hooks.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Sets the base URLs of the administrator's listener. An assertion of a client at the org server may name
    /// one of them, or the token endpoint below it, as its audience. Only the first call has an effect.
    ///
    /// They must be URLs of this server only: an assertion for one of them is accepted here.
    pub fn set_admin_urls(&self, urls: impl IntoIterator<Item = String>) {
        let urls = urls.into_iter().flat_map(|url| {
            let token = format!("{}/oauth2/v1/token", url.trim_end_matches('/'));
            [url, token]
        });
        // A second set is ignored.
        let _ = self.admin_token_urls.set(urls.collect());
    }

    /// The base URL of the administrator's listener, if it is known.
    pub fn admin_url(&self) -> Option<&str> {
        Some(self.admin_token_urls.get()?.first()?.as_str())
    }

    /// The audiences by which an assertion may name a server besides its issuer and its endpoints.
    pub(crate) fn other_audiences(&self, server: &ServerId) -> &[String] {
        match server.is_org() {
            true => self.admin_token_urls.get().map_or(&[], Vec::as_slice),
            false => &[],
        }
    }

    /// Seals a request that waits for a user, so that the browser can carry it.
    pub fn seal(&self, interaction: &Interaction) -> String {
        interaction.seal(&self.master_key)
    }

    /// Opens a sealed request that a browser sends back.
    ///
    /// # Errors
    ///
    /// [`InteractionError`] if the request was not sealed here, started in another browser, or is
    /// too old.
    pub fn open_sealed(
        &self,
        text: &str,
        browser: &FlowSecret,
    ) -> Result<Interaction, InteractionError> {
        Interaction::open(text, &self.master_key, browser.browser(), self.clock.now())
    }

    /// Reads the changes in the storage. Returns whether there were any.
    ///
    /// The catalog and the keys are used only after both are read, and both are of the same moment.
    /// Otherwise a new server could be used without its keys.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage does not answer; [`StoreError::Conflict`] if other nodes
    /// changed it during each of 16 attempts. Then the catalog and the keys in memory stay as they
    /// are.
    pub async fn reload(&self) -> Result<bool, StoreError> {
        let _turn = self.reloading.lock().await;
        let before = self.catalog.load_full();
        let mut moment = self.keys.moment();
        let mut newest = self.store.versions().await?;
        if !newest.is_newer_than(before.versions()) {
            self.keys.confirm(moment);
            return Ok(false);
        }
        let mut next = Snapshot::clone(&before);
        let (mut keys, mut keys_version) = (Vec::new(), self.keys.version());
        for _ in 0..ATTEMPTS {
            if newest.catalog > next.version() {
                next = next.after(self.store.catalog_since(next.version()).await?);
            }
            if newest.keys > keys_version {
                let changes = self.keys.changes_since(keys_version).await?;
                keys_version = changes.version;
                keys.push(changes);
            }
            let read = Versions { catalog: next.version(), keys: keys_version };
            moment = self.keys.moment();
            newest = self.store.versions().await?;
            // Versions only grow, so at this moment both were as they were read.
            if newest == read {
                if keys_version != before.versions().keys {
                    self.follow_master_key().await?;
                }
                if self.keys.follow(keys).await {
                    self.keys.confirm(moment);
                }
                let next = next.with_keys(keys_version, self.keys.unreadable());
                log_what_is_out_of_service(&before, &next);
                self.hooks.follow(&next);
                self.catalog.store(Arc::new(next));
                return Ok(true);
            }
        }
        Err(StoreError::Conflict)
    }

    /// Seals under the master key that the storage has now. An administrator may have changed it.
    async fn follow_master_key(&self) -> Result<(), StoreError> {
        let kept = self.store.kept(MASTER_KEY_FINGERPRINT).await?;
        if kept.is_some_and(|kept| !self.master_key.seal_under(&kept)) {
            tracing::error!(
                "the master key of the storage has changed, and this node does not have the new one: \
                 set it as the master key and the old one as the previous one, and restart"
            );
        }
        Ok(())
    }

    /// Reads the catalog again if a commit failed because the catalog had changed, so that the next
    /// attempt decides by the new one.
    pub(crate) async fn catch_up(&self, lost: Contested) -> Result<(), StoreError> {
        match lost {
            Contested::Catalog => self.reload().await.map(drop),
            Contested::Artifact | Contested::Family | Contested::Session | Contested::User => {
                Ok(())
            }
        }
    }

    /// The public keys of a server as a JWK set (RFC 7517 §5); `None` if the server has no key yet.
    pub fn public_keys(&self, server: &ServerId) -> Option<Arc<str>> {
        self.keys.public(server)
    }

    /// Runs decisions that revoke or end something. They continue after their callers disconnect.
    pub fn unattended(&self) -> &Unattended {
        &self.unattended
    }

    /// Refuses further grants, waits for the tasks that run, and writes the queued audit events.
    pub async fn close(&self) {
        self.unattended.close().await;
        self.record_counted_refusals();
        if let Err(error) = self.record_client_uses(0).await {
            tracing::warn!(%error, "the last uses of clients are not recorded");
        }
        self.audit.close().await;
    }
}

/// Logs each row that can no longer be read, and each that can be read again.
fn log_what_is_out_of_service(before: &Snapshot, now: &Snapshot) {
    let rows = |of: &Snapshot| of.unreadable_rows().cloned().collect::<BTreeSet<_>>();
    let (before, now) = (rows(before), rows(now));
    for row in now.difference(&before).take(MAX_NAMED) {
        let UnreadableRow { key, why } = &**row;
        match row.affected() {
            Affected::Server(server) => {
                tracing::warn!(row = %key, why, server, "a server is out of service on this node");
            }
            Affected::Client(client) => {
                tracing::warn!(row = %key, why, client, "a client is out of service on this node");
            }
            Affected::Nothing | Affected::User(_) => {
                tracing::warn!(row = %key, why, "a row is not understood by this version");
            }
        }
    }
    for row in before.difference(&now).take(MAX_NAMED) {
        tracing::info!(row = %row.key, "a row is understood again, or gone");
    }
    let (new, old) = (now.difference(&before).count(), before.difference(&now).count());
    if new.max(old) > MAX_NAMED {
        tracing::warn!(new, old, all = now.len(), "there are more rows that are not understood");
    }
}

/// Checks that the master key is the one of the storage. The first key that is used becomes its
/// key.
///
/// With a wrong key the server must not start: it could not open the signing keys and would make
/// new ones.
///
/// # Errors
///
/// [`OpenError`] if the storage does not answer, or was written under another master key.
pub async fn check_master_key(
    store: &dyn InstallationStore,
    master_key: &MasterKey,
) -> Result<(), OpenError> {
    let kept = store.keep(MASTER_KEY_FINGERPRINT, &master_key.fingerprint()).await?;
    if master_key.seal_under(&kept) { Ok(()) } else { Err(OpenError::WrongMasterKey) }
}
