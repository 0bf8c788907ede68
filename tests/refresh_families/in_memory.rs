//! An authority without HTTP, on a storage in memory that counts reads and can fail.

use std::sync::Arc;

use scopegate_claims::{Clock, Issuer, ManualClock, UnixTime};
use scopegate_core::authority::{Authority, Foundation};
use scopegate_core::call::ClientRequest;
use scopegate_core::catalog::ServerId;
use scopegate_core::client_auth::{Authorization, Presented};
use scopegate_core::directory::{NewUser, User};
use scopegate_core::endpoints::token::TokenResponse;
use scopegate_core::error::CallError;
use scopegate_core::form::Form;
use scopegate_core::keys::fetch::NoFetch;
use scopegate_core::limits::RequestLimits;
use scopegate_core::people::session::{self, SessionSecret};
use scopegate_core::store::{Change, Ledger, Session};
use scopegate_jose::MasterKey;
use scopegate_testkit::{MemoryStore, put_signing_keys};
use scopegate_tests::{BASE, family_of, secret_of, write_catalog};

use crate::refresh_families::world::{self, DAY};

/// An authority with the catalog of these tests and the user `alice`.
pub(crate) struct InMemory {
    pub(crate) authority: Arc<Authority>,
    pub(crate) store: MemoryStore,
    pub(crate) clock: ManualClock,
    pub(crate) master_key: MasterKey,
    pub(crate) alice: User,
}

impl InMemory {
    pub(crate) async fn start() -> Self {
        let (store, master_key) = (MemoryStore::default(), MasterKey::generate());
        let clock = ManualClock::at(UnixTime::from_seconds(1_800_000_000));
        let alice = world::user("alice", clock.now());
        let new = NewUser { user: alice.clone(), sealed_password: None };
        store.commit(&[Change::PutUser(Box::new(new))]).await.unwrap();
        write_catalog(&store, world::catalog(), &master_key, clock.now()).await;
        put_signing_keys(&store, &master_key, clock.now()).await;
        let authority = Authority::open(Foundation {
            base: Issuer::parse(BASE).unwrap(),
            store: Arc::new(store.clone()),
            master_key: Arc::new(MasterKey::parse(&master_key.to_base64url()).unwrap()),
            clock: Arc::new(clock.clone()),
            fetch: Arc::new(NoFetch),
            limits: RequestLimits::default(),
        });
        let authority = authority.await.unwrap();
        authority.audit().let_events_wait(DAY);
        Self { authority, store, clock, master_key, alice }
    }

    pub(crate) async fn begin(&self, client: &str) -> String {
        let (user, now) = (&self.alice.id, self.clock.now());
        let (family, token) = family_of(user, client, world::ALL, now, &self.master_key);
        self.store.commit(&[Change::OpenFamily(Box::new(family))]).await.unwrap();
        token
    }

    /// Opens a session for Alice.
    pub(crate) async fn sign_in(&self) -> (Session, SessionSecret) {
        let (session, secret) = session::begin(&self.alice.id, self.clock.now());
        let opened = Change::OpenSession(Box::new(session.clone()));
        self.store.commit(&[opened]).await.unwrap();
        (session, secret)
    }

    /// Uses a refresh token and returns the new one.
    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Result<String, CallError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let response = self.token(client, &form).await?;
        Ok(response.refresh_token().expect("a refresh returns a refresh token").to_owned())
    }

    /// Sends a token request.
    pub(crate) async fn token(
        &self,
        client: &str,
        form: &[(&str, &str)],
    ) -> Result<TokenResponse, CallError> {
        let form = Form::collect(form.iter().copied()).unwrap();
        let pair = format!("{client}:{}", secret_of(client));
        let header = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
        let presented = Presented::form(&form).with_authorization(Some(Authorization(&header)));
        let request = ClientRequest {
            server: &ServerId::default_server(),
            presented,
            address: None,
            deadline: None,
        };
        self.authority.token(request).await.map_err(|refused| refused.error)
    }
}
