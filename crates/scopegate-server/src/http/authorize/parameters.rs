//! The parameters of an authorization request, from a query or a form.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{HeaderMap, Uri};
use scopegate_core::form::Form;

use crate::http::failure::{Failure, RequestError};
use crate::http::form_body;

/// The longest request, in bytes. It must fit, sealed, into a URL while the user signs in.
const MAX_LENGTH: usize = 8 * 1024;

/// The parameters of a request.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub(super) form: Form,
    /// The names that occurred more than once.
    pub(super) repeated: BTreeSet<Box<str>>,
    /// All parameters, form-encoded, for a redirect to the same request.
    pub(super) text: String,
}

/// Reads the query of a URL.
pub(super) fn in_query(uri: &Uri) -> Result<Parameters, Failure> {
    read(uri.query().unwrap_or_default().as_bytes(), RequestError::QueryTooLong)
}

/// Reads a form (OpenID Connect Core §3.1.2.1).
pub(super) async fn in_form(headers: &HeaderMap, body: Body) -> Result<Parameters, Failure> {
    let bytes = form_body::bytes(headers, body).await.map_err(Failure::new)?;
    read(&bytes, RequestError::BodyTooLong)
}

fn read(bytes: &[u8], too_long: RequestError) -> Result<Parameters, Failure> {
    if bytes.len() > MAX_LENGTH {
        return Err(Failure::new(too_long));
    }
    let (form, repeated) = form_body::parse_noting(bytes).map_err(Failure::new)?;
    // Encoded anew, so that it holds no character that a URL may not hold.
    let pairs = form_urlencoded::parse(bytes);
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok(Parameters { form, repeated, text })
}
