//! The same without HTTP, on a storage that counts what it is asked and can fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use scopegate_claims::{Clock, Issuer, ManualClock, ScopeSet, UnixTime};
use scopegate_core::audit::AuditEvent;
use scopegate_core::authority::{Authority, Foundation};
use scopegate_core::catalog::{Edit, ServerId};
use scopegate_core::client_auth::Authorization;
use scopegate_core::error::TokenError;
use scopegate_core::fetch::NoFetch;
use scopegate_core::form::Form;
use scopegate_core::people::{NewUser, User, UserId};
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, CatalogChanges, CatalogStore, Change, ConsentKey,
    Directory, Family, FamilyId, KeyStore, Ledger, Records, Session, Standing, StoreError,
    StoredKey, TokenMark, UserKey, Vault,
};
use scopegate_core::token::TokenRequest;
use scopegate_jose::MasterKey;
use scopegate_testkit::MemoryStore;
use scopegate_tests::{BASE, secret_of};

use crate::refresh_families::world;

/// An authority with the catalog of these tests; `alice` is its person.
pub(crate) struct InMemory {
    pub(crate) authority: Arc<Authority>,
    pub(crate) store: Counted,
    pub(crate) clock: ManualClock,
    pub(crate) master_key: MasterKey,
    pub(crate) alice: User,
}

impl InMemory {
    pub(crate) async fn start() -> Self {
        let (store, master_key) = (Counted::default(), MasterKey::generate());
        let clock = ManualClock::at(UnixTime::from_seconds(1_800_000_000));
        let alice = world::person("alice", clock.now());
        let seed = NewUser { user: alice.clone(), sealed_password: None };
        let catalog = world::catalog(&master_key);
        store.write_catalog_and_users(0, &catalog, None, &[seed]).await.unwrap();
        let authority = Authority::open(Foundation {
            base: Issuer::parse(BASE).unwrap(),
            store: Arc::new(store.clone()),
            master_key: Arc::new(MasterKey::parse(&master_key.to_base64url()).unwrap()),
            clock: Arc::new(clock.clone()),
            fetch: Arc::new(NoFetch),
        });
        let authority = authority.await.unwrap();
        Self { authority, store, clock, master_key, alice }
    }

    pub(crate) async fn begin(&self, client: &str) -> String {
        let (user, now) = (&self.alice.id, self.clock.now());
        let (family, token) = world::family(&self.master_key, client, user, world::ALL, now);
        self.store.commit(&[Change::OpenFamily(Box::new(family))]).await.unwrap();
        token
    }

    /// Uses a refresh token; the answer is the one to use next.
    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Result<String, TokenError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let form = Form::collect(form).unwrap();
        let pair = format!("{client}:{}", secret_of(client));
        let header = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
        let request = TokenRequest {
            server: &ServerId::default_server(),
            authorization: Some(Authorization(&header)),
            form: &form,
            address: None,
        };
        let response = self.authority.token(request).await.map_err(|refused| refused.error)?;
        Ok(response.refresh_token().expect("a refresh gives one").to_owned())
    }
}

/// A storage in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    memory: MemoryStore,
    reads: AtomicUsize,
    is_down: AtomicBool,
}

impl Counted {
    /// So often records and people were asked for.
    pub(crate) fn reads(&self) -> usize {
        self.0.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn break_down(&self) {
        self.0.is_down.store(true, Ordering::Relaxed);
    }

    pub(crate) fn repair(&self) {
        self.0.is_down.store(false, Ordering::Relaxed);
    }

    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        self.0.memory.events()
    }

    fn up(&self) -> Result<&MemoryStore, StoreError> {
        match self.0.is_down.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("the disk is gone".into())),
            false => Ok(&self.0.memory),
        }
    }

    fn read(&self) -> Result<&MemoryStore, StoreError> {
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.up()
    }
}

#[async_trait]
impl CatalogStore for Counted {
    async fn catalog_version(&self) -> Result<u64, StoreError> {
        self.up()?.catalog_version().await
    }

    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError> {
        self.up()?.catalog_since(version).await
    }

    async fn write_catalog_and_users(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
        seeds: &[NewUser],
    ) -> Result<u64, StoreError> {
        self.up()?.write_catalog_and_users(expected, edits, file_version, seeds).await
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        self.up()?.known_logins(logins).await
    }

    async fn catalog_file_version(&self) -> Result<u64, StoreError> {
        self.up()?.catalog_file_version().await
    }
}

#[async_trait]
impl KeyStore for Counted {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.up()?.signing_keys().await
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        self.up()?.insert_signing_key(key).await
    }
}

#[async_trait]
impl Ledger for Counted {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.up()?.commit(changes).await
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        self.up()?.forget_expired(now).await
    }
}

#[async_trait]
impl Records for Counted {
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError> {
        self.read()?.artifact(kind, name).await
    }

    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        self.read()?.session(secret_sha256).await
    }

    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError> {
        self.read()?.family(id).await
    }

    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError> {
        self.read()?.consent(of).await
    }

    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
        self.read()?.artifact_and_person(kind, name).await
    }

    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError> {
        self.read()?.family_and_person(id).await
    }

    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        self.read()?.standing(of).await
    }

    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError> {
        self.read()?.standing_and_person(of).await
    }
}

#[async_trait]
impl Directory for Counted {
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError> {
        self.read()?.user(by).await
    }

    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        self.read()?.users(after, limit).await
    }

    async fn password(&self, id: &UserId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read()?.password(id).await
    }
}

#[async_trait]
impl Vault for Counted {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        self.up()?.keep(name, text).await
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.up()?.kept(name).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.up()?.ping().await
    }
}
