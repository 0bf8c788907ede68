//! The layer, as its requests see it.

mod browsers;
mod elsewhere;
mod heads;
mod lifecycle;
mod verify;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::{BodyExt, Full};
use scopegate_bearer::{Authenticated, Refusal, RefusalBody};
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{JoseError, TokenType};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::test_issuer::{AUDIENCE, Behaviour, ISSUER, NOW, TestIssuer};

type Body = Full<Bytes>;

/// Answers with the subject of the token, or `nobody`.
async fn who(request: Request<()>) -> Result<Response<Body>, Infallible> {
    let authenticated: &Authenticated = request.extensions().get().unwrap();
    let who = authenticated.token().and_then(|token| token.claims().subject()).unwrap_or("nobody");
    Ok(Response::new(who.to_owned().into()))
}

async fn send(layer: &BearerLayer, request: Request<()>) -> Response<ResponseBody<Body>> {
    layer.layer(service_fn(who)).oneshot(request).await.unwrap()
}

fn get(token: &str) -> Request<()> {
    Request::get("/orders").header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap()
}

async fn status(layer: &BearerLayer, token: &str) -> u16 {
    send(layer, get(token)).await.status().as_u16()
}

async fn text(response: Response<ResponseBody<Body>>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn challenge(response: &Response<ResponseBody<Body>>) -> &str {
    response.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

#[tokio::test]
async fn a_good_token_reaches_the_service() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    assert_eq!(issuer.fetches(), 0, "keys are read only when needed");
    let response = send(&layer, get(&issuer.token())).await;
    assert_eq!(response.status(), 200);
    assert!(response.extensions().get::<Refusal>().is_none());
    assert_eq!(text(response).await, "u1");
    assert_eq!(status(&layer.clone(), &issuer.token()).await, 200);
    assert_eq!(issuer.fetches(), 1, "clones share their keys");
}

#[tokio::test]
async fn a_refusal_has_status_challenge_and_body() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    let response = send(&layer, Request::new(())).await;
    assert_eq!(response.status(), 401);
    assert_eq!(challenge(&response), "Bearer");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "no_token");
    assert_eq!(
        text(response).await,
        r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"This request needs an access token"}"#
    );
    assert_eq!(issuer.fetches(), 0, "without a token no keys are needed");
}

#[tokio::test]
async fn an_authentication_that_was_on_the_request_before_is_replaced() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap().optional();
    let forged = TestIssuer::new();
    let fake = forged.offline().keys(forged.key_set()).build().unwrap();
    let authenticated = fake.authenticate(&forged.token()).await.unwrap();
    let mut request = Request::new(());
    request.extensions_mut().insert(authenticated);
    assert_eq!(text(send(&layer, request).await).await, "nobody");
}

#[tokio::test]
async fn refusal_body_changes_the_body_and_nothing_else() {
    #[derive(Debug)]
    struct Teapot;

    impl RefusalBody for Teapot {
        fn content_type(&self) -> &str {
            "text/plain\r\nx: y"
        }

        fn body(&self, refusal: &Refusal) -> Vec<u8> {
            format!("no: {}", refusal.reason()).into()
        }
    }

    let issuer = TestIssuer::new();
    let layer = issuer.offline().keys(issuer.key_set()).refusal_body(Teapot).build().unwrap();
    let response = send(&layer, get("junk")).await;
    assert_eq!(response.status(), 401);
    assert!(challenge(&response).starts_with("Bearer error=\"invalid_token\""));
    assert!(
        !response.headers().contains_key(CONTENT_TYPE) && !response.headers().contains_key("x")
    );
    assert_eq!(text(response).await, "no: malformed");
    let token = issuer.token();
    let refusals = [
        (Request::new(()), 401, "Bearer"),
        (get("a b"), 400, "Bearer error=\"invalid_request\""),
        (get(&format!("{token}x")), 401, "Bearer error=\"invalid_token\""),
    ];
    for (request, status, begins) in refusals {
        let response = send(&layer, request).await;
        assert_eq!(response.status(), status);
        assert!(challenge(&response).starts_with(begins), "{}", challenge(&response));
        assert!(text(response).await.starts_with("no: "));
    }
}

#[tokio::test]
async fn without_any_keys_the_answer_is_503() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Down);
    let layer = issuer.builder().build().unwrap();
    for (passed, retry_after) in [(0, "15"), (5, "15"), (1, "10"), (8, "9"), (0, "1")] {
        let response = send(&layer, get(&issuer.token())).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], retry_after);
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "keys_unavailable");
        issuer.clock.advance(Duration::from_secs(passed));
    }
    // Requests that need no key are answered as usual.
    assert_eq!(status(&layer, "junk").await, 401);
    assert_eq!(send(&layer, Request::new(())).await.status(), 401);
    assert_eq!(issuer.fetches(), 1);

    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(Duration::from_secs(1));
    assert_eq!(status(&layer, &issuer.token()).await, 200);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_unknown_one_is_401() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let old = issuer.token();
    issuer.add_key("k2");
    // The set was read less than 15 seconds ago.
    let response = send(&layer, get(&issuer.token())).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "unknown_key");
    assert_eq!(issuer.fetches(), 1);
    issuer.clock.advance(Duration::from_secs(15));
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert_eq!(status(&layer, &old).await, 200);
    assert_eq!(issuer.fetches(), 2);

    issuer.replace_key("k3");
    issuer.clock.advance(Duration::from_secs(15));
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert_eq!(status(&layer, &old).await, 401, "the issuer withdrew k1");
}

#[tokio::test]
async fn an_unknown_key_is_503_while_the_issuer_cannot_be_reached() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let held = issuer.token();
    issuer.behave(Behaviour::Down);
    issuer.add_key("k2");
    issuer.clock.advance(Duration::from_secs(15));
    assert_eq!(status(&layer, &issuer.token()).await, 503, "the issuer may have the key");
    assert_eq!(status(&layer, &issuer.token()).await, 401, "within the cool-down");
    assert_eq!(status(&layer, &held).await, 200);
}

#[tokio::test]
async fn tokens_are_admitted_with_stale_keys_for_24_hours() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    issuer.behave(Behaviour::Down);
    let in_time = |hours: u64| {
        let now = NOW + hours * 3600;
        let payload = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": now + 60, "sub": "u1" });
        issuer.clock.set(UnixTime::from_seconds(now));
        issuer.key().sign(TokenType::AccessToken, &payload).unwrap()
    };
    for hours in [1, 12, 23] {
        assert_eq!(status(&layer, &in_time(hours)).await, 200, "{hours}");
    }
    assert_eq!(status(&layer, &in_time(24)).await, 503);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_refresh_per_cool_down() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let attacker = TestIssuer::new();
    let good = issuer.token();
    issuer.clock.advance(Duration::from_secs(15));
    let flood: Vec<_> = (0..100)
        .map(|number| {
            attacker.replace_key(&format!("random-{number}"));
            let (layer, token) = (layer.clone(), attacker.token());
            tokio::spawn(async move { status(&layer, &token).await })
        })
        .collect();
    assert_eq!(status(&layer, &good).await, 200);
    for answer in flood {
        assert_eq!(answer.await.unwrap(), 401);
    }
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_key_is_held_never_waits() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let held = issuer.token();
    issuer.behave(Behaviour::Hang);
    issuer.add_key("k2");
    issuer.clock.advance(Duration::from_secs(1800));
    let unknown = tokio::spawn({
        let (layer, token) = (layer.clone(), issuer.token());
        async move { status(&layer, &token).await }
    });
    tokio::task::yield_now().await;
    let begin = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(status(&layer, &held).await, 200);
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(unknown.await.unwrap(), 503);
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_a_slow_issuer() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(Duration::from_secs(4)));
    let layer = issuer.builder().build().unwrap();
    let begin = tokio::time::Instant::now();
    let first = tokio::spawn({
        let (layer, token) = (layer.clone(), issuer.token());
        async move { status(&layer, &token).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    first.abort();
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert_eq!(begin.elapsed(), Duration::from_secs(4));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn start_fails_fast() {
    let issuer = TestIssuer::new();
    assert!(issuer.builder().start().await.is_ok());
    assert_eq!(issuer.fetches(), 1);

    issuer.behave(Behaviour::Down);
    let error = issuer.builder().start().await.unwrap_err();
    let crate::StartError::Keys { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "the key set https://id.example.com/keys cannot be read");

    issuer.behave(Behaviour::Keys);
    issuer.withdraw_keys();
    let error = issuer.builder().start().await.unwrap_err();
    let crate::StartError::Keys { source, .. } = error else { panic!("{error:?}") };
    assert!(matches!(*source, crate::KeysError::NoUsableKey));

    let error = issuer.builder().leeway(Duration::from_secs(999)).start().await.unwrap_err();
    assert!(matches!(error, crate::StartError::Config(crate::ConfigError::LeewayTooLong)));
}

#[tokio::test]
async fn the_layer_serves_its_metadata() {
    let issuer = TestIssuer::new();
    let builder = issuer.builder().resource("https://api.example.com/orders");
    let layer = builder.scopes_supported(["read:orders", "write:orders"]).build().unwrap();
    let path = "/.well-known/oauth-protected-resource/orders";
    let response = send(&layer, Request::get(path).body(()).unwrap()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(response.headers().contains_key("cache-control"));
    let document: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(
        document,
        json!({
            "resource": "https://api.example.com/orders",
            "authorization_servers": ["https://id.example.com"],
            "scopes_supported": ["read:orders", "write:orders"],
            "bearer_methods_supported": ["header"],
        })
    );

    let head = send(&layer, Request::head(path).body(()).unwrap()).await;
    assert_eq!(head.status(), 200);
    assert_ne!(head.headers()["content-length"], "0");
    assert_eq!(text(head).await, "");

    for request in [
        Request::post(path),
        Request::get("/.well-known/oauth-protected-resource"),
        Request::get("/.well-known/oauth-protected-resource/orders/"),
    ] {
        let response = send(&layer, request.body(()).unwrap()).await;
        assert_eq!(response.status(), 401);
        assert!(
            challenge(&response)
                .contains("resource_metadata=\"https://api.example.com/.well-known")
        );
    }
}

#[tokio::test]
async fn keys_that_arrive_between_decision_and_refresh_are_used() {
    let issuer = TestIssuer::new();
    // As after a refresh that has just ended: the keys are held, and no new refresh may start.
    let layer = issuer.builder().start().await.unwrap();
    let unknown = JoseError::UnknownKey { kid: None };
    let wait_for = WaitFor::Keys(Arc::clone(&layer.authenticator.issuers.fixed()[0]), unknown);
    let request = get(&issuer.token());
    let future =
        ResponseFuture::<_, _, HttpAnswers>::waiting(layer, service_fn(who), request, wait_for);
    assert_eq!(future.await.unwrap().status(), 200);
}

#[tokio::test]
async fn keys_are_discovered_over_the_network() {
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let server = MockServer::start().await;
    let (issuer, keys) =
        (format!("{}/oauth2/default", server.uri()), format!("{}/keys", server.uri()));
    let signer = TestIssuer::new();
    let published: scopegate_jose::JwkSet = [signer.key().public_jwk()].into_iter().collect();
    for (at, document) in [
        (
            "/.well-known/oauth-authorization-server/oauth2/default",
            json!({ "issuer": issuer, "jwks_uri": keys }),
        ),
        ("/keys", serde_json::to_value(&published).unwrap()),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(document);
        Mock::given(path(at)).respond_with(answer).expect(1).mount(&server).await;
    }
    let builder =
        || BearerLayer::issuer(&issuer).audience(AUDIENCE).clock(Arc::new(signer.clock.clone()));
    let layer = builder().start().await.unwrap();
    let payload = json!({ "iss": issuer, "aud": AUDIENCE, "exp": NOW + 60 });
    let token = signer.key().sign(TokenType::Jwt, &payload).unwrap();
    assert_eq!(status(&layer, &token).await, 200);
    assert_eq!(status(&layer, &signer.token()).await, 401, "a token of another issuer");
    drop(server);
    assert_eq!(status(&layer, &token).await, 200);
}

#[test]
fn layer_service_and_future_are_send_and_sync_as_needed() {
    fn servable<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sendable<T: Send + 'static>(_: &T) {}

    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    servable(&layer);
    let mut service = layer.layer(Strict { ready: true, calls: Arc::default() });
    servable(&service);
    sendable(&service.call(Request::new(())));
}

/// Counts its calls, and panics if it is called without being polled ready first.
#[derive(Debug)]
struct Strict {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { ready: false, calls: Arc::clone(&self.calls) }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been polled ready");
        self.calls.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_the_one_that_is_called() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    let calls = Arc::default();
    let mut service = layer.layer(Strict { ready: false, calls: Arc::clone(&calls) });
    // The first waits for keys, the second does not.
    for _ in 0..2 {
        let ready = ServiceExt::<Request<()>>::ready(&mut service).await.unwrap();
        assert_eq!(ready.call(get(&issuer.token())).await.unwrap().status(), 200);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
