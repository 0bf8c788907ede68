//! Three servers, users, clients that get tokens for users, and clients that exchange these tokens.

use scopegate_claims::Clock;
use scopegate_claims::ScopeSet;
use scopegate_core::catalog::ServerId;
use scopegate_core::directory::{Person, User};
use scopegate_core::token::Actor;
use scopegate_core::token::{IdTokenDraft, IdTokenWish};
use scopegate_tests::{Answer, Catalog, TestServer, Token, claims, signed_in_before};
use serde_json::{Value, json};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

/// `gateway` and `worker` exchange tokens that `portal` gets for users. The tokens of `careful`
/// name `named` as the allowed actor. The server `billing` trusts `default` and `archive`;
/// `archive` is inactive.
pub(crate) fn catalog() -> Catalog {
    clients()
        .scope("read:orders", "default = true")
        .scope("sell:orders", "consent = \"REQUIRED\"")
        .staff_and_everybody(&[GRANT_TYPE])
        .rule("staff", "access_token_lifetime = \"1h\"")
        .rule("everybody", "access_token_lifetime = \"1h\"")
        .rule(
            "themselves",
            r#"
            grant_types = ["client_credentials", "authorization_code"]
            scopes = ["*"]
            access_token_lifetime = "10m"
            "#,
        )
        .server("billing", "dialect = \"okta\"\ntrusted_servers = [\"default\", \"archive\"]")
        .scope("read:bills", "default = true")
        .scope("write:bills", "")
        .rule(
            "staff",
            r#"
            grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
            groups = ["staff"]
            scopes = ["read:bills"]
            access_token_lifetime = "1h"
            "#,
        )
        .server("archive", "status = \"INACTIVE\"")
}

/// `careful` names its allowed actor, `private` is only for the staff, and `reader` may not
/// exchange.
fn clients() -> Catalog {
    let exchanges = format!("grant_types = [\"client_credentials\", \"{GRANT_TYPE}\"]");
    Catalog::of_orders()
        .client(
            "portal",
            &format!("grant_types = [\"authorization_code\", \"refresh_token\", \"{GRANT_TYPE}\"]"),
        )
        .client(
            "careful",
            r#"
            type = "web"
            grant_types = ["authorization_code"]
            redirect_uris = ["https://careful.example/cb"]
            may_act = "named"
            "#,
        )
        .client("gateway", &exchanges)
        .client("worker", &format!("{exchanges}\naudiences = [\"api://orders\"]"))
        .client("named", &exchanges)
        .client("private", &format!("grant_types = [\"{GRANT_TYPE}\"]\ngroups = [\"staff\"]"))
}

/// The servers and two users.
pub(crate) struct World {
    pub(crate) server: TestServer,
    /// Alice is in the group `staff`.
    pub(crate) alice: User,
    pub(crate) bob: User,
}

impl World {
    pub(crate) async fn start() -> Self {
        let (server, alice) = TestServer::start_with_alice(catalog()).await;
        let bob = server.add_user("bob", &[]).await;
        Self { server, alice, bob }
    }

    /// An access token for a user.
    pub(crate) async fn token(&self, user: &User, like: Token<'_>) -> String {
        self.server.token_of(user, like).await
    }

    /// An access token for Alice.
    pub(crate) async fn alices_token(&self) -> String {
        self.token(&self.alice, Token::default()).await
    }

    /// An ID token about Alice for a client.
    pub(crate) async fn id_token(&self, client: &str) -> String {
        let authority = self.server.authority();
        let catalog = authority.catalog();
        let issuer = catalog.server(&ServerId::default_server()).unwrap().unwrap();
        let key = authority.keys().signer(issuer).await.unwrap();
        let now = self.server.clock().now();
        let client = catalog.client(client).unwrap().unwrap();
        let person = Person { user: self.alice.clone(), auth: Some(signed_in_before(now)) };
        let (wish, granted) = (IdTokenWish::default(), ScopeSet::parse("openid").unwrap());
        let draft = IdTokenDraft::new(issuer, client, &person, &wish, &granted, now).unwrap();
        draft.sign(&*key, "x").await.unwrap()
    }

    /// The token that a client gets for itself.
    pub(crate) async fn own_token(&self, client: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("scope", "read:orders write:orders")];
        access_token(&self.server.as_client(client).token(&form).await.expect(200))
    }

    /// A client exchanges an access token at the `default` server.
    pub(crate) async fn exchange(
        &self,
        client: &str,
        subject: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        self.exchange_at("default", client, subject, more).await
    }

    /// A client exchanges an access token at a server.
    pub(crate) async fn exchange_at(
        &self,
        server: &str,
        client: &str,
        subject: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut form = vec![("grant_type", GRANT_TYPE), ("subject_token", subject)];
        if more.iter().all(|(name, _)| *name != "subject_token_type") {
            form.push(("subject_token_type", ACCESS));
        }
        form.extend(more);
        let path = format!("/oauth2/{server}/v1/token");
        self.server.as_client(client).post_to(&path, &form).await
    }

    /// A client exchanges an access token with its own token as actor token.
    pub(crate) async fn exchange_as_actor(&self, client: &str, subject: &str) -> Answer {
        let own = self.own_token(client).await;
        let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
        self.exchange(client, subject, &more).await
    }
}

/// The access token in an answer.
#[track_caller]
pub(crate) fn access_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The claims of an access token that was just issued.
#[track_caller]
pub(crate) fn claims_of(answer: &Answer) -> Value {
    claims(&access_token(answer))
}

/// Asserts that a token is refused without further details.
#[track_caller]
pub(crate) fn assert_unacceptable(answer: &Answer) {
    let json = answer.expect_error(400, "invalid_request");
    let description = "The subject token or the actor token is not acceptable.";
    assert_eq!(json["error_description"], description);
    assert!(json["decision_id"].is_string());
}

/// A client as actor.
pub(crate) fn actor(client: &str, act: Option<Actor>) -> Actor {
    Actor {
        sub: Some(client.to_owned()),
        client_id: Some(client.to_owned()),
        act: act.map(Box::new),
        iss: None,
    }
}

/// A client as actor, as the claim `act`.
pub(crate) fn act(client: &str) -> Value {
    json!({ "sub": client, "client_id": client })
}
