//! Three servers, people, clients that get tokens for them and clients that exchange these.

use std::time::Duration;

use scopegate_claims::{Audience, Clock, ScopeSet};
use scopegate_core::catalog::ServerId;
use scopegate_core::grants::{Actor, MayAct, Subject};
use scopegate_core::mint::{self, IdIngredients, Ingredients};
use scopegate_core::people::{Authentication, Person, User};
use scopegate_core::policy::Granted;
use scopegate_core::store::FamilyId;
use scopegate_core::token_id::TokenId;
use scopegate_tests::{Answer, TestServer};
use serde_json::{Value, json};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

/// `gateway` and `worker` exchange tokens that `portal` gets for people; `named` may act with those
/// of `careful`. `billing` trusts `default`, and `archive` is trusted but off.
pub(crate) const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders", resources = ["https://orders.example"] }, { name = "api://stock", resources = ["https://stock.example"] }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"
default = true

[[server.scope]]
name = "write:orders"

[[server.scope]]
name = "sell:orders"
consent = "REQUIRED"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "staff"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
groups = ["staff"]
scopes = ["*"]
access_token_lifetime = "1h"

[[server.policy.rule]]
name = "everybody"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
scopes = ["read:orders"]
access_token_lifetime = "1h"

[[server.policy.rule]]
name = "themselves"
grant_types = ["client_credentials", "authorization_code"]
scopes = ["*"]
access_token_lifetime = "10m"

[[server]]
id = "billing"
name = "Billing"
audiences = [{ name = "api://billing" }]
algorithms = ["ES256"]
dialect = "okta"
trusted_servers = ["default", "archive"]

[[server.scope]]
name = "read:bills"
default = true

[[server.scope]]
name = "write:bills"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "staff"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
groups = ["staff"]
scopes = ["read:bills"]
access_token_lifetime = "1h"

[[server]]
id = "archive"
name = "Archive"
audiences = [{ name = "api://archive" }]
algorithms = ["ES256"]
status = "INACTIVE"

[[client]]
id = "portal"
name = "Portal"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "portal" }]
grant_types = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"]
redirect_uris = ["https://portal.example/cb"]

[[client]]
id = "careful"
name = "A client that says who may act"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "careful" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://careful.example/cb"]
may_act = "named"

[[client]]
id = "gateway"
name = "Gateway"
auth = "client_secret_basic"
secrets = [{ env = "gateway" }]
grant_types = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]

[[client]]
id = "worker"
name = "Worker"
auth = "client_secret_basic"
secrets = [{ env = "worker" }]
grant_types = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]
audiences = ["api://orders"]

[[client]]
id = "named"
name = "A client that is named"
auth = "client_secret_basic"
secrets = [{ env = "named" }]
grant_types = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]

[[client]]
id = "private"
name = "A client of the staff"
auth = "client_secret_basic"
secrets = [{ env = "private" }]
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
groups = ["staff"]

[[client]]
id = "reader"
name = "A client without the grant"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]
"#;

/// What a token of a person is like.
#[derive(Clone)]
pub(crate) struct Token<'a> {
    pub(crate) server: &'a str,
    pub(crate) client: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) scopes: &'a str,
    pub(crate) lifetime: u64,
    pub(crate) family: Option<FamilyId>,
    pub(crate) actor: Option<Actor>,
    pub(crate) may_act: Option<MayAct>,
}

impl Default for Token<'_> {
    fn default() -> Self {
        Self {
            server: "default",
            client: "portal",
            audience: "api://orders",
            scopes: "openid offline_access read:orders write:orders",
            lifetime: 600,
            family: None,
            actor: None,
            may_act: None,
        }
    }
}

/// The servers and two persons.
pub(crate) struct World {
    pub(crate) server: TestServer,
    /// Of the staff.
    pub(crate) alice: User,
    pub(crate) bob: User,
}

impl World {
    pub(crate) async fn start() -> Self {
        let server = TestServer::start(CATALOG).await;
        let alice = server.add_user("alice", &["staff"]).await;
        let bob = server.add_user("bob", &[]).await;
        Self { server, alice, bob }
    }

    /// An access token of a person who signed in a minute ago.
    pub(crate) async fn token(&self, user: &User, like: Token<'_>) -> String {
        let authority = self.server.authority();
        let catalog = authority.catalog();
        let now = self.server.clock().now();
        let id = ServerId::try_from(like.server.to_owned()).unwrap();
        let issuer = catalog.server(&id).unwrap();
        let person = Person { user: user.clone(), auth: Some(self.authentication()) };
        let ingredients = Ingredients {
            server: issuer,
            client: catalog.client(like.client).unwrap(),
            subject: &Subject::Person(Box::new(person)),
            audience: &Audience::parse(like.audience).unwrap(),
            granted: &granted(like.scopes, like.lifetime),
            token_id: Some(&TokenId::access(like.family.as_ref())),
            actor: like.actor.as_ref(),
            may_act: like.may_act.as_ref(),
            userinfo_claims: &[],
            now,
        };
        let key = authority.keys().signer(issuer).await.unwrap();
        mint::access_token(&ingredients, &key).unwrap().token
    }

    /// The usual token of Alice.
    pub(crate) async fn alices(&self) -> String {
        self.token(&self.alice, Token::default()).await
    }

    /// An ID token of Alice for a client.
    pub(crate) async fn id_token(&self, client: &str) -> String {
        let authority = self.server.authority();
        let catalog = authority.catalog();
        let issuer = catalog.server(&ServerId::default_server()).unwrap();
        let key = authority.keys().signer(issuer).await.unwrap();
        let auth = Some(self.authentication());
        let from = IdIngredients {
            server: issuer,
            client: catalog.client(client).unwrap(),
            person: &Person { user: self.alice.clone(), auth },
            wish: &Default::default(),
            granted: &granted("openid", 600),
            access_token: "x",
            now: self.server.clock().now(),
        };
        mint::id_token(&from, &key).unwrap()
    }

    fn authentication(&self) -> Authentication {
        let now = self.server.clock().now().as_seconds();
        Authentication {
            at: scopegate_claims::UnixTime::from_seconds(now - 60),
            acr: "urn:okta:loa:1fa:pwd".to_owned(),
            amr: vec!["pwd".to_owned()],
            session: None,
        }
    }

    /// The token that a client gets for itself.
    pub(crate) async fn own(&self, client: &str) -> String {
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

    /// A client exchanges an access token, and shows that it acts itself.
    pub(crate) async fn act(&self, client: &str, subject: &str) -> Answer {
        let own = self.own(client).await;
        let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
        self.exchange(client, subject, &more).await
    }
}

/// What a rule would have granted.
fn granted(scopes: &str, lifetime: u64) -> Granted {
    Granted {
        scopes: ScopeSet::parse(scopes).unwrap(),
        lifetime: Duration::from_secs(lifetime),
        rule: "all/all".to_owned(),
        refresh_lifetime: None,
        refresh_window: Duration::from_secs(600),
    }
}

/// The access token of an answer.
#[track_caller]
pub(crate) fn access_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The claims of an access token that was just issued.
#[track_caller]
pub(crate) fn claims_of(answer: &Answer) -> Value {
    let token = access_token(answer);
    let payload = token.split('.').nth(1).unwrap();
    let payload = scopegate_jose::base64url::decode(payload.as_bytes()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// Asserts that a token is not taken, and that nothing more is told.
#[track_caller]
pub(crate) fn assert_unacceptable(answer: &Answer) {
    let json = answer.expect_error(400, "invalid_request");
    let description = "The subject token or the actor token is not acceptable.";
    assert_eq!(json["error_description"], description);
    assert!(json["decision_id"].is_string());
}

/// Who acts: a client for itself.
pub(crate) fn actor(client: &str, act: Option<Actor>) -> Actor {
    Actor {
        sub: Some(client.to_owned()),
        client_id: Some(client.to_owned()),
        act: act.map(Box::new),
        iss: None,
    }
}

/// The same as a claim.
pub(crate) fn act(client: &str) -> Value {
    json!({ "sub": client, "client_id": client })
}
