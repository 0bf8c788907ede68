//! A server with the clients of an API, and tokens for persons.

use std::time::Duration;

use scopegate_claims::{Audience, Clock, ScopeSet};
use scopegate_core::catalog::ServerId;
use scopegate_core::grants::Subject;
use scopegate_core::mint::{self, Ingredients};
use scopegate_core::people::{Person, User};
use scopegate_core::policy::Granted;
use scopegate_core::refresh_family::{self, Begin};
use scopegate_core::store::{Change, Family, FamilyBody, FamilyId, Ledger};
use scopegate_core::token_id::TokenId;
use scopegate_tests::{Answer, TestServer};
use serde_json::{Value, json};

/// `reader` gets tokens, `orders_api` is what they are for, `billing_api` and `other` are
/// not. `web` proves nothing.
pub(crate) const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"

[[server.scope]]
name = "write:orders"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "all"
grant_types = ["client_credentials"]
scopes = ["*"]
access_token_lifetime = "10m"

[[server]]
id = "billing"
name = "Billing"
audiences = [{ name = "api://billing" }]
algorithms = ["ES256"]

[[client]]
id = "reader"
name = "Reader"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]

[[client]]
id = "other"
name = "Other"
auth = "client_secret_basic"
secrets = [{ env = "other" }]

[[client]]
id = "orders_api"
name = "Orders API"
auth = "client_secret_basic"
secrets = [{ env = "orders_api" }]
audiences = ["api://orders"]

[[client]]
id = "billing_api"
name = "Billing API"
auth = "client_secret_basic"
secrets = [{ env = "billing_api" }]
audiences = ["api://billing"]

[[client]]
id = "web"
name = "In the browser"
type = "browser"
auth = "none"
grant_types = ["authorization_code"]
redirect_uris = ["http://127.0.0.1/cb"]
audiences = ["api://orders"]
"#;

/// A server with that catalog.
pub(crate) async fn start() -> TestServer {
    TestServer::start(CATALOG).await
}

/// A token that `reader` got for itself.
pub(crate) async fn readers_token(server: &TestServer) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "read:orders write:orders")];
    let json = server.as_client("reader").token(&form).await.expect(200).json();
    json["access_token"].as_str().expect("it is a text").to_owned()
}

/// What a client is told of a token, and that nobody may keep it.
pub(crate) async fn told(server: &TestServer, client: &str, token: &str) -> Value {
    let answer = server.as_client(client).post("introspect", &[("token", token)]).await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// All that is told of a token that is not active, or none of the client's business.
pub(crate) fn nothing() -> Value {
    json!({ "active": false })
}

/// A client gives a token back; the answer is empty.
pub(crate) async fn give_back(server: &TestServer, client: &str, token: &str) -> Answer {
    let answer = server.as_client(client).post("revoke", &[("token", token)]).await.expect(200);
    assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", "no-store"));
    answer
}

/// What a person agreed to: the tokens of a client for her, all of one family.
pub(crate) struct Agreed {
    pub(crate) user: User,
    pub(crate) family: Family,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// Opens a family of `reader` for a new person of this login.
pub(crate) async fn agreed(server: &TestServer, login: &str) -> Agreed {
    agreed_with(server, "reader", login).await
}

/// Opens a family of a client for a new person of this login.
pub(crate) async fn agreed_with(server: &TestServer, client: &str, login: &str) -> Agreed {
    let user = server.add_user(login, &[]).await;
    let authority = server.authority();
    let catalog = authority.catalog();
    let now = server.clock().now();
    let issuer = catalog.server(&ServerId::default_server()).expect("it is there");
    let client = catalog.client(client).expect("it is there");
    let audience = Audience::parse("api://orders").expect("it is one");
    let granted = Granted {
        scopes: ScopeSet::parse("openid read:orders").expect("they are scopes"),
        lifetime: Duration::from_secs(600),
        rule: "all/all".to_owned(),
        refresh_lifetime: None,
        refresh_window: Duration::from_secs(7 * 24 * 3600),
    };
    let body = FamilyBody {
        grant_type: "authorization_code".to_owned(),
        scopes: granted.scopes.clone(),
        audience: audience.clone(),
        auth: None,
        userinfo_claims: Vec::new(),
        id_token_claims: Vec::new(),
        began_at: now,
    };
    let begin = Begin {
        server: &issuer.id,
        client: &client.id,
        user: &user.id,
        body,
        granted: &granted,
        now,
    };
    let (family, refresh_token) =
        refresh_family::begin(FamilyId::generate(), server.master_key(), begin);
    let opened = server.store().commit(&[Change::OpenFamily(Box::new(family.clone()))]).await;
    opened.expect("a family can be opened");
    let key = authority.keys().signer(issuer).await.expect("there is a key");
    let id = TokenId::access(Some(&family.id));
    let token = mint::access_token(
        &Ingredients {
            server: issuer,
            client,
            subject: &Subject::Person(Box::new(Person { user: user.clone(), auth: None })),
            audience: &audience,
            granted: &granted,
            token_id: Some(&id),
            actor: None,
            may_act: None,
            userinfo_claims: &[],
            now,
        },
        &key,
    );
    let access_token = token.expect("it is signed").token;
    Agreed { user, family, access_token, refresh_token: refresh_token.into_text() }
}
