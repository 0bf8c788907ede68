//! All authorization servers of a process: what they share, opened from a storage.

pub mod unattended;
pub(crate) mod upkeep;

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use scopegate_claims::{Clock, Issuer};
use scopegate_jose::MasterKey;
use tokio::sync::Mutex;

use self::unattended::Unattended;
use crate::catalog::{Affected, ServerId, Snapshot, UnreadableRow};
use crate::keys::fetch::Fetch;
use crate::keys::{ClientKeys, KeyRing};
use crate::limits::{Polls, RequestLimits, StrangersRequests};
use crate::people::interaction::{FlowSecret, Interaction, InteractionError};
use crate::people::passwords::Passwords;
use crate::people::{PasswordGuesses, UserCodeGuesses};
use crate::recording::{AuditQueue, Refusals};
use crate::store::{
    Contested, InstallationStore, MASTER_KEY_FINGERPRINT, Store, StoreError, Versions,
};

/// Maximum decisions at once that go on even if nobody waits for them.
const UNATTENDED: u32 = 256;

/// The authorization servers of one process.
#[derive(Debug)]
pub struct Authority {
    pub(crate) catalog: ArcSwap<Snapshot>,
    /// One reload at a time, so that an older state never replaces a newer one.
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
}

/// Attempts to read the catalog and the keys while others change them. Each attempt reads only what
/// changed during the one before.
const ATTEMPTS: usize = 16;

/// The most rows of one change that are named in the log.
const MAX_NAMED: usize = 20;

/// What an [`Authority`] is opened with.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// The base URL: the issuer of the org server.
    pub base: Issuer,
    /// The storage.
    pub store: Arc<dyn Store>,
    /// The key under which secrets are sealed.
    pub master_key: Arc<MasterKey>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What fetches the keys that clients publish.
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
    /// Reads what is stored and holds it ready.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the storage does not answer, or was written under another master key.
    pub async fn open(foundation: Foundation) -> Result<Arc<Self>, OpenError> {
        let Foundation { base, store, master_key, clock, fetch, limits } = foundation;
        check_master_key(&*store, &master_key).await?;
        let keys =
            KeyRing::open(store.clone(), Arc::clone(&master_key), Arc::clone(&clock)).await?;
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
            store,
            master_key,
            clock,
        };
        authority.reload().await?;
        Ok(Arc::new(authority))
    }

    /// The catalog as it stands.
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

    /// The events of grants that wait to be written.
    pub fn audit(&self) -> &AuditQueue {
        &self.audit
    }

    /// The passwords that wait to be checked.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Seals what waits for a person, for the way through the browser.
    pub fn seal(&self, interaction: &Interaction) -> String {
        interaction.seal(&self.master_key)
    }

    /// Opens what a browser brings back.
    ///
    /// # Errors
    ///
    /// [`InteractionError`] if it is not ours, of another browser, or too old.
    pub fn open_sealed(
        &self,
        text: &str,
        browser: &FlowSecret,
    ) -> Result<Interaction, InteractionError> {
        Interaction::open(text, &self.master_key, browser.browser(), self.clock.now())
    }

    /// Reads what has changed in the storage; tells whether something had.
    ///
    /// The catalog and the keys are both read before either is held, and they are of one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage does not answer; [`StoreError::Conflict`] if others changed it
    /// during each attempt. What is held stays.
    pub async fn reload(&self) -> Result<bool, StoreError> {
        let _turn = self.reloading.lock().await;
        let before = self.catalog.load_full();
        let mut newest = self.store.versions().await?;
        if !newest.is_newer_than(before.versions()) {
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
            newest = self.store.versions().await?;
            // Versions only grow: at this moment both were as they were read.
            if newest == read {
                self.keys.follow(keys).await;
                let next = next.with_keys(keys_version, self.keys.unreadable());
                log_what_is_out_of_service(&before, &next);
                self.catalog.store(Arc::new(next));
                return Ok(true);
            }
        }
        Err(StoreError::Conflict)
    }

    /// Reads the catalog again if it was the reason why a commit lost, so that it can be decided anew.
    pub(crate) async fn catch_up(&self, lost: Contested) -> Result<(), StoreError> {
        match lost {
            Contested::Catalog => self.reload().await.map(drop),
            Contested::Artifact | Contested::Family | Contested::Session | Contested::User => {
                Ok(())
            }
        }
    }

    /// The public keys of a server as a JWK set; none if the server has no key yet.
    pub fn public_keys(&self, server: &ServerId) -> Option<Arc<str>> {
        self.keys.public(server)
    }

    /// Where decisions are made that take something away: they go on even if nobody waits for them.
    pub fn unattended(&self) -> &Unattended {
        &self.unattended
    }

    /// Writes what still waits to be written. Grants are refused from now on.
    pub async fn close(&self) {
        self.unattended.close().await;
        self.record_counted_refusals();
        self.audit.close().await;
    }
}

/// Says once what is out of service from now on, and what is back in service.
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

/// Refuses a master key that is not the storage's; the first one that is shown becomes it.
///
/// A wrong key must stop the start: it would make new signing keys beside those it cannot open.
///
/// # Errors
///
/// [`OpenError`] if the storage does not answer, or was written under another master key.
pub async fn check_master_key(
    store: &dyn InstallationStore,
    master_key: &MasterKey,
) -> Result<(), OpenError> {
    let fingerprint = master_key.fingerprint();
    let kept = store.keep(MASTER_KEY_FINGERPRINT, &fingerprint).await?;
    if kept == fingerprint { Ok(()) } else { Err(OpenError::WrongMasterKey) }
}
