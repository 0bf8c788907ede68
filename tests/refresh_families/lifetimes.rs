//! The expiry of refresh tokens.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_tests::{LIFETIME, WINDOW};

use crate::refresh_families::place::{Place, tokens};
use crate::refresh_families::world::{DAY, MINUTE, catalog};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_unused_token_expires_after_its_window() {
    let at = Place::start().await;
    for client in ["portal", "still"] {
        let token = at.begin(client).await;
        at.clock().advance(WINDOW - SECOND);
        let (_, used) = tokens(at.as_client(client).refresh(&token).await);
        at.clock().advance(WINDOW - SECOND);
        let (_, used) = tokens(at.as_client(client).refresh(&used).await);
        at.clock().advance(WINDOW);
        at.as_client(client).refresh(&used).await.expect_error(400, "invalid_grant");
        at.as_client(client).refresh(&used).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn rotation_does_not_extend_the_end_of_the_family() {
    let at = Place::start().await;
    for client in ["portal", "still"] {
        let mut token = at.begin(client).await;
        let end = at.clock().now().plus(LIFETIME);
        for _ in 0..5 {
            at.clock().advance(DAY * 5);
            (_, token) = tokens(at.as_client(client).refresh(&token).await);
            assert_eq!(at.row(&token).await.ends_at, end);
        }
        at.clock().advance(DAY * 5 - SECOND);
        (_, token) = tokens(at.as_client(client).refresh(&token).await);
        at.clock().advance(SECOND);
        at.as_client(client).refresh(&token).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn the_window_comes_from_the_current_rule() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    at.apply(catalog().rule("orders", "refresh_token_window = \"10m\"")).await;
    let (_, token) = tokens(at.portal().refresh(&token).await);
    at.clock().advance(MINUTE * 10);
    at.portal().refresh(&token).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_token_is_refused_from_the_second_its_family_ends() {
    let at = Place::start().await;
    let token = at.begin("still").await;
    at.clock().advance(WINDOW - SECOND);
    tokens(at.as_client("still").refresh(&token).await);

    let mut token = at.begin("portal").await;
    for _ in 0..5 {
        at.clock().advance(DAY * 5);
        (_, token) = tokens(at.portal().refresh(&token).await);
    }
    at.clock().advance(DAY * 5 - SECOND);
    tokens(at.portal().refresh(&token).await);
    at.clock().advance(SECOND);
    at.portal().refresh(&token).await.expect_error(400, "invalid_grant");
}
