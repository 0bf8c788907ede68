//! §2.1 and §3: assertions as authorization grants, valid and invalid ones.

use futures_util::future::join_all;
use scopegate_claims::Clock;
use scopegate_core::catalog::Status;
use scopegate_core::store::Ledger;
use scopegate_jose::{TokenType, base64url};
use scopegate_tests::{Answer, BASE, claims, key};
use serde_json::json;

use super::site::Site;
use super::world::{GRANT_TYPE, World};

#[track_caller]
fn assert_invalid(answer: &Answer) {
    let json = answer.expect_error(400, "invalid_grant");
    assert_eq!(json["error_description"], "The grant is not valid.");
    assert!(json["decision_id"].is_string());
}

#[tokio::test]
async fn s2_1_an_assertion_gives_only_an_access_token_for_its_subject() {
    let world = World::start().await;
    let answer = world.use_assertion(&world.assertion(&json!({}))).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(600)));
    for never in ["refresh_token", "id_token", "issued_token_type"] {
        assert!(json.get(never).is_none(), "{json}");
    }
    let claims = claims(json["access_token"].as_str().unwrap());
    let id = world.alice.id.as_str();
    assert_eq!((&claims["sub"], &claims["uid"]), (&json!(id), &json!(id)));
    assert_eq!((&claims["client_id"], &claims["scope"]), (&json!("portal"), &json!("read:orders")));
    assert_eq!(claims["aud"], "api://orders");
    for never in ["act", "auth_time", "acr", "amr"] {
        assert!(claims.get(never).is_none(), "{claims}");
    }
}

#[tokio::test]
async fn s3_aud_must_be_the_issuer_or_the_endpoint() {
    let world = World::start().await;
    let issuer = format!("{BASE}/oauth2/default");
    for good in [
        json!(issuer),
        json!(format!("{issuer}/v1/token")),
        json!(["https://elsewhere.example", issuer]),
    ] {
        world.use_assertion(&world.assertion(&json!({ "aud": good }))).await.expect(200);
    }
    for bad in [
        json!(BASE),
        json!(format!("{issuer}/")),
        json!(format!("{issuer}/v1/introspect")),
        json!(format!("{BASE}/oauth2/billing")),
        json!("portal"),
        json!([]),
        json!(null),
    ] {
        assert_invalid(&world.use_assertion(&world.assertion(&json!({ "aud": bad }))).await);
    }
}

#[tokio::test]
async fn s3_exp_may_be_at_most_an_hour_ahead() {
    let world = World::start().await;
    let now = world.server.clock().now().as_seconds();
    for good in [now - 59, now + 3600] {
        world.use_assertion(&world.assertion(&json!({ "exp": good }))).await.expect(200);
    }
    for bad in [json!(now - 60), json!(now + 3661), json!(null), json!("soon"), json!(-1)] {
        assert_invalid(&world.use_assertion(&world.assertion(&json!({ "exp": bad }))).await);
    }
}

#[tokio::test]
async fn s3_iat_and_nbf_may_not_be_in_the_future() {
    let world = World::start().await;
    let now = world.server.clock().now().as_seconds();
    for name in ["iat", "nbf"] {
        world.use_assertion(&world.assertion(&json!({ name: now + 60 }))).await.expect(200);
        assert_invalid(&world.use_assertion(&world.assertion(&json!({ name: now + 61 }))).await);
        world.use_assertion(&world.assertion(&json!({ name: null }))).await.expect(200);
    }
}

#[tokio::test]
async fn s3_a_jti_can_be_used_once() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({ "jti": "once" }));
    world.use_assertion(&assertion).await.expect(200);
    assert_invalid(&world.use_assertion(&assertion).await);
    // Another assertion with the same `jti` is refused too, for every client.
    let other = world.assertion(&json!({ "jti": "once", "sub": "bob" }));
    assert_invalid(&world.use_assertion_as("trusted", &other, &[]).await);
    // The same `jti` of another issuer is a different assertion.
    let claims = world.claims(&json!({
        "iss": "https://directory.example", "sub": world.alice.id.as_str(), "jti": "once",
    }));
    world.use_assertion(&world.directory.sign(TokenType::Jwt, &claims).unwrap()).await.expect(200);
    for bad in [json!(null), json!(""), json!("j".repeat(256)), json!(1)] {
        assert_invalid(&world.use_assertion(&world.assertion(&json!({ "jti": bad }))).await);
    }
    world.use_assertion(&world.assertion(&json!({ "jti": "j".repeat(255) }))).await.expect(200);
}

#[tokio::test]
async fn s3_a_used_assertion_is_remembered_until_it_has_expired() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({}));
    world.use_assertion(&assertion).await.expect(200);
    for _ in 0..4 {
        world.wait(89);
        let now = world.server.clock().now();
        world.server.store().forget_expired(now).await.unwrap();
        assert_invalid(&world.use_assertion(&assertion).await);
    }
}

#[tokio::test]
async fn of_concurrent_uses_of_an_assertion_one_succeeds() {
    let world = World::start().await;
    for _ in 0..5 {
        let assertion = world.assertion(&json!({}));
        let answers = join_all((0..4).map(|_| world.use_assertion(&assertion))).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        lost.iter().for_each(assert_invalid);
    }
}

#[tokio::test]
async fn a_used_assertion_is_refused_after_a_crash() {
    let World { server, idp, alice, directory } = World::start().await;
    let world = World { server, idp, alice, directory };
    let assertion = world.assertion(&json!({}));
    world.use_assertion(&assertion).await.expect(200);
    let World { server, idp, alice, directory } = world;
    let world = World { server: server.crash().await, idp, alice, directory };
    assert_invalid(&world.use_assertion(&assertion).await);
    world.use_assertion(&world.assertion(&json!({}))).await.expect(200);
}

#[tokio::test]
async fn a_refused_request_does_not_use_up_the_assertion() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({}));
    let refused = world.use_assertion_as("portal", &assertion, &[("scope", "fly:orders")]).await;
    refused.expect_error(400, "invalid_scope");
    world.use_assertion(&assertion).await.expect(200);
}

#[tokio::test]
async fn an_untrusted_issuer_is_refused() {
    let world = World::start().await;
    let sign = |key: &scopegate_jose::SigningKey, changes: serde_json::Value| {
        key.sign(TokenType::Jwt, &world.claims(&changes)).unwrap()
    };
    for bad in [
        sign(&world.idp, json!({ "iss": "https://elsewhere.example" })),
        sign(&world.idp, json!({ "iss": "https://idp.example/" })),
        sign(&world.idp, json!({ "iss": null })),
        sign(&world.idp, json!({ "iss": format!("{BASE}/oauth2/default") })),
        sign(&world.directory, json!({})),
        sign(&key(), json!({})),
    ] {
        assert_invalid(&world.use_assertion(&bad).await);
    }
    // The issuer is trusted only for some clients and only by this server.
    assert_invalid(&world.use_assertion_as("other", &sign(&world.idp, json!({})), &[]).await);
    let billing = world.assertion(&json!({ "aud": format!("{BASE}/oauth2/billing") }));
    let form = [("grant_type", GRANT_TYPE), ("assertion", billing.as_str())];
    let portal = world.server.as_client("portal");
    assert_invalid(&portal.post_to("/oauth2/billing/v1/token", &form).await);
    // The org server does not support the grant and does not list it.
    let answer = portal.post_to("/oauth2/v1/token", &form).await;
    answer.expect_error(400, "unsupported_grant_type");
    let read = |path| async move { portal.read(path).await.expect(200).json() };
    let org = read("/.well-known/openid-configuration").await;
    assert!(!org["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT_TYPE)));
}

#[tokio::test]
async fn s3_an_assertion_must_be_signed() {
    let world = World::start().await;
    let signed = world.assertion(&json!({}));
    let payload = signed.split('.').nth(1).unwrap();
    let header = |alg: &str| base64url::encode(format!(r#"{{"alg":"{alg}"}}"#).as_bytes());
    for bad in [
        format!("{}.{payload}.", header("none")),
        format!("{}.{payload}.AAAA", header("none")),
        format!("{}.{payload}.AAAA", header("HS256")),
        signed.rsplit_once('.').unwrap().0.to_owned(),
        format!("{signed}A"),
        "x".to_owned(),
        "<saml>".to_owned(),
        "x".repeat(16 * 1024 + 1),
    ] {
        assert_invalid(&world.use_assertion(&bad).await);
    }
}

#[tokio::test]
async fn an_access_token_is_refused_as_assertion() {
    let world = World::start().await;
    for typ in [TokenType::AccessToken, TokenType::LogoutToken] {
        let token = world.idp.sign(typ, &world.claims(&json!({}))).unwrap();
        assert_invalid(&world.use_assertion(&token).await);
    }
    let untyped = world.idp.sign(TokenType::None, &world.claims(&json!({}))).unwrap();
    world.use_assertion(&untyped).await.expect(200);
}

#[tokio::test]
async fn an_unknown_subject_is_refused() {
    let world = World::start().await;
    for sub in [json!("nobody"), json!(""), json!(null), json!(1), json!(world.alice.id.as_str())] {
        assert_invalid(&world.use_assertion(&world.assertion(&json!({ "sub": sub }))).await);
    }
    world.use_assertion(&world.assertion(&json!({ "sub": "ALICE" }))).await.expect(200);
    let authority = world.server.authority();
    authority.set_user_status("alice", Status::Inactive).await.unwrap();
    assert_invalid(&world.use_assertion(&world.assertion(&json!({}))).await);
}

#[tokio::test]
async fn a_subject_is_a_login_or_an_id_as_configured_for_the_issuer() {
    let world = World::start().await;
    let by_id = |sub: &str| {
        let claims = world.claims(&json!({ "iss": "https://directory.example", "sub": sub }));
        world.directory.sign(TokenType::Jwt, &claims).unwrap()
    };
    world.use_assertion(&by_id(world.alice.id.as_str())).await.expect(200);
    for bad in ["alice", "00u", "00uUnknown"] {
        assert_invalid(&world.use_assertion(&by_id(bad)).await);
    }
}

#[tokio::test]
async fn an_issuer_may_have_a_jwks_uri_and_an_outage_of_it_is_503() {
    let site = Site::default();
    let address = site.listen().await;
    let far = format!("clients = [\"*\"]\njwks_uri = \"http://{address}/keys\"");
    let world =
        World::start_with(|catalog| catalog.trusted_issuer("https://far.example", &far)).await;
    let far = key();
    let assertion = || {
        let claims = world.claims(&json!({ "iss": "https://far.example" }));
        far.sign(TokenType::Jwt, &claims).unwrap()
    };
    let (first, second) = (assertion(), assertion());
    let answer = world.use_assertion(&first).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    site.publish(&[&far]);
    world.wait(5);
    world.use_assertion(&first).await.expect(200);
    world.use_assertion(&second).await.expect(200);
    assert_eq!(site.requests(), 2);
    assert_invalid(&world.use_assertion(&first).await);
}

#[tokio::test]
async fn a_storage_failure_is_503_and_never_4xx() {
    let world = World::start().await;
    let assertion = world.assertion(&json!({}));
    world.server.store().close().await;
    let answer = world.use_assertion(&assertion).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
}
