//! What a server says of itself: RFC 8414 and OpenID Connect Discovery 1.0.
//!
//! The documents are derived from the tables of grants and of client authentication methods, so that
//! they cannot promise what is not there.

use scopegate_jose::Algorithm;
use serde::Serialize;

use crate::catalog::AuthorizationServer;
use crate::client_auth::METHODS;
use crate::grants::GRANTS;

/// The metadata of an authorization server (RFC 8414 §2).
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

impl Metadata {
    /// Describes a server.
    pub fn of(server: &AuthorizationServer) -> Self {
        Self {
            issuer: server.issuer.to_string(),
            token_endpoint: server.endpoint("token"),
            jwks_uri: server.endpoint("keys"),
            response_types_supported: [],
            grant_types_supported: GRANTS.iter().map(|grant| grant.grant_type()).collect(),
            token_endpoint_auth_methods_supported: METHODS
                .iter()
                .map(|method| method.auth().as_str())
                .collect(),
            token_endpoint_auth_signing_alg_values_supported: Algorithm::ALL
                .iter()
                .map(|algorithm| algorithm.name())
                .collect(),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: server
                .spec
                .algorithms
                .iter()
                .map(|algorithm| algorithm.name())
                .collect(),
        }
    }
}
