//! The metadata of a server: RFC 8414 and OpenID Connect Discovery 1.0.
//!
//! The documents are derived from the tables of grants, client authentication methods, endpoints, response
//! modes and prompts, so that they list only what the server supports.

use scopegate_jose::Algorithm;
use serde::{Serialize, Serializer};

use crate::catalog::{
    AuthorizationServer, ClientAuth, MetadataPublish, STANDARD_SCOPES, ScopeSpec,
};
use crate::client_auth::METHODS;
use crate::directory::standard_claims;
use crate::endpoints::authorize::{CHALLENGE_METHOD, Prompt, ResponseMode};
use crate::endpoints::{self, ENDPOINTS, introspect};
use crate::grants::{self, GRANTS, Grant};
use crate::people::session::PASSWORD_ACR;

/// The metadata of an authorization server (RFC 8414 §2).
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    #[serde(flatten)]
    endpoints: Endpoints,
    response_types_supported: &'static [&'static str],
    grant_types_supported: Vec<&'static str>,
    #[serde(flatten)]
    client_auth: ClientAuthAt,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    #[serde(flatten)]
    for_users: Option<ForUsers>,
}

/// The members for requests in which a user takes part (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, Serialize)]
struct ForUsers {
    response_modes_supported: [&'static str; ResponseMode::ALL.len()],
    scopes_supported: Vec<String>,
    claims_supported: Vec<&'static str>,
    claim_types_supported: [&'static str; 1],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    /// This member is not about the `request_uri` of a pushed request (RFC 9126 §5).
    request_uri_parameter_supported: bool,
    /// `false`: only clients with `require_par` must push their requests (RFC 9126 §5, §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    require_pushed_authorization_requests: Option<bool>,
    prompt_values_supported: [&'static str; Prompt::ALL.len()],
    acr_values_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
}

/// The claims of an ID token other than the standard claims about the user (OpenID Connect Core §2).
const TOKEN_CLAIMS: [&str; 12] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "exp",
    "iat",
    "iss",
    "jti",
    "nonce",
    "sid",
    "sub",
];

impl Metadata {
    /// The metadata of a server.
    pub fn of(server: &AuthorizationServer) -> Self {
        let has_authorize = endpoints::has("authorize");
        // ID tokens and access tokens are both signed with the key of the first algorithm.
        let signing = server.spec.algorithms.first();
        Self {
            issuer: server.issuer.to_string(),
            endpoints: Endpoints::of(server),
            response_types_supported: if has_authorize { &["code"] } else { &[] },
            grant_types_supported: grants::of(server).map(Grant::grant_type).collect(),
            client_auth: ClientAuthAt::endpoints(server),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: signing
                .map(|algorithm| algorithm.name())
                .into_iter()
                .collect(),
            for_users: has_authorize.then(|| ForUsers::of(server)),
        }
    }
}

impl ForUsers {
    fn of(server: &AuthorizationServer) -> Self {
        let can_refresh = GRANTS.iter().any(|grant| grant.continues_family());
        let is_supported = |scope: &&str| *scope != "offline_access" || can_refresh;
        let standard = STANDARD_SCOPES.into_iter().filter(is_supported);
        let is_published = |spec: &ScopeSpec| spec.metadata_publish == MetadataPublish::AllClients;
        let published = server.scopes.iter().filter(|(_, spec)| is_published(spec));
        let published = published.map(|(name, _)| name.as_str());
        let has_userinfo = endpoints::has("userinfo");
        let of_user = standard_claims::names().filter(|_| has_userinfo);
        Self {
            response_modes_supported: ResponseMode::ALL.map(|(name, _)| name),
            scopes_supported: standard.chain(published).map(str::to_owned).collect(),
            claims_supported: TOKEN_CLAIMS.into_iter().chain(of_user).collect(),
            claim_types_supported: ["normal"],
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            require_pushed_authorization_requests: endpoints::has("par").then_some(false),
            prompt_values_supported: Prompt::ALL.map(|(name, _)| name),
            acr_values_supported: [PASSWORD_ACR],
            code_challenge_methods_supported: [CHALLENGE_METHOD],
            authorization_response_iss_parameter_supported: true,
        }
    }
}

/// The URLs of the endpoints, in the order of their table.
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

/// The client authentication methods and signature algorithms of the endpoints that authenticate clients.
#[derive(Clone, Debug)]
struct ClientAuthAt(Vec<(&'static str, Vec<&'static str>)>);

impl ClientAuthAt {
    /// The endpoints with their own members for methods and algorithms (RFC 8414 §2).
    const MEMBERS: [(&'static str, &'static str, &'static str); 3] = [
        (
            "token",
            "token_endpoint_auth_methods_supported",
            "token_endpoint_auth_signing_alg_values_supported",
        ),
        (
            "introspect",
            "introspection_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_signing_alg_values_supported",
        ),
        (
            "revoke",
            "revocation_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
        ),
    ];

    fn endpoints(server: &AuthorizationServer) -> Self {
        let is_accepted = |endpoint: &str, auth| {
            endpoint != "introspect" || introspect::admits(server, auth) //
        };
        let methods = |endpoint| {
            let methods = METHODS.iter().map(|method| method.auth());
            methods
                .filter(move |auth| is_accepted(endpoint, *auth))
                .map(ClientAuth::as_str)
                .collect()
        };
        let algorithms = || Algorithm::SIGNING.iter().map(|algorithm| algorithm.name()).collect();
        let served = Self::MEMBERS.iter().filter(|(endpoint, ..)| endpoints::has(endpoint));
        let members = served.flat_map(|(endpoint, method, algorithm)| {
            [(*method, methods(*endpoint)), (*algorithm, algorithms())]
        });
        Self(members.collect())
    }
}

impl Serialize for ClientAuthAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(member, names)| (member, names)))
    }
}

#[cfg(test)]
mod tests {
    use scopegate_claims::Issuer;
    use serde_json::Value;

    use super::*;
    use crate::catalog::{Edit, Entity, EntityKey, EntityKind, Owner, ServerId, Snapshot, Spec};

    fn of_default() -> Value {
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap());
        let server = catalog.server(&ServerId::default_server()).unwrap().unwrap();
        serde_json::to_value(Metadata::of(server)).unwrap()
    }

    #[test]
    fn the_metadata_names_exactly_the_endpoints_of_the_table() {
        let metadata = of_default();
        let named = metadata.as_object().unwrap().keys().filter(|name| name.ends_with("_endpoint"));
        let table = ENDPOINTS.iter().filter_map(|endpoint| endpoint.member);
        let mut table: Vec<_> = table.filter(|member| member.ends_with("_endpoint")).collect();
        table.sort_unstable();
        assert_eq!(named.collect::<Vec<_>>(), table);
    }

    #[test]
    fn the_members_for_users_are_present_if_there_is_an_authorization_endpoint() {
        let metadata = of_default();
        let has_authorize = endpoints::has("authorize");
        assert_eq!(metadata.get("scopes_supported").is_some(), has_authorize);
        assert_eq!(metadata.get("request_uri_parameter_supported").is_some(), has_authorize);
        let types = metadata["response_types_supported"].as_array().unwrap();
        assert_eq!(types.len(), usize::from(has_authorize));
    }

    #[test]
    fn scopes_are_published_if_the_catalog_says_so() {
        let scope = |name: &str, metadata_publish| {
            let server = ServerId::default_server();
            let key = EntityKey::of_server(EntityKind::Scope, &server, name);
            let spec = ScopeSpec { metadata_publish, ..ScopeSpec::default() };
            Edit::Put(Entity { key, owner: Owner::File, spec: Spec::Scope(spec) })
        };
        let edits = vec![
            scope("read", MetadataPublish::AllClients),
            scope("write", MetadataPublish::NoClients),
        ];
        let base = Issuer::parse("https://id.example").unwrap();
        let catalog = Snapshot::empty(&base).edited(1, edits);
        let server = catalog.server(&ServerId::default_server()).unwrap().unwrap();
        let metadata = serde_json::to_value(Metadata::of(server)).unwrap();
        let scopes = metadata["scopes_supported"].as_array().unwrap();
        let is_listed = |name: &str| scopes.contains(&Value::from(name));
        assert!(is_listed("openid") && is_listed("read") && !is_listed("write"), "{scopes:?}");
    }

    #[test]
    fn each_endpoint_that_authenticates_clients_lists_its_methods_and_algorithms() {
        let metadata = of_default();
        for (endpoint, method, algorithm) in ClientAuthAt::MEMBERS {
            let is_served = endpoints::has(endpoint);
            assert_eq!(metadata.get(method).is_some(), is_served, "{method}");
            assert_eq!(metadata.get(algorithm).is_some(), is_served, "{algorithm}");
        }
    }

    #[test]
    fn id_tokens_are_signed_with_rs256_by_default() {
        assert_eq!(of_default()["id_token_signing_alg_values_supported"], Value::from(["RS256"]));
    }
}
