//! Tests of all grants, and authorization codes for the tests of single grants.

mod user_of_refusal;

use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet};

use super::code::{self, Binding, Issued};
use super::*;
use crate::call::Refused;
use crate::endpoints::token::TokenResponse;
use crate::error::CallError;
use crate::policy::Granted;
use crate::store::{Change, Ledger};
use crate::testing::{LIFETIME, World, refusal, server_id, signed_in};
use crate::token::IdTokenWish;

/// RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) const REDIRECT: &str = "https://portal.example/cb";

/// A well-formed code that was never issued.
pub(super) const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) const DAY: u64 = 24 * 60 * 60;

/// What the rule of the test world grants.
pub(super) fn granted(scopes: &str) -> Granted {
    Granted {
        scopes: ScopeSet::parse(scopes).unwrap(),
        lifetime: LIFETIME,
        rule: "all/all".to_owned(),
        refresh_lifetime: Some(Duration::from_secs(30 * DAY)),
        refresh_window: Duration::from_secs(7 * DAY),
        hooks: Vec::new(),
        lifetime_cap: None,
    }
}

/// A form that redeems a code with the right redirect URI and code verifier.
pub(super) fn redeeming(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

impl World {
    /// A code for the user alice and the client `portal` at the server `default`.
    pub(crate) async fn code(&self, scopes: &str) -> String {
        self.code_of("default", "portal", scopes, |_| {}).await
    }

    /// What `portal` gets for a code.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        more: &[(&str, &str)],
    ) -> Result<TokenResponse, Refused> {
        self.token("portal", &[&redeeming(code)[..], more].concat()).await
    }

    /// Like [`code`](Self::code), with a change.
    pub(crate) async fn code_with(&self, scopes: &str, change: impl FnOnce(&mut Issued)) -> String {
        self.code_of("default", "portal", scopes, change).await
    }

    pub(super) async fn code_of(
        &self,
        server: &str,
        client: &str,
        scopes: &str,
        change: impl FnOnce(&mut Issued),
    ) -> String {
        let alice = self.alice().await;
        let audience = if server == "default" { "api://orders" } else { "api://near" };
        let mut issued = Issued {
            binding: Binding {
                redirect_uri: Some(REDIRECT.to_owned()),
                challenge: Some(CHALLENGE.to_owned()),
            },
            granted: granted(scopes),
            audience: Audience::parse(audience).unwrap(),
            resources: Vec::new(),
            user: alice.id,
            user_version: alice.version,
            auth: signed_in(),
            id_token: IdTokenWish { nonce: Some("n1".to_owned()), claims: Vec::new() },
            userinfo_claims: Vec::new(),
        };
        change(&mut issued);
        let client = self.authority.catalog().client(client).unwrap().unwrap().id.clone();
        let now = self.authority.clock().now();
        let (code, artifact) = code::issue(&server_id(server), &client, issued, now);
        self.store.commit(&[Change::PutArtifact(artifact)]).await.unwrap();
        code
    }

    /// An access token and a refresh token for the user alice and the client `portal`.
    pub(crate) async fn tokens(&self, scopes: &str) -> (String, String) {
        let code = self.code(scopes).await;
        let answer = self.token("portal", &redeeming(&code)).await.unwrap();
        let refresh_token = answer.refresh_token().unwrap_or_default();
        (answer.access_token().to_owned(), refresh_token.to_owned())
    }
}

#[tokio::test]
async fn a_grant_needs_a_client_that_lists_it_and_a_server_that_supports_it() {
    let world = World::new().await;
    let ask = |server, client, grant_type| {
        let form = [("grant_type", grant_type)];
        let world = &world;
        async move { world.token_at(server, client, &form).await.map_err(|refused| refused.error) }
    };
    for grant in GRANTS {
        let name = grant.grant_type();
        let answer = ask("default", "api", name).await;
        let is_listed = !matches!(answer, Err(CallError::UnauthorizedClient));
        assert_eq!(is_listed, name == "client_credentials", "{answer:?}");
    }
    for unknown in ["password", "implicit", "Client_credentials"] {
        let answer = ask("default", "api", unknown).await;
        assert!(matches!(answer, Err(CallError::UnsupportedGrantType)), "{unknown}");
    }
    for (server, grant_type, is_supported) in [
        ("org", "urn:ietf:params:oauth:grant-type:jwt-bearer", false),
        ("org", "urn:ietf:params:oauth:grant-type:token-exchange", false),
        ("near", "urn:ietf:params:oauth:grant-type:jwt-bearer", true),
        ("near", "urn:ietf:params:oauth:grant-type:token-exchange", true),
    ] {
        let answer = ask(server, "service", grant_type).await;
        let is_known = !matches!(answer, Err(CallError::UnsupportedGrantType));
        assert_eq!(is_known, is_supported, "{server} {grant_type}: {answer:?}");
    }
    let missing = refusal(world.token("service", &[]).await);
    assert!(matches!(missing, CallError::InvalidRequest(_)));
}

#[tokio::test]
async fn a_public_client_cannot_use_a_grant_that_needs_a_secret() {
    let world = World::new().await;
    for grant in GRANTS {
        let name = grant.grant_type();
        world.change_client("app", |spec| spec.grant_types = [name.to_owned()].into()).await;
        let refused = refusal(world.token("app", &[("grant_type", name)]).await);
        let is_unauthorized = matches!(refused, CallError::UnauthorizedClient);
        assert_eq!(is_unauthorized, grant.needs_secret(), "{name}");
    }
    for name in ["client_credentials", JWT_BEARER, TOKEN_EXCHANGE] {
        assert!(grant(name).unwrap().needs_secret(), "{name}");
    }
}

#[test]
fn each_grant_has_the_properties_that_its_standard_requires() {
    for (name, needs_user, starts_family, continues_family) in [
        ("authorization_code", true, true, false),
        ("client_credentials", false, false, false),
        (DEVICE_CODE, true, true, false),
        ("refresh_token", false, false, true),
        (JWT_BEARER, false, false, false),
        (TOKEN_EXCHANGE, false, false, false),
    ] {
        let grant = grant(name).unwrap();
        let properties = (grant.needs_user(), grant.starts_family(), grant.continues_family());
        assert_eq!(properties, (needs_user, starts_family, continues_family), "{name}");
        let has = |mut grants: Box<dyn Iterator<Item = &'static dyn Grant>>| {
            grants.any(|grant| grant.grant_type() == name)
        };
        assert_eq!(has(Box::new(with_user())), needs_user, "{name}");
        let is_of_client_alone = !needs_user && !continues_family;
        assert_eq!(has(Box::new(of_client_alone())), is_of_client_alone, "{name}");
    }
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[tokio::test]
async fn client_credentials_are_for_clients_that_can_keep_a_secret() {
    use crate::catalog::ClientType;
    let world = World::new().await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    for (client_type, is_allowed) in [
        (ClientType::Service, true),
        (ClientType::Web, true),
        (ClientType::Browser, false),
        (ClientType::Native, false),
    ] {
        world.change_client("service", |spec| spec.client_type = client_type).await;
        let answer = world.token("service", &form).await;
        assert_eq!(answer.is_ok(), is_allowed, "{client_type:?}");
        if !is_allowed {
            assert!(matches!(refusal(answer), CallError::UnauthorizedClient));
        }
    }
}
