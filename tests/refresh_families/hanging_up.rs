//! A client that hangs up before it is answered.

use futures_util::FutureExt;
use scopegate_core::error::TokenError;
use scopegate_core::store::Records;

use crate::refresh_families::in_memory::InMemory;

#[tokio::test]
async fn whoever_hangs_up_before_the_answer_is_no_thief() {
    let at = InMemory::start().await;
    let token = at.begin("strict").await;
    at.store.hold_commits();
    assert!(at.refresh("strict", &token).now_or_never().is_none(), "it waits, and hangs up");
    at.store.repair();
    let (events, families) = (at.store.events().len(), at.store.sizes().lasting_families);
    // Its token is the newest one still.
    let next = at.refresh("strict", &token).await.unwrap();
    assert_eq!(at.store.events().len(), events + 1, "only what was answered is recorded");
    assert_eq!(at.store.sizes().lasting_families, families);
    at.refresh("strict", &next).await.unwrap();
}

#[tokio::test]
async fn whoever_hangs_up_after_a_replay_has_ended_the_family() {
    let at = InMemory::start().await;
    let stolen = at.begin("strict").await;
    let next = at.refresh("strict", &stolen).await.unwrap();
    at.store.hold_commits();
    assert!(at.refresh("strict", &stolen).now_or_never().is_none(), "it waits, and hangs up");
    assert_eq!(at.store.sizes().lasting_families, 1);
    at.store.repair();
    while at.store.sizes().lasting_families > 0 {
        tokio::task::yield_now().await;
    }
    let refused = at.refresh("strict", &next).await;
    assert!(matches!(refused, Err(TokenError::InvalidGrant(_))), "{refused:?}");
}

#[tokio::test]
async fn a_session_ends_though_the_browser_goes_at_once() {
    let at = InMemory::start().await;
    let (session, secret) = at.sign_in().await;
    at.store.hold_commits();
    assert!(at.authority.sign_out(&secret, None).now_or_never().is_none());
    let found = at.store.session(&secret.sha256()).await.unwrap();
    assert_eq!(found, Some(session));
    at.store.repair();
    while at.store.session(&secret.sha256()).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    // What goes on is waited for before the process ends.
    let (_, secret) = at.sign_in().await;
    assert!(at.authority.sign_out(&secret, None).now_or_never().is_none());
    at.authority.close().await;
    assert!(at.store.session(&secret.sha256()).await.unwrap().is_none());
}
