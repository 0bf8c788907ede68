//! The token itself, with a service's own claims.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{RequireScope, Token, scoped};
use scopegate_bearer::RefusalCause;
use serde::Deserialize;
use serde_json::json;

use crate::issuer::{anonymous, ask, holding, with_extra, with_members};

#[derive(Deserialize)]
struct Tenant {
    tenant: String,
}

#[derive(Deserialize)]
struct Region {
    region: String,
}

fn app() -> Router {
    async fn base(token: Token) -> String {
        let () = token.extra();
        token.subject().unwrap_or_default().to_owned()
    }

    async fn tenant(token: Token<Tenant>) -> String {
        format!("{} of {}", token.claims().subject().unwrap_or_default(), token.extra().tenant)
    }

    async fn region(token: Option<Token<Region>>) -> String {
        token.map_or_else(|| "none".to_owned(), |token| token.extra().region.clone())
    }

    async fn both(tenant: Token<Tenant>, region: Token<Region>, _: Token) -> String {
        format!("{} in {}", tenant.extra().tenant, region.extra().region)
    }

    #[scoped]
    async fn guarded(_: RequireScope<"read:orders">, token: Token<Tenant>) -> String {
        token.clone().extra().tenant.clone()
    }

    Router::new()
        .route("/base", get(base))
        .route("/tenant", get(tenant))
        .route("/region", get(region))
        .route("/both", get(both))
        .route("/guarded", get(guarded))
}

#[tokio::test]
async fn a_handler_reads_extra_claims_and_common_claims() {
    let left = with_extra::<Tenant>(&json!({ "tenant": "acme" }));
    assert_eq!(ask(&app(), "/tenant", left.clone()).await.body, "u1 of acme");
    assert_eq!(ask(&app(), "/guarded", left).await.body, "acme");
}

#[tokio::test]
async fn the_common_claims_are_readable_with_any_extra_type() {
    let left = with_extra::<Tenant>(&json!({ "tenant": "acme" }));
    assert_eq!(ask(&app(), "/base", left).await.body, "u1");
    assert_eq!(ask(&app(), "/base", holding("")).await.body, "u1");
}

#[tokio::test]
async fn several_types_are_read_whatever_the_layer_reads() {
    let claims = json!({ "tenant": "acme", "region": "eu" });
    for left in [with_extra::<Tenant>(&claims), with_members(&claims)] {
        assert_eq!(ask(&app(), "/region", left.clone()).await.body, "eu");
        assert!(ask(&app(), "/tenant", left.clone()).await.body.ends_with("of acme"));
        assert_eq!(ask(&app(), "/both", left).await.body, "acme in eu");
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_are_401_invalid_token_and_the_log_names_the_member() {
    // `/region` takes an `Option`: a token whose claims do not fit is refused there, too.
    for (path, claims, member) in [
        ("/tenant", json!({}), "tenant"),
        ("/tenant", json!({ "tenant": 7 }), "tenant"),
        ("/tenant", json!({ "tenant": null }), "tenant"),
        ("/region", json!({ "tenant": "acme" }), "region"),
        ("/region", json!({ "region": ["eu"] }), "region"),
        ("/both", json!({ "tenant": "acme" }), "region"),
    ] {
        let answer = ask(&app(), path, with_members(&claims)).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.challenge().unwrap().contains("error=\"invalid_token\""), "{path}");
        assert!(!answer.body.contains(member), "{}", answer.body);
        let refusal = answer.refusal.unwrap();
        assert_eq!(refusal.reason(), "extra_claims");
        let RefusalCause::InvalidToken(error) = refusal.cause() else { unreachable!("{path}") };
        let details = error.details().unwrap();
        assert!(details.contains(&format!("`{member}`")), "{path}: {details}");
    }
}

#[tokio::test]
async fn without_a_token_an_optional_token_is_none() {
    assert_eq!(ask(&app(), "/region", anonymous()).await.body, "none");
    assert_eq!(ask(&app(), "/tenant", anonymous()).await.status, 401);
}
