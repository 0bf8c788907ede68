//! Refusals and the security scheme in documents that [`utoipa`] generates.
//!
//! utoipa does not see the types of extractors: repeat the scopes in `#[utoipa::path(security(…))]`.
//!
//! ```
//! use scopegate_bearer::Refusal;
//! use scopegate_bearer::utoipa::BearerScheme;
//! use utoipa::OpenApi;
//!
//! #[utoipa::path(
//!     get,
//!     path = "/orders",
//!     responses((status = 200, description = "All orders"), Refusal),
//!     security(("bearer" = ["read:orders"]))
//! )]
//! async fn list() {}
//!
//! #[derive(OpenApi)]
//! #[openapi(paths(list), modifiers(&BearerScheme))]
//! struct Api;
//!
//! let document = serde_json::to_value(Api::openapi())?;
//! assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
//! let responses = &document["paths"]["/orders"]["get"]["responses"];
//! assert!(responses["403"]["content"]["application/problem+json"]["schema"].is_object());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! If the layer has a body of its own for refusals, apply [`DescribeRefusals`] to the document.

use std::collections::BTreeMap;

use ::utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use ::utoipa::openapi::{OpenApi, PathItem, RefOr, Response};
use ::utoipa::{IntoResponses, Modify};

use crate::{ChallengeSettings, Refusal, RefusalStatus, openapi};

/// The refusals of guards.
const STATUSES: [RefusalStatus; 3] =
    [RefusalStatus::Unauthorized, RefusalStatus::Forbidden, RefusalStatus::ServiceUnavailable];

/// The refusals of guards: 401, 403 and 503, with problem documents as bodies.
impl IntoResponses for Refusal {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let settings = ChallengeSettings::new();
        let of = |status: RefusalStatus| {
            (status.code().to_string(), RefOr::T(response(status, &settings)))
        };
        STATUSES.into_iter().map(of).collect()
    }
}

fn response(status: RefusalStatus, settings: &ChallengeSettings) -> Response {
    let response = serde_json::from_value(openapi::response(status, settings));
    response.expect("it is a response object of OpenAPI")
}

/// Describes the bodies of refusals in a finished document as they are set at a layer: its
/// `settings()`, see [`AuthenticationLayer`](crate::AuthenticationLayer).
///
/// [`Refusal`] does not know the settings, so it describes problem documents. Responses that it did
/// not write stay as they are.
///
/// ```
/// use scopegate_bearer::utoipa::DescribeRefusals;
/// use scopegate_bearer::{ChallengeSettings, Refusal, RefusalBody};
/// use utoipa::{Modify, OpenApi};
///
/// #[derive(Debug)]
/// struct Text;
///
/// impl RefusalBody for Text {
///     fn content_type(&self) -> &str {
///         "text/plain"
///     }
///
///     fn body(&self, refusal: &Refusal) -> Vec<u8> {
///         refusal.description().into()
///     }
/// }
///
/// #[utoipa::path(get, path = "/orders", responses((status = 200, description = "All"), Refusal))]
/// async fn list() {}
///
/// #[derive(OpenApi)]
/// #[openapi(paths(list))]
/// struct Api;
///
/// let settings = ChallengeSettings::new().with_body(Text);
/// let mut document = Api::openapi();
/// DescribeRefusals(&settings).modify(&mut document);
/// let document = serde_json::to_value(document)?;
/// let refusal = &document["paths"]["/orders"]["get"]["responses"]["401"];
/// assert!(refusal["content"]["text/plain"].is_object());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is written `DescribeRefusals(&settings)`")]
pub struct DescribeRefusals<'a>(pub &'a ChallengeSettings);

impl Modify for DescribeRefusals<'_> {
    fn modify(&self, document: &mut OpenApi) {
        let written = Refusal::responses();
        for item in document.paths.paths.values_mut() {
            let PathItem { get, put, post, delete, options, head, patch, trace, query, .. } = item;
            let operations = [get, put, post, delete, options, head, patch, trace, query];
            for operation in operations.into_iter().flatten() {
                for (code, described) in &mut operation.responses.responses {
                    let Some(status) = status(code) else { continue };
                    if written.get(code) == Some(described) {
                        *described = RefOr::T(response(status, self.0));
                    }
                }
            }
        }
    }
}

/// The status of a refusal with this code.
fn status(code: &str) -> Option<RefusalStatus> {
    STATUSES.into_iter().find(|status| status.code().to_string() == code)
}

/// Adds the security scheme `bearer` to a document: an HTTP bearer token.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is written `&BearerScheme` in an attribute")]
pub struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

#[cfg(test)]
mod tests {
    use ::utoipa::openapi::HttpMethod;
    use ::utoipa::openapi::path::Operation;

    use super::*;
    use crate::openapi::tests::Text;

    #[test]
    fn a_document_gets_the_scheme_once_and_keeps_its_components() {
        let mut document = OpenApi::default();
        BearerScheme.modify(&mut document);
        BearerScheme.modify(&mut document);
        let schemes = document.components.unwrap().security_schemes;
        assert_eq!(schemes.keys().collect::<Vec<_>>(), ["bearer"]);
    }

    #[test]
    fn refusals_are_401_403_and_503() {
        let responses = Refusal::responses();
        assert_eq!(responses.keys().collect::<Vec<_>>(), ["401", "403", "503"]);
    }

    #[test]
    fn only_refusals_get_the_body_of_the_settings() {
        let own = || RefOr::T(Response::new("an answer of the service"));
        let mut operation = Operation::new();
        operation.responses.responses = Refusal::responses();
        operation.responses.responses.insert("403".to_owned(), own());
        operation.responses.responses.insert("200".to_owned(), own());
        let mut document = OpenApi::default();
        let item = PathItem::new(HttpMethod::Post, operation);
        document.paths.paths.insert("/orders".to_owned(), item);

        let settings = ChallengeSettings::new().with_body(Text);
        DescribeRefusals(&settings).modify(&mut document);
        let operation = document.paths.paths["/orders"].post.as_ref().unwrap();
        let responses = &operation.responses.responses;
        for status in [RefusalStatus::Unauthorized, RefusalStatus::ServiceUnavailable] {
            let expected = RefOr::T(response(status, &settings));
            assert!(responses[&status.code().to_string()] == expected, "{}", status.code());
        }
        assert!(responses["403"] == own() && responses["200"] == own());
    }
}
