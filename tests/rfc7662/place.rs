//! A server with clients for introspection, and tokens for users.

use scopegate_claims::Clock;
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Family, Ledger};
use scopegate_tests::{Answer, Catalog, TestServer, Token, family_of};
use serde_json::{Value, json};

/// `reader` gets tokens for the API `orders_api`. `billing_api` and `other` are unrelated to these
/// tokens. `web` is a public client.
pub(crate) fn catalog() -> Catalog {
    Catalog::of_orders()
        .rule(
            "all",
            r#"
            grant_types = ["client_credentials"]
            scopes = ["*"]
            access_token_lifetime = "10m"
            "#,
        )
        .client("other", "")
        .client("orders_api", "audiences = [\"api://orders\"]")
        .client("billing_api", "audiences = [\"api://billing\"]")
        .client(
            "web",
            r#"
            type = "browser"
            grant_types = ["authorization_code"]
            redirect_uris = ["http://127.0.0.1/cb"]
            audiences = ["api://orders"]
            "#,
        )
        .server("billing", "")
}

/// A server with that catalog.
pub(crate) async fn start() -> TestServer {
    TestServer::start(catalog()).await
}

/// A token that `reader` got for itself.
pub(crate) async fn readers_token(server: &TestServer) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "read:orders write:orders")];
    let json = server.as_client("reader").token(&form).await.expect(200).json();
    json["access_token"].as_str().expect("it is a string").to_owned()
}

/// The introspection answer for a client. Also asserts that the answer may not be stored.
pub(crate) async fn introspect(server: &TestServer, client: &str, token: &str) -> Value {
    let answer = server.as_client(client).post("introspect", &[("token", token)]).await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// The answer for a token that is not active, or that the client may not see.
pub(crate) fn inactive() -> Value {
    json!({ "active": false })
}

/// A client revokes a token. The answer is empty.
pub(crate) async fn revoke(server: &TestServer, client: &str, token: &str) -> Answer {
    let answer = server.as_client(client).post("revoke", &[("token", token)]).await.expect(200);
    assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", "no-store"));
    answer
}

/// A user's grant to a client: tokens of one refresh token family.
pub(crate) struct Agreed {
    pub(crate) user: User,
    pub(crate) family: Family,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// Creates a user with this login, and a family for the client `reader`.
pub(crate) async fn agreed(server: &TestServer, login: &str) -> Agreed {
    agreed_with(server, "reader", login).await
}

/// Creates a user with this login, and a family for a client.
pub(crate) async fn agreed_with(server: &TestServer, client: &str, login: &str) -> Agreed {
    let user = server.add_user(login, &[]).await;
    let (scopes, now) = ("openid read:orders", server.clock().now());
    let (family, refresh_token) = family_of(&user.id, client, scopes, now, server.master_key());
    let opened = server.store().commit(&[Change::OpenFamily(Box::new(family.clone()))]).await;
    opened.expect("a family can be opened");
    let like = Token { client, scopes, family: Some(family.id.clone()), ..Token::default() };
    let access_token = server.token_of(&user, like).await;
    Agreed { user, family, access_token, refresh_token }
}
