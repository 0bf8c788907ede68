//! §2.1 and §5: the new token has one audience, no more scopes and no longer lifetime.

use scopegate_claims::{Clock, ScopeSet};
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::store::{Change, ConsentKey, Ledger};
use serde_json::json;

use super::world::{ACCESS, GRANT_TYPE, World, access_token, catalog, claims_of};
use scopegate_tests::Token;

#[tokio::test]
async fn a_scope_is_never_widened() {
    let world = World::start().await;
    let like = Token { scopes: "read:orders profile", ..Token::default() };
    let token = world.token(&world.alice, like).await;
    for wider in ["write:orders", "read:orders write:orders", "email"] {
        let answer = world.exchange("gateway", &token, &[("scope", wider)]).await;
        answer.expect_error(400, "invalid_scope");
    }
    let scope_of = async |client, token: &str, more: &[(&str, &str)]| {
        world.exchange(client, token, more).await.expect(200).json()["scope"].clone()
    };
    // Without `scope` the new token gets all scopes of the subject token, except those of OpenID
    // Connect.
    assert_eq!(scope_of("gateway", &token, &[]).await, "read:orders profile");
    let alices = world.alices_token().await;
    assert_eq!(scope_of("gateway", &alices, &[]).await, "read:orders write:orders");
    for scope in ["openid", "offline_access", "read:orders openid"] {
        let answer = world.exchange("gateway", &alices, &[("scope", scope)]).await;
        answer.expect_error(400, "invalid_scope");
    }
    // The policy may allow fewer scopes.
    let bobs = world.token(&world.bob, Token::default()).await;
    assert_eq!(scope_of("gateway", &bobs, &[]).await, "read:orders");
    let answer = world.exchange("gateway", &bobs, &[("scope", "write:orders")]).await;
    answer.expect_error(400, "access_denied");
    let only = world.token(&world.bob, Token { scopes: "write:orders", ..Token::default() }).await;
    world.exchange("gateway", &only, &[]).await.expect_error(400, "access_denied");
}

/// As in a refresh, a rule that allows all scopes is preferred to an earlier rule that allows some.
#[tokio::test]
async fn without_scope_a_rule_that_allows_all_scopes_is_preferred() {
    let world = World::start().await;
    let late = format!("grant_types = [{GRANT_TYPE:?}]\ngroups = [\"staff\"]\nscopes = [\"*\"]");
    let catalog = catalog()
        .server("default", "")
        .rule("staff", "scopes = [\"read:orders\"]")
        .rule("late", &late);
    world.server.apply(catalog).await;
    let scope_of = async |token: &str| {
        let answer = world.exchange("gateway", token, &[]).await.expect(200);
        answer.json()["scope"].clone()
    };
    assert_eq!(scope_of(&world.alices_token().await).await, "read:orders write:orders");
    let bobs = world.token(&world.bob, Token::default()).await;
    assert_eq!(scope_of(&bobs).await, "read:orders", "no rule allows him all scopes");
}

#[tokio::test]
async fn the_new_token_does_not_outlive_the_subject_token() {
    let world = World::start().await;
    let (alices, own) = (world.alices_token().await, world.own_token("gateway").await);
    let end = world.server.clock().now().as_seconds() + 600;
    world.server.clock().advance(std::time::Duration::from_secs(100));
    let answer = world.exchange("gateway", &alices, &[]).await.expect(200);
    assert_eq!(answer.json()["expires_in"], 500);
    assert_eq!(claims_of(&answer)["exp"], end);
    // The rule and the actor token also limit the lifetime.
    let long = world.token(&world.alice, Token { lifetime: 7200, ..Token::default() }).await;
    let answer = world.exchange("gateway", &long, &[]).await.expect(200);
    assert_eq!(answer.json()["expires_in"], 3600);
    let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
    let answer = world.exchange("gateway", &long, &more).await.expect(200);
    assert_eq!(answer.json()["expires_in"], 500);
}

#[tokio::test]
async fn an_audience_or_a_resource_selects_one_audience() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let stock =
        world.token(&world.alice, Token { audience: "api://stock", ..Token::default() }).await;
    for (token, more, expected) in [
        (&alices, vec![], "api://orders"),
        (&stock, vec![], "api://stock"),
        (&alices, vec![("audience", "api://stock")], "api://stock"),
        (&alices, vec![("resource", "https://stock.example")], "api://stock"),
        (&alices, vec![("resource", "https://stock.example/")], "api://stock"),
        (&alices, vec![("audience", "https://Stock.Example:443")], "api://stock"),
        (
            &alices,
            vec![("resource", "https://stock.example"), ("audience", "api://stock")],
            "api://stock",
        ),
        (&stock, vec![("audience", "api://orders")], "api://orders"),
    ] {
        assert_eq!(claims_of(&world.exchange("gateway", token, &more).await)["aud"], expected);
    }
}

#[tokio::test]
async fn an_unknown_target_is_invalid_target() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    for more in [
        vec![("audience", "api://billing")],
        vec![("audience", "gateway")],
        vec![("resource", "https://elsewhere.example")],
        vec![("audience", "api://stock"), ("resource", "https://orders.example")],
        vec![("resource", "https://stock.example"), ("resource", "https://orders.example")],
        vec![("resource", "api://orders#x")],
    ] {
        world.exchange("gateway", &alices, &more).await.expect_error(400, "invalid_target");
    }
}

/// The user's consent for one client does not count for another client.
#[tokio::test]
async fn a_scope_that_needs_consent_needs_it_for_the_exchanging_client() {
    let world = World::start().await;
    let like = Token { scopes: "read:orders sell:orders", ..Token::default() };
    let token = world.token(&world.alice, like).await;
    let sell = [("scope", "sell:orders")];
    world.exchange("gateway", &token, &sell).await.expect_error(400, "consent_required");
    let answer = world.exchange("gateway", &token, &[]).await.expect(200);
    assert_eq!(answer.json()["scope"], "read:orders");
    let key = ConsentKey {
        server: ServerId::default_server(),
        client: ClientId::parse("gateway").unwrap(),
        user: world.alice.id.clone(),
    };
    let scopes = ScopeSet::parse("sell:orders").unwrap();
    let at = world.server.clock().now();
    world.server.store().commit(&[Change::PutConsent { key, scopes, at }]).await.unwrap();
    world.exchange("gateway", &token, &sell).await.expect(200);
}

#[tokio::test]
async fn an_exchange_returns_no_refresh_token_and_no_id_token() {
    let world = World::start().await;
    // The portal may use refresh tokens, and the subject token has the scopes for both.
    let answer = world.exchange("portal", &world.alices_token().await, &[]).await.expect(200);
    let json = answer.json();
    assert!(json.get("refresh_token").is_none() && json.get("id_token").is_none(), "{json}");
    assert_eq!(json["scope"], json!("read:orders write:orders"));
    let userinfo = world.server.anonymous().bearing(&access_token(&answer));
    userinfo.read("/oauth2/default/v1/userinfo").await.expect(403);
}
