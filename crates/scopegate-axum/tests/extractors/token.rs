//! The token itself, with a service's own claims.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{RequireScope, Token, scoped};
use serde::Deserialize;
use serde_json::json;

use crate::issuer::{anonymous, ask, holding, with_extra};

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

    #[scoped]
    async fn guarded(_: RequireScope<"read:orders">, token: Token<Tenant>) -> String {
        token.clone().extra().tenant.clone()
    }

    Router::new()
        .route("/base", get(base))
        .route("/tenant", get(tenant))
        .route("/region", get(region))
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
async fn another_type_than_the_layer_reads_is_read_from_the_token() {
    let left = with_extra::<Tenant>(&json!({ "tenant": "acme", "region": "eu" }));
    assert_eq!(ask(&app(), "/region", left).await.status, 200);
}

#[tokio::test]
async fn claims_that_do_not_fit_are_401_invalid_token() {
    let left = with_extra::<Tenant>(&json!({ "tenant": "acme" }));
    for (path, left) in [("/region", left), ("/tenant", holding(""))] {
        let answer = ask(&app(), path, left).await;
        assert_eq!(answer.status, 401);
        assert!(answer.challenge().unwrap().contains("error=\"invalid_token\""), "{path}");
        assert!(!answer.body.contains("Region"), "{}", answer.body);
    }
}

#[tokio::test]
async fn without_a_token_an_optional_token_is_none() {
    assert_eq!(ask(&app(), "/region", anonymous()).await.body, "none");
    assert_eq!(ask(&app(), "/tenant", anonymous()).await.status, 401);
}
