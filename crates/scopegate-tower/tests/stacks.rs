//! The layer and `require` in stacks of other layers, around every body type.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use scopegate_tower::{Authenticated, BearerLayer, Guard, require};
use tokio::net::TcpListener;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::propagate_header::PropagateHeaderLayer;
use tower_http::request_id::{MakeRequestUuid, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use self::issuer::{ReadOrders, TestIssuer};

mod issuer;

/// Answers every request with this body, if the layer has authenticated it.
#[derive(Clone)]
struct Answer<F>(F);

impl<Q, R, F: Fn() -> R> Service<Request<Q>> for Answer<F> {
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Ready<Result<Response<R>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        assert!(request.extensions().get::<Authenticated>().unwrap().token().is_some());
        ready(Ok(Response::new((self.0)())))
    }
}

/// A body that cannot be made from anything.
struct Bare(Option<Bytes>);

impl Body for Bare {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|content| Ok(Frame::data(content))))
    }
}

const TEXT: &str = "all orders";

/// Ten layers, from the outside: the last one needs least of the body that it wraps.
macro_rules! ten_layers {
    () => {
        ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(PropagateHeaderLayer::new(HeaderName::from_static("x-request-id")))
            .layer(TraceLayer::new_for_http())
            .layer(RequestBodyLimitLayer::new(1024))
            .layer(CompressionLayer::new())
            .layer(CorsLayer::permissive())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                Duration::from_secs(60),
            ))
            .layer(SetResponseHeaderLayer::overriding(
                HeaderName::from_static("x-stack"),
                HeaderValue::from_static("1"),
            ))
            .layer(CatchPanicLayer::new())
    };
}

/// Checks an admitted request, one without a token, and one without the scope.
async fn check<S, B>(issuer: &TestIssuer, service: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: Body,
    B::Error: std::fmt::Debug,
{
    let ask = async |token: Option<String>| {
        let mut request = Request::post("/orders");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::from("a request")).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head, String::from_utf8(body.to_vec()).unwrap())
    };
    let (head, body) = ask(Some(issuer.token("read:orders"))).await;
    assert_eq!((head.status.as_u16(), &*body), (200, TEXT));
    for (token, status) in [(None, 401), (Some(issuer.token("write:orders")), 403)] {
        let (head, body) = ask(token).await;
        assert_eq!(head.status, status);
        assert_eq!(head.headers[CONTENT_TYPE], "application/problem+json");
        assert!(body.contains(&format!("\"status\":{status}")), "{body}");
    }
}

/// The layer and `require` within ten layers, around ten layers, and alone.
async fn check_stacks<B>(body: fn() -> B)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError> + std::fmt::Debug,
{
    let issuer = TestIssuer::new();
    let auth = issuer.builder().build().unwrap();
    let guard = || require(ReadOrders);
    let answer = Answer(body);
    check(
        &issuer,
        ServiceBuilder::new().layer(auth.clone()).layer(guard()).service(answer.clone()),
    )
    .await;
    check(&issuer, auth.clone().require(ReadOrders).layer(answer.clone())).await;
    check(&issuer, ten_layers!().layer(auth.clone()).layer(guard()).service(answer.clone())).await;
    check(
        &issuer,
        ServiceBuilder::new()
            .layer(auth.clone())
            .layer(guard())
            .layer(ten_layers!())
            .service(answer.clone()),
    )
    .await;
    check(&issuer, ten_layers!().layer(auth).layer(ten_layers!()).layer(guard()).service(answer))
        .await;
}

#[tokio::test]
async fn ten_layers_around_every_body_type_answer() {
    check_stacks(|| Full::<Bytes>::from(TEXT)).await;
    check_stacks(|| TEXT.to_owned()).await;
    check_stacks(|| BoxBody::<Bytes, Infallible>::new(Full::from(TEXT))).await;
    check_stacks(|| UnsyncBoxBody::<Bytes, Infallible>::new(Full::from(TEXT))).await;
    check_stacks(|| axum::body::Body::from(TEXT)).await;
    check_stacks(|| Bare(Some(TEXT.into()))).await;
}

#[tokio::test]
async fn a_refusal_is_compressed_by_an_outer_layer() {
    let issuer = TestIssuer::new();
    let auth = issuer.builder().realm(&"orders".repeat(20)).build().unwrap();
    let service = ten_layers!().layer(auth).service(Answer(|| Bare(None)));
    let request =
        Request::get("/").header(ACCEPT_ENCODING, "gzip").header("origin", "https://a.example");
    let response = service.oneshot(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.headers()["x-stack"], "1");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(response.headers().contains_key("x-request-id"));
}

/// A service that cannot be cloned.
struct Unique;

impl Service<Request<()>> for Unique {
    type Response = Response<Bare>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bare>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Bare(Some(TEXT.into())))))
    }
}

#[tokio::test]
async fn require_wraps_a_service_that_cannot_be_cloned() {
    let issuer = TestIssuer::new();
    let auth = issuer.builder().build().unwrap();
    for (scope, status) in [("read:orders", 200), ("write:orders", 403)] {
        let mut request = Request::new(());
        let authenticated = auth.authenticate(&issuer.token(scope)).await.unwrap();
        request.extensions_mut().insert(authenticated);
        let response = require(ReadOrders).layer(Unique).oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn require_public_or_optional_admits_a_request_without_a_token() {
    let auth = TestIssuer::new().builder().build().unwrap().optional();
    for (guard, expected) in
        [(Guard::Public, 200), (Guard::OptionalToken, 200), (Guard::Token, 401)]
    {
        let service = auth.layer(require(guard).layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        })));
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), expected, "{guard}");
    }
}

async fn status(router: &Router, path: &str, token: Option<&str>) -> u16 {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn routers_are_protected_where_the_layer_is_placed() {
    let issuer = TestIssuer::new();
    let auth = issuer.builder().build().unwrap();
    let (reader, writer) = (issuer.token("read:orders"), issuer.token("write:orders"));
    let orders = Router::new()
        .route("/orders", get(async || TEXT))
        .route_layer(require(ReadOrders))
        .route("/any", get(async || TEXT))
        .layer(ServiceBuilder::new().layer(CorsLayer::permissive()).layer(auth.clone()));
    let app = Router::new()
        .nest("/api", orders)
        .route("/public", get(async || TEXT))
        .fallback(async || (StatusCode::NOT_FOUND, "nothing"));
    for (path, token, expected) in [
        ("/api/orders", Some(&reader), 200),
        ("/api/orders", Some(&writer), 403),
        ("/api/orders", None, 401),
        ("/api/any", Some(&writer), 200),
        ("/api/any", None, 401),
        ("/public", None, 200),
        ("/nothing", None, 404),
    ] {
        let token = token.map(String::as_str);
        assert_eq!(status(&app, path, token).await, expected, "{path} {token:?}");
    }
    // Around the router and its fallback.
    let all = Router::new().fallback_service(auth.layer(app));
    assert_eq!(status(&all, "/nothing", Some(&writer)).await, 404);
    for path in ["/nothing", "/public"] {
        assert_eq!(status(&all, path, None).await, 401);
    }
}

/// Sends the request's body back: a body that only hyper can make.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// Serves HTTP/1 and HTTP/2 on a free port.
async fn serve(auth: BearerLayer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/orders", listener.local_addr().unwrap());
    let service = auth.require(ReadOrders).layer(service_fn(echo));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                server.serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    url
}

#[tokio::test]
async fn the_layer_answers_over_sockets_in_both_versions_of_http() {
    let issuer = TestIssuer::new();
    let url = serve(issuer.builder().build().unwrap()).await;
    let builder = || reqwest::Client::builder().no_proxy();
    for (client, version) in [
        (builder().http1_only(), reqwest::Version::HTTP_11),
        (builder().http2_prior_knowledge(), reqwest::Version::HTTP_2),
    ] {
        let client = client.build().unwrap();
        let ask = async |token: Option<String>| {
            let mut request = client.post(&url).body(TEXT);
            if let Some(token) = token {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.version(), version);
            (response.status().as_u16(), response.text().await.unwrap())
        };
        assert_eq!(ask(Some(issuer.token("read:orders"))).await, (200, TEXT.to_owned()));
        for (token, expected) in [(Some(issuer.token("write:orders")), 403), (None, 401)] {
            let (status, body) = ask(token).await;
            assert_eq!(status, expected);
            assert!(body.contains("\"title\""), "{body}");
        }
    }
}

#[tokio::test]
async fn a_layer_can_keep_the_body_type_of_the_service() {
    let issuer = TestIssuer::new();
    let auth = issuer.builder().build().unwrap();
    let router =
        Router::new().route("/", get(async || TEXT)).layer(require(ReadOrders).same_body());
    let service = auth.same_body().layer(router);
    for (scope, status, content) in
        [("read:orders", 200, TEXT), ("write:orders", 403, "\"insufficient_scope\"")]
    {
        let request = Request::get("/")
            .header(AUTHORIZATION, format!("Bearer {}", issuer.token(scope)))
            .body(axum::body::Body::empty())
            .unwrap();
        let response: axum::response::Response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(str::from_utf8(&body).unwrap().contains(content), "{body:?}");
    }
}
