//! Clients that disconnect before they get the answer.

use futures_util::FutureExt;
use scopegate_core::error::CallError;
use scopegate_core::store::Records;

use crate::refresh_families::in_memory::InMemory;

#[tokio::test]
async fn a_client_that_disconnects_before_the_commit_can_use_its_token_again() {
    let at = InMemory::start().await;
    let token = at.begin("strict").await;
    at.store.hold_commits();
    assert!(
        at.refresh("strict", &token).now_or_never().is_none(),
        "the request waits, and the client disconnects"
    );
    at.store.repair();
    let (events, families) = (at.store.events().len(), at.store.sizes().lasting_families);
    // The token was not rotated, so it is still the newest one.
    let next = at.refresh("strict", &token).await.unwrap();
    assert_eq!(at.store.events().len(), events + 1, "only the completed request must be recorded");
    assert_eq!(at.store.sizes().lasting_families, families);
    at.refresh("strict", &next).await.unwrap();
}

#[tokio::test]
async fn a_replay_revokes_the_family_even_if_the_client_disconnects() {
    let at = InMemory::start().await;
    let stolen = at.begin("strict").await;
    let next = at.refresh("strict", &stolen).await.unwrap();
    at.store.hold_commits();
    assert!(
        at.refresh("strict", &stolen).now_or_never().is_none(),
        "the request waits, and the client disconnects"
    );
    assert_eq!(at.store.sizes().lasting_families, 1);
    at.store.repair();
    while at.store.sizes().lasting_families > 0 {
        tokio::task::yield_now().await;
    }
    let refused = at.refresh("strict", &next).await;
    assert!(matches!(refused, Err(CallError::InvalidGrant(_))), "{refused:?}");
}

#[tokio::test]
async fn a_sign_out_ends_the_session_even_if_the_browser_disconnects() {
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
    // Closing the authority waits for unfinished work.
    let (_, secret) = at.sign_in().await;
    assert!(at.authority.sign_out(&secret, None).now_or_never().is_none());
    at.authority.close().await;
    assert!(at.store.session(&secret.sha256()).await.unwrap().is_none());
}
