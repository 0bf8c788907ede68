//! RFC 9470: the user must sign in again, or more strongly.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{RequireAcr, RequireFresh, RequireScope, scoped, values};
use serde_json::{Value, json};

use crate::issuer::{anonymous, ask, with_members};

values! {
    // Longer than the 64 bytes that a literal may have.
    Password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
}

fn app() -> Router {
    #[scoped]
    async fn strong(_: RequireAcr<"urn:mfa">) {}

    #[scoped]
    async fn either(_: RequireAcr<"urn:mfa", Password>) {}

    async fn fresh(auth: RequireFresh<300>) -> String {
        auth.claims().subject().unwrap_or_default().to_owned()
    }

    #[scoped]
    async fn both(
        _: RequireScope<"pay">,
        _: RequireAcr<"urn:mfa">,
        _: RequireFresh<300>,
    ) -> &'static str {
        "paid"
    }

    Router::new()
        .route("/strong", get(strong))
        .route("/either", get(either))
        .route("/fresh", get(fresh))
        .route("/both", get(both))
}

#[track_caller]
fn assert_challenge(answer: &crate::issuer::Answer, parameter: &str) {
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.challenge().unwrap(),
        format!(
            "Bearer realm=\"orders\", error=\"insufficient_user_authentication\", \
             error_description=\"The user must sign in again, or by stronger means\", {parameter}"
        )
    );
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["error"], "insufficient_user_authentication");
    let refusal = answer.refusal.as_ref().unwrap();
    assert_eq!(refusal.reason(), "insufficient_user_authentication");
}

#[tokio::test]
async fn s3_the_challenge_lists_accepted_acr_values_preferred_first() {
    let strong = || with_members(&json!({ "acr": "urn:mfa" }));
    assert_eq!(ask(&app(), "/strong", strong()).await.status, 200);
    assert_eq!(ask(&app(), "/either", strong()).await.status, 200);

    let weak = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let weak = || with_members(&json!({ "acr": weak }));
    assert_eq!(ask(&app(), "/either", weak()).await.status, 200);
    assert_challenge(&ask(&app(), "/strong", weak()).await, "acr_values=\"urn:mfa\"");

    for acr in [json!({}), json!({ "acr": "urn:mfa:none" }), json!({ "acr": "" })] {
        assert_challenge(
            &ask(&app(), "/either", with_members(&acr)).await,
            "acr_values=\"urn:mfa \
             urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\"",
        );
    }
}

#[tokio::test]
async fn s3_the_challenge_names_max_age() {
    // The tokens are verified at second 1,000.
    for (signed_in, status) in [(1_000, 200), (700, 200), (699, 401), (0, 401), (1_030, 200)] {
        let left = with_members(&json!({ "auth_time": signed_in, "sub": "u1" }));
        let answer = ask(&app(), "/fresh", left).await;
        assert_eq!(answer.status, status, "{signed_in}");
        if status == 401 {
            assert_challenge(&answer, "max_age=\"300\"");
        } else {
            assert_eq!(answer.body, "u1");
        }
    }
    let unknown = ask(&app(), "/fresh", with_members(&json!({ "iat": 999 }))).await;
    assert_challenge(&unknown, "max_age=\"300\"");
}

#[tokio::test]
async fn the_first_guard_that_refuses_answers() {
    let all = json!({ "scope": "pay", "acr": "urn:mfa", "auth_time": 999 });
    assert_eq!(ask(&app(), "/both", with_members(&all)).await.body, "paid");
    for (without, status) in [("scope", 403), ("acr", 401), ("auth_time", 401)] {
        let mut members = all.clone();
        members.as_object_mut().unwrap().remove(without);
        assert_eq!(ask(&app(), "/both", with_members(&members)).await.status, status, "{without}");
    }
}

#[tokio::test]
async fn without_a_token_the_challenge_asks_for_no_new_sign_in() {
    for path in ["/strong", "/either", "/fresh"] {
        let answer = ask(&app(), path, anonymous()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.challenge(), Some("Bearer realm=\"orders\""), "{path}");
    }
}
