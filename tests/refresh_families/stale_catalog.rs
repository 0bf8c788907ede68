//! A node with a stale copy of the catalog, which another node has changed.

use std::collections::BTreeSet;

use scopegate_claims::{Clock, ScopeSet};
use scopegate_core::catalog::{
    ClientId, Edit, Entity, EntityKey, EntityKind, ServerId, Spec, Status,
};
use scopegate_core::endpoints::authorize::{AuthorizeError, AuthorizeRequest, Authorized, Done};
use scopegate_core::endpoints::token::TokenResponse;
use scopegate_core::error::CallError;
use scopegate_core::form::Form;
use scopegate_core::store::{CatalogStore, Change, ConsentKey, Ledger};
use scopegate_testkit::UncheckedCatalog;
use scopegate_tests::Pkce;

use crate::refresh_families::in_memory::InMemory;
use crate::refresh_families::world::ALL;

const CALLBACK: &str = "https://portal.example/cb";

/// A node that reloads the catalog only when the test says so, and a browser of Alice.
struct Node {
    at: InMemory,
    pkce: Pkce,
}

impl Node {
    async fn start() -> Self {
        let at = InMemory::start().await;
        let key = ConsentKey {
            server: ServerId::default_server(),
            client: ClientId::parse("portal").unwrap(),
            user: at.alice.id.clone(),
        };
        let scopes = ScopeSet::parse(ALL).unwrap();
        let agreed = Change::PutConsent { key, scopes, at: at.clock.now() };
        at.store.commit(&[agreed]).await.unwrap();
        Self { at, pkce: Pkce::generate() }
    }

    async fn code(&self) -> Result<String, AuthorizeError> {
        let (_, secret) = self.at.sign_in().await;
        let form = [
            ("response_type", "code"),
            ("client_id", "portal"),
            ("redirect_uri", CALLBACK),
            ("scope", ALL),
            ("code_challenge", &self.pkce.challenge),
            ("code_challenge_method", "S256"),
        ];
        let request = AuthorizeRequest {
            server: &ServerId::default_server(),
            form: &Form::collect(form).unwrap(),
            repeated: &BTreeSet::new(),
            browser: [0; 32],
            session: Some(&secret),
            done: Done::default(),
            address: None,
        };
        match self.at.authority.authorize(request).await.map_err(|refused| refused.error)? {
            Authorized::Return(back) => {
                let code = back.parameters.into_iter().find(|(name, _)| *name == "code");
                Ok(code.expect("it is granted").1)
            }
            other => unreachable!("neither sign-in nor consent is needed: {other:?}"),
        }
    }

    async fn redeem(&self, code: &str) -> Result<TokenResponse, CallError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", &self.pkce.verifier),
        ];
        self.at.token("portal", &form).await
    }

    /// Changes the catalog as another node would, without telling this node.
    async fn switch(&self, key: EntityKey, status: Status) {
        let all = self.at.store.catalog_since(0).await.unwrap();
        let entity = all.edits.into_iter().find_map(|edit| match edit {
            Edit::Put(entity) if entity.key == key => Some(entity),
            _ => None,
        });
        let Entity { key, owner, mut spec } = entity.expect("it is written");
        match &mut spec {
            Spec::Client(client) => client.status = status,
            Spec::Server(server) => server.status = status,
            other => unreachable!("{other:?} is not switched"),
        }
        let edit = Edit::Put(Entity { key, owner, spec });
        self.at.store.write_catalog(all.version, &[edit], None).await.unwrap();
    }
}

fn client(id: &str) -> EntityKey {
    EntityKey::client(&ClientId::parse(id).unwrap())
}

#[tokio::test]
async fn a_client_that_another_node_deactivated_gets_no_family() {
    let node = Node::start().await;
    let code = node.code().await.unwrap();
    node.switch(client("portal"), Status::Inactive).await;
    assert!(node.at.authority.catalog().client("portal").unwrap().unwrap().spec.status.is_active());

    let refused = node.redeem(&code).await;
    assert!(matches!(refused, Err(CallError::InvalidClient(_))), "{refused:?}");
    assert_eq!(node.at.store.sizes().families, 0);
    // The node has now seen the change. Once the client is active again, the code still works.
    node.switch(client("portal"), Status::Active).await;
    node.at.authority.reload().await.unwrap();
    node.redeem(&code).await.unwrap();
    assert_eq!(node.at.store.sizes().lasting_families, 1);
}

#[tokio::test]
async fn a_client_that_another_node_deactivated_gets_no_code() {
    let node = Node::start().await;
    node.switch(client("portal"), Status::Inactive).await;
    let refused = node.code().await;
    assert!(matches!(refused, Err(AuthorizeError::UnknownClient)), "{refused:?}");
    assert_eq!(node.at.store.sizes().artifacts, 0);
}

#[tokio::test]
async fn a_server_that_another_node_deactivated_opens_no_family() {
    let node = Node::start().await;
    let code = node.code().await.unwrap();
    let server = EntityKey {
        kind: EntityKind::Server,
        parent: String::new(),
        name: ServerId::default_server().to_string(),
    };
    node.switch(server, Status::Inactive).await;
    let refused = node.redeem(&code).await;
    assert!(matches!(refused, Err(CallError::UnknownServer)), "{refused:?}");
    assert_eq!(node.at.store.sizes().families, 0);
}

#[tokio::test]
async fn unrelated_or_reverted_catalog_changes_do_not_refuse_a_request() {
    let node = Node::start().await;
    let code = node.code().await.unwrap();
    node.switch(client("other"), Status::Inactive).await;
    node.switch(client("portal"), Status::Inactive).await;
    node.switch(client("portal"), Status::Active).await;
    let before = node.at.authority.catalog().version();
    node.redeem(&code).await.unwrap();
    assert_eq!(
        node.at.authority.catalog().version(),
        before + 3,
        "the request must be decided with the new catalog"
    );
    assert_eq!(node.at.store.sizes().lasting_families, 1);
}
