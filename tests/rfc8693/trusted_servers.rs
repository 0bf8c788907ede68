//! §1: exchanging tokens between servers that trust each other.

use serde_json::json;

use super::world::{ACCESS, World, access_token, act, assert_unacceptable, catalog, claims_of};
use scopegate_tests::Token;

const UNTRUSTED: &str = "The token is of an authorization server that this one does not trust.";

#[tokio::test]
async fn a_token_of_an_untrusted_server_is_refused() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let bills = world.exchange_at("billing", "gateway", &alices, &[]).await;
    // Billing trusts the default server, but the default server does not trust billing.
    let answer = world.exchange("gateway", &access_token(&bills), &[]).await;
    assert_eq!(answer.expect_error(400, "invalid_request")["error_description"], UNTRUSTED);
    // Billing accepts its own tokens.
    world.exchange_at("billing", "worker", &access_token(&bills), &[]).await.expect(200);
}

#[tokio::test]
async fn a_token_of_a_trusted_server_is_accepted_and_the_policy_decides() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let answer = world.exchange_at("billing", "gateway", &alices, &[]).await.expect(200);
    assert_eq!(
        (&answer.json()["scope"], &answer.json()["expires_in"]),
        (&json!("read:bills"), &json!(600))
    );
    let claims = claims_of(&answer);
    // In Okta's dialect, `sub` is the login.
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!("api://billing")));
    assert_eq!(
        (&claims["uid"], &claims["cid"]),
        (&json!(world.alice.id.as_str()), &json!("gateway"))
    );
    let more = [("scope", "write:bills")];
    let answer = world.exchange_at("billing", "gateway", &alices, &more).await;
    answer.expect_error(401, "access_denied");
    let more = [("scope", "read:orders")];
    let answer = world.exchange_at("billing", "gateway", &alices, &more).await;
    answer.expect_error(400, "invalid_scope");
    let bobs = world.token(&world.bob, Token::default()).await;
    let answer = world.exchange_at("billing", "gateway", &bobs, &[]).await;
    answer.expect_error(401, "access_denied");
    let more = [("audience", "api://orders")];
    let answer = world.exchange_at("billing", "gateway", &alices, &more).await;
    answer.expect_error(400, "invalid_target");
}

#[tokio::test]
async fn a_token_that_was_revoked_at_its_server_is_refused_at_the_other() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    world.exchange_at("billing", "gateway", &alices, &[]).await.expect(200);
    let revoked = world.server.as_client("portal").post("revoke", &[("token", &alices)]).await;
    revoked.expect(200);
    assert_unacceptable(&world.exchange_at("billing", "gateway", &alices, &[]).await);
}

#[tokio::test]
async fn an_actor_of_another_server_is_named_with_its_issuer() {
    let world = World::start().await;
    let (alices, own) = (world.alices_token().await, world.own_token("gateway").await);
    let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
    let answer = world.exchange_at("billing", "gateway", &alices, &more).await.expect(200);
    let mut expected = act("gateway");
    expected["iss"] = json!("http://127.0.0.1:9000/oauth2/default");
    assert_eq!(claims_of(&answer)["act"], expected);
}

#[tokio::test]
async fn an_inactive_server_is_not_trusted() {
    let world = World::start().await;
    let like = Token {
        server: "archive",
        audience: "api://archive",
        scopes: "profile",
        ..Token::default()
    };
    let token = world.token(&world.alice, like).await;
    let answer = world.exchange_at("billing", "gateway", &token, &[]).await;
    assert_eq!(answer.expect_error(400, "invalid_request")["error_description"], UNTRUSTED);
    world.server.apply(catalog().server("archive", "status = \"ACTIVE\"")).await;
    world.exchange_at("billing", "gateway", &token, &[]).await.expect(200);
    // An inactive server does not answer exchanges.
    world.server.apply(catalog()).await;
    let answer = world.exchange_at("archive", "gateway", &token, &[]).await;
    answer.expect_error(404, "not_found");
}

#[tokio::test]
async fn removing_a_trusted_server_takes_effect() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    world.exchange_at("billing", "gateway", &alices, &[]).await.expect(200);
    world.server.apply(catalog().server("billing", "trusted_servers = []")).await;
    let answer = world.exchange_at("billing", "gateway", &alices, &[]).await;
    answer.expect_error(400, "invalid_request");
}
