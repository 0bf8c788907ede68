//! What a server says of itself: RFC 8414 and OpenID Connect Discovery 1.0.
//!
//! The documents are derived from the tables of grants, of client authentication methods and of endpoints, so that
//! they cannot promise what is not there.

use scopegate_jose::Algorithm;
use serde::{Serialize, Serializer};

use crate::catalog::AuthorizationServer;
use crate::client_auth::usable_methods;
use crate::endpoints::ENDPOINTS;
use crate::grants::GRANTS;

/// The metadata of an authorization server (RFC 8414 §2).
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    #[serde(flatten)]
    endpoints: Endpoints,
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
            endpoints: Endpoints::of(server),
            response_types_supported: [],
            grant_types_supported: GRANTS.iter().map(|grant| grant.grant_type()).collect(),
            token_endpoint_auth_methods_supported: usable_methods()
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

/// Where the endpoints are, in the order of their table.
#[derive(Clone, Debug)]
struct Endpoints(Vec<(&'static str, String)>);

impl Endpoints {
    fn of(server: &AuthorizationServer) -> Self {
        let members = ENDPOINTS.iter().filter_map(|endpoint| {
            endpoint.member.map(|member| (member, server.endpoint(endpoint.name)))
        });
        Self(members.collect())
    }
}

impl Serialize for Endpoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(member, url)| (member, url)))
    }
}
