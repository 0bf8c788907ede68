//! §2: the request and the response.

use serde_json::json;

use super::world::{ACCESS, GRANT_TYPE, ID, JWT, World, assert_unacceptable, claims_of};

/// The parameters for exchanging an access token.
fn exchange_of(subject: &str) -> [(&str, &str); 3] {
    [("grant_type", GRANT_TYPE), ("subject_token", subject), ("subject_token_type", ACCESS)]
}

#[tokio::test]
async fn s2_2_1_the_answer_is_complete() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let answer = world.exchange("gateway", &alices, &[("scope", "read:orders")]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut json = answer.json();
    let claims = claims_of(&answer);
    json.as_object_mut().unwrap().remove("access_token");
    assert_eq!(
        json,
        json!({
            "issued_token_type": ACCESS, "token_type": "Bearer", "expires_in": 600,
            "scope": "read:orders",
        })
    );
    let id = world.alice.id.as_str();
    assert_eq!((&claims["sub"], &claims["uid"]), (&json!(id), &json!(id)));
    assert_eq!((&claims["client_id"], &claims["aud"]), (&json!("gateway"), &json!("api://orders")));
    // The claims about the sign-in are kept.
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:okta:loa:1fa:pwd"), &json!(["pwd"])));
    assert_eq!(claims["auth_time"], json!(claims["iat"].as_u64().unwrap() - 60));
}

#[tokio::test]
async fn s2_1_types_are_required() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let gateway = world.server.as_client("gateway");
    let token = ("subject_token", alices.as_str());
    for (form, description) in [
        (vec![], "The parameter subject_token is missing."),
        (vec![token], "The parameter subject_token_type is missing."),
        (vec![("subject_token_type", ACCESS)], "The parameter subject_token is missing."),
        (
            vec![("subject_token", ""), ("subject_token_type", ACCESS)],
            "The parameter subject_token is missing.",
        ),
    ] {
        let form = [vec![("grant_type", GRANT_TYPE)], form].concat();
        let json = gateway.token(&form).await.expect_error(400, "invalid_request");
        assert_eq!(json["error_description"], description);
    }
    for good in [ACCESS, JWT] {
        world.exchange("gateway", &alices, &[("subject_token_type", good)]).await.expect(200);
    }
    for bad in ["refresh_token", "saml2", "saml1", "access_token "] {
        let bad = format!("urn:ietf:params:oauth:token-type:{bad}");
        let answer = world.exchange("gateway", &alices, &[("subject_token_type", &bad)]).await;
        answer.expect_error(400, "invalid_request");
    }
    // A token with the wrong `subject_token_type` is refused.
    assert_unacceptable(&world.exchange("gateway", &alices, &[("subject_token_type", ID)]).await);
    let id = world.id_token("gateway").await;
    assert_unacceptable(&world.exchange("gateway", &id, &[("subject_token_type", ACCESS)]).await);
}

#[tokio::test]
async fn s2_1_an_actor_type_without_actor_is_refused() {
    let world = World::start().await;
    let (alices, own) = (world.alices_token().await, world.own_token("gateway").await);
    for alone in [("actor_token_type", ACCESS), ("actor_token", own.as_str())] {
        let json = world.exchange("gateway", &alices, &[alone]).await;
        let json = json.expect_error(400, "invalid_request");
        assert_eq!(
            json["error_description"],
            "The parameters actor_token and actor_token_type go together."
        );
    }
}

#[tokio::test]
async fn s2_1_only_access_tokens_are_issued() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let ask = async |requested: &str| {
        world.exchange("gateway", &alices, &[("requested_token_type", requested)]).await
    };
    ask(ACCESS).await.expect(200);
    ask("").await.expect(200);
    for bad in ["refresh_token", "id_token", "jwt", "saml2", "invented"] {
        let bad = format!("urn:ietf:params:oauth:token-type:{bad}");
        ask(&bad).await.expect_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn the_client_must_authenticate_and_be_allowed_to_use_the_grant() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let form = exchange_of(&alices);
    world.server.anonymous().token(&form).await.expect_error(401, "invalid_client");
    let public = world.server.as_public_client("gateway").token(&form).await;
    public.expect_error(401, "invalid_client");
    world.exchange("reader", &alices, &[]).await.expect_error(400, "unauthorized_client");
}

#[tokio::test]
async fn a_malformed_form_is_refused_and_unknown_parameters_are_ignored() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    for repeated in ["subject_token", "subject_token_type", "scope"] {
        let twice = [(repeated, "x"), (repeated, "x")];
        world.exchange("gateway", &alices, &twice).await.expect_error(400, "invalid_request");
    }
    let twice = [("audience", "api://orders"), ("audience", "api://stock")];
    world.exchange("gateway", &alices, &twice).await.expect_error(400, "invalid_request");
    let methods = [("client_id", "gateway"), ("client_secret", "x")];
    world.exchange("gateway", &alices, &methods).await.expect_error(400, "invalid_request");
    let large = world.exchange("gateway", &"x".repeat(64 * 1024), &[]).await;
    assert_eq!(large.status, 413);
    assert_unacceptable(&world.exchange("gateway", &"x".repeat(16 * 1024 + 1), &[]).await);
    world.exchange("gateway", &alices, &[("anything", "x"), ("assertion", "x")]).await.expect(200);
}

#[tokio::test]
async fn the_org_server_does_not_support_token_exchange() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    let form = exchange_of(&alices);
    let gateway = world.server.as_client("gateway");
    let answer = gateway.post_to("/oauth2/v1/token", &form).await;
    answer.expect_error(400, "unsupported_grant_type");
    for (path, is_supported) in [
        ("/.well-known/openid-configuration", false),
        ("/oauth2/default/.well-known/openid-configuration", true),
    ] {
        let json = gateway.read(path).await.expect(200).json();
        let grants = json["grant_types_supported"].as_array().unwrap();
        assert_eq!(grants.contains(&json!(GRANT_TYPE)), is_supported, "{path}");
    }
}

#[tokio::test]
async fn a_storage_failure_is_503_and_never_4xx() {
    let world = World::start().await;
    let alices = world.alices_token().await;
    world.server.store().close().await;
    let answer = world.exchange("gateway", &alices, &[]).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
}
