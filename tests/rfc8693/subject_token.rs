//! §2.2.2: subject tokens that are not valid, or that the client may not exchange.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::catalog::Status;
use scopegate_jose::{Algorithm, SigningKey, TokenType};
use scopegate_tests::{BASE, Pkce, TestServer, Token};
use serde_json::json;

use super::world::{ID, World, access_token, assert_unacceptable, catalog, claims_of};

#[tokio::test]
async fn a_revoked_subject_token_is_refused() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    world.exchange("gateway", &alices, &[]).await.expect(200);
    let revoked = world.server.as_client("portal").post("revoke", &[("token", &alices)]).await;
    revoked.expect(200);
    assert_unacceptable(&world.exchange("gateway", &alices, &[]).await);
}

#[tokio::test]
async fn revoking_a_family_ends_all_tokens_that_were_exchanged_from_it() {
    let world = World::start().await;
    let mut browser = world.server.browser_of(&world.alice).await;
    let (pkce, callback) = (Pkce::generate(), "https://portal.example/cb");
    let scope = "openid offline_access read:orders";
    let code = browser.code("alice", "portal", callback, scope, &pkce).await;
    let portal = world.server.as_client("portal");
    let tokens = portal.redeem(&code, callback, &pkce).await.expect(200).json();
    let subject = tokens["access_token"].as_str().unwrap();
    let exchanged = access_token(&world.exchange("gateway", subject, &[]).await);
    let again = access_token(&world.exchange("worker", &exchanged, &[]).await);

    let active = async |client, token: &str| {
        let told = world.server.as_client(client).post("introspect", &[("token", token)]).await;
        told.expect(200).json()["active"] == true
    };
    assert!(active("gateway", &exchanged).await && active("worker", &again).await);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    // A refresh token cannot be exchanged.
    assert_unacceptable(&world.exchange("gateway", refresh, &[]).await);
    portal.post("revoke", &[("token", refresh)]).await.expect(200);
    assert!(!active("gateway", &exchanged).await && !active("worker", &again).await);
    for ended in [subject, &exchanged, &again] {
        assert_unacceptable(&world.exchange("gateway", ended, &[]).await);
    }
}

#[tokio::test]
async fn a_token_of_a_suspended_user_is_refused() {
    let world = World::start().await;
    let (alices, id) = (world.alices_token().await, world.id_token("gateway").await);
    let authority = world.server.authority();
    authority.set_user_status("alice", Status::Inactive).await.unwrap();
    assert_unacceptable(&world.exchange("gateway", &alices, &[]).await);
    assert_unacceptable(&world.exchange("gateway", &id, &[("subject_token_type", ID)]).await);
}

#[tokio::test]
async fn a_token_of_an_inactive_client_is_refused() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    world.server.apply(catalog().client("portal", "status = \"INACTIVE\"")).await;
    assert_unacceptable(&world.exchange("gateway", &alices, &[]).await);
}

#[tokio::test]
async fn a_token_is_refused_from_the_second_it_expires() {
    let world = World::start().await;
    let (alices, id) = (world.alices_token().await, world.id_token("gateway").await);
    world.server.clock().advance(Duration::from_secs(599));
    let answer = world.exchange("gateway", &alices, &[]).await.expect(200);
    assert_eq!(answer.json()["expires_in"], 1);
    world.server.clock().advance(Duration::from_secs(1));
    assert_unacceptable(&world.exchange("gateway", &alices, &[]).await);
    let id_type = [("subject_token_type", ID)];
    world.server.clock().advance(Duration::from_secs(2999));
    world.exchange("gateway", &id, &id_type).await.expect(200);
    world.server.clock().advance(Duration::from_secs(1));
    assert_unacceptable(&world.exchange("gateway", &id, &id_type).await);
}

#[tokio::test]
async fn a_token_that_this_server_did_not_sign_is_refused() {
    let world = World::start().await;
    let now = world.server.clock().now().as_seconds();
    let claims = json!({
        "iss": format!("{BASE}/oauth2/default"), "sub": world.alice.id.as_str(), "aud": "api://orders",
        "exp": now + 600, "iat": now, "jti": "AT.1", "client_id": "portal", "scope": "read:orders",
    });
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let forged = key.sign(TokenType::AccessToken, &claims).unwrap();
    let alices = world.alices_token().await;
    let cut = alices.rsplit_once('.').unwrap().0;
    for bad in [&forged, cut, "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_unacceptable(&world.exchange("gateway", bad, &[]).await);
    }
}

/// Access tokens of the org server are not valid for custom APIs, and cannot be exchanged for such.
#[tokio::test]
async fn a_token_of_the_org_server_is_refused() {
    let world = World::start().await;
    let like = Token { server: "org", audience: BASE, scopes: "openid", ..Token::default() };
    let token = world.token(&world.alice, like).await;
    let answer = world.exchange("gateway", &token, &[]).await;
    let json = answer.expect_error(400, "invalid_request");
    assert_eq!(
        json["error_description"],
        "The token is of an authorization server that this one does not trust."
    );
}

#[tokio::test]
async fn an_id_token_can_be_exchanged_only_by_the_client_it_is_for() {
    let world = World::start().await;
    let id_type = [("subject_token_type", ID)];
    let (own, others) = (world.id_token("gateway").await, world.id_token("portal").await);
    let answer = world.exchange("gateway", &own, &id_type).await.expect(200);
    assert_eq!(answer.json()["scope"], "read:orders", "the default of the server");
    let claims = claims_of(&answer);
    assert_eq!(
        (&claims["sub"], &claims["acr"]),
        (&json!(world.alice.id.as_str()), &json!("urn:okta:loa:1fa:pwd"))
    );
    assert_unacceptable(&world.exchange("gateway", &others, &id_type).await);
}

#[tokio::test]
async fn a_token_without_a_user_can_be_exchanged_only_by_its_client() {
    let world = World::start().await;
    let own = world.own_token("gateway").await;
    let answer = world.exchange("gateway", &own, &[("scope", "read:orders")]).await.expect(200);
    let claims = claims_of(&answer);
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("gateway"), &json!("read:orders")));
    assert!(claims.get("uid").is_none() && claims.get("act").is_none());
    assert_unacceptable(&world.exchange("worker", &own, &[]).await);
}

#[tokio::test]
async fn the_user_must_be_assigned_to_the_client() {
    let world = World::start().await;
    world.exchange("private", &world.alices_token().await, &[]).await.expect(200);
    let bobs = world.token(&world.bob, Token::default()).await;
    world.exchange("private", &bobs, &[]).await.expect_error(400, "access_denied");
}

#[tokio::test]
async fn a_token_can_be_exchanged_after_a_restart() {
    let World { server, alice, bob } = World::start().await;
    let world = World { server, alice, bob };
    let alices = world.alices_token().await;
    let World { server, alice, bob } = world;
    let server: TestServer = server.crash().await;
    let world = World { server, alice, bob };
    world.exchange("gateway", &alices, &[]).await.expect(200);
}
