use serde_json::json;

use crate::protected_api::{Answer, Api, answer};

const ERROR: &str = "insufficient_user_authentication";

async fn ask(api: &Api, path: &str, claims: serde_json::Value) -> Answer {
    let mut token = api.issuer.token().subject("u1");
    for (name, value) in claims.as_object().unwrap() {
        token = token.claim(name, value);
    }
    answer(api.get(path).bearer_auth(token.sign())).await
}

#[tokio::test]
async fn a_too_weak_sign_in_is_401_with_the_accepted_acr_values() {
    let api = Api::start().await;
    for strong in ["urn:example:hardware", "urn:example:mfa"] {
        ask(&api, "/pay", json!({ "acr": strong })).await.passes();
    }
    for weak in [json!({ "acr": "urn:example:password" }), json!({})] {
        let refused = ask(&api, "/pay", weak).await;
        refused.is_refused(401, ERROR);
        let values = refused.parameter("acr_values");
        assert_eq!(
            values,
            Some("urn:example:hardware urn:example:mfa"),
            "the preferred value comes first"
        );
    }
}

#[tokio::test]
async fn a_too_old_sign_in_is_401_with_max_age() {
    let api = Api::start().await;
    ask(&api, "/close", json!({ "auth_time": api.now() - 300 })).await.passes();
    for old in [json!({ "auth_time": api.now() - 301 }), json!({})] {
        let refused = ask(&api, "/close", old).await;
        refused.is_refused(401, ERROR);
        assert_eq!(refused.parameter("max_age"), Some("300"));
    }
}

/// For a missing or invalid token the challenge does not ask for a new sign-in.
#[tokio::test]
async fn a_missing_or_invalid_token_gets_the_usual_challenge() {
    let api = Api::start().await;
    answer(api.get("/pay")).await.is_bare();
    answer(api.get("/pay").bearer_auth("x")).await.is_invalid_token();
    let expired = json!({ "acr": "urn:example:mfa", "exp": api.now() - 3600 });
    ask(&api, "/pay", expired).await.is_invalid_token();
}
