//! §2.1: which clients may use assertions, and which tokens they get.

use scopegate_claims::{Clock, ScopeSet};
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::store::{Change, ConsentKey, Ledger};
use scopegate_tests::claims;
use serde_json::json;

use super::world::{GRANT_TYPE, World};

#[tokio::test]
async fn the_client_must_authenticate_too() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({}));
    let form = [("grant_type", GRANT_TYPE), ("assertion", assertion.as_str())];
    world.server.anonymous().token(&form).await.expect_error(401, "invalid_client");
    let public = world.server.as_public_client("portal").token(&form).await;
    public.expect_error(401, "invalid_client");
    let answer = world.use_assertion_as("reader", &assertion, &[]).await;
    answer.expect_error(400, "unauthorized_client");
    world.use_assertion(&assertion).await.expect(200);
}

#[tokio::test]
async fn the_policy_depends_on_the_user() {
    let world = World::start().await;
    world.server.add_user("bob", &[]).await;
    let ask = |sub: &'static str, scope: &'static str| {
        let assertion = world.assertion(&json!({ "sub": sub }));
        let world = &world;
        async move { world.use_assertion_as("portal", &assertion, &[("scope", scope)]).await }
    };
    let json = ask("alice", "write:orders read:orders").await.expect(200).json();
    assert_eq!(
        (&json["scope"], &json["expires_in"]),
        (&json!("write:orders read:orders"), &json!(600))
    );
    let json = ask("bob", "read:orders").await.expect(200).json();
    assert_eq!((&json["scope"], &json["expires_in"]), (&json!("read:orders"), &json!(300)));
    ask("bob", "write:orders").await.expect_error(400, "access_denied");
    ask("bob", "fly:orders").await.expect_error(400, "invalid_scope");
}

#[tokio::test]
async fn scopes_for_sign_in_are_refused() {
    let world = World::start().await;
    for scope in ["openid", "offline_access", "read:orders openid"] {
        let assertion = world.assertion(&json!({}));
        let answer = world.use_assertion_as("portal", &assertion, &[("scope", scope)]).await;
        let json = answer.expect_error(400, "invalid_scope");
        assert_eq!(
            json["error_description"],
            "The scopes openid and offline_access are for a user who signs in."
        );
    }
}

#[tokio::test]
async fn the_user_must_be_assigned_to_the_client() {
    let world = World::start().await;
    world.server.add_user("bob", &[]).await;
    let bob = world.assertion(&json!({ "sub": "bob" }));
    let answer = world.use_assertion_as("trusted", &bob, &[]).await;
    answer.expect_error(400, "access_denied");
    world.use_assertion_as("trusted", &world.assertion(&json!({})), &[]).await.expect(200);
}

/// This grant cannot ask the user. A scope that needs consent is granted only if the user has
/// already consented, or if the client is `TRUSTED`.
#[tokio::test]
async fn a_scope_that_needs_consent_must_have_been_consented_to_before() {
    let world = World::start().await;
    let sell = [("scope", "sell:orders")];
    let answer = world.use_assertion_as("portal", &world.assertion(&json!({})), &sell).await;
    answer.expect_error(400, "consent_required");
    world.use_assertion_as("trusted", &world.assertion(&json!({})), &sell).await.expect(200);
    let key = ConsentKey {
        server: ServerId::default_server(),
        client: ClientId::parse("portal").unwrap(),
        user: world.alice.id.clone(),
    };
    let scopes = ScopeSet::parse("sell:orders").unwrap();
    let at = world.server.clock().now();
    world.server.store().commit(&[Change::PutConsent { key, scopes, at }]).await.unwrap();
    world.use_assertion_as("portal", &world.assertion(&json!({})), &sell).await.expect(200);
}

#[tokio::test]
async fn a_resource_selects_the_audience() {
    let world = World::start().await;
    for (resource, audience) in
        [("https://orders.example", "api://orders"), ("api://stock", "api://stock")]
    {
        let assertion = world.assertion(&json!({}));
        let answer = world.use_assertion_as("portal", &assertion, &[("resource", resource)]).await;
        let json = answer.expect(200).json();
        assert_eq!(claims(json["access_token"].as_str().unwrap())["aud"], audience);
    }
    let assertion = world.assertion(&json!({}));
    let answer =
        world.use_assertion_as("portal", &assertion, &[("resource", "api://billing")]).await;
    answer.expect_error(400, "invalid_target");
}

#[tokio::test]
async fn a_malformed_form_is_refused_and_unknown_parameters_are_ignored() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({}));
    let portal = world.server.as_client("portal");
    let missing = portal.token(&[("grant_type", GRANT_TYPE)]).await;
    let json = missing.expect_error(400, "invalid_request");
    assert_eq!(json["error_description"], "The parameter assertion is missing.");
    let empty = world.use_assertion_as("portal", "", &[]).await;
    empty.expect_error(400, "invalid_request");
    let repeated = world.use_assertion_as("portal", &assertion, &[("assertion", "x")]).await;
    repeated.expect_error(400, "invalid_request");
    let twice = world.use_assertion_as(
        "portal",
        &assertion,
        &[("client_secret", "x"), ("client_id", "portal")],
    );
    twice.await.expect_error(400, "invalid_request");
    let large = world.use_assertion_as("portal", &"x".repeat(64 * 1024), &[]).await;
    assert_eq!(large.status, 413);
    let unknown =
        world.use_assertion_as("portal", &assertion, &[("anything", "x"), ("audience", "x")]).await;
    unknown.expect(200);
}
