//! A small world for tests of decisions: an authority on a storage in memory, with a clock that a test
//! moves. There is no HTTP, no server and no network.

mod dice;
mod parts;

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Issuer, ManualClock, UnixTime};
use scopegate_jose::{Algorithm, MasterKey, SigningKey, TokenType};
use serde_json::{Value, json};

pub(crate) use self::dice::Dice;
pub(crate) use self::parts::{
    alice, claims_of, credentials, mark_of, refusal, request, server_id, signed_in,
};
use crate::administration::apply::{Mode, apply};
use crate::administration::edit_catalog::CatalogDoor;
use crate::audit::{Actor, AuditEvent, ClientDecision, DecisionKind, Outcome, What};
use crate::authority::{Authority, Foundation};
use crate::call::Refused;
use crate::catalog::{
    ClientId, ClientSpec, Edit, Entity, EntityKey, HookSpec, Owner, Spec, UserId,
};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::client_auth::secret_mac;
use crate::directory::{NewUser, User};
use crate::endpoints::token::TokenResponse;
use crate::hooks::HookPorts;
use crate::keys::KeysInMemory;
use crate::keys::fetch::NoFetch;
use crate::limits::RequestLimits;
use crate::store::memory::{MemoryStore, UncheckedCatalog};
use crate::store::{CatalogStore, Change, Directory, Ledger, UserKey};

/// The time at which each world begins.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// The secret of every client that has one.
pub(crate) const SECRET: &str = "a secret of the test, long enough for one";

/// The access token lives for this long by every rule.
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);

/// The user id of alice.
pub(crate) const ALICE: &str = "00u00000000000000001";

pub(crate) struct World {
    pub(crate) authority: Arc<Authority>,
    pub(crate) store: MemoryStore,
    pub(crate) clock: ManualClock,
    pub(crate) master_key: Arc<MasterKey>,
    /// The key of the client `signer` and of the trusted issuer.
    pub(crate) key: SigningKey,
}

struct Context<'a>(&'a MasterKey);

impl CatalogContext for Context<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(self.0, sha256)
    }
    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

/// What a catalog file may refer to where there is no storage.
pub(crate) struct WithoutStore;

impl CatalogContext for WithoutStore {
    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "HOOK_KEY" => include_str!("catalog_file/tests/partner.demo.jwk.json"),
            "HOOK_SIGNATURE" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            _ => SECRET,
        };
        Some(value.to_owned())
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }
    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

impl World {
    /// A world with the catalog of `testing.toml` and the user alice.
    pub(crate) async fn new() -> Self {
        Self::with_limits(RequestLimits::default()).await
    }

    /// A world whose hooks are called by these.
    pub(crate) async fn with_hooks(hooks: HookPorts) -> Self {
        Self::with(RequestLimits::default(), hooks).await
    }

    pub(crate) async fn with_limits(limits: RequestLimits) -> Self {
        Self::with(limits, HookPorts::default()).await
    }

    async fn with(limits: RequestLimits, hooks: HookPorts) -> Self {
        let (store, clock) = (MemoryStore::default(), ManualClock::at(NOW));
        let master_key = Arc::new(MasterKey::generate());
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let jwk = serde_json::to_value(key.public_jwk()).unwrap();
        let members = jwk.as_object().unwrap().iter();
        let members: Vec<_> = members.map(|(name, value)| format!("{name} = {value}")).collect();
        let text = include_str!("testing.toml").replace("KEY", &members.join(", "));
        let source = CatalogSource { name: "testing.toml", content: text.as_bytes() };
        let file = CatalogFile::parse(&source, &Context(&master_key)).unwrap();
        let base = Issuer::parse("https://id.example").unwrap();
        let actor = Actor::file("testing.toml");
        let door = CatalogDoor { store: &store, base: &base, actor: &actor, now: NOW };
        apply(&door, &file, Mode::Write).await.unwrap();
        let alice = NewUser { user: alice(), sealed_password: None };
        store.commit(&[Change::PutUser(Box::new(alice))]).await.unwrap();
        let foundation = Foundation {
            base,
            store: Arc::new(store.clone()),
            master_key: Arc::clone(&master_key),
            clock: Arc::new(clock.clone()),
            fetch: Arc::new(NoFetch),
            limits,
        };
        let vault = Arc::new(KeysInMemory);
        let opened = Authority::open_with_hooks(foundation, vault, hooks).await;
        let authority = opened.unwrap();
        Self { authority, store, clock, master_key, key }
    }

    /// What a client gets from the token endpoint of the server `default`.
    pub(crate) async fn token(
        &self,
        client: &str,
        form: &[(&str, &str)],
    ) -> Result<TokenResponse, Refused> {
        self.token_at("default", client, form).await
    }

    pub(crate) async fn token_at(
        &self,
        server: &str,
        client: &str,
        form: &[(&str, &str)],
    ) -> Result<TokenResponse, Refused> {
        let form = credentials(client, form);
        self.authority.token(request(&server_id(server), &form)).await
    }

    /// An assertion that the key signs; `changed` members replace those of a good one of alice.
    pub(crate) fn assertion(&self, changed: &Value) -> String {
        let mut claims = json!({
            "iss": "https://idp.example", "sub": "alice", "jti": "j1",
            "aud": "https://id.example/oauth2/default",
            "iat": NOW, "exp": NOW.plus(Duration::from_secs(60)),
        });
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        self.key.sign(TokenType::Jwt, &claims).unwrap()
    }

    /// Changes what the catalog says of a client, as an administrator would.
    pub(crate) async fn change_client(&self, id: &str, change: impl FnOnce(&mut ClientSpec)) {
        let mut spec = self.authority.catalog().client(id).unwrap().unwrap().spec.clone();
        change(&mut spec);
        let key = EntityKey::client(&ClientId::parse(id).unwrap());
        let spec = Spec::Client(Box::new(spec));
        self.edit(Edit::Put(Entity { key, owner: Owner::File, spec })).await;
    }

    /// Writes a hook, and makes it the next hook of the rule `all/all` of the server `default`.
    pub(crate) async fn add_hook(&self, name: &str, spec: HookSpec) {
        let spec = Spec::Hook(Box::new(spec));
        self.edit(Edit::Put(Entity { key: EntityKey::hook(name), owner: Owner::File, spec })).await;
        let key = EntityKey::rule(&server_id("default"), "all", "all");
        let Some(Spec::Rule(mut rule)) = self.authority.catalog().entity(&key).map(|it| it.spec)
        else {
            panic!("the world has the rule")
        };
        rule.hooks.push(name.to_owned());
        let spec = Spec::Rule(rule);
        self.edit(Edit::Put(Entity { key, owner: Owner::File, spec })).await;
    }

    /// Lets a client use a grant type.
    pub(crate) async fn allow(&self, client: &str, grant_type: &str) {
        self.change_client(client, |spec| {
            spec.grant_types.insert(grant_type.to_owned());
        })
        .await;
    }

    /// Writes an edit of the catalog, and reads it.
    pub(crate) async fn edit(&self, edit: Edit) {
        let version = self.store.catalog_version().await.unwrap();
        self.store.write_catalog(version, &[edit], None).await.unwrap();
        self.authority.reload().await.unwrap();
    }

    pub(crate) async fn alice(&self) -> User {
        let id = UserId::parse(ALICE).unwrap();
        self.store.user(UserKey::Id(&id)).await.unwrap().unwrap()
    }

    pub(crate) async fn change_alice(&self, change: impl FnOnce(&mut User)) {
        let mut user = self.alice().await;
        change(&mut user);
        let moved = Change::MoveUser { from: user.version, user: Box::new(user) };
        self.store.commit(&[moved]).await.unwrap();
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// What was recorded, but for the catalog that the world begins with.
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        let mut events = self.store.events();
        events.retain(|event| !matches!(event.what, What::CatalogChanged(_)));
        events
    }

    /// The newest refusal of a token that was recorded.
    pub(crate) fn newest_refusal(&self) -> ClientDecision {
        let events = self.store.events();
        let mut refusals =
            events.iter().rev().filter_map(AuditEvent::decision).filter(|decision| {
                decision.kind == DecisionKind::TokenGrant && decision.outcome != Outcome::Allow
            });
        refusals.next().cloned().expect("a refusal")
    }

    /// The decisions of a kind that were recorded, with those that wait in the queue.
    pub(crate) async fn decisions(&self, kind: DecisionKind) -> Vec<ClientDecision> {
        self.authority.close().await;
        let events = self.store.events();
        let decisions = events.iter().filter_map(AuditEvent::decision);
        decisions.filter(|decision| decision.kind == kind).cloned().collect()
    }
}
