//! A server with the clients of an API, and tokens for persons.

use scopegate_claims::Clock;
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Family, Ledger};
use scopegate_tests::{Answer, Catalog, TestServer, Token, family_of};
use serde_json::{Value, json};

/// `reader` gets tokens, `orders_api` is what they are for, `billing_api` and `other` are
/// not. `web` proves nothing.
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
    let (scopes, now) = ("openid read:orders", server.clock().now());
    let (family, refresh_token) = family_of(&user.id, client, scopes, now, server.master_key());
    let opened = server.store().commit(&[Change::OpenFamily(Box::new(family.clone()))]).await;
    opened.expect("a family can be opened");
    let like = Token { client, scopes, family: Some(family.id.clone()), ..Token::default() };
    let access_token = server.token_of(&user, like).await;
    Agreed { user, family, access_token, refresh_token }
}
