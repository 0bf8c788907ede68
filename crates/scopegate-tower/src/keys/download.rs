//! Downloads a document within limits.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    LOCATION, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use super::content_encoding::{self, DecodeError};
use super::{Fetch, FetchError, IssuerDocument, KeysError};
use crate::web_url;

/// The maximum duration of an exchange, including its redirects.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

const MAX_REDIRECTS: usize = 3;

/// A document with its cache metadata.
#[derive(Debug)]
pub(crate) struct Downloaded {
    pub(crate) body: Bytes,
    /// How long it is fresh.
    pub(crate) fresh_for: Option<Duration>,
    /// The validator for conditional requests (RFC 9110 §8.8.3).
    pub(crate) etag: Option<HeaderValue>,
}

/// The result of a conditional download.
#[derive(Debug)]
pub(crate) enum Download {
    Document(Downloaded),
    /// The document that we already hold is still current.
    NotModified {
        fresh_for: Option<Duration>,
    },
}

/// A document to download.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) document: IssuerDocument,
    pub(crate) url: &'a Url,
}

/// Downloads a document. Redirects are followed only within the same origin.
pub(crate) async fn download(
    fetch: &dyn Fetch,
    target: Target<'_>,
) -> Result<Downloaded, KeysError> {
    match download_unless(fetch, target, None).await? {
        Download::Document(document) => Ok(document),
        Download::NotModified { .. } => Err(target.status(StatusCode::NOT_MODIFIED)),
    }
}

/// Like [`download`], but reports `NotModified` if the document still has this `ETag`.
pub(crate) async fn download_unless(
    fetch: &dyn Fetch,
    target: Target<'_>,
    etag: Option<&HeaderValue>,
) -> Result<Download, KeysError> {
    let response = timeout(TIMEOUT, target.follow(fetch, etag)).await;
    let (head, body) = response.map_err(|_| target.timed_out())??.into_parts();
    let fresh_for = freshness(&head.headers);
    match head.status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if etag.is_some() => {
            return Ok(Download::NotModified { fresh_for });
        }
        status => return Err(target.status(status)),
    }
    let body = content_encoding::decode(&head.headers, body).map_err(|error| target.of(error))?;
    let etag = head.headers.get(ETAG).cloned();
    Ok(Download::Document(Downloaded { body, fresh_for, etag }))
}

impl Target<'_> {
    async fn follow(
        self,
        fetch: &dyn Fetch,
        etag: Option<&HeaderValue>,
    ) -> Result<Response<Bytes>, KeysError> {
        let mut at = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let request = request(&at, etag).ok_or_else(|| self.redirected())?;
            let response = fetch.fetch(request).await.map_err(|error| self.failed(error))?;
            let status = response.status();
            if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| at.join(location).ok());
            let next = next.ok_or_else(|| self.redirected())?;
            // Another origin could be an attacker's, or a service in the internal network.
            if next.origin() != self.url.origin() || web_url::request_problem(&next).is_some() {
                return Err(self.redirected());
            }
            at = next;
        }
        Err(self.redirected())
    }

    fn failed(self, error: FetchError) -> KeysError {
        let Self { document, url } = self;
        match error {
            FetchError::TooLarge => self.of(DecodeError::TooLarge),
            FetchError::OtherOrigin => self.redirected(),
            source => KeysError::Fetch { document, url: url.to_string(), source },
        }
    }

    fn of(self, error: DecodeError) -> KeysError {
        let (document, url) = (self.document, self.url.to_string());
        match error {
            DecodeError::Invalid => KeysError::InvalidEncoding { document, url },
            DecodeError::TooLarge => KeysError::TooLarge { document, url },
            DecodeError::Unsupported(encoding) => {
                KeysError::UnsupportedEncoding { document, url, encoding }
            }
        }
    }

    fn redirected(self) -> KeysError {
        KeysError::Redirected { document: self.document, url: self.url.to_string() }
    }

    fn status(self, status: StatusCode) -> KeysError {
        KeysError::Status { document: self.document, url: self.url.to_string(), status }
    }

    fn timed_out(self) -> KeysError {
        KeysError::TimedOut { document: self.document, url: self.url.to_string() }
    }
}

/// `None` if no request can be made for the URL.
fn request(url: &Url, etag: Option<&HeaderValue>) -> Option<Request<()>> {
    let mut request = Request::get(url.as_str())
        .header(ACCEPT, "application/json, application/jwk-set+json")
        .header(ACCEPT_ENCODING, content_encoding::ACCEPTED)
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
