//! Rotation, and the leeway in which the previous token can be used again.

use std::time::Duration;

use futures_util::future::join_all;

use crate::refresh_families::place::{Place, tokens};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn each_use_gives_another_token() {
    let at = Place::start().await;
    let mut known = vec![at.begin("portal").await];
    for _ in 0..5 {
        at.clock().advance(SECOND * 3600);
        let (_, next) = tokens(at.portal().refresh(known.last().unwrap()).await);
        assert!(!known.contains(&next));
        known.push(next);
    }
}

#[tokio::test]
async fn within_the_leeway_the_parent_gets_the_same_child() {
    let at = Place::start().await;
    for (id, client) in [("portal", at.portal()), ("browser", at.as_public_client("browser"))] {
        let parent = at.begin(id).await;
        let (first, child) = tokens(client.refresh(&parent).await);
        for _ in 0..3 {
            at.clock().advance(SECOND * 10);
            let (access, again) = tokens(client.refresh(&parent).await);
            assert_eq!(again, child);
            assert_ne!(access, first);
            assert!(at.holds(&access).await);
        }
        // The child is still valid.
        let (_, grandchild) = tokens(client.refresh(&child).await);
        assert_ne!(grandchild, child);
    }
}

#[tokio::test]
async fn within_the_leeway_the_parent_works_only_for_its_client() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    let (_, child) = tokens(at.portal().refresh(&parent).await);
    at.as_client("other").refresh(&parent).await.expect_error(400, "invalid_grant");
    assert_eq!(tokens(at.portal().refresh(&parent).await).1, child);
}

#[tokio::test]
async fn within_the_leeway_the_parent_is_refused_once_the_child_was_used() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    let (_, child) = tokens(at.portal().refresh(&parent).await);
    let (access, grandchild) = tokens(at.portal().refresh(&child).await);
    at.portal().refresh(&parent).await.expect_error(400, "invalid_grant");
    // Two tokens of one family were used, so the whole family is revoked.
    assert!(!at.holds(&access).await);
    at.portal().refresh(&grandchild).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn using_the_parent_does_not_extend_the_leeway() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    let (_, child) = tokens(at.portal().refresh(&parent).await);
    at.clock().advance(SECOND * 30);
    assert_eq!(tokens(at.portal().refresh(&parent).await).1, child);
    at.clock().advance(SECOND);
    at.portal().refresh(&parent).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn concurrent_refreshes_get_the_same_child() {
    let at = Place::start().await;
    for _ in 0..5 {
        let parent = at.begin("portal").await;
        let tabs = (0..8).map(|_| async { tokens(at.portal().refresh(&parent).await) });
        let answers = join_all(tabs).await;
        assert!(answers.iter().all(|(_, child)| *child == answers[0].1));
        assert_eq!(at.row(&parent).await.generation, 1);
    }
}

#[tokio::test]
async fn without_rotation_the_same_token_is_returned() {
    let at = Place::start().await;
    let still = at.as_client("still");
    let token = at.begin("still").await;
    let uses = (0..4).map(|_| async { tokens(still.refresh(&token).await) });
    for (access, again) in join_all(uses).await {
        assert_eq!(again, token);
        assert!(at.holds(&access).await);
    }
}

#[tokio::test]
async fn after_a_crash_the_parent_still_gets_the_same_child() {
    let at = Place::start().await;
    let parent = at.begin("portal").await;
    // Suppose that this answer never reached the client.
    let (_, child) = tokens(at.portal().refresh(&parent).await);
    let at = at.crash().await;
    assert_eq!(tokens(at.portal().refresh(&parent).await).1, child);
}
