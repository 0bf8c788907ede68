use std::time::Duration;

use super::super::tests::DAY;
use super::*;
use crate::audit::DecisionKind;
use crate::call::Refused;
use crate::catalog::{RotationType, Status};
use crate::endpoints::token::TokenResponse;
use crate::store::{FamilyId, Ledger};
use crate::testing::{ALICE, World, claims_of, refusal};

const SCOPES: &str = "openid offline_access read write";

async fn refresh_with(
    world: &World,
    token: &str,
    more: &[(&str, &str)],
) -> Result<TokenResponse, Refused> {
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)][..], more].concat();
    world.token("portal", &form).await
}

async fn refresh(world: &World, token: &str) -> Result<TokenResponse, Refused> {
    refresh_with(world, token, &[]).await
}

/// Refreshes, and returns the next refresh token.
async fn next(world: &World, token: &str) -> String {
    refresh(world, token).await.unwrap().refresh_token().unwrap().to_owned()
}

fn why<T: std::fmt::Debug>(answer: Result<T, Refused>) -> &'static str {
    match refusal(answer) {
        CallError::InvalidGrant(why) => why,
        other => panic!("{other:?}"),
    }
}

/// The number of families that were not revoked.
fn families(world: &World) -> usize {
    world.store.sizes().lasting_families
}

#[tokio::test]
async fn a_refresh_gives_the_granted_scopes_and_a_new_refresh_token() {
    let world = World::new().await;
    let (access, first) = world.tokens(SCOPES).await;
    let answer = refresh(&world, &first).await.unwrap();
    let (before, after) = (claims_of(&access), claims_of(answer.access_token()));
    for same in ["uid", "scp", "aud", "cid", "auth_time"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    let family = |claims: &serde_json::Value| TokenId::family_of(claims["jti"].as_str().unwrap());
    assert!(family(&before).is_some() && family(&before) == family(&after));
    assert_ne!(answer.refresh_token(), Some(&*first));
    let id_token = claims_of(answer.id_token().unwrap());
    assert_eq!((&id_token["sub"], id_token.get("nonce")), (&ALICE.into(), None));
}

#[tokio::test]
async fn the_previous_token_returns_the_newest_token_within_the_leeway() {
    let world = World::new().await;
    let (_, first) = world.tokens(SCOPES).await;
    let second = next(&world, &first).await;
    world.pass(30);
    assert_eq!(next(&world, &first).await, second);
    world.pass(1);
    assert_eq!(why(refresh(&world, &first).await), "a refresh token was used again");
    assert_eq!(families(&world), 0);
}

#[tokio::test]
async fn a_token_older_than_the_previous_one_counts_as_reused() {
    let world = World::new().await;
    let (_, first) = world.tokens(SCOPES).await;
    let second = next(&world, &first).await;
    next(&world, &second).await;
    assert_eq!(why(refresh(&world, &first).await), "a refresh token was used again");
}

#[tokio::test]
async fn a_reused_token_ends_its_family_and_no_other() {
    let world = World::new().await;
    let ((access, first), (_, other)) = (world.tokens(SCOPES).await, world.tokens(SCOPES).await);
    let newest = next(&world, &first).await;
    world.pass(31);
    let refused = refresh(&world, &first).await.unwrap_err();
    assert!(refused.decision.is_some());
    assert_eq!(why(refresh(&world, &newest).await), "the family has ended");
    assert_eq!(why(refresh(&world, &first).await), "a replaced token of a family that was revoked");
    assert_eq!(families(&world), 1);
    next(&world, &other).await;

    let [event] = &world.decisions(DecisionKind::TokenReuse).await[..] else {
        panic!("one event is expected")
    };
    let family = TokenId::family_of(claims_of(&access)["jti"].as_str().unwrap()).unwrap();
    assert_eq!(event.family.as_deref(), Some(family.as_str()));
    assert_eq!((event.outcome.as_str(), event.user.as_deref()), ("invalid_grant", Some(ALICE)));
    assert_eq!(event.grant_type.as_deref(), Some("refresh_token"));
    assert_eq!(
        event.reason.as_deref(),
        Some("A refresh token was used again that had been replaced.")
    );
}

#[tokio::test]
async fn a_token_presented_by_another_client_or_at_another_server_ends_nothing() {
    let world = World::new().await;
    let (_, first) = world.tokens(SCOPES).await;
    let second = next(&world, &first).await;
    world.pass(31);
    for token in [&first, &second] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        for (server, client) in [("default", "rival"), ("default", "app"), ("near", "portal")] {
            let refused = why(world.token_at(server, client, &form).await);
            assert_eq!(refused, "a token of another client or server", "{server} {client}");
        }
    }
    assert_eq!(families(&world), 1);
    next(&world, &second).await;
}

#[tokio::test]
async fn a_forged_token_is_refused_before_the_storage_is_read() {
    let world = World::new().await;
    let (access, token) = world.tokens(SCOPES).await;
    let reads = world.store.reads();
    let other = scopegate_jose::MasterKey::generate();
    let (family, generation) = RefreshToken::read(&token, &world.master_key).unwrap();
    let forged = RefreshToken::derive(&other, &family, generation);
    for text in ["x", &access, &token[1..], forged.as_str()] {
        assert_eq!(why(refresh(&world, text).await), "not a refresh token of this server");
    }
    let missing = world.token("portal", &[("grant_type", "refresh_token")]).await;
    assert!(matches!(refusal(missing), CallError::InvalidRequest(_)));
    assert_eq!(world.store.reads(), reads);

    let forgotten = RefreshToken::derive(&world.master_key, &FamilyId::generate(), 0);
    assert_eq!(why(refresh(&world, forgotten.as_str()).await), "the family is forgotten");
    // An older backup was restored.
    let newer = RefreshToken::derive(&world.master_key, &family, generation + 1);
    assert_eq!(why(refresh(&world, newer.as_str()).await), "the token is newer than its family");
    assert_eq!(families(&world), 1);
}

#[tokio::test]
async fn a_family_ends_if_it_is_not_used_for_its_window() {
    let world = World::new().await;
    let ((_, used), (_, unused)) = (world.tokens(SCOPES).await, world.tokens(SCOPES).await);
    world.pass(7 * DAY - 1);
    let used = next(&world, &used).await;
    world.pass(1);
    assert_eq!(why(refresh(&world, &unused).await), "the family has ended");
    world.pass(7 * DAY - 2);
    next(&world, &used).await;
}

#[tokio::test]
async fn a_family_ends_after_its_lifetime_even_if_it_is_used() {
    let world = World::new().await;
    let (_, mut token) = world.tokens(SCOPES).await;
    for _ in 0..5 {
        world.pass(5 * DAY);
        token = next(&world, &token).await;
    }
    world.pass(5 * DAY - 1);
    token = next(&world, &token).await;
    world.pass(1);
    assert_eq!(why(refresh(&world, &token).await), "the family has ended");
}

#[tokio::test]
async fn an_ended_family_gives_nothing() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    let (id, _) = RefreshToken::read(&token, &world.master_key).unwrap();
    let end = Change::EndFamilies { of: Ended::Family(id), at: world.authority.clock().now() };
    world.store.commit(&[end]).await.unwrap();
    assert_eq!(why(refresh(&world, &token).await), "the family has ended");
}

#[tokio::test]
async fn the_user_must_be_active_and_assigned_to_the_client() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    world.change_alice(|user| user.status = Status::Inactive).await;
    assert_eq!(why(refresh(&world, &token).await), "the user is not active");
    world.change_alice(|user| user.status = Status::Active).await;
    world.change_client("portal", |spec| spec.groups = ["guests".to_owned()].into()).await;
    assert!(matches!(refusal(refresh(&world, &token).await), CallError::NotAssigned));
    world.change_client("portal", |spec| spec.groups = ["staff".to_owned()].into()).await;
    next(&world, &token).await;
}

#[tokio::test]
async fn the_client_must_still_list_refresh_token_and_the_first_grant_of_the_family() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    for gone in ["authorization_code", "refresh_token"] {
        world.change_client("portal", |spec| spec.grant_types.retain(|name| name != gone)).await;
        let refused = refusal(refresh(&world, &token).await);
        assert!(matches!(refused, CallError::UnauthorizedClient), "{gone}");
        world.allow("portal", gone).await;
    }
    next(&world, &token).await;
}

#[tokio::test]
async fn a_refresh_may_request_fewer_scopes_but_no_others() {
    let world = World::new().await;
    let (_, mut token) = world.tokens("offline_access read").await;
    let more = refresh_with(&world, &token, &[("scope", "read write")]).await;
    assert!(matches!(refusal(more), CallError::InvalidScope(_)));
    for (asked, got) in [(Some("read"), "read"), (None, "offline_access read")] {
        let scope: Vec<_> = asked.map(|asked| ("scope", asked)).into_iter().collect();
        let answer = refresh_with(&world, &token, &scope).await.unwrap();
        assert_eq!(claims_of(answer.access_token())["scope"], got);
        token = answer.refresh_token().unwrap().to_owned();
    }
}

#[tokio::test]
async fn a_refresh_keeps_the_audience() {
    let world = World::new().await;
    let (_, token) = world.tokens("offline_access read").await;
    for (resource, is_same) in
        [("https://orders2.example", true), ("https://stock.example", false), ("https://x", false)]
    {
        let answer = refresh_with(&world, &token, &[("resource", resource)]).await;
        match is_same {
            true => assert_eq!(claims_of(answer.unwrap().access_token())["aud"], "api://orders"),
            false => assert!(matches!(refusal(answer), CallError::InvalidTarget), "{resource}"),
        }
    }
}

#[tokio::test]
async fn without_rotation_a_client_keeps_its_refresh_token() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    world
        .change_client("portal", |spec| spec.refresh_token.rotation_type = RotationType::Static)
        .await;
    for _ in 0..3 {
        world.pass(100);
        assert_eq!(next(&world, &token).await, token);
    }
}

#[tokio::test]
async fn two_concurrent_refreshes_return_the_same_token() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    let (one, other) = tokio::join!(refresh(&world, &token), refresh(&world, &token));
    let [one, other] =
        [one, other].map(|answer| answer.unwrap().refresh_token().map(str::to_owned));
    assert!(one.is_some() && one == other);
}

#[tokio::test]
async fn a_refresh_takes_the_window_from_the_rule_that_matches_now() {
    let world = World::new().await;
    let (_, token) = world.tokens(SCOPES).await;
    let (id, _) = RefreshToken::read(&token, &world.master_key).unwrap();
    next(&world, &token).await;
    let family = crate::store::Records::family(&world.store, &id).await.unwrap().unwrap();
    let now = world.authority.clock().now();
    assert_eq!(family.generation, 1);
    assert_eq!(family.idle_ends_at, now.plus(Duration::from_secs(7 * DAY)));
}
