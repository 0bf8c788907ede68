//! The one thing that the layer asks of a network.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

/// Makes one HTTP exchange.
///
/// An implementation follows no redirect and keeps no cache, both are the layer's business; it stops
/// reading a body that is longer than [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN). [`HttpFetch`]
/// does so over the network. A test may have an issuer in its own process:
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
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let builder = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .jwks_url("https://id.example.com/keys")
///     .fetch(InProcess);
/// let error = builder.start().await.unwrap_err();
/// assert_eq!(error.to_string(), "the keys of https://id.example.com cannot be had");
/// # });
/// ```
///
/// [`HttpFetch`]: crate::HttpFetch
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
    /// The answer comes from another origin than the one that was asked.
    #[error("the answer comes from another origin")]
    OtherOrigin,
    /// The body is longer than is read.
    #[error("the answer is too large")]
    TooLarge,
    /// The other side cannot be reached, or the exchange broke off.
    #[error("the exchange failed")]
    Transport(#[source] Box<dyn Error + Send + Sync>),
}
