//! The authorization server of a test issuer.

use std::sync::Arc;

use scopegate_claims::{Audience, Clock, Issuer, ManualClock};
use scopegate_core::authority::{Authority, Foundation};
use scopegate_core::catalog::{
    AudienceSpec, Edit, Entity, EntityKey, Owner, ServerId, ServerSpec, Spec, Status,
};
use scopegate_core::endpoints::metadata::Metadata;
use scopegate_core::keys::fetch::NoFetch;
use scopegate_core::limits::RequestLimits;
use scopegate_core::store::{KeyMove, KeyPhase, KeyStore, StoredKey};
use scopegate_jose::{Algorithm, MasterKey, SigningKey};

use crate::documents::{Document, Documents, metadata_urls};
use crate::publication::Publication;
use crate::{InProcess, MemoryStore, TestIssuer, UncheckedCatalog};

impl TestIssuer {
    /// An authorization server whose default server has this issuer's URL, audience, clock and first
    /// signing key, for tests that request tokens as a client would. Needs the feature `server`.
    ///
    /// It has no clients, scopes or policies; write them with
    /// [`UncheckedCatalog`](crate::UncheckedCatalog).
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }
}

impl InProcess {
    /// Answers with the documents of an authorization server. Needs the feature `server`.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self::of(Publication::new(authority))
    }
}

impl Documents for Authority {
    fn at(&self, url: &str) -> Option<Document> {
        let catalog = self.catalog();
        for server in catalog.servers() {
            if metadata_urls(&server.issuer).iter().any(|known| known == url) {
                let document = serde_json::to_vec(&Metadata::of(server)).ok()?;
                return Some(Document::Metadata(document.into()));
            }
            if url == server.endpoint("keys") {
                let keys = self.public_keys(&server.id)?;
                return Some(Document::Keys(keys.to_string().into()));
            }
        }
        None
    }
}

/// Opens an authorization server in memory whose default server signs with this key.
pub(crate) async fn open(
    base: &str,
    audience: &Audience,
    clock: &ManualClock,
    key: &SigningKey,
) -> Arc<Authority> {
    let (store, master_key) = (MemoryStore::default(), MasterKey::generate());
    let id = ServerId::default_server();
    let server = Entity {
        key: EntityKey::server(&id),
        owner: Owner::Api,
        spec: Spec::Server(ServerSpec {
            name: "Test".to_owned(),
            description: String::new(),
            audiences: vec![AudienceSpec { name: audience.clone(), resources: Vec::new() }],
            dialect: Default::default(),
            algorithms: vec![Algorithm::Es256],
            trusted_servers: Default::default(),
            keys: Default::default(),
            status: Status::Active,
        }),
    };
    let written = store.write_catalog(0, &[Edit::Put(server)], None).await;
    written.expect("an empty store takes a catalog");
    let sealed = StoredKey::seal(&id, key, KeyPhase::Signing, &master_key, clock.now());
    let insert = KeyMove::Insert(Box::new(sealed.expect("a key can be sealed")));
    store.move_keys(&[insert], &[]).await.expect("an empty store takes a key");
    let authority = Authority::open(Foundation {
        base: Issuer::parse(base).expect("it is an issuer"),
        store: Arc::new(store),
        master_key: Arc::new(master_key),
        clock: Arc::new(clock.clone()),
        fetch: Arc::new(NoFetch),
        limits: RequestLimits::default(),
    });
    authority.await.expect("the memory store does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_authority_has_the_issuers_url_and_signing_key() {
        let issuer = TestIssuer::start("api://orders").await;
        let authority = issuer.authority();
        let server =
            Arc::clone(authority.catalog().server(&ServerId::default_server()).unwrap().unwrap());
        assert_eq!(server.issuer.as_str(), issuer.url());
        assert_eq!(authority.keys().signer(&server).await.unwrap().kid(), issuer.kid());
    }

    #[tokio::test]
    async fn an_authority_publishes_the_documents_of_all_its_servers() {
        let issuer = TestIssuer::start("api://orders").await;
        let network = InProcess::new(Arc::clone(issuer.authority()));
        for (url, status) in [
            ("https://issuer.test/.well-known/openid-configuration", 200),
            ("https://issuer.test/oauth2/default/v1/keys", 200),
            ("https://issuer.test/oauth2/other/v1/keys", 404),
        ] {
            let request = http::Request::get(url).body(()).unwrap();
            let response = scopegate_tower::Fetch::fetch(&network, request).await.unwrap();
            assert_eq!(response.status(), status, "{url}");
        }
    }
}
