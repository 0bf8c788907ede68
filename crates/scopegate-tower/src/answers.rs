//! How the layer writes its own answers.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use scopegate_jose::Refusal;

use crate::ProtectedResource;

mod grpc;

pub use grpc::GrpcAnswers;

/// Writes the layer's own answers as responses with a body of type `R`.
///
/// Implemented by [`HttpAnswers`] and [`GrpcAnswers`]. The trait is sealed so that it can grow.
pub trait Answers<R>: sealed::Sealed {
    /// The answer to a refused request.
    fn refusal(refusal: &Refusal) -> Response<R>;

    /// The answer to a request for the metadata document, if the protocol has one.
    fn metadata(resource: &ProtectedResource, method: &Method) -> Option<Response<R>>;
}

/// Answers in plain HTTP: status, `WWW-Authenticate`, and a body from the layer's `RefusalBody`.
///
/// Works with every body type that can be made from bytes, such as axum's `Body` or
/// `http_body_util::Full<Bytes>`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct HttpAnswers;

impl<R: From<Bytes>> Answers<R> for HttpAnswers {
    fn refusal(refusal: &Refusal) -> Response<R> {
        let answer = refusal.answer();
        let mut response = Response::new(R::from(answer.body().into()));
        *response.status_mut() =
            StatusCode::from_u16(answer.status.code()).expect("it is a status of HTTP");
        for (name, value) in answer.headers() {
            // A custom content type that is not a valid header value is left out.
            if let Ok(value) = HeaderValue::try_from(&*value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn metadata(resource: &ProtectedResource, method: &Method) -> Option<Response<R>> {
        let document = resource.json();
        let length = document.len();
        let body = if method == Method::HEAD { Bytes::new() } else { document };
        let mut response = Response::new(R::from(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, length.into());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        // The document is public, and clients in browsers need it (RFC 9728 §3.1).
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        Some(response)
    }
}

/// The answer to a request that this crate refuses. It carries the refusal, for logs and outer
/// layers.
pub(crate) fn refuse<R, V: Answers<R>>(refusal: Refusal) -> Response<R> {
    let (reason, status) = (refusal.reason(), refusal.status());
    tracing::debug!(reason, status, "refused a request: {reason}");
    let mut response = V::refusal(&refusal);
    response.extensions_mut().insert(refusal);
    response
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::GrpcAnswers {}
    impl Sealed for super::HttpAnswers {}
}
