//! How the layer writes its own answers.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use scopegate_bearer::Refusal;

use crate::ProtectedResource;

/// Writes the layer's own answers in a protocol.
///
/// Implemented by [`HttpAnswers`] and [`GrpcAnswers`]. The trait is sealed so that it can grow.
pub trait Answers: sealed::Sealed {
    /// The answer to a refused request.
    #[doc(hidden)]
    fn refusal(refusal: Refusal) -> Response<Bytes>;

    /// The answer to a request for the metadata document, if the protocol has one.
    #[doc(hidden)]
    fn metadata(resource: &ProtectedResource, method: &Method) -> Option<Response<Bytes>>;
}

/// Answers in plain HTTP: status, `WWW-Authenticate`, and a body from the layer's `RefusalBody`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct HttpAnswers;

impl Answers for HttpAnswers {
    fn refusal(refusal: Refusal) -> Response<Bytes> {
        refusal.into_http()
    }

    fn metadata(resource: &ProtectedResource, method: &Method) -> Option<Response<Bytes>> {
        let document = resource.json();
        let length = document.len();
        let body = if method == Method::HEAD { Bytes::new() } else { document };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, length.into());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        // The document is public, and clients in browsers need it (RFC 9728 §3.1).
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        Some(response)
    }
}

/// Answers in gRPC: HTTP 200 without a body, and the outcome in `grpc-status`; see
/// [`Refusal::into_grpc`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GrpcAnswers;

impl Answers for GrpcAnswers {
    fn refusal(refusal: Refusal) -> Response<Bytes> {
        refusal.into_grpc()
    }

    fn metadata(_: &ProtectedResource, _: &Method) -> Option<Response<Bytes>> {
        // Clients that ask for the document use plain HTTP and cannot read a gRPC answer.
        None
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::GrpcAnswers {}
    impl Sealed for super::HttpAnswers {}
}
