//! The audit event of a refusal names the user as soon as they are known, although no policy was evaluated.

use serde_json::json;

use super::*;
use crate::catalog::{ClientSpec, Status};
use crate::testing::{ALICE, claims_of};
use crate::token::RefreshToken;

/// Asserts that a request is refused, and that its audit event names this user.
#[track_caller]
fn names(world: &World, answer: Result<TokenResponse, Refused>, user: Option<&str>) {
    let error = refusal(answer);
    let recorded = world.newest_refusal();
    assert_eq!(recorded.user.as_deref(), user, "{error}: {recorded:?}");
}

fn for_bob(spec: &mut ClientSpec) {
    spec.users = ["bob".to_owned()].into();
}

fn for_all(spec: &mut ClientSpec) {
    spec.users.clear();
}

async fn set_status(world: &World, status: Status) {
    world.change_alice(|user| user.status = status).await;
}

#[tokio::test]
async fn of_an_authorization_code() {
    let world = World::new().await;
    let code = &world.code("read").await;
    let [grant, named, redirect, verifier] = redeeming(code);
    for (client, form) in [
        ("portal", vec![grant, named, redirect]),
        ("portal", vec![grant, named, redirect, ("code_verifier", CHALLENGE)]),
        ("portal", vec![grant, named, verifier]),
        ("rival", vec![grant, named, redirect, verifier]),
        ("portal", vec![grant, named, redirect, verifier, ("resource", "https://x.example")]),
    ] {
        names(&world, world.token(client, &form).await, Some(ALICE));
    }
    for form in [
        vec![grant, redirect, verifier],
        vec![grant, ("code", UNKNOWN), redirect, verifier],
        vec![grant, ("code", "x"), redirect, verifier],
    ] {
        names(&world, world.token("portal", &form).await, None);
    }
    world.change_client("portal", for_bob).await;
    names(&world, world.redeem(code, &[]).await, Some(ALICE));
    world.change_client("portal", for_all).await;
    world.redeem(code, &[]).await.unwrap();
    names(&world, world.redeem(code, &[]).await, Some(ALICE));
    names(&world, world.token("portal", &[grant, named, redirect]).await, Some(ALICE));

    let (late, of_inactive) = (world.code("read").await, world.code("read").await);
    set_status(&world, Status::Inactive).await;
    names(&world, world.redeem(&of_inactive, &[]).await, Some(ALICE));
    world.pass(300);
    names(&world, world.redeem(&late, &[]).await, Some(ALICE));
}

#[tokio::test]
async fn of_a_code_whose_row_is_deleted() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    world.redeem(&code, &[]).await.unwrap();
    world.pass(3600);
    world.store.forget_expired(world.authority.clock().now()).await.unwrap();
    names(&world, world.redeem(&code, &[]).await, Some(ALICE));
}

#[tokio::test]
async fn of_a_refresh_token() {
    let world = World::new().await;
    let refresh = async |client: &str, token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        world.token(client, &form).await
    };
    let (_, first) = world.tokens("read offline_access").await;
    let (family, _) = RefreshToken::read(&first, &world.master_key).unwrap();
    names(&world, refresh("rival", &first).await, Some(ALICE));
    names(&world, refresh("portal", "x").await, None);
    let newer = RefreshToken::derive(&world.master_key, &family, 9);
    names(&world, refresh("portal", newer.as_str()).await, Some(ALICE));
    world.change_client("portal", for_bob).await;
    names(&world, refresh("portal", &first).await, Some(ALICE));
    world.change_client("portal", for_all).await;
    world.change_client("portal", |spec| _ = spec.grant_types.remove("authorization_code")).await;
    names(&world, refresh("portal", &first).await, Some(ALICE));
    world.allow("portal", "authorization_code").await;
    set_status(&world, Status::Inactive).await;
    names(&world, refresh("portal", &first).await, Some(ALICE));
    set_status(&world, Status::Active).await;

    let second = refresh("portal", &first).await.unwrap().refresh_token().unwrap().to_owned();
    world.pass(31);
    names(&world, refresh("portal", &first).await, Some(ALICE));
    names(&world, refresh("portal", &first).await, Some(ALICE));
    names(&world, refresh("portal", &second).await, Some(ALICE));
}

#[tokio::test]
async fn of_an_assertion_of_another_issuer() {
    let world = World::new().await;
    let present = async |changed: serde_json::Value| {
        let assertion = world.assertion(&changed);
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        world.token("service", &form).await
    };
    names(&world, present(json!({ "sub": "nobody" })).await, None);
    world.change_client("service", for_bob).await;
    names(&world, present(json!({})).await, Some(ALICE));
    set_status(&world, Status::Inactive).await;
    names(&world, present(json!({})).await, Some(ALICE));
}

#[tokio::test]
async fn of_an_exchanged_token() {
    let world = World::new().await;
    let (token, _) = world.tokens("read").await;
    let exchange = async |more: &[(&str, &str)]| {
        let token_type = "urn:ietf:params:oauth:token-type:access_token";
        let subject = [("subject_token", &*token), ("subject_token_type", token_type)];
        let form = [&[("grant_type", TOKEN_EXCHANGE)][..], &subject, more].concat();
        world.token("service", &form).await
    };
    names(&world, exchange(&[("actor_token", "x")]).await, Some(ALICE));
    names(&world, exchange(&[("scope", "openid")]).await, Some(ALICE));
    names(&world, exchange(&[("resource", "https://x.example")]).await, Some(ALICE));
    world.change_client("service", for_bob).await;
    names(&world, exchange(&[]).await, Some(ALICE));
    set_status(&world, Status::Inactive).await;
    names(&world, exchange(&[]).await, Some(ALICE));
    set_status(&world, Status::Active).await;
    world.change_client("service", for_all).await;
    exchange(&[]).await.unwrap();
    let jti = claims_of(&token)["jti"].as_str().unwrap().to_owned();
    let expires_at = world.authority.clock().now().plus(LIFETIME);
    world.store.commit(&[Change::RevokeToken { jti, expires_at }]).await.unwrap();
    names(&world, exchange(&[]).await, Some(ALICE));
}

#[tokio::test]
async fn of_a_client_alone_there_is_none() {
    let world = World::new().await;
    let form = [("grant_type", "client_credentials"), ("scope", "unknown")];
    names(&world, world.token("service", &form).await, None);
}
