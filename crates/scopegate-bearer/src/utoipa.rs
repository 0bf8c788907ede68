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

use std::collections::BTreeMap;

use ::utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use ::utoipa::openapi::{OpenApi, RefOr, Response};
use ::utoipa::{IntoResponses, Modify};

use crate::{ChallengeSettings, Refusal, RefusalStatus, openapi};

/// The refusals of guards: 401, 403 and 503, with problem documents as bodies.
impl IntoResponses for Refusal {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let statuses = [
            RefusalStatus::Unauthorized,
            RefusalStatus::Forbidden,
            RefusalStatus::ServiceUnavailable,
        ];
        let settings = ChallengeSettings::new();
        let response = |status: RefusalStatus| {
            let response = serde_json::from_value(openapi::response(status, &settings));
            let response = response.expect("it is a response object of OpenAPI");
            (status.code().to_string(), RefOr::T(response))
        };
        statuses.into_iter().map(response).collect()
    }
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
    use super::*;

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
}
