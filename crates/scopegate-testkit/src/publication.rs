//! What an issuer publishes and how it behaves, for every way to reach it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use scopegate_core::authority::Authority;
use scopegate_core::catalog::AuthorizationServer;
use scopegate_core::endpoints::metadata::Metadata;
use scopegate_jose::SigningKey;
use serde_json::Value;

/// How often an issuer's documents were requested.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fetches {
    /// Its metadata.
    pub discovery: usize,
    /// Its keys.
    pub keys: usize,
}

/// Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    authority: Arc<Authority>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    signer: Option<Arc<SigningKey>>,
    /// Public keys that are published in addition to the authority's own.
    added: Vec<Value>,
    withdrawn: HashSet<String>,
    is_down: bool,
    wait: Duration,
    fresh_for: Option<Duration>,
    fetches: Fetches,
}

impl Publication {
    pub(crate) fn new(authority: Arc<Authority>, signer: Option<Arc<SigningKey>>) -> Self {
        Self { authority, state: Arc::new(Mutex::new(State { signer, ..State::default() })) }
    }

    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    pub(crate) fn signer(&self) -> Arc<SigningKey> {
        let signer = self.state().signer.clone();
        signer.expect("an issuer in a test has a key from the start")
    }

    pub(crate) fn sign_with(&self, key: Arc<SigningKey>) {
        let public = serde_json::to_value(key.public_jwk()).expect("a key is plain data");
        let mut state = self.state();
        state.added.push(public);
        state.signer = Some(key);
    }

    pub(crate) fn withdraw(&self, kid: &str) {
        self.state().withdrawn.insert(kid.to_owned());
    }

    pub(crate) fn go_down(&self) {
        self.state().is_down = true;
    }

    pub(crate) fn come_back(&self) {
        self.state().is_down = false;
    }

    pub(crate) fn answer_after(&self, wait: Duration) {
        self.state().wait = wait;
    }

    pub(crate) fn say_fresh_for(&self, time: Duration) {
        self.state().fresh_for = Some(time);
    }

    pub(crate) fn fetches(&self) -> Fetches {
        self.state().fetches
    }

    /// Answers a request for a document, by the URL without query. `None` while the issuer is down.
    pub(crate) async fn answer(&self, url: &str) -> Option<Response<Bytes>> {
        let document = self.document(url);
        let (wait, is_down, fresh_for) = {
            let mut state = self.state();
            match document {
                Some(Document::Keys(_)) => state.fetches.keys += 1,
                Some(Document::Metadata(_)) => state.fetches.discovery += 1,
                None => {}
            }
            (state.wait, state.is_down, state.fresh_for)
        };
        if is_down {
            return None;
        }
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let Some(Document::Keys(body) | Document::Metadata(body)) = document else {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Some(response);
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(time) = fresh_for {
            let value = HeaderValue::try_from(format!("max-age={}", time.as_secs()));
            headers.insert(CACHE_CONTROL, value.expect("a number is a header value"));
        }
        Some(response)
    }

    fn document(&self, url: &str) -> Option<Document> {
        let catalog = self.authority.catalog();
        for server in catalog.servers() {
            if metadata_urls(server).iter().any(|known| known == url) {
                let document = serde_json::to_vec(&Metadata::of(server)).ok()?;
                return Some(Document::Metadata(document.into()));
            }
            if url == server.endpoint("keys") {
                let keys = self.authority.public_keys(&server.id)?;
                return Some(Document::Keys(self.published(&keys)));
            }
        }
        None
    }

    /// The authority's keys and the added keys, without the withdrawn ones.
    fn published(&self, own: &str) -> Bytes {
        let state = self.state();
        let mut set: Value = serde_json::from_str(own).expect("the authority writes JSON");
        let keys = set["keys"].as_array_mut().expect("a key set has keys");
        keys.extend(state.added.iter().cloned());
        keys.retain(|key| !key["kid"].as_str().is_some_and(|kid| state.withdrawn.contains(kid)));
        set.to_string().into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Document {
    Keys(Bytes),
    Metadata(Bytes),
}

/// The two URLs at which clients look for metadata (OpenID Connect Discovery 1.0 §4, RFC 8414
/// §3.1).
fn metadata_urls(server: &AuthorizationServer) -> [String; 2] {
    let issuer = server.issuer.as_str();
    let path = server.issuer.path();
    let origin = issuer.strip_suffix(path).unwrap_or(issuer);
    [
        format!("{issuer}/.well-known/openid-configuration"),
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
    ]
}
