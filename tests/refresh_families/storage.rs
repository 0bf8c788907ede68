//! The reads and writes of a refresh.

use scopegate_core::audit::AuditEvent;
use scopegate_core::error::{CallError, OAuthError};
use scopegate_core::token::RefreshToken;
use scopegate_jose::base64url;

use crate::refresh_families::in_memory::InMemory;
use crate::refresh_families::place::{Place, tokens};

#[tokio::test]
async fn no_part_of_a_refresh_token_is_stored() {
    let at = Place::start().await;
    let mut token = at.begin("portal").await;
    let mut shown = vec![token.clone()];
    for _ in 0..3 {
        (_, token) = tokens(at.portal().refresh(&token).await);
        shown.push(token.clone());
    }
    at.portal().refresh(&shown[0]).await.expect_error(400, "invalid_grant");
    let stored = at.dump().await;
    let holds = |needle: &[u8]| stored.windows(needle.len()).any(|part| part == needle);
    assert!(
        holds(at.row(&token).await.id.as_str().as_bytes()),
        "the family's row must be in the dump"
    );
    assert!(holds(b"app.oauth2.as.token.detect_reuse"));
    for token in shown {
        let bytes = base64url::decode(&token).unwrap();
        assert!(!holds(token.as_bytes()));
        assert!(!holds(&token.as_bytes()[26..]), "the secret part must not be stored");
        assert!(!holds(&bytes[19..]), "nor the bytes of the secret part");
    }
}

#[tokio::test]
async fn a_family_is_one_row_with_a_generation_counter() {
    let at = Place::start().await;
    let first = at.begin("portal").await;
    let before = at.row(&first).await;
    let mut token = first.clone();
    for generation in 1..=10 {
        (_, token) = tokens(at.portal().refresh(&token).await);
        let row = at.row(&first).await;
        assert_eq!((row.id, row.generation), (before.id.clone(), generation));
        assert_eq!(row.body, before.body);
    }
}

#[tokio::test]
async fn a_forged_token_is_refused_without_a_database_read() {
    let at = InMemory::start().await;
    let token = at.begin("portal").await;
    let reads = at.store.reads();
    let forged = RefreshToken::derive(
        &scopegate_jose::MasterKey::generate(),
        &RefreshToken::read(&token, &at.master_key).unwrap().0,
        0,
    );
    for bad in ["x", forged.as_str(), &"A".repeat(68)] {
        let error = at.refresh("portal", bad).await.unwrap_err();
        assert!(matches!(error, CallError::InvalidGrant(_)), "{error}");
    }
    assert_eq!(at.store.reads(), reads);
    at.refresh("portal", &token).await.unwrap();
    assert_eq!(at.store.reads(), reads + 1, "the family and its user must be one read");
}

#[tokio::test]
async fn a_storage_failure_is_503_and_does_not_use_up_the_token() {
    let at = InMemory::start().await;
    let token = at.begin("portal").await;
    at.store.break_down();
    let error = at.refresh("portal", &token).await.unwrap_err();
    let answer = OAuthError::from(&error);
    assert_eq!((answer.status, answer.retry_after), (503, Some(5)));
    // An invalid token is 503 too, because the refusal cannot be recorded.
    let error = at.refresh("portal", "x").await.unwrap_err();
    assert_eq!(OAuthError::from(&error).status, 503);
    at.store.repair();
    at.refresh("portal", &token).await.unwrap();
}

#[tokio::test]
async fn reuse_is_recorded_with_family_and_user() {
    let at = InMemory::start().await;
    let token = at.begin("strict").await;
    let child = at.refresh("strict", &token).await.unwrap();
    at.refresh("strict", &token).await.unwrap_err();
    at.refresh("strict", &child).await.unwrap_err();
    let mut events = at.store.events();
    events.retain(|event| event.decision().is_some());
    let shown: Vec<_> = events.iter().map(AuditEvent::kind_and_outcome).collect();
    let grant = "app.oauth2.as.token.grant.access_token";
    assert_eq!(
        shown,
        [
            (grant, "ALLOW"),
            ("app.oauth2.as.token.detect_reuse", "invalid_grant"),
            (grant, "invalid_grant"),
            (grant, "invalid_grant"),
        ]
    );
    let (family, _) = RefreshToken::read(&token, &at.master_key).unwrap();
    for event in &events[..2] {
        let decision = event.decision().unwrap();
        assert_eq!(decision.family.as_deref(), Some(family.as_str()));
        assert_eq!(decision.user.as_deref(), Some(at.alice.id.as_str()));
        assert_eq!(
            (&*decision.client, decision.grant_type.as_deref()),
            ("strict", Some("refresh_token"))
        );
    }
    let recorded = events.iter().map(AuditEvent::to_json).collect::<String>();
    assert!(!recorded.contains(&token) && !recorded.contains(&child));
}
