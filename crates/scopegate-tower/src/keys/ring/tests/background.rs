//! Refreshes that no request waits for.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_background_task_follows_the_issuers_freshness_within_bounds() {
    for (says, waits) in [
        (None, 600),
        (Some("max-age=1"), 60),
        (Some("max-age=300"), 300),
        (Some("max-age=99999"), 3600),
    ] {
        let issuer = TestIssuer::new();
        if let Some(says) = says {
            issuer.send_header(CACHE_CONTROL, says);
        }
        let ring = ring(&issuer);
        refresh(&ring, &issuer).await;
        tokio::time::sleep(seconds(waits * 7 / 8 - 1)).await;
        assert_eq!(issuer.fetches(), 1, "{says:?}");
        tokio::time::sleep(seconds(waits / 8 + 3)).await;
        assert_eq!(issuer.fetches(), 2, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_background_task_retries_and_recovers() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Down);
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    tokio::time::sleep(seconds(3600)).await;
    assert!((60..=75).contains(&issuer.fetches()), "about once a minute: {}", issuer.fetches());
    issuer.behave(Behaviour::Keys);
    tokio::time::sleep(seconds(61)).await;
    assert_eq!(ring.kids(&issuer), ["k1"]);
}

#[tokio::test(start_paused = true)]
async fn the_background_task_ends_with_the_ring() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    refresh(&ring, &issuer).await;
    settle().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);
    drop(ring);
    settle().await;
    assert_eq!(tasks(), 0);
    tokio::time::sleep(seconds(7200)).await;
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn requests_refresh_keys_that_the_background_task_missed() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    ring.refresh_if_due(issuer.clock.now());
    settle().await;
    assert_eq!(issuer.fetches(), 0, "keys are first read when a token needs them");
    refresh(&ring, &issuer).await;
    // The machine slept for an hour, and timers did not run.
    issuer.clock.advance(seconds(3600));
    issuer.replace_key("k2");
    for _ in 0..100 {
        ring.refresh_if_due(issuer.clock.now());
    }
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(ring.kids(&issuer), ["k2"]);
}

#[test]
fn a_ring_outlives_its_runtime() {
    let issuer = TestIssuer::new();
    let ring = ring(&issuer);
    assert_eq!(
        ring.refresh_for_request(None, issuer.clock.now()).unwrap_err(),
        Outcome::Failed,
        "there is no runtime yet"
    );
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    issuer.behave(Behaviour::Hang);
    runtime().block_on(async {
        let _ = ring.refresh_for_request(None, issuer.clock.now()).unwrap();
        settle().await;
    });
    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(seconds(15));
    runtime().block_on(async {
        assert_eq!(refresh(&ring, &issuer).await, Outcome::Succeeded);
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    });
    assert_eq!(ring.kids(&issuer), ["k1"]);
}
