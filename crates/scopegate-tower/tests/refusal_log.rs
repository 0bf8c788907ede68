//! What the log says about refused requests, and what spans record about admitted ones. In a process
//! of its own, because `tracing` caches interest for all threads.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use scopegate_testkit::LogBuffer;
use scopegate_tower::{BearerLayer, Refusal, TokenSource, acr, require, role};
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::Instrument;
use tracing::field::Empty;

use self::issuer::{ReadOrders, TestIssuer};

mod issuer;

/// The log, as one JSON object per event.
#[derive(Default)]
struct Log(LogBuffer);

impl Log {
    /// The events since the last call.
    fn take(&self) -> Vec<Value> {
        self.0.take().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The fields of the only event, which is the refusal of a request.
    fn refusal(&self) -> Value {
        let [event] = <[Value; 1]>::try_from(self.take()).unwrap();
        assert_eq!(event["level"], "DEBUG");
        let mut fields = event["fields"].clone();
        let fields = fields.as_object_mut().unwrap();
        let message = fields.remove("message").unwrap();
        assert_eq!(message, format!("refused a request: {}", fields["reason"].as_str().unwrap()));
        Value::Object(fields.clone())
    }
}

async fn answer(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    tracing::info!("handled");
    Ok(Response::default())
}

async fn send<S: Service<Request<()>>>(service: S, token: &str)
where
    S::Error: std::fmt::Debug,
{
    let request = Request::get("/orders/7?a=b").header("authorization", format!("Bearer {token}"));
    service.oneshot(request.body(()).unwrap()).await.unwrap();
}

#[test]
fn refusals_and_admitted_requests_are_seen() {
    let log = Log::default();
    let writer = log.0.clone();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .init();
    let issuer = TestIssuer::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        the_layer_logs_what_was_wanted(&issuer, &log).await;
        guards_log_whom_they_refused(&issuer, &log).await;
        a_refusal_without_a_request_is_logged_once(&issuer, &log).await;
        a_missing_layer_is_an_error_that_names_the_request(&log).await;
        a_preflight_is_explained(&issuer.builder().build().unwrap(), &log).await;
        a_switch_records_claims_on_the_span(&issuer, &log).await;
    });
}

async fn the_layer_logs_what_was_wanted(issuer: &TestIssuer, log: &Log) {
    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Tenant {
        tenant: u32,
    }

    let auth = issuer.builder().build().unwrap();
    let service = auth.layer(service_fn(answer));
    let refused = async |claims: Value| {
        send(service.clone(), &issuer.sign(&claims)).await;
        log.refusal()
    };
    assert_eq!(
        refused(json!({ "aud": "api://stock" })).await,
        json!({
            "reason": "wrong_audience",
            "status": 401,
            "detail": "the token is for another audience: wanted `api://orders`, found `api://stock`",
            "method": "GET",
            "path": "/orders/7",
        })
    );
    let unreadable = refused(json!({ "nbf": "now" })).await;
    assert_eq!(unreadable["detail"], "the claims of the token are malformed: `nbf`");

    let auth = issuer.builder().extra_claims::<Tenant>().build().unwrap();
    send(auth.layer(service_fn(answer)), &issuer.sign(&json!({ "tenant": "acme" }))).await;
    let extra = log.refusal();
    assert_eq!(extra["reason"], "extra_claims");
    assert_eq!(extra["subject"], "alice", "the token is verified: {extra}");
    assert_eq!(extra["issuer"], "https://id.example.com");
    assert!(
        extra["detail"].as_str().unwrap().ends_with("Tenant` does not match the token at `tenant`"),
        "{extra}"
    );

    send(service.clone(), "a b").await;
    assert_eq!(log.refusal()["detail"], "The bearer token is malformed");

    let auth = issuer.builder().token_source(TokenSource::cookie("token")).build().unwrap();
    let request = Request::post("/orders").header("cookie", "token=secret").body(()).unwrap();
    auth.layer(service_fn(answer)).oneshot(request).await.unwrap();
    assert_eq!(
        log.refusal(),
        json!({
            "reason": "cross_origin",
            "status": 403,
            "detail": "the cookie was sent by another origin",
            "method": "POST",
            "path": "/orders",
        })
    );
}

async fn guards_log_whom_they_refused(issuer: &TestIssuer, log: &Log) {
    let auth = issuer.builder().build().unwrap();
    let whom = |reason: &str, status: u16, detail: &str| {
        json!({
            "reason": reason,
            "status": status,
            "detail": detail,
            "subject": "alice",
            "client": "reader",
            "issuer": "https://id.example.com",
            "method": "GET",
            "path": "/orders/7",
        })
    };
    let token = issuer.token("write:orders");
    send(auth.layer(require(ReadOrders).layer(service_fn(answer))), &token).await;
    assert_eq!(log.refusal(), whom("insufficient_scope", 403, "scope read:orders is needed"));
    send(auth.layer(require(role("admin")).layer(service_fn(answer))), &token).await;
    let by_role = log.refusal();
    assert_eq!(by_role["reason"], "rule_not_met");
    assert_eq!(by_role["subject"], "alice");
    assert!(by_role["detail"].as_str().unwrap().contains("admin"), "{by_role}");
    send(auth.layer(require(acr(&["urn:mfa"])).layer(service_fn(answer))), &token).await;
    let detail = "a sign-in is needed by urn:mfa";
    assert_eq!(log.refusal(), whom("insufficient_user_authentication", 401, detail));
}

async fn a_refusal_without_a_request_is_logged_once(issuer: &TestIssuer, log: &Log) {
    let auth = issuer.builder().build().unwrap();
    let refusal = auth.verify("a b").await.unwrap_err();
    assert_eq!(log.refusal()["detail"], "The bearer token is malformed");
    refusal.into_http::<Bytes>();
    assert!(log.take().is_empty());

    let authenticated = auth.authenticate(&issuer.token("write:orders")).await.unwrap();
    let mut refusal = authenticated.allow(ReadOrders).unwrap_err();
    assert!(log.take().is_empty());
    refusal.log();
    assert_eq!(log.refusal()["subject"], "alice");
    refusal.log();
    let answer = refusal.clone().into_grpc::<Bytes>();
    answer.extensions().get::<Refusal>().unwrap().clone().into_http::<Bytes>();
    assert!(log.take().is_empty());
}

async fn a_missing_layer_is_an_error_that_names_the_request(log: &Log) {
    send(require(ReadOrders).layer(service_fn(answer)), "a").await;
    let [error, refusal] = <[Value; 2]>::try_from(log.take()).unwrap();
    assert_eq!((&error["level"], &refusal["level"]), (&json!("ERROR"), &json!("DEBUG")));
    assert_eq!(refusal["fields"]["reason"], "misconfigured");
    for event in [error, refusal] {
        assert_eq!(event["fields"]["method"], "GET");
        assert_eq!(event["fields"]["path"], "/orders/7");
    }
}

async fn a_preflight_is_explained(auth: &BearerLayer, log: &Log) {
    let preflight = async |name: &str, value: &str| {
        let request = Request::options("/orders")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "GET")
            .header(name, value);
        auth.layer(service_fn(answer)).oneshot(request.body(()).unwrap()).await.unwrap();
        log.take()
    };
    for level in ["WARN", "DEBUG", "DEBUG"] {
        let [explanation, refusal] = <[Value; 2]>::try_from(preflight("x-a", "b").await).unwrap();
        assert_eq!(explanation["level"], level);
        let message = explanation["fields"]["message"].as_str().unwrap();
        assert!(message.contains("a CORS layer must be outside of the authentication layer"));
        assert!(message.contains("expose WWW-Authenticate"));
        assert_eq!(explanation["fields"]["path"], "/orders");
        assert_eq!(refusal["fields"]["reason"], "no_token");
    }
    let with_token = preflight("authorization", "Bearer junk").await;
    assert_eq!(with_token.len(), 1, "no browser sends a token: {with_token:#?}");
}

async fn a_switch_records_claims_on_the_span(issuer: &TestIssuer, log: &Log) {
    let recorded = async |auth: BearerLayer, token: &str| {
        let span = tracing::info_span!("request", sub = Empty, client_id = Empty, scope = Empty);
        send(auth.layer(service_fn(answer)), token).instrument(span).await;
        let [handled] = <[Value; 1]>::try_from(log.take()).unwrap();
        handled["span"].clone()
    };
    let token = issuer.token("read:orders write:orders");
    let on = issuer.builder().record_on_span().build().unwrap();
    assert_eq!(
        recorded(on, &token).await,
        json!({
            "name": "request",
            "sub": "alice",
            "client_id": "reader",
            "scope": "read:orders write:orders",
        })
    );
    let off = issuer.builder().build().unwrap();
    assert_eq!(recorded(off, &token).await, json!({ "name": "request" }));
}
