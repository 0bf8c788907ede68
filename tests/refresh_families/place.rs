//! A server with the catalog of these tests, and refresh token families.

use std::ops::Deref;

use scopegate_claims::Clock;
use scopegate_core::catalog::UserId;
use scopegate_core::directory::{NewUser, User};
use scopegate_core::store::{Change, Family, Ledger, Records, TokenMark};
use scopegate_core::token::RefreshToken;
use scopegate_core::token::TokenId;
use scopegate_jose::sha256;
use scopegate_tests::{Answer, TestClient, TestServer, claims, family_of};

use crate::refresh_families::world::{ALL, catalog, user};

/// A server on SQLite with the user `alice`.
pub(crate) struct Place {
    server: TestServer,
    pub(crate) alice: User,
}

impl Place {
    pub(crate) async fn start() -> Self {
        let server = TestServer::start(catalog()).await;
        let alice = user("alice", server.clock().now());
        let new = NewUser { user: alice.clone(), sealed_password: None };
        server.store().commit(&[Change::PutUser(Box::new(new))]).await.unwrap();
        Self { server, alice }
    }

    /// Stops as if the process were killed, and starts again.
    pub(crate) async fn crash(self) -> Self {
        Self { server: self.server.crash().await, alice: self.alice }
    }

    /// Opens a family for Alice with all scopes. Returns its first refresh token.
    pub(crate) async fn begin(&self, client: &str) -> String {
        self.begin_with(client, ALL).await
    }

    pub(crate) async fn begin_with(&self, client: &str, scope: &str) -> String {
        let now = self.clock().now();
        let (family, token) = family_of(&self.alice.id, client, scope, now, self.master_key());
        self.store().commit(&[Change::OpenFamily(Box::new(family))]).await.unwrap();
        token
    }

    pub(crate) fn portal(&self) -> TestClient<'_> {
        self.as_client("portal")
    }

    /// The row of a token's family.
    pub(crate) async fn row(&self, token: &str) -> Family {
        let (id, _) = RefreshToken::read(token, self.master_key()).unwrap();
        self.store().family(&id).await.unwrap().unwrap()
    }

    /// Whether an access token is still active, by the same check as introspection.
    pub(crate) async fn holds(&self, access_token: &str) -> bool {
        let claims = claims(access_token);
        let jti = claims["jti"].as_str().unwrap();
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: Some(TokenId::family_of(jti).expect("the id holds the family")),
            user: Some(UserId::parse(claims["uid"].as_str().unwrap()).unwrap()),
        };
        self.store().standing(&mark).await.unwrap().holds()
    }
}

impl Deref for Place {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}

/// The access token and the refresh token of an answer.
#[track_caller]
pub(crate) fn tokens(answer: Answer) -> (String, String) {
    let json = answer.expect(200).json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}
