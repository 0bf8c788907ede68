//! The answers to requests that a guard refuses.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{AllOf, AnyOf, AuthRejection, RequireScope, Token, scoped};
use scopegate_bearer::RefusalCause;
use serde_json::{Value, json};

use crate::issuer::{anonymous, ask, holding};
use crate::log::logged;

fn app() -> Router {
    #[scoped]
    async fn scope(_: RequireScope<"read:orders">) {}

    #[scoped]
    async fn any(_: AnyOf<"read:orders", "admin">) {}

    #[scoped]
    async fn all(_: AllOf<"read:orders", "write:orders">) {}

    #[scoped]
    async fn two(_: RequireScope<"read:orders">, _: RequireScope<"write:orders">) {}

    #[scoped]
    async fn result(guard: Result<RequireScope<"read:orders">, AuthRejection>) -> String {
        guard.map_or_else(|rejection| rejection.to_string(), |_| String::new())
    }

    async fn token(_: Token) {}

    async fn optional(token: Option<Token>) -> &'static str {
        if token.is_some() { "somebody" } else { "nobody" }
    }

    Router::new()
        .route("/scope", get(scope))
        .route("/any", get(any))
        .route("/all", get(all))
        .route("/two", get(two))
        .route("/result", get(result))
        .route("/token", get(token))
        .route("/optional", get(optional))
}

const EVERY_GUARD: [&str; 5] = ["/scope", "/any", "/all", "/two", "/token"];

#[tokio::test]
async fn a_missing_scope_is_403_and_names_all_required_scopes() {
    for (path, held, needed) in [
        ("/scope", "admin", "read:orders"),
        ("/all", "write:orders", "read:orders write:orders"),
        ("/any", "", "read:orders"),
        ("/two", "read:orders", "write:orders"),
    ] {
        let answer = ask(&app(), path, holding(held)).await;
        assert_eq!(answer.status, 403, "{path}");
        let challenge = answer.challenge().unwrap();
        assert!(challenge.starts_with("Bearer realm=\"orders\""), "{challenge}");
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains(&format!("scope=\"{needed}\"")), "{path}: {challenge}");
    }
}

#[tokio::test]
async fn the_body_is_a_problem_document() {
    let answer = ask(&app(), "/scope", holding("")).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], json!(403));
    assert_eq!(problem["error"], json!("insufficient_scope"));
    assert_eq!(problem["scope"], json!("read:orders"));
}

#[tokio::test]
async fn no_token_behind_an_optional_layer_is_401_without_an_error() {
    for path in EVERY_GUARD {
        let answer = ask(&app(), path, anonymous()).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.challenge(), Some("Bearer realm=\"orders\""), "{path}");
    }
    assert_eq!(ask(&app(), "/optional", anonymous()).await.body, "nobody");
    assert_eq!(ask(&app(), "/optional", holding("")).await.body, "somebody");
}

#[tokio::test]
async fn a_missing_layer_is_500_and_logged_and_never_401() {
    for (path, extractor) in [
        ("/scope", "RequireScope(read:orders)"),
        ("/any", "AnyOf(any of (read:orders, admin))"),
        ("/all", "AllOf(all of (read:orders, write:orders))"),
        ("/token", "Token"),
        ("/optional", "Token"),
    ] {
        let (answer, log) = logged(ask(&app(), path, None)).await;
        assert_eq!(answer.status, 500, "{path}");
        assert_eq!(answer.challenge(), None, "{path}");
        assert!(!answer.body.contains(extractor) && !answer.body.contains("layer"), "{path}");
        assert!(log.contains("ERROR") && log.contains("layer is missing"), "{log}");
        assert!(log.contains(&format!("extractor={extractor}")), "{log}");
    }
}

#[tokio::test]
async fn the_log_entry_of_a_missing_layer_has_the_method_and_the_path_without_the_query() {
    for path in ["/scope", "/token"] {
        let (_, log) = logged(ask(&app(), &format!("{path}?code=secret"), None)).await;
        let entry = log.lines().find(|line| line.contains("ERROR")).unwrap();
        assert!(entry.contains("method=\"GET\""), "{log}");
        assert!(entry.contains(&format!("path=\"{path}\"")), "{log}");
        assert!(!log.contains("secret"), "{log}");
    }
}

#[tokio::test]
async fn an_outer_layer_can_read_the_cause() {
    let answer = ask(&app(), "/all", holding("read:orders")).await;
    let refusal = answer.refusal.unwrap();
    assert_eq!(refusal.reason(), "insufficient_scope");
    assert!(matches!(
        refusal.cause(),
        RefusalCause::InsufficientScope { needed } if needed.as_str() == "read:orders write:orders"
    ));
    assert_eq!(ask(&app(), "/scope", None).await.refusal.unwrap().reason(), "misconfigured");
}

#[tokio::test]
async fn a_handler_can_take_the_refusal_as_a_result() {
    let answer = ask(&app(), "/result", holding("")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("403 insufficient_scope: "), "{}", answer.body);
}
