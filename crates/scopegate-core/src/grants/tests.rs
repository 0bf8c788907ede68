//! What all grants have in common, and codes for their tests.

use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet};

use super::code::{self, Binding, Issued};
use super::*;
use crate::error::CallError;
use crate::policy::Granted;
use crate::store::{Change, Ledger};
use crate::testing::{LIFETIME, World, refusal, server_id, signed_in};
use crate::token::IdTokenWish;

/// RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) const REDIRECT: &str = "https://portal.example/cb";

/// A code that nobody issued, and that looks like one.
pub(super) const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) const DAY: u64 = 24 * 60 * 60;

/// What a rule of the world gives.
pub(super) fn granted(scopes: &str) -> Granted {
    Granted {
        scopes: ScopeSet::parse(scopes).unwrap(),
        lifetime: LIFETIME,
        rule: "all/all".to_owned(),
        refresh_lifetime: Some(Duration::from_secs(30 * DAY)),
        refresh_window: Duration::from_secs(7 * DAY),
    }
}

/// The form that redeems a code with all that it is bound to.
pub(super) fn redeeming(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

impl World {
    /// A code of alice for the client `portal` of the server `default`.
    pub(crate) async fn code(&self, scopes: &str) -> String {
        self.code_of("default", "portal", scopes, |_| {}).await
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

    /// The access token and the refresh token of alice for the client `portal`.
    pub(crate) async fn tokens(&self, scopes: &str) -> (String, String) {
        let code = self.code(scopes).await;
        let answer = self.token("portal", &redeeming(&code)).await.unwrap();
        let refresh_token = answer.refresh_token().unwrap_or_default();
        (answer.access_token().to_owned(), refresh_token.to_owned())
    }
}

#[tokio::test]
async fn a_grant_is_for_clients_that_list_it_at_servers_that_have_it() {
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
    for (server, grant_type, is_there) in [
        ("org", "urn:ietf:params:oauth:grant-type:jwt-bearer", false),
        ("org", "urn:ietf:params:oauth:grant-type:token-exchange", false),
        ("near", "urn:ietf:params:oauth:grant-type:jwt-bearer", true),
        ("near", "urn:ietf:params:oauth:grant-type:token-exchange", true),
    ] {
        let answer = ask(server, "service", grant_type).await;
        let is_known = !matches!(answer, Err(CallError::UnsupportedGrantType));
        assert_eq!(is_known, is_there, "{server} {grant_type}: {answer:?}");
    }
    let missing = refusal(world.token("service", &[]).await);
    assert!(matches!(missing, CallError::InvalidRequest(_)));
}

#[tokio::test]
async fn a_grant_that_needs_a_secret_is_not_for_public_clients() {
    let world = World::new().await;
    for grant in GRANTS {
        let name = grant.grant_type();
        world.change_client("app", |spec| spec.grant_types = [name.to_owned()].into()).await;
        let refused = refusal(world.token("app", &[("grant_type", name)]).await);
        let is_unauthorized = matches!(refused, CallError::UnauthorizedClient);
        assert_eq!(is_unauthorized, grant.needs_secret(), "{name}");
    }
    let needing: Vec<_> = GRANTS.iter().filter(|grant| grant.needs_secret()).collect();
    assert_eq!(needing.len(), 3, "those that a found token or no user would be enough for");
}

#[test]
fn the_traits_of_each_grant_are_those_of_its_standard() {
    let told = |grant: &&dyn Grant| {
        let traits = (grant.needs_user(), grant.starts_family(), grant.continues_family());
        (grant.grant_type(), traits)
    };
    let told: Vec<_> = GRANTS.iter().map(told).collect();
    let [code, client, device, refresh, bearer, exchange] = told[..] else { unreachable!() };
    assert_eq!(code, ("authorization_code", (true, true, false)));
    assert_eq!(client, ("client_credentials", (false, false, false)));
    assert_eq!(device.1, (true, true, false));
    assert_eq!(refresh, ("refresh_token", (false, false, true)));
    assert_eq!((bearer.1, exchange.1), ((false, false, false), (false, false, false)));
    let names = |grants: &mut dyn Iterator<Item = &'static dyn Grant>| {
        grants.map(Grant::grant_type).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut with_user()), ["authorization_code", device.0]);
    assert_eq!(names(&mut of_client_alone()), ["client_credentials", bearer.0, exchange.0]);
}

#[tokio::test]
async fn client_credentials_are_for_programs_that_can_keep_a_secret() {
    use crate::catalog::ClientType;
    let world = World::new().await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    for (client_type, is_let) in [
        (ClientType::Service, true),
        (ClientType::Web, true),
        (ClientType::Browser, false),
        (ClientType::Native, false),
    ] {
        world.change_client("service", |spec| spec.client_type = client_type).await;
        let answer = world.token("service", &form).await;
        assert_eq!(answer.is_ok(), is_let, "{client_type:?}");
        if !is_let {
            assert!(matches!(refusal(answer), CallError::UnauthorizedClient));
        }
    }
}
