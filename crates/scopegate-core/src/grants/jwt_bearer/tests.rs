use std::time::Duration;

use scopegate_claims::ScopeSet;
use scopegate_jose::{Algorithm, SigningKey, TokenType};
use serde_json::{Value, json};

use super::*;
use crate::call::Refused;
use crate::catalog::{
    ClientConsent, Edit, Entity, EntityKey, EntityKind, Owner, Spec, Status, TrustedIssuerSpec,
};
use crate::endpoints::token::TokenResponse;
use crate::store::{ConsentKey, Ledger};
use crate::testing::{ALICE, NOW, World, claims_of, refusal, server_id};

async fn present(
    world: &World,
    assertion: &str,
    more: &[(&str, &str)],
) -> Result<TokenResponse, Refused> {
    let form = [&[("grant_type", GRANT_TYPE), ("assertion", assertion)][..], more].concat();
    world.token("service", &form).await
}

fn why(answer: Result<TokenResponse, Refused>) -> &'static str {
    match refusal(answer) {
        CallError::InvalidGrant(why) => why,
        other => panic!("{other:?}"),
    }
}

/// Presents a valid assertion of which some claims are changed.
async fn changed(world: &World, changed: Value) -> Result<TokenResponse, Refused> {
    present(world, &world.assertion(&changed), &[]).await
}

#[tokio::test]
async fn an_assertion_of_a_trusted_issuer_gives_a_token_for_its_subject() {
    let world = World::new().await;
    let answer = changed(&world, json!({})).await.unwrap();
    let claims = claims_of(answer.access_token());
    assert_eq!((&claims["uid"], &claims["scope"]), (&ALICE.into(), &"read".into()));
    assert!(claims.get("auth_time").is_none(), "it is not known how the user signed in");
    assert!(answer.refresh_token().is_none() && answer.id_token().is_none());
    let aud = json!("https://id.example/oauth2/default/v1/token");
    assert!(changed(&world, json!({ "jti": "j2", "aud": aud })).await.is_ok());
}

#[tokio::test]
async fn an_assertion_can_be_used_once() {
    let world = World::new().await;
    let assertion = world.assertion(&json!({}));
    let (one, other) =
        tokio::join!(present(&world, &assertion, &[]), present(&world, &assertion, &[]));
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(why(present(&world, &assertion, &[]).await), "the assertion was used before");
    assert!(changed(&world, json!({ "jti": "j2" })).await.is_ok());
    // The use is recorded until even a node whose clock is ten minutes behind refuses the assertion.
    let last = NOW.plus(Duration::from_secs(60 + 60 + 599));
    world.store.forget_expired(last).await.unwrap();
    assert_eq!(why(present(&world, &assertion, &[]).await), "the assertion was used before");
}

#[tokio::test]
async fn an_invalid_assertion_is_refused_and_its_jti_stays_unused() {
    let world = World::new().await;
    for wrong in [
        json!({ "iss": "https://other.example" }),
        json!({ "aud": "https://id.example/oauth2/near" }),
        json!({ "exp": NOW.minus(Duration::from_secs(60)) }),
        json!({ "nbf": NOW.plus(Duration::from_secs(61)) }),
        json!({ "jti": "" }),
        json!({ "sub": "nobody" }),
        json!({ "sub": ALICE }),
        json!({ "sub": null }),
    ] {
        why(changed(&world, wrong.clone()).await);
    }
    let claims = claims_of(&world.assertion(&json!({})));
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    for forged in [
        stranger.sign(TokenType::Jwt, &claims).unwrap(),
        stranger.with_kid(world.key.kid()).unwrap().sign(TokenType::Jwt, &claims).unwrap(),
        "x".to_owned(),
    ] {
        why(present(&world, &forged, &[]).await);
    }
    let missing = world.token("service", &[("grant_type", GRANT_TYPE)]).await;
    assert!(matches!(refusal(missing), CallError::InvalidRequest(_)));
    assert!(changed(&world, json!({})).await.is_ok());
}

#[tokio::test]
async fn an_access_token_is_refused_as_assertion_and_a_jwt_without_typ_is_accepted() {
    let world = World::new().await;
    let claims = claims_of(&world.assertion(&json!({})));
    let of_type = |typ| world.key.sign(typ, &claims).unwrap();
    let access = present(&world, &of_type(TokenType::AccessToken), &[]).await;
    assert_eq!(why(access), "the assertion is a token of another type");
    assert!(present(&world, &of_type(TokenType::None), &[]).await.is_ok());
}

#[tokio::test]
async fn only_the_named_clients_may_present_assertions_of_an_issuer() {
    let world = World::new().await;
    world.allow("rival", GRANT_TYPE).await;
    let assertion = world.assertion(&json!({}));
    let form = [("grant_type", GRANT_TYPE), ("assertion", &*assertion)];
    let refused = world.token("rival", &form).await;
    assert_eq!(why(refused), "the client may not present assertions of this issuer");
    let near = world.token_at("near", "service", &form).await;
    assert_eq!(why(near), "the assertion's issuer is not trusted");
}

/// Changes the settings of the trusted issuer.
async fn trust(world: &World, change: impl FnOnce(&mut TrustedIssuerSpec)) {
    let server = server_id("default");
    let catalog = world.authority.catalog();
    let trusted = &catalog.server(&server).unwrap().unwrap().trusted_issuers;
    let mut spec = trusted["https://idp.example"].spec.clone();
    change(&mut spec);
    let key = EntityKey::of_server(EntityKind::TrustedIssuer, &server, "https://idp.example");
    let spec = Spec::TrustedIssuer(Box::new(spec));
    world.edit(Edit::Put(Entity { key, owner: Owner::File, spec })).await;
}

#[tokio::test]
async fn the_catalog_decides_whether_the_subject_is_a_login_or_a_user_id() {
    let world = World::new().await;
    trust(&world, |spec| spec.subject = SubjectKind::Id).await;
    assert!(changed(&world, json!({ "sub": ALICE })).await.is_ok());
    for wrong in ["alice", "00u00000000000000002"] {
        let refused = changed(&world, json!({ "sub": wrong, "jti": wrong })).await;
        assert_eq!(why(refused), "the assertion's subject is no active user");
    }
}

#[tokio::test]
async fn every_client_may_present_assertions_if_all_clients_are_allowed() {
    let world = World::new().await;
    trust(&world, |spec| spec.clients = Clients::All).await;
    assert!(changed(&world, json!({})).await.is_ok());
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_do_not_make_the_assertion_invalid() {
    let world = World::new().await;
    trust(&world, |spec| {
        spec.jwks.clear();
        spec.jwks_uri = Some("https://idp.example/jwks".to_owned());
    })
    .await;
    let refused = refusal(changed(&world, json!({})).await);
    assert!(matches!(refused, CallError::KeysUnavailable), "{refused:?}");
}

#[tokio::test]
async fn the_user_must_be_active_and_assigned_to_the_client() {
    let world = World::new().await;
    world.change_client("service", |spec| spec.groups = ["guests".to_owned()].into()).await;
    assert!(matches!(refusal(changed(&world, json!({})).await), CallError::NotAssigned));
    world.change_client("service", |spec| spec.groups.clear()).await;
    world.change_alice(|user| user.status = Status::Inactive).await;
    why(changed(&world, json!({})).await);
    world.change_alice(|user| user.status = Status::Active).await;
    assert!(changed(&world, json!({})).await.is_ok());
}

#[tokio::test]
async fn an_assertion_gives_no_scope_that_needs_a_sign_in() {
    let world = World::new().await;
    for scope in ["openid", "read offline_access", "openid read"] {
        let assertion = world.assertion(&json!({}));
        let refused = refusal(present(&world, &assertion, &[("scope", scope)]).await);
        assert!(matches!(refused, CallError::InvalidScope(_)), "{scope}");
    }
    let assertion = world.assertion(&json!({}));
    assert!(present(&world, &assertion, &[("scope", "profile read")]).await.is_ok());
}

#[tokio::test]
async fn a_scope_that_needs_consent_is_granted_if_the_user_consented_or_the_client_is_trusted() {
    let world = World::new().await;
    let mut number = 0;
    let mut ask = async |scope: &str| {
        number += 1;
        let assertion = world.assertion(&json!({ "jti": number.to_string() }));
        present(&world, &assertion, &[("scope", scope)]).await
    };
    assert!(matches!(refusal(ask("read secret").await), CallError::ConsentRequired));
    assert!(ask("read").await.is_ok());
    world.change_client("service", |spec| spec.consent = ClientConsent::Trusted).await;
    assert!(ask("read secret").await.is_ok());
    world.change_client("service", |spec| spec.consent = ClientConsent::Required).await;
    for (scopes, is_enough) in [("read", false), ("read secret", true)] {
        let key = ConsentKey {
            server: server_id("default"),
            client: crate::catalog::ClientId::parse("service").unwrap(),
            user: world.alice().await.id,
        };
        let scopes = ScopeSet::parse(scopes).unwrap();
        world.store.commit(&[Change::PutConsent { key, scopes, at: NOW }]).await.unwrap();
        let answer = ask("read secret").await;
        assert_eq!(answer.is_ok(), is_enough, "{answer:?}");
    }
}
