use std::time::Duration;

use scopegate_claims::ScopeSet as Scopes;
use serde_json::{Value, json};

use super::super::tests::redeeming;
use super::*;
use crate::call::Refused;
use crate::catalog::{ClientId, Status};
use crate::endpoints::token::TokenResponse;
use crate::store::{Change, ConsentKey, Ended, Ledger};
use crate::testing::{ALICE, NOW, World, claims_of, refusal, server_id};

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

async fn exchange_as(
    world: &World,
    client: &str,
    more: &[(&str, &str)],
) -> Result<TokenResponse, Refused> {
    world.token(client, &[&[("grant_type", GRANT_TYPE)][..], more].concat()).await
}

/// Exchanges an access token as `service`.
async fn exchange_with(
    world: &World,
    token: &str,
    more: &[(&str, &str)],
) -> Result<TokenResponse, Refused> {
    let subject = [("subject_token", token), ("subject_token_type", ACCESS_TOKEN)];
    exchange_as(world, "service", &[&subject[..], more].concat()).await
}

async fn exchange(world: &World, token: &str) -> Result<TokenResponse, Refused> {
    exchange_with(world, token, &[]).await
}

fn why<T: std::fmt::Debug>(answer: Result<T, Refused>) -> &'static str {
    match refusal(answer) {
        CallError::UnacceptableToken(why) => why,
        other => panic!("{other:?}"),
    }
}

/// An access token for the user alice and the client `portal`.
async fn of_alice(world: &World, scopes: &str) -> String {
    world.tokens(scopes).await.0
}

/// An access token whose subject is the client.
async fn of_client(world: &World, server: &str, client: &str) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    world.token_at(server, client, &form).await.unwrap().access_token().to_owned()
}

#[tokio::test]
async fn the_new_token_has_no_more_scopes_and_no_later_expiry_than_the_old_one() {
    let world = World::new().await;
    let token = of_alice(&world, "openid read offline_access").await;
    for token_type in [ACCESS_TOKEN, JWT] {
        let form = [("subject_token", &*token), ("subject_token_type", token_type)];
        let answer = exchange_as(&world, "service", &form).await.unwrap();
        assert!(answer.refresh_token().is_none() && answer.id_token().is_none());
        assert_eq!(serde_json::to_value(&answer).unwrap()["issued_token_type"], ACCESS_TOKEN);
        let (old, new) = (claims_of(&token), claims_of(answer.access_token()));
        assert_eq!((&new["uid"], &new["cid"]), (&ALICE.into(), &"service".into()));
        assert_eq!((&new["scope"], &new["aud"]), (&"read".into(), &old["aud"]));
        assert_eq!((&new["auth_time"], &new["acr"]), (&old["auth_time"], &old["acr"]));
        assert!(new.get("act").is_none());
        let family = |claims: &Value| TokenId::family_of(claims["jti"].as_str().unwrap());
        assert!(family(&old).is_some() && family(&new) == family(&old));
    }
    world.pass(400);
    let answer = exchange(&world, &token).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["exp"], NOW.as_seconds() + 600);
    world.pass(200);
    assert!(exchange(&world, &token).await.is_err(), "it has expired");
}

#[tokio::test]
async fn missing_or_unsupported_parameters_are_refused() {
    let world = World::new().await;
    let token = &of_alice(&world, "read").await;
    let (subject, of_type) = (("subject_token", &**token), ("subject_token_type", ACCESS_TOKEN));
    let refresh_token = "urn:ietf:params:oauth:token-type:refresh_token";
    for wrong in [
        vec![subject],
        vec![of_type],
        vec![subject, ("subject_token_type", refresh_token)],
        vec![subject, of_type, ("requested_token_type", ID_TOKEN)],
        vec![subject, of_type, ("actor_token", token)],
        vec![subject, of_type, ("actor_token_type", ACCESS_TOKEN)],
        vec![subject, of_type, ("actor_token", token), ("actor_token_type", refresh_token)],
    ] {
        let refused = refusal(exchange_as(&world, "service", &wrong).await);
        assert!(matches!(refused, CallError::InvalidRequest(_)), "{refused:?}");
    }
    assert!(exchange_with(&world, token, &[("requested_token_type", ACCESS_TOKEN)]).await.is_ok());
}

#[tokio::test]
async fn a_revoked_token_or_one_of_an_ended_family_is_not_exchanged() {
    let world = World::new().await;
    let (plain, with_family) =
        (of_alice(&world, "read").await, of_alice(&world, "read offline_access").await);
    let jti = |token| claims_of(token)["jti"].as_str().unwrap().to_owned();
    let family = TokenId::family_of(&jti(&with_family)).unwrap();
    let expires_at = NOW.plus(Duration::from_secs(600));
    let ends = [
        Change::RevokeToken { jti: jti(&plain), expires_at },
        Change::EndFamilies { of: Ended::Family(family), at: NOW },
    ];
    for (token, end) in [plain, with_family].iter().zip(ends) {
        assert!(exchange(&world, token).await.is_ok());
        world.store.commit(&[end]).await.unwrap();
        assert_eq!(
            why(exchange(&world, token).await),
            "the token, its family or its user's tokens were revoked"
        );
    }
}

#[tokio::test]
async fn the_user_and_the_tokens_client_must_be_active_and_the_user_assigned_to_the_client() {
    let world = World::new().await;
    let token = of_alice(&world, "read").await;
    world.change_client("portal", |spec| spec.status = Status::Inactive).await;
    assert_eq!(why(exchange(&world, &token).await), "the client of the token is not active");
    world.change_client("portal", |spec| spec.status = Status::Active).await;
    world.change_client("service", |spec| spec.users = ["bob".to_owned()].into()).await;
    assert!(matches!(refusal(exchange(&world, &token).await), CallError::NotAssigned));
    world.change_client("service", |spec| spec.users.clear()).await;
    assert!(exchange(&world, &token).await.is_ok());
    world.change_alice(|user| user.status = Status::Inactive).await;
    why(exchange(&world, &token).await);
}

#[tokio::test]
async fn only_tokens_of_this_server_and_of_trusted_servers_are_exchanged() {
    let world = World::new().await;
    for (server, is_trusted) in [("default", true), ("near", true), ("far", false)] {
        let token = of_client(&world, server, "service").await;
        let answer = exchange(&world, &token).await;
        match is_trusted {
            true => assert_eq!(claims_of(answer.unwrap().access_token())["aud"], "api://orders"),
            false => assert!(matches!(refusal(answer), CallError::UntrustedServer)),
        }
    }
    let forged = world.assertion(&json!({ "iss": "https://id.example/oauth2/default" }));
    why(exchange(&world, &forged).await);
    why(exchange(&world, "x").await);
    let stranger = world.assertion(&json!({}));
    assert!(matches!(refusal(exchange(&world, &stranger).await), CallError::UntrustedServer));
}

#[tokio::test]
async fn a_token_of_this_server_limits_the_scopes_and_one_of_another_server_does_not() {
    let world = World::new().await;
    let code = world.code_of("near", "portal", "read", |_| {}).await;
    let near = world.token_at("near", "portal", &redeeming(&code)).await.unwrap();
    let write = [("scope", "read write")];
    let answer = exchange_with(&world, near.access_token(), &write).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["scope"], "read write");
    let own = of_alice(&world, "read").await;
    assert!(matches!(
        refusal(exchange_with(&world, &own, &write).await),
        CallError::InvalidScope(_)
    ));
}

#[tokio::test]
async fn the_new_token_has_the_requested_audience_or_that_of_the_old_token() {
    let world = World::new().await;
    let stock = world
        .code_of("default", "portal", "read", |code| {
            code.audience = scopegate_claims::Audience::parse("api://stock").unwrap();
        })
        .await;
    let token = world.token("portal", &redeeming(&stock)).await.unwrap();
    for (named, audience) in [
        (vec![], Some("api://stock")),
        (vec![("audience", "api://orders")], Some("api://orders")),
        (vec![("resource", "https://orders.example")], Some("api://orders")),
        (
            vec![("audience", "api://orders"), ("resource", "https://orders.example")],
            Some("api://orders"),
        ),
        (vec![("audience", "api://orders"), ("resource", "https://stock.example")], None),
        (vec![("resource", "https://orders.example"), ("resource", "https://stock.example")], None),
        (vec![("audience", "api://near")], None),
        (vec![("resource", "https://x.example")], None),
    ] {
        let answer = exchange_with(&world, token.access_token(), &named).await;
        match audience {
            Some(audience) => {
                assert_eq!(claims_of(answer.unwrap().access_token())["aud"], audience);
            }
            None => assert!(matches!(refusal(answer), CallError::InvalidTarget), "{named:?}"),
        }
    }
}

#[tokio::test]
async fn only_its_client_can_exchange_an_id_token_and_only_until_it_expires() {
    let world = World::new().await;
    let answer = world.token("portal", &redeeming(&world.code("openid read").await)).await.unwrap();
    let id_token = answer.id_token().unwrap();
    let form = [("subject_token", id_token), ("subject_token_type", ID_TOKEN)];
    let by_another = exchange_as(&world, "service", &form).await;
    assert_eq!(why(by_another), "the ID token is for another client");

    world.allow("portal", GRANT_TYPE).await;
    let as_access = [("subject_token", id_token), ("subject_token_type", ACCESS_TOKEN)];
    why(exchange_as(&world, "portal", &as_access).await);
    world.pass(3599);
    let answer = exchange_as(&world, "portal", &form).await.unwrap();
    let claims = claims_of(answer.access_token());
    assert_eq!((&claims["uid"], &claims["aud"]), (&ALICE.into(), &"api://orders".into()));
    assert_eq!(claims["exp"], NOW.as_seconds() + 3600);
    assert_eq!(claims["auth_time"], NOW.as_seconds());
    world.pass(1);
    assert_eq!(why(exchange_as(&world, "portal", &form).await), "the token has expired");
}

#[tokio::test]
async fn with_an_actor_token_the_new_token_names_the_actor_and_expires_with_the_earlier_one() {
    let world = World::new().await;
    let actor = of_client(&world, "default", "service").await;
    world.pass(100);
    let token = of_alice(&world, "read").await;
    let with = [("actor_token", &*actor), ("actor_token_type", ACCESS_TOKEN)];
    let answer = exchange_with(&world, &token, &with).await.unwrap();
    let claims = claims_of(answer.access_token());
    assert_eq!(claims["act"], json!({ "sub": "service", "client_id": "service" }));
    assert_eq!(claims["exp"], NOW.as_seconds() + 600, "the actor's token ends first");

    let acting = answer.access_token().to_owned();
    let again = exchange(&world, &acting).await.unwrap();
    assert_eq!(claims_of(again.access_token())["act"], claims["act"], "the actor is kept");
    let of_two = [("actor_token", &*acting), ("actor_token_type", ACCESS_TOKEN)];
    let refused = exchange_with(&world, &token, &of_two).await;
    assert_eq!(why(refused), "the actor token already has an actor");
    let rivals = of_client(&world, "default", "rival").await;
    let by_rival = [("actor_token", &*rivals), ("actor_token_type", ACCESS_TOKEN)];
    let refused = exchange_with(&world, &token, &by_rival).await;
    assert_eq!(why(refused), "the actor token is of another client");
}

#[tokio::test]
async fn only_the_client_that_may_act_names_can_exchange_the_token() {
    let world = World::new().await;
    world.change_client("portal", |spec| spec.may_act = ClientId::parse("api").ok()).await;
    let token = of_alice(&world, "read").await;
    assert_eq!(claims_of(&token)["may_act"], json!({ "sub": "api" }));
    assert_eq!(
        why(exchange(&world, &token).await),
        "may_act of the subject token names another actor"
    );
    world.allow("api", GRANT_TYPE).await;
    let form = [("subject_token", &*token), ("subject_token_type", ACCESS_TOKEN)];
    let answer = exchange_as(&world, "api", &form).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["may_act"], json!({ "sub": "api" }));
}

#[tokio::test]
async fn a_scope_that_needs_consent_is_left_out_or_refused_if_it_is_named() {
    let world = World::new().await;
    let token = of_alice(&world, "read secret").await;
    let scope = |answer: TokenResponse| claims_of(answer.access_token())["scope"].clone();
    assert_eq!(scope(exchange(&world, &token).await.unwrap()), "read");
    let named = [("scope", "read secret")];
    assert!(matches!(
        refusal(exchange_with(&world, &token, &named).await),
        CallError::ConsentRequired
    ));
    let key = ConsentKey {
        server: server_id("default"),
        client: ClientId::parse("service").unwrap(),
        user: world.alice().await.id,
    };
    let scopes = Scopes::parse("secret").unwrap();
    world.store.commit(&[Change::PutConsent { key, scopes, at: NOW }]).await.unwrap();
    assert_eq!(scope(exchange(&world, &token).await.unwrap()), "read secret");
    assert_eq!(scope(exchange_with(&world, &token, &named).await.unwrap()), "read secret");
}
