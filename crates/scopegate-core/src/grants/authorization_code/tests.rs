use serde_json::Value;

use super::super::code::{CodeBody, CodeState};
use super::super::tests::{REDIRECT, UNKNOWN, VERIFIER, redeeming};
use super::*;
use crate::audit::DecisionKind;
use crate::call::{CallKind, ClientCall};
use crate::catalog::Status;
use crate::endpoints::token::TokenResponse;
use crate::store::{Ledger, Records};
use crate::testing::{
    ALICE, NOW, World, claims_of, credentials, mark_of, refusal, request, server_id,
};

fn audit_text(error: CallError) -> &'static str {
    match error {
        CallError::InvalidGrant(why) | CallError::InvalidRequest(why) => why,
        other => panic!("{other:?}"),
    }
}

/// Redeems a code as `portal`.
async fn redeem(world: &World, code: &str) -> Result<TokenResponse, crate::call::Refused> {
    world.token("portal", &redeeming(code)).await
}

#[tokio::test]
async fn a_code_gives_the_tokens_that_were_authorized() {
    let world = World::new().await;
    let answer = redeem(&world, &world.code("openid read").await).await.unwrap();
    let claims = claims_of(answer.access_token());
    assert_eq!((&claims["uid"], &claims["aud"]), (&Value::from(ALICE), &"api://orders".into()));
    assert_eq!((&claims["cid"], &claims["scope"]), (&"portal".into(), &"openid read".into()));
    assert_eq!(claims["exp"], NOW.as_seconds() + 600);
    let id_token = claims_of(answer.id_token().unwrap());
    assert_eq!((&id_token["nonce"], &id_token["sub"]), (&"n1".into(), &ALICE.into()));
    assert!(answer.refresh_token().is_none());

    let answer = redeem(&world, &world.code("read offline_access").await).await.unwrap();
    assert!(answer.refresh_token().is_some() && answer.id_token().is_none());

    let only_code = |spec: &mut crate::catalog::ClientSpec| {
        spec.grant_types = ["authorization_code".to_owned()].into();
    };
    world.change_client("portal", only_code).await;
    let answer = redeem(&world, &world.code("read offline_access").await).await.unwrap();
    assert!(answer.refresh_token().is_none(), "the client may not refresh");
}

#[tokio::test]
async fn the_claims_that_were_asked_for_by_name_go_with_each_token() {
    let world = World::new().await;
    let asked = |code: &mut Issued| {
        code.userinfo_claims = vec!["email".to_owned()];
        code.id_token.claims = vec!["name".to_owned()];
    };
    world
        .change_alice(|user| {
            let name = ("name".to_owned(), Value::from("Alice"));
            user.profile = crate::directory::Profile::collect([name]).unwrap();
        })
        .await;
    let code = world.code_of("default", "portal", "openid offline_access", asked).await;
    let first = redeem(&world, &code).await.unwrap();
    let refresh_token = first.refresh_token().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    let second = world.token("portal", &refresh).await.unwrap();
    for answer in [first, second] {
        let claims = claims_of(answer.access_token());
        assert_eq!(claims["userinfo_claims"], serde_json::json!(["email"]));
        assert_eq!(claims_of(answer.id_token().unwrap())["name"], "Alice");
    }
}

#[tokio::test]
async fn a_request_without_the_right_redirect_uri_and_verifier_is_refused_and_ends_nothing() {
    let world = World::new().await;
    let code = &world.code("read offline_access").await;
    let (grant, other) = (("grant_type", "authorization_code"), "https://portal.example/cb2");
    let (redirect, verifier) = (("redirect_uri", REDIRECT), ("code_verifier", VERIFIER));
    let long = VERIFIER.to_owned() + "x";
    for form in [
        vec![grant, redirect, verifier],
        vec![grant, ("code", UNKNOWN), redirect, verifier],
        vec![grant, ("code", "x"), redirect, verifier],
        vec![grant, ("code", code), verifier],
        vec![grant, ("code", code), ("redirect_uri", other), verifier],
        vec![grant, ("code", code), redirect],
        vec![grant, ("code", code), redirect, ("code_verifier", &long)],
    ] {
        audit_text(refusal(world.token("portal", &form).await));
    }
    let token = redeem(&world, code).await.unwrap();
    let wrong = [grant, ("code", code), redirect, ("code_verifier", &long)];
    audit_text(refusal(world.token("portal", &wrong).await));
    audit_text(refusal(world.token("portal", &[grant, ("code", code), verifier]).await));
    let refresh_token = token.refresh_token().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    assert!(world.token("portal", &refresh).await.is_ok(), "the family has not ended");
    assert!(world.decisions(DecisionKind::TokenReuse).await.is_empty());
}

#[tokio::test]
async fn an_unbound_code_is_refused_with_a_verifier_and_accepted_with_any_redirect_uri() {
    let world = World::new().await;
    let unbound =
        || world.code_of("default", "portal", "read", |code| code.binding = <_>::default());
    let (grant, redirect) = (("grant_type", "authorization_code"), ("redirect_uri", REDIRECT));
    let code = &unbound().await;
    let with_verifier = [grant, ("code", code), ("code_verifier", VERIFIER)];
    audit_text(refusal(world.token("portal", &with_verifier).await));
    assert!(world.token("portal", &[grant, ("code", code), redirect]).await.is_ok());
    assert!(world.token("portal", &[grant, ("code", &unbound().await)]).await.is_ok());
}

#[tokio::test]
async fn a_code_is_valid_until_the_second_at_which_it_expires() {
    let world = World::new().await;
    let (early, late) = (world.code("read").await, world.code("read").await);
    world.pass(299);
    assert!(redeem(&world, &early).await.is_ok());
    world.pass(1);
    assert_eq!(audit_text(refusal(redeem(&world, &late).await)), "the code has expired");
}

#[tokio::test]
async fn a_code_presented_by_another_client_or_at_another_server_ends_nothing() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    let form = redeeming(&code);
    for used in [false, true] {
        for (server, client) in [("default", "rival"), ("default", "app"), ("near", "portal")] {
            let why = audit_text(refusal(world.token_at(server, client, &form).await));
            assert_eq!(why, "the code is for another client or server", "{server} {client}");
        }
        assert!(used || redeem(&world, &code).await.is_ok());
    }
    assert_eq!(world.store.sizes().lasting_families, 1);
}

#[tokio::test]
async fn a_replayed_code_ends_its_family() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    let token = redeem(&world, &code).await.unwrap();
    assert_eq!(audit_text(refusal(redeem(&world, &code).await)), "the code was used before");
    assert_eq!(world.store.sizes().lasting_families, 0);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", token.refresh_token().unwrap())];
    assert!(world.token("portal", &refresh).await.is_err());

    let [event] = &world.decisions(DecisionKind::TokenReuse).await[..] else {
        panic!("one event is expected")
    };
    let jti = claims_of(token.access_token())["jti"].as_str().unwrap().to_owned();
    assert_eq!(event.token_id.as_deref(), Some(&*jti));
    assert_eq!((event.outcome.as_str(), event.user.as_deref()), ("invalid_grant", Some(ALICE)));
    assert_eq!(event.grant_type.as_deref(), Some("authorization_code"));
    assert!(event.family.is_some());
}

#[tokio::test]
async fn a_replayed_code_without_a_family_revokes_its_access_token() {
    let world = World::new().await;
    let code = world.code("read").await;
    let token = redeem(&world, &code).await.unwrap();
    let revoked = async || {
        let jti_sha256 = mark_of(token.access_token());
        let mark = crate::store::TokenMark { jti_sha256, family: None, user: None };
        world.store.standing(&mark).await.unwrap().revoked
    };
    assert!(!revoked().await);
    audit_text(refusal(redeem(&world, &code).await));
    assert!(revoked().await);
    // A node whose clock is ten minutes behind must still find the revocation.
    world.store.forget_expired(NOW.plus(std::time::Duration::from_secs(600 + 599))).await.unwrap();
    assert!(revoked().await);
}

#[tokio::test]
async fn a_replayed_code_ends_its_family_even_if_its_row_is_deleted() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    redeem(&world, &code).await.unwrap();
    world.pass(3600);
    world.store.forget_expired(world.authority.clock().now()).await.unwrap();
    assert_eq!(world.store.sizes().artifacts, 0);

    let form = redeeming(&code);
    for (server, client) in [("default", "rival"), ("near", "portal")] {
        audit_text(refusal(world.token_at(server, client, &form).await));
    }
    audit_text(refusal(world.token("portal", &form[..3]).await));
    audit_text(refusal(world.token("portal", &[form[0], form[1], form[3]]).await));
    assert_eq!(world.store.sizes().lasting_families, 1, "a parameter or the client was wrong");
    assert_eq!(audit_text(refusal(redeem(&world, &code).await)), "the code was used before");
    assert_eq!(world.store.sizes().lasting_families, 0);
    assert_eq!(world.decisions(DecisionKind::TokenReuse).await.len(), 1);
}

#[tokio::test]
async fn a_used_code_in_a_row_of_an_earlier_version_is_refused_and_ends_nothing() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    redeem(&world, &code).await.unwrap();
    let name = ArtifactName::of_secret(&code);
    let artifact = world.store.artifact(ArtifactKind::Code, &name).await.unwrap().unwrap();
    let mut body: CodeBody = serde_json::from_str(&artifact.body).unwrap();
    if let CodeState::Used { binding, .. } = &mut body.state {
        *binding = None;
    }
    let Artifact { kind, id, version: from, expires_at, .. } = artifact;
    let moved = Change::MoveArtifact { kind, id, from, body: body.to_json(), expires_at };
    world.store.commit(&[moved]).await.unwrap();
    audit_text(refusal(redeem(&world, &code).await));
    assert_eq!(world.store.sizes().lasting_families, 1);
}

#[tokio::test]
async fn the_user_must_be_active_unchanged_and_assigned_to_the_client() {
    let world = World::new().await;
    let code = world.code("read").await;
    world.change_client("portal", |spec| spec.users = ["bob".to_owned()].into()).await;
    assert!(matches!(refusal(redeem(&world, &code).await), CallError::NotAssigned));
    world.change_client("portal", |spec| spec.users = ["alice".to_owned()].into()).await;
    assert!(redeem(&world, &code).await.is_ok());

    let (before, later) = (world.code("read").await, world.code("read").await);
    world.change_alice(|user| user.status = Status::Inactive).await;
    assert_eq!(audit_text(refusal(redeem(&world, &before).await)), "the user is not active");
    world.change_alice(|user| user.status = Status::Active).await;
    let changed = "the user was changed after they consented";
    assert_eq!(audit_text(refusal(redeem(&world, &later).await)), changed);
    assert!(redeem(&world, &world.code("read").await).await.is_ok());

    // The user of the code does not exist.
    let other = UserId::generate();
    let code = world.code_of("default", "portal", "read", |code| code.user = other).await;
    assert!(redeem(&world, &code).await.is_err());
}

#[tokio::test]
async fn a_commit_that_opens_a_family_expects_user_client_and_server_unchanged() {
    let world = World::new().await;
    let kinds = async |scopes: &str| {
        let (code, server) = (world.code(scopes).await, server_id("default"));
        let form = credentials("portal", &redeeming(&code));
        let catalog = world.authority.catalog();
        let client = catalog.client("portal").unwrap().unwrap().clone();
        let found = catalog.server(&server).unwrap().unwrap().clone();
        let kind = CallKind::new("token", DecisionKind::TokenGrant);
        let call = ClientCall::of(request(&server, &form), kind, catalog, found, client, NOW);
        let decided = AuthorizationCode.decide(&GrantRequest::new(&world.authority, &call)).await;
        format!("{:?}", decided.unwrap().changes)
    };
    assert_eq!(kinds("read offline_access").await, "[ExpectUser, ExpectCatalog, OpenFamily]");
    assert_eq!(kinds("read").await, "[]");
}

#[test]
fn the_row_of_a_used_code_is_kept_for_an_hour_and_until_its_access_token_expires() {
    use std::time::Duration;
    let token_id = crate::token::TokenId::access(None);
    let kept = |token_seconds| {
        let token_ends_at = NOW.plus(Duration::from_secs(token_seconds));
        let used = UsedCode { family: None, token_id: token_id.clone(), token_ends_at };
        used.remembered_until(NOW).since(NOW).as_secs()
    };
    assert_eq!((kept(600), kept(3000), kept(3001)), (3600, 3600, 3601));
}
