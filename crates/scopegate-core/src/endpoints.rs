//! The endpoints of an authorization server. The metadata and the checks of the catalog are derived from them.

pub mod authorize;
pub mod device;
pub mod introspect;
pub mod logout;
pub mod metadata;
pub mod revoke;
pub mod sign_in;
pub mod token;
pub mod userinfo;

/// An endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// The end of the endpoint's path.
    pub name: &'static str,
    /// The metadata member with the URL of the endpoint (RFC 8414 §2).
    pub member: Option<&'static str>,
}

/// All endpoints, in the order of the metadata. Each line needs a route in the HTTP crate.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint { name: "authorize", member: Some("authorization_endpoint") },
    Endpoint { name: "token", member: Some("token_endpoint") },
    Endpoint { name: "par", member: Some("pushed_authorization_request_endpoint") },
    Endpoint { name: "device/authorize", member: Some("device_authorization_endpoint") },
    Endpoint { name: "keys", member: Some("jwks_uri") },
    Endpoint { name: "userinfo", member: Some("userinfo_endpoint") },
    Endpoint { name: "logout", member: Some("end_session_endpoint") },
    Endpoint { name: "introspect", member: Some("introspection_endpoint") },
    Endpoint { name: "revoke", member: Some("revocation_endpoint") },
];

/// Whether there is an endpoint with this name.
pub fn has(name: &str) -> bool {
    ENDPOINTS.iter().any(|endpoint| endpoint.name == name)
}
