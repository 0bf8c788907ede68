//! The answers of a `Routes`.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::Response;
use scopegate_axum::routes::{Methods, Routes, any, any_service, get, post};
use scopegate_axum::{Guard, Public, RequireScope, Token, scope, scoped};
use scopegate_bearer::{Authenticated, fresh, role};
use scopegate_tower::{BearerBuilder, BearerLayer};
use tower::{Layer, Service, ServiceExt};

use crate::issuer::{anonymous, ask, holding, with_members};

/// Stands in for the authentication layer: refuses requests without an authenticated token.
#[derive(Clone)]
struct Auth;

#[derive(Clone)]
struct Authed<S>(S);

impl<S> Layer<S> for Auth {
    type Service = Authed<S>;

    fn layer(&self, inner: S) -> Authed<S> {
        Authed(inner)
    }
}

impl<S> Service<Request> for Authed<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let left = request.extensions().get::<Authenticated>();
        if left.is_none_or(|left| left.token().is_none()) {
            let refused = Response::builder().status(401).body(Body::empty()).unwrap();
            return Box::pin(std::future::ready(Ok(refused)));
        }
        Box::pin(self.0.call(request))
    }
}

#[scoped]
async fn list(State(name): State<&'static str>, _: RequireScope<"read:orders">) -> String {
    format!("orders of {name}")
}

#[scoped]
async fn show(_: RequireScope<"read:orders">, Path(id): Path<u32>) -> String {
    id.to_string()
}

async fn uri(_: Token, uri: Uri) -> String {
    uri.to_string()
}

fn app() -> Router {
    let nested = Routes::new().route("/uri", get(uri)).route("/{id}", get(show));
    let admin = Router::new().route("/all", axum::routing::get(async || "all"));
    let routes = Routes::new()
        .route("/orders", get(list))
        .route("/orders", axum_post())
        .nest("/nested", nested)
        .route("/admin", get(async || "admin").require(scope!("admin")))
        .route("/health", get(async |_: Public| "well"))
        .route("/open", get(async || "open"))
        .unseen("/plain", Router::new().nest("/plain", admin));
    routes.with_state("us").protect(Auth)
}

/// A public method on the same path.
fn axum_post() -> Methods<&'static str> {
    post(async || "placed").public()
}

#[tokio::test]
async fn everything_but_public_routes_is_behind_the_layer() {
    for path in ["/orders", "/nested/uri", "/nested/7", "/admin", "/open", "/plain/all", "/nothing"]
    {
        assert_eq!(ask(&app(), path, None).await.status, 401, "{path}");
        assert_eq!(ask(&app(), path, anonymous()).await.status, 401, "{path}");
    }
    assert_eq!(ask(&app(), "/health", None).await.body, "well");
    let token = || holding("read:orders");
    assert_eq!(ask(&app(), "/orders", token()).await.body, "orders of us");
    assert_eq!(ask(&app(), "/nested/7", token()).await.body, "7");
    assert_eq!(ask(&app(), "/open", token()).await.body, "open");
    assert_eq!(ask(&app(), "/plain/all", token()).await.body, "all");
    assert_eq!(ask(&app(), "/nothing", token()).await.status, 404);
}

#[tokio::test]
async fn each_method_of_a_path_is_protected_on_its_own() {
    let send = async |method: &str, left: Option<Authenticated>| {
        let mut request = Request::builder().method(method).uri("/orders");
        if let Some(left) = left {
            request = request.extension(left);
        }
        app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    assert_eq!(send("POST", None).await.status(), 200);
    assert_eq!(send("GET", None).await.status(), 401);
    assert_eq!(send("HEAD", None).await.status(), 401);
    assert_eq!(send("GET", Some(holding("read:orders"))).await.status(), 200);
    let other = send("PUT", Some(holding("read:orders"))).await;
    assert_eq!(other.status(), 405);
    let allowed = other.headers()["allow"].to_str().unwrap();
    assert!(["GET", "HEAD", "POST"].iter().all(|one| allowed.contains(one)), "{allowed}");
}

#[tokio::test]
async fn a_nested_route_sees_the_stripped_uri_as_in_axum() {
    let answer = ask(&app(), "/nested/uri", holding("")).await;
    assert_eq!(answer.body, "/uri");
}

#[tokio::test]
async fn require_on_a_route_answers_like_the_extractor() {
    #[scoped]
    async fn in_signature(_: RequireScope<"admin">) -> &'static str {
        "admin"
    }

    let at_route = || get(async || "admin").require(scope!("admin"));
    let app: Router = Routes::new()
        .route("/signature", get(in_signature))
        .route("/route", at_route())
        .merge(Routes::new().route("/group", get(async || "admin")).require(scope!("admin")))
        .split()
        .0;
    for left in [Some(holding("admin")), Some(holding("read")), Some(anonymous()), None] {
        let mut answers = Vec::new();
        for path in ["/signature", "/route", "/group"] {
            let answer = ask(&app, path, left.clone()).await;
            answers.push((answer.status, answer.headers, answer.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

#[tokio::test]
async fn public_does_not_open_a_handler_with_a_guard() {
    let app: Router =
        Routes::new().route("/orders", get(list).public()).with_state("us").protect(Auth);
    assert_eq!(ask(&app, "/orders", None).await.status, 401);
    assert_eq!(ask(&app, "/orders", holding("")).await.status, 403);
}

#[tokio::test]
async fn a_layer_covers_only_routes_added_before_it() {
    let header = tower::util::MapResponseLayer::new(|mut response: Response| {
        response.headers_mut().insert("x-layer", "yes".parse().unwrap());
        response
    });
    let app: Router = Routes::new()
        .route("/a", get(async || "a").public())
        .layer(header)
        .route("/b", get(async || "b").public())
        .protect(Auth);
    assert!(ask(&app, "/a", None).await.headers.contains_key("x-layer"));
    assert!(!ask(&app, "/b", None).await.headers.contains_key("x-layer"));
}

#[tokio::test]
async fn any_guard_can_be_required_at_a_route() {
    let admin = role("admin");
    let recent = fresh(std::time::Duration::from_secs(60));
    let app: Router = Routes::new()
        .route("/role", get(async || "in").require(admin))
        .route("/fresh", get(async || "in").require(recent))
        .merge(Routes::new().route("/group", get(async || "in")).require(admin))
        .route("/optional", get(async || "in").require(Guard::OptionalToken))
        .route("/public", get(async || "in").require(Guard::Public))
        .split()
        .0;
    let left = |members| with_members(&members);
    for (path, good, bad, status) in [
        ("/role", serde_json::json!({ "roles": ["admin"] }), serde_json::json!({}), 403),
        ("/group", serde_json::json!({ "roles": ["admin"] }), serde_json::json!({}), 403),
        ("/fresh", serde_json::json!({ "auth_time": 940 }), serde_json::json!({}), 401),
        (
            "/fresh",
            serde_json::json!({ "auth_time": 940 }),
            serde_json::json!({ "auth_time": 939 }),
            401,
        ),
    ] {
        assert_eq!(ask(&app, path, left(good)).await.body, "in", "{path}");
        assert_eq!(ask(&app, path, left(bad)).await.status, status, "{path}");
        assert_eq!(ask(&app, path, anonymous()).await.status, 401, "{path}");
        assert_eq!(ask(&app, path, None).await.status, 500, "{path}");
    }
    assert_eq!(ask(&app, "/optional", anonymous()).await.body, "in");
    assert_eq!(ask(&app, "/optional", None).await.status, 500, "there is no layer");
}

#[tokio::test]
async fn a_public_guard_at_a_route_admits_everyone() {
    let app: Router =
        Routes::new().route("/", get(async || "in").require(Guard::Public)).protect(Auth);
    assert_eq!(ask(&app, "/", None).await.body, "in");
}

#[tokio::test]
async fn services_and_handlers_of_all_methods_are_protected_like_others() {
    let service = || {
        tower::service_fn(async |request: Request| {
            Ok::<_, Infallible>(Response::new(Body::from(request.uri().path().to_owned())))
        })
    };
    let app: Router = Routes::new()
        .route_service("/service", service())
        .route("/own", any_service(service()).require(scope!("admin")))
        .route("/all", any(async |_: RequireScope<scope!("admin")>| "all").get(async || "got"))
        .nest_service("/files", any_service(service()).public())
        .nest("/v1", Routes::new().nest_service("/reports", any_service(service())))
        .protect(Auth);
    for path in ["/service", "/own", "/all", "/v1/reports/a"] {
        assert_eq!(ask(&app, path, None).await.status, 401, "{path}");
    }
    assert_eq!(ask(&app, "/service", holding("")).await.body, "/service");
    assert_eq!(ask(&app, "/own", holding("")).await.status, 403);
    assert_eq!(ask(&app, "/own", holding("admin")).await.body, "/own");
    assert_eq!(ask(&app, "/all", holding("")).await.body, "got", "the method's own handler");
    assert_eq!(ask(&app, "/v1/reports/a", holding("")).await.body, "/a");
    assert_eq!(ask(&app, "/files/a/b", None).await.body, "/a/b");

    let put = |scopes| {
        let request = Request::put("/all").extension(holding(scopes)).body(Body::empty());
        app.clone().oneshot(request.unwrap())
    };
    assert_eq!(put("").await.unwrap().status(), 403);
    assert_eq!(put("admin").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_fallback_is_behind_the_layer_unless_it_is_public() {
    let orders = || {
        let nested = Routes::new().route("/a", get(list)).fallback(any(async || "nested").public());
        Routes::new().route("/orders", get(list)).nest("/nested", nested)
    };
    let app: Router =
        orders().fallback(any(async || "other").public()).with_state("us").protect(Auth);
    assert_eq!(ask(&app, "/nothing", None).await.body, "other");
    assert_eq!(ask(&app, "/nested/nothing", None).await.body, "nested");
    assert_eq!(ask(&app, "/orders", None).await.status, 401);

    let app: Router = orders()
        .fallback(any(async || "first").public())
        .fallback(any(async || "second").require(scope!("admin")))
        .with_state("us")
        .protect(Auth);
    assert_eq!(ask(&app, "/nothing", None).await.status, 401);
    assert_eq!(ask(&app, "/nothing", holding("")).await.status, 403);
    assert_eq!(ask(&app, "/nothing", holding("admin")).await.body, "second");
    assert_eq!(ask(&app, "/nested/nothing", None).await.body, "nested");

    // One public method does not open the others.
    let app: Router =
        orders().fallback(get(list).post(async || "").public()).with_state("us").protect(Auth);
    assert_eq!(ask(&app, "/nothing", None).await.status, 401);
    let mixed = get(async || "").public().post(list);
    let app: Router = orders().fallback(mixed).with_state("us").protect(Auth);
    assert_eq!(ask(&app, "/nothing", None).await.status, 401);
}

const DOCUMENT: &str = "/.well-known/oauth-protected-resource/orders";

fn bearer() -> BearerBuilder {
    BearerLayer::issuer("https://id.example.com").audience("api://orders")
}

#[tokio::test]
async fn a_public_fallback_or_wildcard_does_not_hide_the_metadata_document() {
    let auth = bearer().resource("https://api.example.com/orders").build().unwrap();
    let page = || any(async || "page").public();
    for routes in [Routes::new().fallback(page()), Routes::new().route("/{*file}", page())] {
        let app = routes.route("/orders", get(async |_: Token| "")).protect(auth.clone());
        let challenge = ask(&app, "/orders", None).await;
        assert!(challenge.challenge().unwrap().contains(DOCUMENT));
        let document = ask(&app, DOCUMENT, None).await;
        assert_eq!(document.status, 200);
        assert_eq!(document.headers["content-type"], "application/json");
        assert!(document.body.starts_with(r#"{"resource":"https://api.example.com/orders""#));

        let other = "/.well-known/oauth-protected-resources/orders";
        for path in ["/nothing", "/.well-known/oauth-protected-resource/other", other] {
            assert_eq!(ask(&app, path, None).await.body, "page", "{path}");
        }

        let send = async |method: &str| {
            let request = Request::builder().method(method).uri(DOCUMENT);
            let request = request
                .header("origin", "https://app.example.com")
                .header("access-control-request-method", "GET")
                .body(Body::empty())
                .unwrap();
            app.clone().oneshot(request).await.unwrap()
        };
        let preflight = send("OPTIONS").await;
        assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
        assert_eq!(send("HEAD").await.headers()["content-type"], "application/json");
        assert_eq!(send("POST").await.headers()["content-type"], "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn a_public_fallback_answers_for_the_metadata_document_if_the_layer_has_none() {
    let routes = || Routes::new().fallback(any(async || "page").public());
    let auth = bearer().build().unwrap();
    for app in [
        routes().protect(auth.clone()),
        routes().protect(auth.clone().optional()),
        routes().protect(auth.grpc()),
        routes().protect(Auth),
    ] {
        assert_eq!(ask(&app, DOCUMENT, None).await.body, "page");
    }
}

#[tokio::test]
async fn a_public_route_at_the_path_of_the_metadata_document_is_served_as_it_is() {
    let auth = bearer().resource("https://api.example.com/orders").build().unwrap();
    let app = Routes::new().route(DOCUMENT, get(async || "own").public()).protect(auth);
    assert_eq!(ask(&app, DOCUMENT, None).await.body, "own");
}
