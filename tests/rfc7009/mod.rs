//! RFC 7009, OAuth 2.0 Token Revocation.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::store::{Change, Ledger};
use scopegate_core::token::RefreshToken;

use crate::rfc7662::place::{Agreed, agreed, inactive, introspect, readers_token, revoke, start};

#[tokio::test]
async fn s2_1_a_client_can_revoke_only_its_own_tokens() {
    let server = start().await;
    let token = readers_token(&server).await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    // Not even the API that a token is for may revoke it.
    for client in ["other", "orders_api"] {
        for token in [&token, &access_token, &refresh_token] {
            revoke(&server, client, token).await;
        }
    }
    for token in [&token, &access_token, &refresh_token] {
        assert_eq!(introspect(&server, "reader", token).await["active"], true);
    }
    for token in [&token, &refresh_token] {
        revoke(&server, "reader", token).await;
        assert_eq!(introspect(&server, "reader", token).await, inactive());
        // RFC 7009 §2.2: revoking a token again succeeds.
        revoke(&server, "reader", token).await;
    }
}

#[tokio::test]
async fn s2_1_another_server_does_not_revoke_the_token() {
    let server = start().await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    for token in [&access_token, &refresh_token] {
        let path = "/oauth2/billing/v1/revoke";
        server.as_client("reader").post_to(path, &[("token", token)]).await.expect(200);
        assert_eq!(introspect(&server, "reader", token).await["active"], true);
    }
}

#[tokio::test]
async fn s2_2_revoking_an_unknown_token_is_200() {
    let server = start().await;
    for token in ["x", "a.b.c", &"A".repeat(68), &"x".repeat(30_000)] {
        revoke(&server, "reader", token).await;
    }
}

#[tokio::test]
async fn revoking_an_access_token_revokes_no_other_token() {
    let server = start().await;
    let (first, second) = (readers_token(&server).await, readers_token(&server).await);
    revoke(&server, "reader", &first).await;
    assert_eq!(introspect(&server, "reader", &first).await, inactive());
    assert_eq!(introspect(&server, "orders_api", &first).await, inactive());
    assert_eq!(introspect(&server, "reader", &second).await["active"], true);

    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    revoke(&server, "reader", &access_token).await;
    assert_eq!(introspect(&server, "reader", &access_token).await, inactive());
    assert_eq!(introspect(&server, "reader", &refresh_token).await["active"], true);
}

#[tokio::test]
async fn revoking_a_refresh_token_revokes_its_access_tokens() {
    let server = start().await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let another = agreed(&server, "bob").await;
    revoke(&server, "reader", &refresh_token).await;
    for client in ["reader", "orders_api"] {
        assert_eq!(introspect(&server, client, &access_token).await, inactive());
        assert_eq!(introspect(&server, client, &another.access_token).await["active"], true);
    }
    assert_eq!(introspect(&server, "reader", &refresh_token).await, inactive());
}

/// A client that lost the newest refresh token can still revoke the family.
#[tokio::test]
async fn revoking_an_old_refresh_token_revokes_the_family() {
    let server = start().await;
    let Agreed { family, access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let now = server.authority().clock().now();
    let later = now.plus(Duration::from_secs(3600));
    let (id, from, to) = (family.id.clone(), 0, 1);
    let moved =
        Change::MoveFamily { id, from, to, rotated_at: now, idle_ends_at: later, forget_at: later };
    server.store().commit(&[moved]).await.expect("the family is there");
    let newest = RefreshToken::derive(server.master_key(), &family.id, 1);
    assert_eq!(introspect(&server, "reader", newest.as_str()).await["active"], true);
    revoke(&server, "reader", &refresh_token).await;
    for token in [newest.as_str(), &access_token] {
        assert_eq!(introspect(&server, "reader", token).await, inactive());
    }
}

#[tokio::test]
async fn a_revoked_token_is_inactive_after_a_restart() {
    let server = start().await;
    let token = readers_token(&server).await;
    revoke(&server, "reader", &token).await;
    let server = server.crash().await;
    assert_eq!(introspect(&server, "reader", &token).await, inactive());
}

#[tokio::test]
async fn revocation_stores_no_part_of_the_token() {
    let server = start().await;
    let token = readers_token(&server).await;
    let Agreed { refresh_token, .. } = agreed(&server, "alice").await;
    for token in [&token, &refresh_token] {
        revoke(&server, "reader", token).await;
        let dump = server.dump().await;
        let is_in = |part: &str| dump.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!is_in(token) && !is_in(&token[token.len() - 40..]));
    }
}

/// The clocks of two nodes may differ. A node must be able to revoke tokens that the other issued.
#[tokio::test]
async fn a_token_from_a_node_whose_clock_is_ahead_can_be_revoked() {
    let server = start().await;
    let (first, second) = (readers_token(&server).await, readers_token(&server).await);
    let now = server.clock().now();
    server.clock().set(now.minus(Duration::from_secs(60)));
    assert_eq!(introspect(&server, "reader", &second).await["active"], true);
    revoke(&server, "reader", &first).await;
    for moment in [now, now.plus(Duration::from_secs(599))] {
        server.clock().set(moment);
        assert_eq!(introspect(&server, "reader", &first).await, inactive());
        assert_eq!(introspect(&server, "reader", &second).await["active"], true);
    }
    server.clock().set(now.plus(Duration::from_secs(600)));
    assert_eq!(introspect(&server, "reader", &second).await, inactive());
    // However far this node's clock is behind, only `exp` and `nbf` decide (RFC 7519 §4.1).
    server.clock().set(now.minus(Duration::from_secs(61)));
    assert_eq!(introspect(&server, "reader", &second).await["active"], true);
    assert_eq!(introspect(&server, "reader", &first).await, inactive());
}
