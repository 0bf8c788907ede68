//! How an issuer answers requests for its documents, for every way to reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::documents::{Document, Documents};

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
    documents: Arc<dyn Documents>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    is_down: bool,
    wait: Duration,
    fresh_for: Option<Duration>,
    fetches: Fetches,
}

impl Publication {
    pub(crate) fn new(documents: Arc<dyn Documents>) -> Self {
        Self { documents, state: Arc::default() }
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
        let document = self.documents.at(url);
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
