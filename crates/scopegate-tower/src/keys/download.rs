//! Downloads a document within limits.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AGE, CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use scopegate_jose::MAX_KEY_SET_LEN;
use tokio::time::timeout;
use url::Url;

use super::{Fetch, FetchError, KeysError};
use crate::web_url;

/// The largest document that is accepted, in bytes.
pub const MAX_DOCUMENT_LEN: usize = MAX_KEY_SET_LEN;

/// The maximum duration of an exchange, including its redirects.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

const MAX_REDIRECTS: usize = 3;

/// A document with its cache metadata.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) body: Bytes,
    /// How long it is fresh.
    pub(crate) fresh_for: Option<Duration>,
    /// The validator for conditional requests (RFC 9110 §8.8.3).
    pub(crate) etag: Option<HeaderValue>,
}

/// The result of a conditional download.
#[derive(Debug)]
pub(crate) enum Download {
    Document(Document),
    /// The document that we already hold is still current.
    NotModified {
        fresh_for: Option<Duration>,
    },
}

/// Downloads the document at a URL. Redirects are followed only within the same origin.
pub(crate) async fn download(fetch: &dyn Fetch, url: &Url) -> Result<Document, KeysError> {
    match download_unless(fetch, url, None).await? {
        Download::Document(document) => Ok(document),
        Download::NotModified { .. } => {
            Err(KeysError::Status { url: url.to_string(), status: StatusCode::NOT_MODIFIED })
        }
    }
}

/// Like [`download`], but reports `NotModified` if the document still has this `ETag`.
pub(crate) async fn download_unless(
    fetch: &dyn Fetch,
    url: &Url,
    etag: Option<&HeaderValue>,
) -> Result<Download, KeysError> {
    let timed_out = |_| KeysError::TimedOut { url: url.to_string() };
    let response = timeout(TIMEOUT, follow(fetch, url, etag)).await.map_err(timed_out)??;
    let fresh_for = freshness(response.headers());
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if etag.is_some() => {
            return Ok(Download::NotModified { fresh_for });
        }
        status => return Err(KeysError::Status { url: url.to_string(), status }),
    }
    if response.body().len() > MAX_DOCUMENT_LEN {
        return Err(KeysError::TooLarge { url: url.to_string() });
    }
    let etag = response.headers().get(ETAG).cloned();
    Ok(Download::Document(Document { body: response.into_body(), fresh_for, etag }))
}

async fn follow(
    fetch: &dyn Fetch,
    url: &Url,
    etag: Option<&HeaderValue>,
) -> Result<Response<Bytes>, KeysError> {
    let redirected = || KeysError::Redirected { url: url.to_string() };
    let mut at = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let request = request(&at, etag).ok_or_else(redirected)?;
        let response = fetch.fetch(request).await.map_err(|source| match source {
            FetchError::TooLarge => KeysError::TooLarge { url: url.to_string() },
            FetchError::OtherOrigin => redirected(),
            source => KeysError::Fetch { url: url.to_string(), source },
        })?;
        let status = response.status();
        if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = location.and_then(|location| at.join(location).ok()).ok_or_else(redirected)?;
        // Another origin could be an attacker's, or a service in the internal network.
        if next.origin() != url.origin() || web_url::check(&next).is_some() {
            return Err(redirected());
        }
        at = next;
    }
    Err(redirected())
}

/// `None` if no request can be made for the URL.
fn request(url: &Url, etag: Option<&HeaderValue>) -> Option<Request<()>> {
    let mut request = Request::get(url.as_str())
        .header(ACCEPT, "application/json, application/jwk-set+json")
        .header(USER_AGENT, concat!("scopegate/", env!("CARGO_PKG_VERSION")));
    if let Some(etag) = etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    request.body(()).ok()
}

/// How long an answer stays fresh (RFC 9111 §4.2). `None` if it does not say.
fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let directives = || {
        headers
            .get_all(CACHE_CONTROL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    let forbidden = ["no-store", "no-cache"];
    if directives().any(|name| forbidden.iter().any(|no| name.eq_ignore_ascii_case(no))) {
        return Some(Duration::ZERO);
    }
    let max_age = directives().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let seconds = value.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age").then_some(seconds)
    })?;
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0);
    Some(Duration::from_secs(u64::saturating_sub(max_age, age)))
}

#[cfg(test)]
mod tests;
