//! What the layer learns about a refusal behind it, in a service run by tonic.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use scopegate_bearer::{Refusal, RefusalCause};
use scopegate_claims::ScopeName;
use scopegate_testkit::TestIssuer;
use scopegate_tonic::{guard, require, status};
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::service::InterceptorLayer;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Layer, Service, ServiceExt, service_fn};

struct ReadOrders;

impl ScopeName for ReadOrders {
    const NAME: &'static str = "read:orders";
}

/// A method with a guard, a rule of its own, and an error that does not come from scopegate.
#[derive(Clone, Copy)]
struct Method;

impl Method {
    fn answer(request: &Request<()>) -> Result<Response<()>, Status> {
        let token = require(request, ReadOrders)?;
        match token.claims().subject() {
            Some("mallory") => {
                let rule = "not mallory".into();
                Err(status(&Refusal::new(RefusalCause::RuleNotMet { rule })))
            }
            Some("nobody") => Err(Status::permission_denied("the account is closed")),
            _ => Ok(Response::new(())),
        }
    }
}

impl UnaryService<()> for Method {
    type Response = ();
    type Future = Ready<Result<Response<()>, Status>>;

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Self::answer(&request))
    }
}

/// Runs a method as generated code does.
async fn run(request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
    Ok(Grpc::new(ProstCodec::<(), ()>::default()).unary(Method, request).await)
}

/// Calls the service with a token for this subject with these scopes.
async fn ask<S, R>(service: &S, issuer: &TestIssuer, who: &str, scope: &str) -> http::Response<R>
where
    S: Service<http::Request<Body>, Response = http::Response<R>, Error = Infallible> + Clone,
{
    let token = issuer.token().subject(who).scope(scope).sign();
    let request = http::Request::post("/orders.v1.Orders/List")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::new(String::from("\0\0\0\0\0")))
        .unwrap();
    service.clone().oneshot(request).await.unwrap()
}

fn reason<R>(response: &http::Response<R>) -> Option<&'static str> {
    response.extensions().get::<Refusal>().map(Refusal::reason)
}

fn code<R>(response: &http::Response<R>) -> Code {
    // A successful call has its status in the trailers, after the message.
    response.headers().get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// Counter values, by their labels.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<Mutex<BTreeMap<String, u64>>>);

struct One(Counted, String);

impl CounterFn for One {
    fn increment(&self, value: u64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() != "scopegate_bearer_requests_total" {
            return Counter::noop();
        }
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        Counter::from_arc(Arc::new(One(self.clone(), labels.join(" "))))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn requests_refused_by_a_guard_are_counted_as_refused() {
    let counted = Counted::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&counted, || {
        runtime.block_on(async {
            let issuer = TestIssuer::start("api://orders").await;
            let auth = scopegate_tonic::layer(&issuer.layer());
            let service = auth.layer(service_fn(run));
            for (who, scope, code_seen, reason_left) in [
                ("alice", "read:orders", Code::Ok, None),
                ("alice", "write:orders", Code::PermissionDenied, Some("insufficient_scope")),
                ("mallory", "read:orders", Code::PermissionDenied, Some("rule_not_met")),
                ("nobody", "read:orders", Code::PermissionDenied, None),
            ] {
                let response = ask(&service, &issuer, who, scope).await;
                assert_eq!((code(&response), reason(&response)), (code_seen, reason_left), "{who}");
            }
            let response = service.oneshot(http::Request::new(Body::empty())).await.unwrap();
            let seen = (code(&response), reason(&response));
            assert_eq!(seen, (Code::Unauthenticated, Some("no_token")), "the layer's own refusal");
        });
    });
    let counted: Vec<_> = counted.0.lock().unwrap().clone().into_iter().collect();
    let counts = [
        ("admitted token", 2),
        ("refused insufficient_scope", 1),
        ("refused no_token", 1),
        ("refused rule_not_met", 1),
    ];
    assert_eq!(counted, counts.map(|(labels, count)| (labels.to_owned(), count)));
}

#[tokio::test]
async fn an_interceptor_guard_also_leaves_its_refusal() {
    let issuer = TestIssuer::start("api://orders").await;
    let guarded = InterceptorLayer::new(guard(ReadOrders)).layer(service_fn(run));
    let guarded = guarded.map_response(|r| r.map(Body::new));
    let service = scopegate_tonic::layer(&issuer.layer()).layer(guarded);

    let response = ask(&service, &issuer, "alice", "read:orders").await;
    assert_eq!((code(&response), reason(&response)), (Code::Ok, None));
    let response = ask(&service, &issuer, "alice", "write:orders").await;
    let seen = (code(&response), reason(&response));
    assert_eq!(seen, (Code::PermissionDenied, Some("insufficient_scope")));
}
