//! RFC 7009, OAuth 2.0 Token Revocation.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::store::{Change, Ledger};
use scopegate_core::token::RefreshToken;

use crate::rfc7662::place::{Agreed, agreed, give_back, nothing, readers_token, start, told};

#[tokio::test]
async fn s2_1_only_own_tokens() {
    let server = start().await;
    let token = readers_token(&server).await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    // Not even the API that a token is for may end it.
    for client in ["other", "orders_api"] {
        for token in [&token, &access_token, &refresh_token] {
            give_back(&server, client, token).await;
        }
    }
    for token in [&token, &access_token, &refresh_token] {
        assert_eq!(told(&server, "reader", token).await["active"], true);
    }
    for token in [&token, &refresh_token] {
        give_back(&server, "reader", token).await;
        assert_eq!(told(&server, "reader", token).await, nothing());
        // RFC 7009 §2.2: what is not there any more is what the client wanted.
        give_back(&server, "reader", token).await;
    }
}

#[tokio::test]
async fn s2_1_another_server_does_not_end_it() {
    let server = start().await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    for token in [&access_token, &refresh_token] {
        let path = "/oauth2/billing/v1/revoke";
        server.as_client("reader").post_to(path, &[("token", token)]).await.expect(200);
        assert_eq!(told(&server, "reader", token).await["active"], true);
    }
}

#[tokio::test]
async fn s2_2_unknown_is_200() {
    let server = start().await;
    for token in ["x", "a.b.c", &"A".repeat(68), &"x".repeat(30_000)] {
        give_back(&server, "reader", token).await;
    }
}

#[tokio::test]
async fn a_revoked_access_token_ends_alone() {
    let server = start().await;
    let (first, second) = (readers_token(&server).await, readers_token(&server).await);
    give_back(&server, "reader", &first).await;
    assert_eq!(told(&server, "reader", &first).await, nothing());
    assert_eq!(told(&server, "orders_api", &first).await, nothing());
    assert_eq!(told(&server, "reader", &second).await["active"], true);

    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    give_back(&server, "reader", &access_token).await;
    assert_eq!(told(&server, "reader", &access_token).await, nothing());
    assert_eq!(told(&server, "reader", &refresh_token).await["active"], true);
}

#[tokio::test]
async fn a_revoked_refresh_token_ends_its_access_tokens() {
    let server = start().await;
    let Agreed { access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let another = agreed(&server, "bob").await;
    give_back(&server, "reader", &refresh_token).await;
    for client in ["reader", "orders_api"] {
        assert_eq!(told(&server, client, &access_token).await, nothing());
        assert_eq!(told(&server, client, &another.access_token).await["active"], true);
    }
    assert_eq!(told(&server, "reader", &refresh_token).await, nothing());
}

/// A client that lost the newest token can still end what it began.
#[tokio::test]
async fn a_token_of_an_old_generation_ends_the_family_too() {
    let server = start().await;
    let Agreed { family, access_token, refresh_token, .. } = agreed(&server, "alice").await;
    let now = server.authority().clock().now();
    let later = now.plus(Duration::from_secs(3600));
    let (id, from, to) = (family.id.clone(), 0, 1);
    let moved =
        Change::MoveFamily { id, from, to, rotated_at: now, idle_ends_at: later, forget_at: later };
    server.store().commit(&[moved]).await.expect("the family is there");
    let newest = RefreshToken::derive(server.master_key(), &family.id, 1);
    assert_eq!(told(&server, "reader", newest.as_str()).await["active"], true);
    give_back(&server, "reader", &refresh_token).await;
    for token in [newest.as_str(), &access_token] {
        assert_eq!(told(&server, "reader", token).await, nothing());
    }
}

#[tokio::test]
async fn a_revocation_survives_a_restart() {
    let server = start().await;
    let token = readers_token(&server).await;
    give_back(&server, "reader", &token).await;
    let server = server.crash().await;
    assert_eq!(told(&server, "reader", &token).await, nothing());
}

#[tokio::test]
async fn nothing_of_a_token_is_stored() {
    let server = start().await;
    let token = readers_token(&server).await;
    let Agreed { refresh_token, .. } = agreed(&server, "alice").await;
    for token in [&token, &refresh_token] {
        give_back(&server, "reader", token).await;
        let dump = server.dump().await;
        let is_in = |part: &str| dump.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!is_in(token) && !is_in(&token[token.len() - 40..]));
    }
}

/// The clocks of two nodes differ: what one has issued, the other must be able to end.
#[tokio::test]
async fn a_token_from_a_node_whose_clock_is_ahead_is_revoked() {
    let server = start().await;
    let (first, second) = (readers_token(&server).await, readers_token(&server).await);
    let now = server.clock().now();
    server.clock().set(now.minus(Duration::from_secs(60)));
    assert_eq!(told(&server, "reader", &second).await["active"], true);
    give_back(&server, "reader", &first).await;
    for moment in [now, now.plus(Duration::from_secs(599))] {
        server.clock().set(moment);
        assert_eq!(told(&server, "reader", &first).await, nothing());
        assert_eq!(told(&server, "reader", &second).await["active"], true);
    }
    server.clock().set(now.plus(Duration::from_secs(600)));
    assert_eq!(told(&server, "reader", &second).await, nothing());
    // A clock that is further off is believed no more.
    server.clock().set(now.minus(Duration::from_secs(61)));
    assert_eq!(told(&server, "reader", &second).await, nothing());
}
