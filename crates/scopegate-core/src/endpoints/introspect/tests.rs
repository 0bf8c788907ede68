use serde_json::{Value, json};

use super::*;
use crate::catalog::{Edit, Entity, EntityKey, Owner, Spec, Status};
use crate::store::{Change, Ended, Ledger};
use crate::testing::{ALICE, NOW, World, claims_of, credentials, refusal, request, server_id};
use crate::token::RefreshToken;

async fn ask(world: &World, client: &str, token: &str) -> Result<Value, Refused> {
    ask_at(world, "default", client, token).await
}

async fn ask_at(world: &World, server: &str, client: &str, token: &str) -> Result<Value, Refused> {
    let form = credentials(client, &[("token", token)]);
    let known = world.authority.introspect(request(&server_id(server), &form)).await?;
    let answer = serde_json::to_value(&known).unwrap();
    assert_eq!(answer["active"], known.is_active());
    if !known.is_active() {
        assert_eq!(answer, json!({ "active": false }), "an inactive token has no other members");
    }
    Ok(answer)
}

async fn is_active(world: &World, client: &str, token: &str) -> bool {
    ask(world, client, token).await.unwrap()["active"] == true
}

/// An access token of `portal` for the audience `api://stock`.
async fn of_stock(world: &World) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "read"),
        ("resource", "https://stock.example"),
    ];
    world.token("portal", &form).await.unwrap().access_token().to_owned()
}

#[tokio::test]
async fn only_its_client_and_the_api_of_its_audience_see_an_access_token() {
    let world = World::new().await;
    let (token, _) = world.tokens("read offline_access").await;
    let answer = ask(&world, "portal", &token).await.unwrap();
    let claims = claims_of(&token);
    assert_eq!(answer, ask(&world, "api", &token).await.unwrap());
    for (member, value) in [
        ("token_type", json!("Bearer")),
        ("scope", json!("read offline_access")),
        ("client_id", json!("portal")),
        ("username", json!("alice")),
        ("exp", json!(NOW.as_seconds() + 600)),
        ("iat", json!(NOW)),
        ("sub", json!(ALICE)),
        ("uid", json!(ALICE)),
        ("aud", json!("api://orders")),
        ("iss", json!("https://id.example/oauth2/default")),
        ("jti", claims["jti"].clone()),
        ("auth_time", json!(NOW)),
    ] {
        assert_eq!(answer[member], value, "{member}");
    }
    assert!(!is_active(&world, "rival", &token).await);
    assert!(!is_active(&world, "service", &token).await);
    let of_stock = of_stock(&world).await;
    assert!(is_active(&world, "portal", &of_stock).await);
    assert!(!is_active(&world, "api", &of_stock).await, "it is for another audience");
    let elsewhere = ask_at(&world, "near", "portal", &token).await.unwrap();
    assert_eq!(elsewhere["active"], false);
}

#[tokio::test]
async fn a_public_client_may_use_introspection_only_with_the_okta_dialect() {
    let world = World::new().await;
    let code = world.code("read").await;
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    assert!(world.token("app", &form).await.is_err());
    let (token, _) = world.tokens("read").await;
    assert!(matches!(refusal(ask(&world, "app", &token).await), CallError::InvalidClient(_)));

    let catalog = world.authority.catalog();
    let mut spec = catalog.server(&server_id("default")).unwrap().unwrap().spec.clone();
    spec.dialect = Dialect::Okta;
    let key = EntityKey::server(&server_id("default"));
    world.edit(Edit::Put(Entity { key, owner: Owner::File, spec: Spec::Server(spec) })).await;
    let audience = ["api://orders"].map(|name| scopegate_claims::Audience::parse(name).unwrap());
    world.change_client("app", |spec| spec.audiences = audience.into()).await;
    let (token, _) = world.tokens("read").await;
    assert!(is_active(&world, "api", &token).await);
    assert!(!is_active(&world, "app", &token).await, "it is neither an API nor the token's client");
}

#[tokio::test]
async fn a_token_is_active_until_the_second_at_which_it_expires() {
    let world = World::new().await;
    let (token, _) = world.tokens("read").await;
    world.pass(599);
    assert!(is_active(&world, "portal", &token).await);
    world.pass(1);
    assert!(!is_active(&world, "portal", &token).await);
}

#[tokio::test]
async fn a_token_is_active_only_while_its_user_its_family_and_its_client_are() {
    let world = World::new().await;
    let (token, refresh_token) = world.tokens("read offline_access").await;
    let (family, _) = RefreshToken::read(&refresh_token, &world.master_key).unwrap();
    for is_off in [true, false] {
        let status = if is_off { Status::Inactive } else { Status::Active };
        world.change_alice(|user| user.status = status).await;
        for shown in [&token, &refresh_token] {
            assert_eq!(is_active(&world, "portal", shown).await, !is_off);
        }
    }
    let end = Change::EndFamilies { of: Ended::Family(family), at: NOW };
    world.store.commit(&[end]).await.unwrap();
    assert!(!is_active(&world, "portal", &token).await);
    assert!(!is_active(&world, "portal", &refresh_token).await);

    let (token, _) = world.tokens("read").await;
    assert!(is_active(&world, "api", &token).await);
    world.change_client("portal", |spec| spec.status = Status::Inactive).await;
    assert!(!is_active(&world, "api", &token).await, "its client is switched off");
    let key = EntityKey::client(&crate::catalog::ClientId::parse("portal").unwrap());
    world.edit(Edit::Delete(key)).await;
    assert!(!is_active(&world, "api", &token).await, "its client is gone");

    let token = world.tokens_of_service().await;
    assert!(is_active(&world, "service", &token).await);
    let form = credentials("service", &[("token", &token)]);
    world.authority.revoke(request(&server_id("default"), &form)).await.unwrap();
    assert!(!is_active(&world, "service", &token).await, "it was revoked");
}

impl World {
    async fn tokens_of_service(&self) -> String {
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        self.token("service", &form).await.unwrap().access_token().to_owned()
    }
}

#[tokio::test]
async fn only_its_client_sees_a_refresh_token_and_only_the_newest_is_active() {
    let world = World::new().await;
    let (_, first) = world.tokens("read offline_access").await;
    let (family, _) = RefreshToken::read(&first, &world.master_key).unwrap();
    let answer = ask(&world, "portal", &first).await.unwrap();
    for (member, value) in [
        ("scope", json!("read offline_access")),
        ("client_id", json!("portal")),
        ("username", json!("alice")),
        ("exp", json!(NOW.as_seconds() + 7 * 24 * 3600)),
        ("iat", json!(NOW)),
        ("sub", json!(ALICE)),
        ("aud", json!("api://orders")),
        ("jti", json!(family.as_str())),
    ] {
        assert_eq!(answer[member], value, "{member}");
    }
    assert!(answer.get("token_type").is_none());
    for other in ["api", "rival"] {
        assert!(!is_active(&world, other, &first).await, "{other}");
    }
    let elsewhere = ask_at(&world, "near", "portal", &first).await.unwrap();
    assert_eq!(elsewhere["active"], false);

    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*first)];
    let answer = world.token("portal", &refresh).await.unwrap();
    assert!(!is_active(&world, "portal", &first).await, "it is replaced");
    assert!(is_active(&world, "portal", answer.refresh_token().unwrap()).await);
}

#[tokio::test]
async fn a_refresh_token_is_active_until_its_window_or_its_family_ends() {
    const DAY: u64 = 24 * 3600;
    let world = World::new().await;
    let (_, mut token) = world.tokens("read offline_access").await;
    world.pass(7 * DAY - 1);
    assert!(is_active(&world, "portal", &token).await);
    world.pass(1);
    assert!(!is_active(&world, "portal", &token).await);

    let world = World::new().await;
    let (_, first) = world.tokens("read offline_access").await;
    token = first;
    for _ in 0..5 {
        world.pass(5 * DAY);
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
        let answer = world.token("portal", &refresh).await.unwrap();
        token = answer.refresh_token().unwrap().to_owned();
    }
    world.pass(5 * DAY - 1);
    assert!(is_active(&world, "portal", &token).await);
    world.pass(1);
    assert!(!is_active(&world, "portal", &token).await);
}

#[tokio::test]
async fn an_invalid_token_is_looked_up_too() {
    let world = World::new().await;
    let reads = world.store.reads();
    assert!(!is_active(&world, "portal", "x").await);
    assert_eq!(world.store.reads(), reads + 1);
    let form = credentials("portal", &[]);
    let missing = world.authority.introspect(request(&server_id("default"), &form)).await;
    assert!(matches!(refusal(missing), CallError::InvalidRequest(_)));
}
