//! What guards log. In a process of its own, because `tracing` caches interest for all threads.

use std::convert::Infallible;
use std::future::{Ready, ready};

use scopegate_bearer::{fresh, role};
use scopegate_testkit::{LogBuffer, TestIssuer};
use scopegate_tonic::{claims, guard, refuse, require, status};
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::service::InterceptorLayer;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Layer, ServiceExt, service_fn};

/// Refuses in the way that the subject of the token names.
struct Method;

impl UnaryService<()> for Method {
    type Response = ();
    type Future = Ready<Result<Response<()>, Status>>;

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let answer = || match require(&request, role("clerk"))?.claims().subject() {
            Some("require") => require(&request, fresh(std::time::Duration::ZERO)).map(drop),
            Some("refuse") => Err(refuse(&request, "nobody refuses")),
            Some("status") => Err(status(&claims::<()>(&request)?.refuse("nobody refuses"))),
            Some("claims") => claims::<Vec<u8>>(&request).map(drop),
            _ => Ok(()),
        };
        ready(answer().map(Response::new))
    }
}

#[test]
fn each_refused_request_is_one_event() {
    let log = LogBuffer::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let issuer = TestIssuer::start("api://orders").await;
        let methods = service_fn(async |request: http::Request<Body>| {
            let mut grpc = Grpc::new(ProstCodec::<(), ()>::default());
            Ok::<_, Infallible>(grpc.unary(Method, request).await)
        });
        let guarded = InterceptorLayer::new(guard(role("clerk"))).layer(methods);
        let guarded = guarded.map_response(|response| response.map(Body::new));
        let service = scopegate_tonic::layer(&issuer.layer()).layer(guarded);
        let ask = async |token: Option<String>| {
            let mut request = http::Request::post("/orders.v1.Orders/List");
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let request = request.body(Body::new(String::from("\0\0\0\0\0"))).unwrap();
            service.clone().oneshot(request).await.unwrap();
            let log = log.take();
            let refusals = log.lines().filter(|line| line.contains("refused a request"));
            refusals.map(str::to_owned).collect::<Vec<_>>()
        };
        let clerk = issuer.token().claim("roles", ["clerk"]);

        assert!(ask(Some(clerk.clone().sign())).await.is_empty(), "it is admitted");
        for (token, reason) in [
            (None, "no_token"),
            (Some("x".to_owned()), "malformed"),
            (Some(issuer.token().subject("interceptor").sign()), "rule_not_met"),
            (Some(clerk.clone().subject("require").sign()), "insufficient_user_authentication"),
            (Some(clerk.clone().subject("refuse").sign()), "rule_not_met"),
            (Some(clerk.clone().subject("status").sign()), "rule_not_met"),
            (Some(clerk.clone().subject("claims").sign()), "extra_claims"),
        ] {
            let refusals = ask(token).await;
            let [refusal] = &refusals[..] else { panic!("{reason}: {refusals:?}") };
            assert!(refusal.contains(&format!("refused a request: {reason}")), "{refusal}");
        }
    });
}
