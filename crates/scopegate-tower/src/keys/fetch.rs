//! The network interface of the layer.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

/// The largest document that is accepted, in bytes: 1 MiB, as it is sent and after decompression.
pub const MAX_DOCUMENT_LEN: usize = 1024 * 1024;

/// Makes one HTTP exchange.
///
/// An implementation must not follow redirects, must not cache and need not decompress, because the
/// layer does this. If it does decompress, it must remove `Content-Encoding`. It must stop reading a
/// body that is longer than [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN).
/// `HttpFetch` (feature `fetch`) implements this over the network. A test can answer in its own
/// process:
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use scopegate_tower::{BearerLayer, Fetch, FetchError};
/// use std::pin::Pin;
///
/// #[derive(Debug)]
/// struct InProcess;
///
/// impl Fetch for InProcess {
///     fn fetch(
///         &self,
///         request: Request<()>,
///     ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
///         Box::pin(async move {
///             assert_eq!(request.uri().path(), "/keys");
///             Ok(Response::new(Bytes::from_static(br#"{"keys":[]}"#)))
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let builder = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .jwks_url("https://id.example.com/keys")
///     .fetch(InProcess);
/// let error = builder.start().await.unwrap_err();
/// assert_eq!(error.to_string(), "the keys of https://id.example.com are not available");
/// # }
/// ```
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and reads the whole answer.
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>>;
}

impl<F: Fetch + ?Sized> Fetch for Arc<F> {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        (**self).fetch(request)
    }
}

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A host of plain http has no loopback or private address.
    #[error(
        "`{host}` resolves to {address}, and plain http is for loopback and private addresses only"
    )]
    NotPrivate {
        /// The host.
        host: String,
        /// An address of the host.
        address: std::net::IpAddr,
    },
    /// The answer comes from another origin than the requested one.
    #[error("the answer comes from another origin")]
    OtherOrigin,
    /// The body is longer than the limit.
    #[error("the answer is too large")]
    TooLarge,
    /// The server cannot be reached, or the connection broke.
    #[error("the exchange failed")]
    Transport(#[source] Box<dyn Error + Send + Sync>),
}
