//! Which guards of a handler the router finds.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::{Json, Router};
use scopegate_axum::routes::{Methods, Routes, RoutesError, any, any_service, get, post};
use scopegate_axum::{
    AllOf, AnyOf, AuthRejection, ClaimRule, ClientId, GuardRejection, Public, RequireAcr,
    RequireClaim, RequireFresh, RequireGroup, RequireRole, RequireScope, Resource, ResourceGuard,
    Subject, Token, scope, scoped,
};
use scopegate_bearer::{AuthenticationLayer, ChallengeSettings};
use tower_http::cors::CorsLayer;

/// What the handlers of a path require, as text.
fn asked<S: Clone + Send + Sync + 'static>(state: S, methods: Methods<S>) -> String {
    let routes: Routes = Routes::new().route("/", methods).with_state(state);
    let words = |guards: &[scopegate_axum::Guard]| {
        guards.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
    };
    let operations = routes.operations();
    operations.iter().map(|one| words(one.guards())).collect::<Vec<_>>().join(" / ")
}

#[scoped]
async fn list(_: RequireScope<"read:orders">) {}

#[scoped]
async fn place(
    _: RequireScope<"write:orders">,
    _: RequireRole<"admin">,
    State(_): State<u8>,
    Path(_): Path<u32>,
    Query(_): Query<Vec<(String, String)>>,
    _: HeaderMap,
    _: Option<Json<u8>>,
) {
}

struct Premium;

impl ClaimRule for Premium {
    const NAME: &'static str = "the premium plan";
    type Extra = ();

    fn allows(_: &Token) -> bool {
        true
    }
}

#[test]
fn every_guard_is_found_in_any_position() {
    #[scoped]
    async fn first(
        _: AnyOf<"a", AllOf<"b", "c">>,
        _: RequireGroup<"/staff">,
        _: RequireFresh<60>,
        _: Bytes,
    ) {
    }

    #[scoped]
    async fn later(_: State<u8>, _: HeaderMap, _: RequireAcr<"urn:mfa">, _: RequireScope<"a">) {}

    async fn own(_: RequireClaim<Premium>, _: Subject, _: Option<ClientId>) {}

    async fn extra(_: Token<String>, _: Request) {}

    for (methods, words) in [
        (get(list), "read:orders"),
        (get(place), "write:orders + role admin"),
        (get(first), "any of (a, all of (b, c)) + group /staff + signed in within 60 s"),
        (get(later), "signed in by urn:mfa + a"),
        (get(own), "the premium plan + any token + a token or none"),
        (get(extra), "any token"),
        (get(async |_: Public| ()), "public"),
        (get(async |_: Option<Token>| ()), "a token or none"),
        (get(async || ()), ""),
        (get(async |_: Bytes| ()), ""),
        (get(list).post(place), "read:orders / write:orders + role admin"),
    ] {
        assert_eq!(asked(7_u8, methods), words);
    }
}

#[test]
fn guards_are_found_among_sixteen_arguments() {
    #[scoped]
    #[expect(clippy::too_many_arguments, reason = "as many as axum allows")]
    async fn many(
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: Method,
        _: RequireScope<"a">,
        _: RequireScope<"b">,
    ) {
    }
    assert_eq!(asked((), get(many)), "a + b");
}

/// A service's own extractor that returns the guard's refusal.
struct Customer(#[expect(dead_code, reason = "only its guard matters here")] String);

impl<S: Send + Sync> FromRequestParts<S> for Customer {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let guard = RequireScope::<scope!("customer")>::from_request_parts(parts, state).await?;
        Ok(Self(guard.claims().subject().unwrap_or_default().to_owned()))
    }
}

/// A service's own extractor that waits before it looks at the token.
struct Waits;

impl<S: Send + Sync> FromRequestParts<S> for Waits {
    type Rejection = AuthRejection;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        std::future::pending().await
    }
}

static RAN: AtomicBool = AtomicBool::new(false);

/// A service's own extractor that is not a guard and must not run at the start.
struct Costly;

impl<S: Send + Sync> FromRequestParts<S> for Costly {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        RAN.store(true, Ordering::SeqCst);
        Ok(Self)
    }
}

#[test]
fn an_extractor_that_returns_a_guards_refusal_counts_as_that_guard() {
    assert_eq!(asked((), get(async |_: Costly, _: Customer| ())), "customer");
    assert!(asked((), get(async |_: Waits| ())).ends_with("Waits"), "a rule, by its type");
    assert!(!RAN.load(Ordering::SeqCst));
}

/// A guard with the state of the service, which must not run at the start.
struct Own;

impl<S: Send + Sync> ResourceGuard<S> for Own {
    const NAME: &'static str = "own orders only";
    type Extra = ();

    async fn check(_: &Token, _: &mut Parts, _: &S) -> Result<Self, GuardRejection> {
        RAN.store(true, Ordering::SeqCst);
        Ok(Self)
    }
}

#[test]
fn a_resource_guard_is_found_by_its_name_and_not_run() {
    assert_eq!(asked(7_u8, get(async |_: Resource<Own>| ())), "own orders only");
    assert!(!RAN.load(Ordering::SeqCst));
}

#[test]
fn a_guard_taken_as_a_result_is_not_a_guard() {
    #[scoped]
    async fn taken(_: Result<RequireScope<"a">, AuthRejection>) {}
    assert_eq!(asked((), get(taken)), "");
}

#[test]
fn guards_declared_at_the_route_are_found() {
    assert_eq!(asked((), get(async || ()).public()), "public");
    assert_eq!(asked((), get(list).require(scope!("api"))), "api + read:orders");
    assert_eq!(
        asked((), get(list).require(scope!("api")).post(async || ())),
        "api + read:orders / "
    );
}

#[test]
fn scopes_are_listed_once_in_route_order() {
    let orders =
        Routes::new().route("/", get(list)).route("/{id}", post(place)).require(scope!("api"));
    let routes: Routes<u8> = Routes::new().nest("/orders", orders).route("/all", get(list));
    let routes: Routes = routes.with_state(7);
    assert_eq!(routes.scopes(), ["api", "read:orders", "write:orders"]);
    let names: Vec<_> = routes.operations().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["GET /orders", "POST /orders/{id}", "GET /all"]);
}

#[test]
fn the_audit_lists_unguarded_and_invisible_routes() {
    let admin = Routes::new().unseen("/legacy", Router::new());
    let routes = Routes::new()
        .route("/orders", get(list).delete(async || ()))
        .route("/health", get(async || ()).public())
        .nest("/admin", admin);
    let audit = routes.audit();
    assert_eq!(
        audit.to_string(),
        "GET     /orders  read:orders\n\
         DELETE  /orders  UNGUARDED\n\
         GET     /health  public\n\
         /admin/legacy: a plain router, whose routes cannot be seen\n"
    );
    let unseen = audit.clone().refuse_unseen().unwrap_err();
    assert_eq!(unseen, RoutesError::Unseen(vec!["/admin/legacy".to_owned()]));
    let unguarded = audit.refuse_unguarded().unwrap_err();
    assert_eq!(
        unguarded.to_string(),
        "nothing guards DELETE /orders: add an extractor such as `RequireScope`, `.require(…)`, or \
         `.public()`"
    );
}

#[test]
fn the_audit_reports_a_plain_router_as_invisible() {
    let router: Router = Router::new().route("/orders", axum::routing::get(list));
    let audit = Routes::from(router).audit();
    assert_eq!(audit.to_string(), "/: a plain router, whose routes cannot be seen\n");
    assert!(audit.refuse_unguarded().unwrap().refuse_unseen().is_err());
}

#[test]
fn the_audit_lists_services_and_fallbacks() {
    let service =
        || tower::service_fn(async |_: Request| Ok::<Response, Infallible>(Response::default()));
    let nested =
        Routes::new().nest_service("/files", any_service(service()).public()).fallback(any(list));
    let routes = Routes::new()
        .route_service("/service", service())
        .route("/all", any(list))
        .nest("/v1", nested)
        .fallback(any(async || ()).require(scope!("admin")));
    assert_eq!(
        routes.audit().to_string(),
        "ANY     /service           UNGUARDED\n\
         ANY     /all               read:orders\n\
         ANY     /v1/files/{*rest}  public\n\
         ANY     /v1/{*fallback}    read:orders\n\
         ANY     /{*fallback}       admin\n"
    );
    assert!(routes.operations()[0].is_for_any_method());
}

#[test]
fn the_audit_reports_a_cors_layer_inside_of_the_authentication_layer() {
    let inside: Routes = Routes::new().route("/orders", get(list)).layer(CorsLayer::permissive());
    let audit = inside.audit().to_string();
    assert!(audit.contains("CorsLayer: inside of the authentication layer"), "{audit}");
    assert!(audit.contains("expose `WWW-Authenticate`"), "{audit}");
    let refused = inside.audit().refuse_cors_inside().unwrap_err();
    assert!(matches!(&refused, RoutesError::CorsInside(layers) if layers.len() == 1));
    let message = refused.to_string();
    assert!(message.contains("CorsLayer is inside of the authentication layer"), "{message}");
    assert!(message.contains("expose `WWW-Authenticate`"), "{message}");

    let layer = tower::layer::util::Identity::new();
    let audit = Routes::new().route("/orders", get(list)).layer(layer).audit();
    assert!(!audit.to_string().contains("inside"), "{audit}");
    assert!(audit.refuse_cors_inside().is_ok());
}

/// A layer that admits requests without a token or not.
struct AuthLayer {
    optional: bool,
    settings: Arc<ChallengeSettings>,
}

impl AuthenticationLayer for AuthLayer {
    fn is_optional(&self) -> bool {
        self.optional
    }

    fn settings(&self) -> &Arc<ChallengeSettings> {
        &self.settings
    }
}

#[test]
fn the_audit_refuses_an_optional_token_behind_a_layer_that_requires_one() {
    let layer = |optional| AuthLayer { optional, settings: Arc::default() };
    for methods in [get(async |_: Option<Token>| ()), get(async |_: Option<Subject>| ()).public()] {
        let audit = Routes::new().route("/catalog", methods).route("/orders", get(list)).audit();
        assert!(audit.clone().refuse_optional_behind(&layer(true)).is_ok());
        let refused = audit.refuse_optional_behind(&layer(false)).unwrap_err();
        assert!(matches!(&refused, RoutesError::OptionalBehindRequired(which) if which.len() == 1));
        let message = refused.to_string();
        assert!(message.starts_with("GET /catalog would accept"), "{message}");
        assert!(message.contains("call `.optional()` on the layer"), "{message}");
    }
    // With another guard the operation needs a token anyway, and a public one is not behind it.
    for methods in [
        get(async |_: RequireScope<scope!("a")>, _: Option<Subject>| ()),
        get(async |_: Public| ()),
        get(async || ()),
    ] {
        let audit = Routes::new().route("/catalog", methods).audit();
        assert!(audit.refuse_optional_behind(&layer(false)).is_ok());
    }
}
