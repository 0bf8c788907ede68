//! The reuse of a replaced token, which means that it was stolen.

use std::time::Duration;

use futures_util::future::join_all;

use crate::refresh_families::place::{Place, tokens};
use crate::refresh_families::world::catalog;

#[tokio::test]
async fn after_the_leeway_reuse_revokes_the_family_and_its_access_tokens() {
    let at = Place::start().await;
    let (stolen, elsewhere) = (at.begin("portal").await, at.begin("portal").await);
    let (first, child) = tokens(at.portal().refresh(&stolen).await);
    let (of_another, _) = tokens(at.portal().refresh(&elsewhere).await);
    at.clock().advance(Duration::from_secs(31));
    assert!(at.holds(&first).await);

    let refused = at.portal().refresh(&stolen).await;
    let json = refused.expect_error(400, "invalid_grant");
    assert!(json["decision_id"].is_string(), "{json}");
    assert!(!refused.body.contains(&stolen));
    assert!(!at.holds(&first).await);
    for token in [&child, &stolen] {
        at.portal().refresh(token).await.expect_error(400, "invalid_grant");
    }
    assert!(at.holds(&of_another).await, "other families must not be revoked");
}

#[tokio::test]
async fn using_a_grandparent_revokes_the_family() {
    let at = Place::start().await;
    let grandparent = at.begin("portal").await;
    let (_, parent) = tokens(at.portal().refresh(&grandparent).await);
    let (access, child) = tokens(at.portal().refresh(&parent).await);
    at.portal().refresh(&grandparent).await.expect_error(400, "invalid_grant");
    assert!(!at.holds(&access).await);
    for token in [&child, &parent] {
        at.portal().refresh(token).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn with_leeway_0_reuse_revokes_the_family() {
    let at = Place::start().await;
    let strict = at.as_client("strict");
    let token = at.begin("strict").await;
    let (access, child) = tokens(strict.refresh(&token).await);
    strict.refresh(&token).await.expect_error(400, "invalid_grant");
    assert!(!at.holds(&access).await);
    strict.refresh(&child).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn with_leeway_0_two_concurrent_uses_revoke_the_family() {
    let at = Place::start().await;
    let strict = at.as_client("strict");
    for _ in 0..5 {
        let token = at.begin("strict").await;
        let answers = join_all((0..2).map(|_| strict.refresh(&token))).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 1));
        lost[0].expect_error(400, "invalid_grant");
        let (access, child) = tokens(won[0].clone());
        assert!(!at.holds(&access).await);
        strict.refresh(&child).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn another_client_cannot_revoke_a_family() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    let (access, child) = tokens(at.portal().refresh(&parent).await);
    at.clock().advance(Duration::from_secs(60));
    for stranger in [at.as_client("other"), at.as_public_client("browser")] {
        stranger.refresh(&parent).await.expect_error(400, "invalid_grant");
    }
    assert!(at.holds(&access).await);
    tokens(at.portal().refresh(&child).await);
}

#[tokio::test]
async fn a_replaced_token_stays_invalid_when_rotation_is_switched_off() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    let (access, child) = tokens(at.portal().refresh(&parent).await);
    let portal =
        |rotation: &str| catalog().client("portal", &format!("refresh_token = {rotation}"));
    at.apply(portal("{ rotation_type = \"STATIC\" }")).await;
    at.clock().advance(Duration::from_secs(31));
    assert_eq!(tokens(at.portal().refresh(&child).await).1, child);
    // When rotation is switched on again, the same token is rotated.
    at.apply(portal("{ rotation_type = \"ROTATE\", leeway = 0 }")).await;
    assert_ne!(tokens(at.portal().refresh(&child).await).1, child);
    at.portal().refresh(&parent).await.expect_error(400, "invalid_grant");
    assert!(!at.holds(&access).await);
}
