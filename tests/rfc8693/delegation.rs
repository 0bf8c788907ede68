//! §4.1 and §4.4: the claims `act` and `may_act`.

use std::time::Duration;

use scopegate_claims::{Audience, Clock, Issuer};
use scopegate_core::catalog::ServerId;
use scopegate_core::token::{Actor, MayAct};
use scopegate_jose::{AudienceRule, Rules, verify_access_token};
use scopegate_tests::{BASE, Token};
use serde_json::{Value, json};

use super::world::{ACCESS, World, access_token, act, actor, assert_unacceptable, claims_of};

#[tokio::test]
async fn impersonation_does_not_add_act() {
    let world = World::start().await;
    let answer = world.exchange("gateway", &world.alices_token().await, &[]).await;
    assert!(claims_of(&answer).get("act").is_none());
    // An earlier `act` is kept.
    let acted =
        access_token(&world.exchange_as_actor("gateway", &world.alices_token().await).await);
    let answer = world.exchange("worker", &acted, &[]).await;
    assert_eq!(claims_of(&answer)["act"], act("gateway"));
}

#[tokio::test]
async fn s4_1_act_is_nested_and_the_outermost_is_the_current_actor() {
    let world = World::start().await;
    let first = world.exchange_as_actor("gateway", &world.alices_token().await).await;
    assert_eq!(claims_of(&first)["act"], act("gateway"));
    let second = world.exchange_as_actor("worker", &access_token(&first)).await;
    let claims = claims_of(&second);
    let nested = json!({ "sub": "worker", "client_id": "worker", "act": act("gateway") });
    assert_eq!(claims["act"], nested);
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(world.alice.id.as_str()), &json!("worker"))
    );

    // Introspection shows the actors.
    let token = access_token(&second);
    let told = world.server.as_client("worker").post("introspect", &[("token", &token)]).await;
    let told = told.expect(200).json();
    assert_eq!((&told["active"], &told["act"]), (&json!(true), &nested));
    assert_eq!(told["username"], "alice");
}

/// An API accepts such a token without special code. The subject is the user.
#[tokio::test]
async fn s4_1_an_api_accepts_a_token_with_actors() {
    let world = World::start().await;
    let first = world.exchange_as_actor("gateway", &world.alices_token().await).await;
    let token = access_token(&world.exchange_as_actor("worker", &access_token(&first)).await);
    let keys = world.server.authority().keys().verifying(&ServerId::default_server()).unwrap();
    let issuer = Issuer::parse(&format!("{BASE}/oauth2/default")).unwrap();
    let rules =
        Rules::new(issuer, AudienceRule::any_of([Audience::parse("api://orders").unwrap()]))
            .with_leeway(Duration::from_secs(60))
            .unwrap();
    let verified = verify_access_token(&token, &keys, &rules, world.server.clock().now()).unwrap();
    assert_eq!(verified.claims().subject(), Some(world.alice.id.as_str()));
    let claims: Value = verified.deserialize().unwrap();
    assert_eq!(claims["act"]["act"], act("gateway"));
}

#[tokio::test]
async fn s4_1_a_chain_of_more_than_four_actors_is_refused() {
    let world = World::start().await;
    let mut token = world.alices_token().await;
    for client in ["gateway", "worker", "gateway", "worker"] {
        token = access_token(&world.exchange_as_actor(client, &token).await);
    }
    let json =
        world.exchange_as_actor("gateway", &token).await.expect_error(400, "invalid_request");
    assert_eq!(json["error_description"], "The chain of actors is too deep.");
    // Impersonation adds no actor, so it is still allowed.
    world.exchange("gateway", &token, &[]).await.expect(200);
}

#[tokio::test]
async fn a_user_may_act_for_another_user() {
    let world = World::start().await;
    let bobs = Token { client: "gateway", ..Token::default() };
    let bobs = world.token(&world.bob, bobs).await;
    let more = [("actor_token", bobs.as_str()), ("actor_token_type", ACCESS)];
    let answer = world.exchange("gateway", &world.alices_token().await, &more).await;
    let expected = json!({ "sub": world.bob.id.as_str(), "client_id": "gateway" });
    assert_eq!(claims_of(&answer)["act"], expected);
}

#[tokio::test]
async fn an_actor_token_must_belong_to_the_client() {
    let world = World::start().await;
    let (alices, workers) = (world.alices_token().await, world.own_token("worker").await);
    let shown = |token| [("actor_token", token), ("actor_token_type", ACCESS)];
    assert_unacceptable(&world.exchange("gateway", &alices, &shown(&workers)).await);
    // A token that already has an actor is refused too.
    let acted = access_token(&world.exchange_as_actor("gateway", &alices).await);
    assert_unacceptable(&world.exchange("gateway", &alices, &shown(&acted)).await);
    assert_unacceptable(&world.exchange("gateway", &alices, &shown("x")).await);
    // A revoked actor token is refused.
    let own = world.own_token("gateway").await;
    let revoked = world.server.as_client("gateway").post("revoke", &[("token", &own)]).await;
    revoked.expect(200);
    assert_unacceptable(&world.exchange("gateway", &alices, &shown(&own)).await);
}

#[tokio::test]
async fn s4_4_may_act_is_kept() {
    let world = World::start().await;
    let careful = Token { client: "careful", ..Token::default() };
    let token = world.token(&world.alice, careful).await;
    assert_unacceptable(&world.exchange("gateway", &token, &[]).await);
    assert_unacceptable(&world.exchange_as_actor("gateway", &token).await);
    world.exchange("named", &token, &[]).await.expect(200);
    let answer = world.exchange_as_actor("named", &token).await;
    let claims = claims_of(&answer);
    assert_eq!((&claims["act"], &claims["may_act"]), (&act("named"), &json!({ "sub": "named" })));
    // The new token has the same `may_act`.
    assert_unacceptable(&world.exchange("gateway", &access_token(&answer), &[]).await);
    world.exchange("named", &access_token(&answer), &[]).await.expect(200);
}

#[tokio::test]
async fn s4_4_every_member_of_may_act_must_match_the_actor() {
    let world = World::start().await;
    let issuer = format!("{BASE}/oauth2/default");
    let owned = |text: &str| Some(text.to_owned());
    let may = |iss, sub, client_id| MayAct { iss, sub, client_id };
    for (may_act, may_it) in [
        (may(None, owned("gateway"), None), true),
        (may(None, None, owned("gateway")), true),
        (may(owned(&issuer), owned("gateway"), owned("gateway")), true),
        (may(None, owned("gateway"), owned("worker")), false),
        (may(owned("https://elsewhere.example"), owned("gateway"), None), false),
        (may(None, owned(world.bob.id.as_str()), None), false),
        (may(owned(&issuer), None, None), false),
        (may(None, None, None), false),
    ] {
        let like = Token { may_act: Some(may_act.clone()), ..Token::default() };
        let token = world.token(&world.alice, like).await;
        let answers = [
            world.exchange("gateway", &token, &[]).await,
            world.exchange_as_actor("gateway", &token).await,
        ];
        for answer in answers {
            assert_eq!(answer.status == 200, may_it, "{may_act:?}: {}", answer.body);
        }
    }
    // The named user may act through the client, but the client alone may not.
    let may_act = Some(may(None, owned(world.bob.id.as_str()), owned("gateway")));
    let token = world.token(&world.alice, Token { may_act, ..Token::default() }).await;
    let bobs = world.token(&world.bob, Token { client: "gateway", ..Token::default() }).await;
    let more = [("actor_token", bobs.as_str()), ("actor_token_type", ACCESS)];
    world.exchange("gateway", &token, &more).await.expect(200);
    assert_unacceptable(&world.exchange_as_actor("gateway", &token).await);
}

#[tokio::test]
async fn a_client_cannot_be_the_subject_of_delegation() {
    let world = World::start().await;
    assert_unacceptable(
        &world.exchange_as_actor("gateway", &world.own_token("gateway").await).await,
    );
    assert_unacceptable(
        &world.exchange_as_actor("gateway", &world.own_token("worker").await).await,
    );
}

#[tokio::test]
async fn actors_in_the_subject_token_count_towards_the_limit() {
    let world = World::start().await;
    let chain = (0..3).fold(None::<Actor>, |act, _| Some(actor("worker", act)));
    let like = Token { actor: chain, ..Token::default() };
    let token = world.token(&world.alice, like).await;
    let fourth = access_token(&world.exchange_as_actor("gateway", &token).await);
    world.exchange_as_actor("gateway", &fourth).await.expect_error(400, "invalid_request");
}
