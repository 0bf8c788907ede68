//! Refusals as statuses, and back.

use std::error::Error;
use std::sync::Arc;

use scopegate_bearer::Refusal;
use tonic::Status;

/// A refusal as a status with code, message and challenge; see [`Refusal::into_grpc`].
///
/// It logs the refusal at debug, unless it [was logged](Refusal::log) before. Within a request,
/// [`Token::refuse`](scopegate_bearer::Token::refuse) and [`refuse`](crate::refuse) keep the realm of
/// the layer.
///
/// ```
/// use scopegate_bearer::Refusal;
///
/// let refusal = Refusal::new("own orders only");
/// let status = scopegate_tonic::status(&refusal);
/// assert_eq!(status.code(), tonic::Code::PermissionDenied);
/// assert!(status.metadata().contains_key("www-authenticate"));
/// ```
pub fn status(refusal: &Refusal) -> Status {
    let mut refusal = refusal.clone();
    refusal.log();
    let answer = refusal.clone().into_grpc::<()>();
    let status = Status::from_header_map(answer.headers());
    let mut status = status.expect("the trailers have a code");
    // The layer finds it there when the request is answered.
    status.set_source(Arc::new(refusal));
    status
}

/// The refusal that a status was made from, with the cause, which the client is not told.
///
/// ```
/// use scopegate_bearer::{Refusal, RefusalCause};
/// use scopegate_tonic::{refusal, status};
///
/// let refused = status(&Refusal::new(RefusalCause::NoToken));
/// assert_eq!(refusal(&refused).unwrap().reason(), "no_token");
///
/// let of_the_service = tonic::Status::unauthenticated("who are you?");
/// assert!(refusal(&of_the_service).is_none());
/// ```
pub fn refusal(status: &Status) -> Option<&Refusal> {
    status.source()?.downcast_ref()
}
