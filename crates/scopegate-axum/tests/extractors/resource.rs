//! Guards of a service's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use axum::{RequestPartsExt, Router};
use scopegate_axum::{GuardRejection, Resource, ResourceGuard, Token};
use scopegate_bearer::RefusalCause;
use serde::Deserialize;
use serde_json::json;

use crate::issuer::{Answer, anonymous, ask, with_members};
use crate::log::logged;

#[derive(Deserialize)]
struct Tenant {
    tenant: String,
}

/// The tenants of the orders, by order number; and how often a handler ran.
#[derive(Clone)]
struct Orders {
    tenants: Arc<[&'static str]>,
    handled: Arc<AtomicU32>,
}

struct OwnOrder(usize);

impl ResourceGuard<Orders> for OwnOrder {
    const NAME: &'static str = "own orders only";
    type Extra = Tenant;

    async fn check(
        token: &Token<Tenant>,
        parts: &mut Parts,
        orders: &Orders,
    ) -> Result<Self, GuardRejection> {
        let Path(id) = parts.extract::<Path<usize>>().await.map_err(GuardRejection::other)?;
        tokio::task::yield_now().await;
        match orders.tenants.get(id) {
            Some(tenant) if *tenant == token.extra().tenant => Ok(Self(id)),
            Some(&"secret") => {
                let missing = (StatusCode::NOT_FOUND, "no such order");
                Err(GuardRejection::hidden(token.refuse(Self::NAME), missing))
            }
            Some(_) => Err(token.refuse(Self::NAME).into()),
            None => Err(GuardRejection::other((StatusCode::NOT_FOUND, "no such order"))),
        }
    }
}

/// A guard that fails in one of several ways.
struct Failing<const HOW: u8>;

const PANICS: u8 = 0;
const PANICS_LATER: u8 = 1;
const NEVER_ENDS: u8 = 2;
const IS_SLOW: u8 = 3;
const IS_TOO_SLOW: u8 = 4;

impl<S: Send + Sync, const HOW: u8> ResourceGuard<S> for Failing<HOW> {
    const NAME: &'static str = "failing";
    type Extra = ();

    #[expect(clippy::panic, reason = "that is the case under test")]
    async fn check(_: &Token, _: &mut Parts, _: &S) -> Result<Self, GuardRejection> {
        match HOW {
            PANICS => panic!("the secret of the panic"),
            PANICS_LATER => {
                tokio::task::yield_now().await;
                panic!("the secret of the panic")
            }
            IS_SLOW => tokio::time::sleep(Duration::from_millis(4_999)).await,
            IS_TOO_SLOW => tokio::time::sleep(Duration::from_millis(5_001)).await,
            _ => std::future::pending().await,
        }
        Ok(Self)
    }
}

struct Impatient;

impl<S: Send + Sync> ResourceGuard<S> for Impatient {
    const NAME: &'static str = "impatient";
    const TIMEOUT: Duration = Duration::from_millis(10);
    type Extra = ();

    async fn check(_: &Token, _: &mut Parts, _: &S) -> Result<Self, GuardRejection> {
        tokio::time::sleep(Duration::from_millis(11)).await;
        Ok(Self)
    }
}

fn app() -> (Router, Arc<AtomicU32>) {
    async fn failing<const HOW: u8>(
        state: axum::extract::State<Orders>,
        _: Resource<Failing<HOW>>,
    ) {
        state.handled.fetch_add(1, Ordering::SeqCst);
    }

    let handled = Arc::new(AtomicU32::new(0));
    let orders =
        Orders { tenants: Arc::new(["acme", "other", "secret"]), handled: Arc::clone(&handled) };
    let app = Router::new()
        .route("/orders/{id}", get(async |order: Resource<OwnOrder>| order.0.0.to_string()))
        .route("/panics", get(failing::<PANICS>))
        .route("/panics_later", get(failing::<PANICS_LATER>))
        .route("/never_ends", get(failing::<NEVER_ENDS>))
        .route("/slow", get(failing::<IS_SLOW>))
        .route("/too_slow", get(failing::<IS_TOO_SLOW>))
        .route("/impatient", get(async |_: Resource<Impatient>| ()))
        .with_state(orders);
    (app, handled)
}

async fn show(path: &str) -> Answer {
    ask(&app().0, path, with_members(&json!({ "tenant": "acme" }))).await
}

#[tokio::test]
async fn an_order_is_shown_to_its_tenant_only_and_others_get_the_layers_refusal() {
    let answer = show("/orders/0").await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, "0"));

    let answer = show("/orders/1").await;
    assert_eq!(answer.status, 403);
    let challenge = answer.challenge().unwrap();
    assert!(challenge.starts_with("Bearer realm=\"orders\", error=\"insufficient_scope\""));
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(!answer.body.contains("own orders"), "{}", answer.body);
    let refusal = answer.refusal.unwrap();
    assert!(
        matches!(refusal.cause(), RefusalCause::RuleNotMet { rule } if rule == "own orders only")
    );
}

#[tokio::test]
async fn a_hidden_refusal_looks_like_a_missing_order_and_is_logged_once() {
    let (hidden, log) = logged(show("/orders/2")).await;
    let (missing, silence) = logged(show("/orders/3")).await;
    assert_eq!((hidden.status, &hidden.headers), (missing.status, &missing.headers));
    assert_eq!((hidden.status.as_u16(), &hidden.body), (404, &missing.body));

    assert_eq!(log.matches("refused a request: rule_not_met").count(), 1, "{log}");
    assert!(log.contains("DEBUG") && log.contains("own orders only is needed"), "{log}");
    assert!(!silence.contains("refused a request"), "{silence}");
    let (hidden, missing) = (hidden.refusal.unwrap(), missing.refusal);
    assert!(
        matches!(hidden.cause(), RefusalCause::RuleNotMet { rule } if rule == "own orders only")
    );
    assert!(missing.is_none());
}

#[tokio::test]
async fn a_guard_may_answer_anything_else() {
    let answer = show("/orders/3").await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (404, "no such order"));
    assert_eq!((answer.challenge(), answer.refusal.is_none()), (None, true));
    assert_eq!(show("/orders/x").await.status, 400, "the rejection of `Path`");
}

#[tokio::test]
async fn without_a_token_or_its_claims_or_the_layer_the_guard_does_not_run() {
    let (app, _) = app();
    for path in ["/orders/0", "/panics", "/never_ends"] {
        let answer = ask(&app, path, anonymous()).await;
        assert_eq!(answer.challenge(), Some("Bearer realm=\"orders\""), "{path}");
        let (answer, log) = logged(ask(&app, path, None)).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(log.contains("extractor=Resource("), "{log}");
    }
    let answer = ask(&app, "/orders/0", with_members(&json!({}))).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().unwrap().contains("error=\"invalid_token\""));
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_panics_or_never_ends_is_answered_with_503_and_the_handler_does_not_run() {
    for (path, how) in [
        ("/panics", "panicked"),
        ("/panics_later", "panicked"),
        ("/never_ends", "did not answer in time"),
        ("/too_slow", "did not answer in time"),
    ] {
        let (app, handled) = app();
        let (answer, log) = logged(ask(&app, path, with_members(&json!({})))).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.headers["retry-after"], "1", "{path}");
        assert_eq!(answer.challenge(), None, "{path}");
        assert!(!answer.body.contains("failing") && !answer.body.contains("secret"), "{path}");
        assert_eq!(answer.refusal.unwrap().reason(), "guard_failed", "{path}");
        assert!(log.contains("ERROR") && log.contains("guard=\"failing\""), "{log}");
        assert!(log.contains(&format!("the guard `failing` {how}")), "{log}");
        assert!(!log.contains("secret"), "{log}");
        assert_eq!(handled.load(Ordering::SeqCst), 0, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_may_take_up_to_its_own_time_limit() {
    let (app, handled) = app();
    assert_eq!(ask(&app, "/slow", with_members(&json!({}))).await.status, 200);
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    assert_eq!(ask(&app, "/impatient", with_members(&json!({}))).await.status, 503);
}

#[test]
fn a_runtime_without_timers_is_answered_with_503() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(show("/orders/0"));
    assert_eq!(answer.status, 503);
}
