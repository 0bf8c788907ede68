//! The endpoints of an authorization server. Metadata and the catalog's checks are derived from them.

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
    /// The last part of its path.
    pub name: &'static str,
    /// The member of the metadata that says where it is (RFC 8414 §2).
    pub member: Option<&'static str>,
}

/// Every endpoint this server has, in the order of the metadata. A line comes with its route.
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

/// Tells whether there is such an endpoint.
pub fn has(name: &str) -> bool {
    ENDPOINTS.iter().any(|endpoint| endpoint.name == name)
}
