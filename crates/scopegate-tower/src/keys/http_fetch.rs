//! HTTP exchanges over the network.

mod private_dns;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};

use self::private_dns::{NotPrivate, PrivateDns};
use super::download::TIMEOUT;
use super::fetch::MAX_DOCUMENT_LEN;
use super::{Fetch, FetchError};

/// Makes HTTP exchanges over the network, with reqwest and rustls.
///
/// By default https uses the certificates of the system and the proxies named in the environment
/// (`HTTPS_PROXY`, `NO_PROXY`). Plain http uses neither. It connects to loopback and private
/// addresses only, whatever the name of the host resolves to: see
/// [`allow_http_host`](crate::BearerBuilder::allow_http_host).
#[derive(Debug, Default)]
pub struct HttpFetch {
    given: Option<reqwest::Client>,
    // Created when first needed: loading the system's certificates takes a while, and fails if
    // there are none.
    secure: OnceLock<reqwest::Client>,
    plain: OnceLock<reqwest::Client>,
    private_dns: PrivateDns,
}

impl HttpFetch {
    /// Creates a `HttpFetch` with the certificates and proxies of the system.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a `HttpFetch` with your own client, which sets certificates, proxies and time-outs.
    ///
    /// Configure the client to follow no redirects (`redirect(Policy::none())`). The layer follows
    /// redirects within one origin itself, and rejects an answer that comes from another origin.
    /// The addresses of the hosts of [`allow_http_host`](crate::BearerBuilder::allow_http_host) are
    /// not checked then, because the client looks them up.
    pub fn with_client(client: reqwest::Client) -> Self {
        Self { given: Some(client), ..Self::default() }
    }

    fn client(&self, uri: &Uri) -> Result<&reqwest::Client, FetchError> {
        if let Some(client) = &self.given {
            return Ok(client);
        }
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            // Discovery is followed at once by the request for the keys. After that an idle
            // connection to each issuer would only hold a file descriptor.
            .pool_idle_timeout(TIMEOUT);
        let (client, builder) = if uri.scheme_str() == Some("http") {
            let dns = Arc::new(self.private_dns.clone());
            (&self.plain, builder.no_proxy().tls_certs_only([]).dns_resolver(dns))
        } else {
            (&self.secure, builder.https_only(true))
        };
        if client.get().is_none() {
            // Two threads may each build one; the first one set is kept.
            let _ = client.set(builder.build().map_err(transport)?);
        }
        Ok(client.get().expect("it was set above"))
    }

    async fn exchange(&self, request: Request<()>) -> Result<Response<Bytes>, FetchError> {
        let client = self.client(request.uri())?;
        let request = reqwest::Request::try_from(request.map(|()| "")).map_err(transport)?;
        let asked = request.url().origin();
        let mut response = client.execute(request).await.map_err(transport)?;
        if response.url().origin() != asked {
            return Err(FetchError::OtherOrigin);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > MAX_DOCUMENT_LEN {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Fetch for HttpFetch {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        Box::pin(self.exchange(request))
    }
}

fn transport(error: reqwest::Error) -> FetchError {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.filter_map(|cause| cause.downcast_ref()).next() {
        Some(NotPrivate { host, address }) => {
            FetchError::NotPrivate { host: host.clone(), address: *address }
        }
        None => FetchError::Transport(Box::new(error)),
    }
}

#[cfg(test)]
mod tests;
