//! Hooks for tokens of users.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_code_are_those_of_the_rule_that_granted_it() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    let answer = world.redeem(&code(&world, "read", "a").await, &[]).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["plan"], "gold");
    let without = world.redeem(&world.code("read").await, &[]).await.unwrap();
    assert_eq!(claims_of(without.access_token()).get("plan"), None);
    let gone = world.redeem(&code(&world, "read", "gone").await, &[]).await;
    assert_eq!(failed_by(gone), "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_hook_changes_the_id_token_and_is_told_about_the_user() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let operations = json!([
        { "op": "add", "path": "/claims/name", "value": "Alice Adams" },
        { "op": "replace", "path": "/token/lifetime/expiration", "value": 900 },
    ]);
    services.set("a", Does::Answers(command("identity", &operations)));
    let code = code(&world, "openid read", "a").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    let id_token = claims_of(json!(answer)["id_token"].as_str().unwrap());
    assert_eq!(id_token["name"], "Alice Adams");
    assert_eq!(id_token["exp"].as_u64().unwrap() - id_token["iat"].as_u64().unwrap(), 900);
    let (_, body) = services.calls().remove(0);
    let context = &body["data"]["context"];
    assert_eq!(context["user"]["id"], crate::testing::ALICE);
    assert_eq!(context["user"]["profile"]["login"], "alice");
    assert_eq!(context["session"]["userId"], crate::testing::ALICE);
    assert_eq!(context["session"]["amr"], json!(["PASSWORD"]));
    assert_eq!(context["session"]["status"], "ACTIVE");
    let identity = &body["data"]["identity"];
    assert_eq!(identity["claims"]["sub"], crate::testing::ALICE);
    assert_eq!(
        (&identity["claims"]["aud"], &identity["claims"]["nonce"]),
        (&json!("portal"), &json!("n1"))
    );
    assert_eq!(identity["token"]["lifetime"]["expiration"], 3600);
    assert_eq!(body["data"]["access"]["claims"]["uid"], crate::testing::ALICE);
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_openid_no_id_token_is_left() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let drops = json!([{ "type": "com.scopegate.scopes.patch",
                         "value": [{ "op": "remove", "path": "/scopes/openid" }] }]);
    services.set("a", Does::Answers(json!({ "commands": drops }).to_string().leak()));
    let code = code(&world, "openid read", "a").await;
    let answer = json!(world.redeem(&code, &[]).await.unwrap());
    assert_eq!((answer.get("id_token"), &answer["scope"]), (None, &json!("read")));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_calls_the_hooks_of_the_rule_and_names_the_original_grant() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let (_, refresh_token) = world.tokens("read offline_access").await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &refresh_token)];
    let answer = world.token("portal", &refresh).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["plan"], "gold");
    let (_, body) = services.calls().remove(0);
    let protocol = &body["data"]["context"]["protocol"];
    assert_eq!(protocol["request"]["grant_type"], "refresh_token");
    let jti = &protocol["OriginalGrant"]["refresh_token"]["jti"];
    assert!(jti.is_string() && *jti == body["data"]["refresh_token"]["jti"], "{body}");
    assert!(!body.to_string().contains(&refresh_token), "no refresh token leaves the server");
    assert_eq!(protocol["OriginalGrant"]["authorization"]["grant_type"], "authorization_code");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_gives_no_scope_that_a_hook_took_away_at_the_sign_in() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    let drops = json!([{ "type": "com.scopegate.scopes.patch",
                         "value": [{ "op": "remove", "path": "/scopes/write" }] }]);
    services.set("a", Does::Answers(json!({ "commands": drops }).to_string().leak()));
    let code = code(&world, "read write offline_access", "a").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    services.set("a", Does::Fails(HookFailure::Status(500)));
    let refresh_token = answer.refresh_token().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    let answer = world.token("portal", &refresh).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["scope"], "read offline_access");
}
