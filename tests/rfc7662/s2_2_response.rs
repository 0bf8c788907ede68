//! §2.2, the answer, and which clients get none.

use std::time::Duration;

use scopegate_core::catalog::Status;
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Ended, Ledger};
use scopegate_jose::random_token;
use scopegate_tests::{BASE, TestServer};
use serde_json::json;

use crate::rfc7662::place::{
    Agreed, agreed, agreed_with, catalog, inactive, introspect, readers_token, revoke, start,
};

async fn commit(server: &TestServer, change: Change) {
    server.store().commit(&[change]).await.expect("the change is written");
}

#[tokio::test]
async fn s2_2_a_client_can_introspect_its_own_token() {
    let server = start().await;
    let token = readers_token(&server).await;
    let mut told = introspect(&server, "reader", &token).await;
    let jti = told.as_object_mut().and_then(|told| told.remove("jti")).expect("it has an id");
    assert!(jti.as_str().is_some_and(|jti| jti.starts_with("AT.")), "{jti}");
    assert_eq!(
        told,
        json!({
            "active": true,
            "token_type": "Bearer",
            "scope": "read:orders write:orders",
            "client_id": "reader",
            "sub": "reader",
            "aud": "api://orders",
            "iss": format!("{BASE}/oauth2/default"),
            "iat": 1_800_000_000,
            "exp": 1_800_000_600,
        })
    );
}

/// RFC 7662 §2.2: `scope` is a string in every dialect.
#[tokio::test]
async fn scope_is_a_string() {
    for dialect in ["okta", "rfc9068", "both"] {
        let in_dialect = format!("dialect = \"{dialect}\"");
        let server = TestServer::start(catalog().server("default", &in_dialect)).await;
        let token = readers_token(&server).await;
        let told = introspect(&server, "reader", &token).await;
        assert_eq!(told["scope"], "read:orders write:orders", "{dialect}");
        assert_eq!(told["client_id"], "reader", "{dialect}");
    }
}

#[tokio::test]
async fn a_client_of_the_audience_can_introspect_the_token() {
    let server = start().await;
    let token = readers_token(&server).await;
    assert_eq!(
        introspect(&server, "orders_api", &token).await,
        introspect(&server, "reader", &token).await
    );
    let agreed = agreed(&server, "alice").await;
    assert_eq!(introspect(&server, "orders_api", &agreed.access_token).await["active"], true);
    // Only the client of a refresh token can introspect it.
    assert_eq!(introspect(&server, "orders_api", &agreed.refresh_token).await, inactive());
}

#[tokio::test]
async fn s2_2_tokens_of_others_are_shown_as_inactive() {
    let server = start().await;
    let token = readers_token(&server).await;
    let agreed = agreed(&server, "alice").await;
    for client in ["other", "billing_api"] {
        for token in [&token, &agreed.access_token, &agreed.refresh_token] {
            assert_eq!(introspect(&server, client, token).await, inactive(), "{client}");
        }
    }
}

/// A public client is not treated as an API, even if the catalog gives it an audience.
#[tokio::test]
async fn a_public_client_can_introspect_and_revoke_only_its_own_tokens() {
    let server = start().await;
    // In the other dialects a public client cannot introspect at all.
    server.apply(catalog().server("default", "dialect = \"okta\"")).await;
    let own = agreed_with(&server, "web", "alice").await;
    let others = agreed(&server, "bob").await;
    let web = server.as_public_client("web");
    for (token, is_active) in [
        (&own.access_token, true),
        (&own.refresh_token, true),
        (&others.access_token, false),
        (&others.refresh_token, false),
    ] {
        let told = web.post("introspect", &[("token", token)]).await.expect(200).json();
        assert_eq!(told["active"], is_active);
        assert!(is_active || told == inactive());
        web.post("revoke", &[("token", token)]).await.expect(200);
    }
    assert_eq!(introspect(&server, "orders_api", &own.access_token).await, inactive());
    assert_eq!(introspect(&server, "orders_api", &others.access_token).await["active"], true);
}

/// Another authorization server does not show a token, not even to the client of the token.
#[tokio::test]
async fn s2_2_another_servers_token_is_inactive() {
    let server = start().await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    for issuer in ["/oauth2/billing", "/oauth2"] {
        for token in [&access_token, &refresh_token] {
            let path = format!("{issuer}/v1/introspect");
            let answer = server.as_client("reader").post_to(&path, &[("token", token)]).await;
            assert_eq!(answer.expect(200).json(), inactive(), "{issuer}");
        }
    }
}

#[tokio::test]
async fn s2_2_an_expired_token_is_inactive() {
    let server = start().await;
    let token = readers_token(&server).await;
    server.clock().advance(Duration::from_secs(599));
    assert_eq!(introspect(&server, "reader", &token).await["active"], true);
    server.clock().advance(Duration::from_secs(1));
    assert_eq!(introspect(&server, "reader", &token).await, inactive());
}

#[tokio::test]
async fn s2_2_garbage_is_inactive() {
    let server = start().await;
    let token = readers_token(&server).await;
    let Agreed { refresh_token, .. } = agreed(&server, "alice").await;
    let (head, signature) = token.rsplit_once('.').expect("it has three parts");
    let altered = [
        format!("{head}."),
        head.to_owned(),
        format!("{head}.{}", random_token(64)),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        refresh_token.chars().rev().collect(),
        format!("{refresh_token}A"),
        random_token(51),
        "x".to_owned(),
        "a.b.c".to_owned(),
        "é".repeat(20),
        "x".repeat(60 * 1024),
    ];
    for garbage in &altered {
        assert_eq!(introspect(&server, "reader", garbage).await, inactive());
        revoke(&server, "reader", garbage).await;
    }
}

#[tokio::test]
async fn s2_2_a_users_tokens_show_the_user() {
    let server = start().await;
    let Agreed { user, family, access_token, refresh_token } = agreed(&server, "alice").await;
    let access = introspect(&server, "reader", &access_token).await;
    let refresh = introspect(&server, "reader", &refresh_token).await;
    for told in [&access, &refresh] {
        assert_eq!(told["active"], true);
        assert_eq!(told["username"], "alice");
        assert_eq!(told["sub"], user.id.as_str());
        assert_eq!(told["uid"], user.id.as_str());
        assert_eq!(told["scope"], "openid read:orders");
    }
    assert_eq!(access["token_type"], "Bearer");
    assert_eq!(refresh["token_type"], json!(null), "a refresh token has no token type");
    assert_eq!(refresh["jti"], family.id.as_str());
    assert_eq!(refresh["exp"], 1_800_000_000 + 7 * 24 * 3600);
}

#[tokio::test]
async fn s2_2_a_token_of_an_ended_family_is_inactive() {
    let server = start().await;
    let Agreed { family, access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let at = server.authority().clock().now();
    commit(&server, Change::EndFamilies { of: Ended::Family(family.id), at }).await;
    for token in [access_token, refresh_token] {
        assert_eq!(introspect(&server, "reader", &token).await, inactive());
    }
}

#[tokio::test]
async fn s2_2_a_rotated_or_idle_refresh_token_is_inactive() {
    let server = start().await;
    let Agreed { family, refresh_token, .. } = agreed(&server, "alice").await;
    server.clock().advance(Duration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(introspect(&server, "reader", &refresh_token).await["active"], true);
    server.clock().advance(Duration::from_secs(1));
    assert_eq!(introspect(&server, "reader", &refresh_token).await, inactive());

    let now = server.authority().clock().now();
    let later = now.plus(Duration::from_secs(3600));
    let (id, from, to) = (family.id, 0, 1);
    let moved =
        Change::MoveFamily { id, from, to, rotated_at: now, idle_ends_at: later, forget_at: later };
    commit(&server, moved).await;
    assert_eq!(introspect(&server, "reader", &refresh_token).await, inactive());
}

#[tokio::test]
async fn s2_2_a_token_of_a_suspended_user_is_inactive() {
    let server = start().await;
    let Agreed { user, access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let suspended = User { status: Status::Inactive, ..user };
    commit(&server, Change::MoveUser { from: suspended.version, user: Box::new(suspended) }).await;
    for client in ["reader", "orders_api"] {
        for token in [&access_token, &refresh_token] {
            assert_eq!(introspect(&server, client, token).await, inactive());
        }
    }
}

#[tokio::test]
async fn s2_2_a_token_of_a_disabled_or_deleted_client_is_inactive() {
    let server = start().await;
    let token = readers_token(&server).await;
    assert_eq!(introspect(&server, "orders_api", &token).await["active"], true);
    let disabled = catalog().client("reader", "status = \"INACTIVE\"");
    for catalog in [disabled, catalog().without_client("reader")] {
        server.apply(catalog).await;
        assert_eq!(introspect(&server, "orders_api", &token).await, inactive());
    }
}

#[tokio::test]
async fn s2_2_a_client_that_lost_its_audience_sees_the_tokens_no_more() {
    let server = start().await;
    let token = readers_token(&server).await;
    server.apply(catalog().client("orders_api", "audiences = []")).await;
    assert_eq!(introspect(&server, "orders_api", &token).await, inactive());
    assert_eq!(introspect(&server, "reader", &token).await["active"], true);
}
