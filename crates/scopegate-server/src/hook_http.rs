//! Calls token hooks that are web services, by reqwest with rustls.
//!
//! The administrator has written the URL, so that it may be an address of the own network. Otherwise:
//!
//! 1. The URL is https, or http on a loopback address. No redirect is followed, and no proxy is used: both would
//!    send tokens and secrets elsewhere.
//! 2. The answer has at most 256 KiB and is not compressed.
//! 3. The caller gives up at the deadline of the hook, which includes the time to connect and to get an access
//!    token for the hook.
//! 4. Connections are kept and used again. A server that speaks HTTP/2 gets all calls on one connection.

mod oauth;

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, RequestBuilder, Response};
use scopegate_core::catalog::HookAuth;
use scopegate_core::hooks::{HookFailure, HookHttp, HttpCall, signature, signature_key};
use url::{Host, Url};

use self::oauth::AccessTokens;

/// The longest answer, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// How long a connection without calls is kept.
const IDLE: Duration = Duration::from_secs(60);

/// How many connections without calls are kept for each host.
const MAX_IDLE: usize = 32;

/// Calls web services.
#[derive(Debug, Default)]
pub(crate) struct HttpHooks {
    /// Made at the first call: reading the certificates of the system takes a while.
    client: OnceLock<Client>,
    tokens: AccessTokens,
}

impl HttpHooks {
    fn client(&self) -> Result<&Client, HookFailure> {
        if self.client.get().is_none() {
            let client = Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(MAX_IDLE)
                .build();
            // If two are made at once, the first is kept.
            let _ = self.client.set(client.map_err(|error| failed(&error))?);
        }
        self.client.get().ok_or(HookFailure::NotInProgram)
    }

    /// Adds what the service recognizes this server by.
    async fn authenticated(
        &self,
        request: RequestBuilder,
        call: &HttpCall<'_>,
    ) -> Result<RequestBuilder, HookFailure> {
        let (Some(auth), Some(secret)) = (&call.hook.auth, call.secret) else {
            return Ok(request);
        };
        match auth {
            HookAuth::Header { name, .. } => {
                let name = HeaderName::try_from(name.as_str());
                let name = name.map_err(|_| HookFailure::Unreadable("the name of its header"))?;
                Ok(request.header(name, hidden(secret.as_str())?))
            }
            HookAuth::Oauth(oauth) => {
                let token = self.tokens.token(self.client()?, oauth, secret, call.timestamp);
                let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.await?.as_str()));
                Ok(request.header(AUTHORIZATION, hidden(&bearer)?))
            }
            HookAuth::Signature(_) => {
                let unreadable = HookFailure::Unreadable("its key of Standard Webhooks");
                let key = signature_key(secret).ok_or(unreadable)?;
                let signed = signature(&key, call.event_id, call.timestamp, call.body);
                Ok(request
                    .header("webhook-id", call.event_id)
                    .header("webhook-timestamp", call.timestamp)
                    .header("webhook-signature", signed))
            }
        }
    }
}

#[async_trait]
impl HookHttp for HttpHooks {
    async fn post(&self, call: HttpCall<'_>) -> Result<Option<Vec<u8>>, HookFailure> {
        let url = checked(&call.hook.url)?;
        let mut request = self.client()?.post(url);
        for (name, value) in &call.hook.headers {
            request = request.header(name, value);
        }
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        let request = self.authenticated(request, &call).await?.body(call.body.to_vec());
        let response = request.send().await.map_err(|error| failed(&error))?;
        match response.status() {
            StatusCode::OK => bounded(response, MAX_LENGTH).await.map(Some),
            StatusCode::NO_CONTENT => Ok(None),
            status if status.is_redirection() => Err(HookFailure::Redirect(status.as_u16())),
            status => {
                if let (StatusCode::UNAUTHORIZED, Some(HookAuth::Oauth(oauth)), Some(secret)) =
                    (status, &call.hook.auth, call.secret)
                {
                    // The next call gets a new access token. This one is not repeated.
                    self.tokens.forget(oauth, secret);
                }
                Err(HookFailure::Status(status.as_u16()))
            }
        }
    }
}

/// Checks a URL once more, so that a row that was written by other means sends nothing in the clear.
fn checked(text: &str) -> Result<Url, HookFailure> {
    let forbidden = || HookFailure::NoConnection("the URL is not https".to_owned());
    let url = Url::parse(text).map_err(|_| forbidden())?;
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err(forbidden()),
    }
}

/// The value of a header, which `Debug` does not show.
fn hidden(text: &str) -> Result<HeaderValue, HookFailure> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| HookFailure::Unreadable("its secret is no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a body that is not compressed, of at most `most` bytes.
async fn bounded(mut response: Response, most: usize) -> Result<Vec<u8>, HookFailure> {
    let mut encodings = response.headers().get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(HookFailure::Encoded);
    }
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(HookFailure::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > most {
            return Err(HookFailure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failed(error: &reqwest::Error) -> HookFailure {
    if error.is_timeout() {
        return HookFailure::TimedOut;
    }
    // reqwest's own text only repeats the URL. The last cause says what is wrong.
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let cause = causes.last().map_or_else(|| "the request broke off".into(), ToString::to_string);
    HookFailure::NoConnection(cause)
}

#[cfg(test)]
mod tests;
