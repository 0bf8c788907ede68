//! The documents that an issuer publishes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use scopegate_claims::Issuer;
use scopegate_jose::{Algorithm, JwkSet, SigningKey};
use serde_json::json;

/// A source of documents.
pub(crate) trait Documents: fmt::Debug + Send + Sync {
    /// The document at a URL without query, if there is one.
    fn at(&self, url: &str) -> Option<Document>;
}

pub(crate) enum Document {
    Keys(Bytes),
    Metadata(Bytes),
}

/// The documents and keys of one issuer.
#[derive(Debug)]
pub(crate) struct OwnDocuments {
    issuer: Issuer,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    signer: Arc<SigningKey>,
    published: Vec<Arc<SigningKey>>,
}

impl OwnDocuments {
    pub(crate) fn new(issuer: Issuer, signer: Arc<SigningKey>) -> Self {
        let published = vec![Arc::clone(&signer)];
        Self { issuer, keys: Mutex::new(Keys { signer, published }) }
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(crate) fn signer(&self) -> Arc<SigningKey> {
        Arc::clone(&self.keys().signer)
    }

    pub(crate) fn sign_with(&self, key: &Arc<SigningKey>) {
        let mut keys = self.keys();
        keys.published.push(Arc::clone(key));
        keys.signer = Arc::clone(key);
    }

    pub(crate) fn withdraw(&self, kid: &str) {
        self.keys().published.retain(|key| key.kid() != kid);
    }

    fn keys_url(&self) -> String {
        format!("{}/v1/keys", self.issuer)
    }

    /// The members that OpenID Connect Discovery 1.0 §3 requires: some clients refuse a document
    /// without the endpoints, even if they read only the keys. Nothing answers at the endpoints.
    fn metadata(&self) -> Bytes {
        let issuer = self.issuer.as_str();
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/v1/authorize"),
            "token_endpoint": format!("{issuer}/v1/token"),
            "jwks_uri": self.keys_url(),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [Algorithm::Es256.name()],
        });
        document.to_string().into()
    }

    fn key_set(&self) -> Bytes {
        let keys: JwkSet = self.keys().published.iter().map(|key| key.public_jwk()).collect();
        serde_json::to_vec(&keys).expect("keys are plain data").into()
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents for OwnDocuments {
    fn at(&self, url: &str) -> Option<Document> {
        if url == self.keys_url() {
            return Some(Document::Keys(self.key_set()));
        }
        let is_metadata = metadata_urls(&self.issuer).iter().any(|known| known == url);
        is_metadata.then(|| Document::Metadata(self.metadata()))
    }
}

/// The two URLs at which clients look for metadata (OpenID Connect Discovery 1.0 §4, RFC 8414
/// §3.1).
pub(crate) fn metadata_urls(issuer: &Issuer) -> [String; 2] {
    let (issuer, path) = (issuer.as_str(), issuer.path());
    let origin = issuer.strip_suffix(path).unwrap_or(issuer);
    [
        format!("{issuer}/.well-known/openid-configuration"),
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
    ]
}
