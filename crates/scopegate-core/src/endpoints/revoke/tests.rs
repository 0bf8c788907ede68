use std::time::Duration;

use crate::audit::DecisionKind;
use crate::error::CallError;
use crate::store::{FamilyId, Ledger, Records, TokenMark};
use crate::testing::{ALICE, NOW, World, credentials, mark_of, refusal, request, server_id};
use crate::token::{RefreshToken, TokenId};

async fn revoke(
    world: &World,
    server: &str,
    client: &str,
    token: &str,
) -> Result<(), crate::call::Refused> {
    let form = credentials(client, &[("token", token)]);
    world.authority.revoke(request(&server_id(server), &form)).await
}

async fn is_revoked(world: &World, token: &str) -> bool {
    let mark = TokenMark { jti_sha256: mark_of(token), family: None, user: None };
    world.store.standing(&mark).await.unwrap().revoked
}

#[tokio::test]
async fn a_client_can_revoke_only_its_own_access_tokens() {
    let world = World::new().await;
    let (token, _) = world.tokens("read offline_access").await;
    for (server, client) in [("default", "rival"), ("near", "portal")] {
        revoke(&world, server, client, &token).await.unwrap();
        assert!(!is_revoked(&world, &token).await, "{server} {client}");
    }
    revoke(&world, "default", "portal", &token).await.unwrap();
    assert!(is_revoked(&world, &token).await);
    assert_eq!(world.store.sizes().lasting_families, 1, "the refresh token stays valid");

    let [event] = &world.decisions(DecisionKind::Revocation).await[..] else {
        panic!("one event is expected")
    };
    let jti = crate::testing::claims_of(&token)["jti"].as_str().unwrap().to_owned();
    let family = TokenId::family_of(&jti).unwrap();
    assert_eq!((event.outcome.as_str(), event.token_id.as_deref()), ("ALLOW", Some(&*jti)));
    assert_eq!(
        (event.user.as_deref(), event.family.as_deref()),
        (Some(ALICE), Some(family.as_str()))
    );
}

#[tokio::test]
async fn a_revocation_is_kept_until_every_node_refuses_the_token_as_expired() {
    let world = World::new().await;
    let (token, _) = world.tokens("read").await;
    revoke(&world, "default", "portal", &token).await.unwrap();
    for (after, is_kept) in [(600 + 599, true), (600 + 600, false)] {
        world.store.forget_expired(NOW.plus(Duration::from_secs(after))).await.unwrap();
        assert_eq!(is_revoked(&world, &token).await, is_kept, "{after}");
    }
}

#[tokio::test]
async fn only_its_client_ends_a_family_with_a_refresh_token_of_any_generation() {
    let world = World::new().await;
    for generation in [0, 7] {
        let (_, token) = world.tokens("read offline_access").await;
        let (family, _) = RefreshToken::read(&token, &world.master_key).unwrap();
        let token = RefreshToken::derive(&world.master_key, &family, generation).into_text();
        let is_valid = async || !world.store.family(&family).await.unwrap().unwrap().revoked;
        for (server, client) in [("default", "rival"), ("near", "portal")] {
            revoke(&world, server, client, &token).await.unwrap();
            assert!(is_valid().await, "{server} {client}");
        }
        revoke(&world, "default", "portal", &token).await.unwrap();
        assert!(!is_valid().await);
        // Revoking again changes nothing and is not recorded.
        revoke(&world, "default", "portal", &token).await.unwrap();
    }
    let events = world.decisions(DecisionKind::Revocation).await;
    assert_eq!(events.len(), 2);
    for event in events {
        assert!(event.family.is_some() && event.token_id.is_none());
        assert_eq!(event.user.as_deref(), Some(ALICE));
    }
}

#[tokio::test]
async fn revoking_an_unknown_or_expired_token_succeeds_and_changes_nothing() {
    let world = World::new().await;
    let (token, _) = world.tokens("read").await;
    let unknown = RefreshToken::derive(&world.master_key, &FamilyId::generate(), 0).into_text();
    world.pass(600);
    for invalid in ["x", &unknown, &token] {
        revoke(&world, "default", "portal", invalid).await.unwrap();
    }
    assert_eq!(world.store.sizes().revoked_tokens, 0);
    let form = credentials("portal", &[]);
    let missing = world.authority.revoke(request(&server_id("default"), &form)).await;
    assert!(matches!(refusal(missing), CallError::InvalidRequest(_)));
}
