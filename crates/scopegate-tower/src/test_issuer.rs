//! An issuer for this crate's tests. It signs tokens, publishes its keys without a network, records
//! requests, and can be told to misbehave.
//!
//! The unit tests of this crate cannot use the issuer of `scopegate-testkit`: it links the crate as
//! others do, a second build whose `Fetch` and `BearerBuilder` are other types than those under test.
//! It also has no need for most of what is here: wrong documents, `ETag`, chosen key ids.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use scopegate_claims::{Audience, Claims, Dialect, Issuer, ManualClock, UnixTime};
use scopegate_jose::{Algorithm, JwkSet, KeySet, SigningKey, TokenType};
use serde_json::Value;

use crate::{BearerBuilder, BearerLayer, Fetch, FetchError};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "api://orders";
pub(crate) const JWKS_URL: &str = "https://id.example.com/keys";
pub(crate) const NOW: u64 = 1_700_000_000;

/// Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct TestIssuer {
    pub(crate) clock: ManualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    keys: Vec<Arc<SigningKey>>,
    behaviour: Behaviour,
    headers: HeaderMap,
    requests: Vec<String>,
    /// How many requests were answered with "not modified".
    not_modified: usize,
}

/// How the issuer answers.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Returns its keys at every URL.
    Keys,
    /// Returns its keys after a delay.
    Slow(Duration),
    /// Returns its keys with an `ETag`, or "not modified".
    Tagged,
    /// Never answers.
    Hang,
    /// The connection fails.
    Down,
    /// Returns the page with this path, or 404.
    Pages(Vec<(&'static str, Page)>),
}

#[derive(Clone, Debug)]
pub(crate) enum Page {
    Keys,
    Json(Value),
    Text(Vec<u8>),
    Status(u16),
    Redirect(&'static str),
}

impl TestIssuer {
    pub(crate) fn new() -> Self {
        let state = State {
            keys: vec![signing_key("k1")],
            behaviour: Behaviour::Keys,
            headers: HeaderMap::new(),
            requests: Vec::new(),
            not_modified: 0,
        };
        let clock = ManualClock::at(UnixTime::from_seconds(NOW));
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// A layer that reads the keys of this issuer.
    pub(crate) fn builder(&self) -> BearerBuilder {
        self.offline().jwks_url(JWKS_URL).fetch(self.clone())
    }

    /// A layer without a source of keys.
    pub(crate) fn offline(&self) -> BearerBuilder {
        BearerLayer::issuer(ISSUER).audience(AUDIENCE).clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn key_set(&self) -> KeySet {
        let state = self.lock();
        KeySet::from_keys(state.keys.iter().map(|key| key.verifying_key().unwrap()))
    }

    pub(crate) fn key(&self) -> Arc<SigningKey> {
        Arc::clone(self.lock().keys.last().unwrap())
    }

    /// Replaces its keys by a new one, which it signs with from now on.
    pub(crate) fn replace_key(&self, kid: &str) {
        self.lock().keys = vec![signing_key(kid)];
    }

    /// Adds a new key, which it signs with from now on; the old ones stay published.
    pub(crate) fn add_key(&self, kid: &str) {
        self.lock().keys.push(signing_key(kid));
    }

    /// Also publishes the key of another issuer.
    pub(crate) fn publish_key_of(&self, other: &Self) {
        let key = other.key();
        self.lock().keys.push(key);
    }

    pub(crate) fn withdraw_keys(&self) {
        self.lock().keys.clear();
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.lock().behaviour = behaviour;
    }

    pub(crate) fn send_header(&self, name: http::HeaderName, value: &'static str) {
        self.lock().headers.insert(name, value.parse().unwrap());
    }

    /// The requested paths.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// How many requests were answered with "not modified".
    pub(crate) fn not_modified(&self) -> usize {
        self.lock().not_modified
    }

    pub(crate) fn fetches(&self) -> usize {
        self.lock().requests.len()
    }

    /// A token that is valid for an hour.
    pub(crate) fn token(&self) -> String {
        self.sign(&serde_json::json!({}))
    }

    /// A valid token with these additional claims.
    pub(crate) fn sign(&self, extra: &Value) -> String {
        let until = UnixTime::from_seconds(NOW + 3600);
        let claims = Claims::builder(&Issuer::parse(ISSUER).unwrap(), until)
            .audience(Audience::parse(AUDIENCE).unwrap())
            .issued_at(UnixTime::from_seconds(NOW))
            .subject("u1")
            .build();
        let claims = claims.in_dialect_with(Dialect::Both, extra);
        self.key().sign(TokenType::AccessToken, &claims).unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn tagged(&self, held: Option<&HeaderValue>) -> Response<Bytes> {
        let mut response = self.page(&Page::Keys);
        let mut state = self.lock();
        let kids: Vec<_> = state.keys.iter().map(|key| key.kid()).collect();
        let tag: HeaderValue = format!("\"{}\"", kids.join("-")).parse().unwrap();
        if held == Some(&tag) {
            state.not_modified += 1;
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Bytes::new();
        }
        response.headers_mut().insert(ETAG, tag);
        response
    }

    fn page(&self, page: &Page) -> Response<Bytes> {
        let state = self.lock();
        let mut response = Response::new(Bytes::new());
        *response.headers_mut() = state.headers.clone();
        match page {
            Page::Keys => {
                let keys: JwkSet = state.keys.iter().map(|key| key.public_jwk()).collect();
                *response.body_mut() = serde_json::to_vec(&keys).unwrap().into();
            }
            Page::Json(value) => *response.body_mut() = value.to_string().into(),
            Page::Text(text) => *response.body_mut() = text.clone().into(),
            Page::Status(status) => *response.status_mut() = StatusCode::from_u16(*status).unwrap(),
            Page::Redirect(to) => {
                *response.status_mut() = StatusCode::FOUND;
                response.headers_mut().insert(http::header::LOCATION, to.parse().unwrap());
            }
        }
        response
    }
}

impl Fetch for TestIssuer {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        let behaviour = {
            let mut state = self.lock();
            state.requests.push(request.uri().path().to_owned());
            state.behaviour.clone()
        };
        Box::pin(async move {
            match behaviour {
                Behaviour::Keys => Ok(self.page(&Page::Keys)),
                Behaviour::Slow(wait) => {
                    tokio::time::sleep(wait).await;
                    Ok(self.page(&Page::Keys))
                }
                Behaviour::Tagged => Ok(self.tagged(request.headers().get(IF_NONE_MATCH))),
                Behaviour::Hang => std::future::pending().await,
                Behaviour::Down => Err(FetchError::Transport("connection refused".into())),
                Behaviour::Pages(pages) => {
                    let found = pages.iter().find(|(path, _)| *path == request.uri().path());
                    Ok(self.page(found.map_or(&Page::Status(404), |(_, page)| page)))
                }
            }
        })
    }
}

fn signing_key(kid: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::Es256).unwrap().with_kid(kid).unwrap())
}
