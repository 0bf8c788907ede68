//! A server with a person of whom everything is known, and access tokens that no endpoint gave.

use std::time::Duration;

use scopegate_claims::ScopeSet;
use scopegate_core::catalog::ServerId;
use scopegate_core::grants::Subject;
use scopegate_core::mint::{Ingredients, access_token};
use scopegate_core::passwords::Password;
use scopegate_core::people::{Authentication, Person, Profile, User};
use scopegate_core::policy::Granted;
use scopegate_core::store::FamilyId;
use scopegate_core::token_id::TokenId;
use scopegate_core::user_admin::Newcomer;
use scopegate_tests::{TestServer, password_of};
use serde_json::{Value, json};

pub(crate) const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }, { name = "api://stock" }]

[[server.scope]]
name = "read:orders"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "services"
grant_types = ["client_credentials"]
scopes = ["read:orders"]

[[server.policy.rule]]
name = "people"
grant_types = ["authorization_code"]
scopes = ["read:orders"]

[[client]]
id = "reader"
name = "Reader"
type = "service"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]
grant_types = ["client_credentials"]

[[client]]
id = "portal"
name = "Portal"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "portal" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]
post_logout_redirect_uris = ["https://portal.example/out", "https://portal.example/out?from=as"]
pkce_required = false

[[client]]
id = "poster"
name = "Poster"
type = "web"
auth = "client_secret_post"
secrets = [{ env = "poster" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://poster.example/one", "https://poster.example/two"]
pkce_required = false

[[client]]
id = "spa"
name = "In the browser"
type = "browser"
auth = "none"
grant_types = ["authorization_code"]
redirect_uris = ["https://spa.example/cb"]
origins = ["https://spa.example"]

[[client]]
id = "other-spa"
name = "Another in the browser"
type = "browser"
auth = "none"
grant_types = ["authorization_code"]
redirect_uris = ["https://other.example/cb"]
origins = ["https://other.example"]
"#;

/// What is known of Alice.
pub(crate) fn profile() -> Value {
    json!({
        "name": "Alice Liddell", "given_name": "Alice", "family_name": "Liddell",
        "locale": "en", "zoneinfo": "Europe/Oslo",
        "email": "alice@example.com", "email_verified": true,
        "phone_number": "+47 22 00 00 00", "phone_number_verified": false,
        "address": { "locality": "Oslo", "country": "NO" },
        "shoe_size": 39,
    })
}

pub(crate) async fn add_alice(server: &TestServer) -> User {
    let newcomer = Newcomer {
        login: "alice".to_owned(),
        groups: ["staff".to_owned()].into(),
        profile: Profile::collect(profile().as_object().unwrap().clone()).unwrap(),
        password: Some(Password::chosen(password_of("alice")).unwrap()),
    };
    server.authority().create_user(newcomer).await.unwrap()
}

/// An access token as it is to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) scope: &'a str,
    pub(crate) audience: usize,
    pub(crate) client: &'a str,
    pub(crate) family: Option<&'a FamilyId>,
    pub(crate) claims: &'a [String],
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self { scope: "openid", audience: 0, client: "reader", family: None, claims: &[] }
    }
}

/// An access token of a person, signed by the server itself; no endpoint was asked.
pub(crate) async fn token_of(server: &TestServer, user: &User, wanted: Wanted<'_>) -> String {
    let (authority, catalog) = (server.authority(), server.authority().catalog());
    let issuer = catalog.server(&ServerId::default_server()).unwrap();
    let now = authority.clock().now();
    let auth = Authentication {
        at: now,
        acr: "urn:okta:loa:1fa:pwd".to_owned(),
        amr: vec!["pwd".to_owned()],
        session: None,
    };
    let granted = Granted {
        scopes: ScopeSet::parse(wanted.scope).unwrap(),
        lifetime: Duration::from_secs(600),
        rule: "all/people".to_owned(),
        refresh_lifetime: None,
        refresh_window: Duration::from_secs(600),
    };
    let ingredients = Ingredients {
        server: issuer,
        client: catalog.client(wanted.client).unwrap(),
        subject: &Subject::Person(Box::new(Person { user: user.clone(), auth: Some(auth) })),
        audience: &issuer.spec.audiences[wanted.audience].name,
        granted: &granted,
        token_id: Some(&TokenId::access(wanted.family)),
        actor: None,
        may_act: None,
        userinfo_claims: wanted.claims,
        now,
    };
    let key = authority.keys().signer(issuer).await.unwrap();
    access_token(&ingredients, &key).unwrap().token
}
