use std::time::Duration;

use scopegate_claims::Audience;
use scopegate_jose::sha256;

use super::super::tests::{UNKNOWN, granted};
use super::*;
use crate::audit::DecisionKind;
use crate::call::Refused;
use crate::catalog::Status;
use crate::endpoints::token::TokenResponse;
use crate::grants::device::{INTERVAL, LIFETIME};
use crate::store::{Change, Ledger};
use crate::testing::{ALICE, NOW, World, claims_of, refusal, server_id, signed_in};

/// Stores a device code of `app` at `default` in the given state.
async fn device(world: &World, code: char, state: State) -> String {
    let code = code.to_string().repeat(43);
    let body = DeviceBody {
        server: server_id("default"),
        client: crate::catalog::ClientId::parse("app").unwrap(),
        scopes: None,
        audience: Audience::parse("api://stock").unwrap(),
        resources: vec!["https://stock.example".to_owned()],
        asked_from: None,
        ends_at: NOW.plus(LIFETIME), // ten minutes
        interval: INTERVAL,
        _polled_at: None,
        state,
    };
    let artifact = Artifact {
        kind: ArtifactKind::Device,
        id: sha256(code.as_bytes()),
        alias: None,
        user: None,
        version: 0,
        expires_at: body.ends_at,
        body: body.to_json(),
    };
    world.store.commit(&[Change::PutArtifact(artifact)]).await.unwrap();
    code
}

async fn approved(world: &World, code: char) -> String {
    let alice = world.alice().await;
    let granted = granted("openid read offline_access");
    let (user, user_version) = (alice.id, alice.version);
    let approval = Approval { user, user_version, auth: signed_in(), granted };
    device(world, code, State::Approved(approval)).await
}

async fn ask(world: &World, code: &str) -> Result<TokenResponse, Refused> {
    world.token("app", &[("grant_type", GRANT_TYPE), ("device_code", code)]).await
}

#[tokio::test]
async fn an_approved_device_gets_the_approved_scopes() {
    let world = World::new().await;
    let answer = ask(&world, &approved(&world, 'a').await).await.unwrap();
    let claims = claims_of(answer.access_token());
    assert_eq!((&claims["uid"], &claims["aud"]), (&ALICE.into(), &"api://stock".into()));
    assert_eq!(claims["scope"], "openid read offline_access");
    assert!(answer.id_token().is_some());
    let refresh_token = answer.refresh_token().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    assert!(world.token("app", &refresh).await.is_ok());
}

#[tokio::test]
async fn each_state_has_its_answer_before_and_after_the_code_expires() {
    let world = World::new().await;
    let pending = device(&world, 'p', State::Pending).await;
    let denied = device(&world, 'd', State::Denied).await;
    let (early, late) = (approved(&world, 'e').await, approved(&world, 'l').await);
    world.pass(599);
    assert!(matches!(refusal(ask(&world, &pending).await), CallError::AuthorizationPending));
    assert!(matches!(refusal(ask(&world, &denied).await), CallError::DeviceDenied));
    assert!(ask(&world, &early).await.is_ok());
    world.pass(1);
    assert!(matches!(refusal(ask(&world, &pending).await), CallError::ExpiredToken));
    assert!(matches!(refusal(ask(&world, &denied).await), CallError::DeviceDenied));
    assert!(matches!(refusal(ask(&world, &late).await), CallError::ExpiredToken));
    assert!(matches!(refusal(ask(&world, &early).await), CallError::InvalidGrant(_)));
}

#[tokio::test]
async fn s3_5_a_device_that_polls_too_fast_must_slow_down() {
    let world = World::new().await;
    let code = device(&world, 'p', State::Pending).await;
    let poll = async |after| {
        world.pass(after);
        refusal(ask(&world, &code).await)
    };
    assert!(matches!(poll(0).await, CallError::AuthorizationPending));
    assert!(matches!(poll(5).await, CallError::AuthorizationPending));
    assert!(matches!(poll(4).await, CallError::SlowDown));
    assert!(matches!(poll(9).await, CallError::SlowDown));
    assert!(matches!(poll(15).await, CallError::AuthorizationPending));
}

#[tokio::test]
async fn only_the_client_of_a_device_code_can_redeem_it_and_only_at_its_server() {
    let world = World::new().await;
    let code = approved(&world, 'a').await;
    let form = [("grant_type", GRANT_TYPE), ("device_code", &*code)];
    for (server, client) in [("default", "portal"), ("near", "app")] {
        let refused = refusal(world.token_at(server, client, &form).await);
        let why = "the device code is for another client or server";
        assert!(matches!(refused, CallError::InvalidGrant(text) if text == why), "{server}");
    }
    for wrong in [UNKNOWN, "x"] {
        assert!(matches!(refusal(ask(&world, wrong).await), CallError::InvalidGrant(_)));
    }
    let missing = world.token("app", &[("grant_type", GRANT_TYPE)]).await;
    assert!(matches!(refusal(missing), CallError::InvalidRequest(_)));
    assert!(ask(&world, &code).await.is_ok());
}

#[tokio::test]
async fn a_refusal_names_the_user_who_approved_the_device_in_the_audit_log() {
    let world = World::new().await;
    let (code, pending) = (approved(&world, 'a').await, device(&world, 'p', State::Pending).await);
    let user = || world.newest_refusal().user;
    let form = [("grant_type", GRANT_TYPE), ("device_code", &*code)];
    refusal(world.token("portal", &form).await);
    assert_eq!(user().as_deref(), Some(ALICE));
    world.change_alice(|user| user.status = Status::Inactive).await;
    refusal(ask(&world, &code).await);
    assert_eq!(user().as_deref(), Some(ALICE));
    world.pass(600);
    refusal(ask(&world, &pending).await);
    assert_eq!(user(), None, "nobody has decided");
    refusal(ask(&world, &code).await);
    assert_eq!(user().as_deref(), Some(ALICE));
}

#[tokio::test]
async fn a_replayed_device_code_ends_the_family_even_if_its_row_is_deleted() {
    for is_deleted in [false, true] {
        let world = World::new().await;
        let code = approved(&world, 'a').await;
        ask(&world, &code).await.unwrap();
        if is_deleted {
            world.store.forget_expired(NOW.plus(Duration::from_secs(3600))).await.unwrap();
            assert_eq!(world.store.sizes().artifacts, 0);
        }
        assert_eq!(world.store.sizes().lasting_families, 1);
        assert!(matches!(refusal(ask(&world, &code).await), CallError::InvalidGrant(_)));
        assert_eq!(world.store.sizes().lasting_families, 0);
        let [event] = &world.decisions(DecisionKind::TokenReuse).await[..] else {
            panic!("one event is expected")
        };
        assert_eq!(event.grant_type.as_deref(), Some(GRANT_TYPE));
        assert_eq!(event.user.as_deref(), Some(ALICE));
    }
}

#[tokio::test]
async fn the_user_must_be_active_unchanged_and_assigned_to_the_client() {
    let world = World::new().await;
    let (code, before) = (approved(&world, 'a').await, approved(&world, 'b').await);
    world.change_client("app", |spec| spec.users = ["bob".to_owned()].into()).await;
    assert!(matches!(refusal(ask(&world, &code).await), CallError::NotAssigned));
    world.change_client("app", |spec| spec.users.clear()).await;
    assert!(ask(&world, &code).await.is_ok());
    for status in [Status::Inactive, Status::Active] {
        world.change_alice(|user| user.status = status).await;
        assert!(matches!(refusal(ask(&world, &before).await), CallError::InvalidGrant(_)));
    }
    assert!(ask(&world, &approved(&world, 'c').await).await.is_ok());
}
