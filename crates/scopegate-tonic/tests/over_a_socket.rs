//! A tonic server over HTTP/2, with layers of tower-http around the layer.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::HeaderName;
use http::uri::PathAndQuery;
use scopegate_bearer::{Refusal, RefusalCause, group, role};
use scopegate_claims::ScopeName;
use scopegate_testkit::{Broken, TestIssuer};
use scopegate_tonic::{claims, guard, refuse, require, status, token};
use scopegate_tower::ResponseBody;
use serde::Deserialize;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::metadata::MetadataValue;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceBuilder};
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

struct ReadOrders;

impl ScopeName for ReadOrders {
    const NAME: &'static str = "read:orders";
}

#[derive(Deserialize)]
struct Tenant {
    tenant: String,
}

/// The methods of a service, as a service author writes them.
fn answer(method: &str, request: &Request<()>) -> Result<(), Status> {
    match method {
        "List" => require(request, ReadOrders).map(drop),
        "Close" => require(request, role("clerk")).map(drop),
        "WhoAmI" => token(request).map(drop),
        "Show" => match &*claims::<Tenant>(request)?.extra().tenant {
            "acme" => Ok(()),
            _ => Err(status(&claims::<()>(request)?.refuse("own tenant only"))),
        },
        "Delete" => Err(refuse(request, RefusalCause::from("nobody deletes"))),
        _ => Err(Status::unimplemented("there is no such method")),
    }
}

/// What `tonic-build` generates: the service dispatches by path.
#[derive(Clone, Debug)]
struct OrdersServer;

#[derive(Clone, Debug)]
struct Method(String);

impl NamedService for OrdersServer {
    const NAME: &'static str = "orders.v1.Orders";
}

impl UnaryService<()> for Method {
    type Response = ();
    type Future = Ready<Result<Response<()>, Status>>;

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(answer(&self.0, &request).map(Response::new))
    }
}

impl Service<http::Request<Body>> for OrdersServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        Box::pin(async move {
            Ok(Grpc::new(ProstCodec::<(), ()>::default()).unary(Method(method), request).await)
        })
    }
}

/// A second service, which is guarded as a whole.
#[derive(Clone, Debug)]
struct AdminServer(OrdersServer);

impl NamedService for AdminServer {
    const NAME: &'static str = "orders.v1.Admin";
}

impl Service<http::Request<Body>> for AdminServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = <OrdersServer as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

struct Api {
    issuer: TestIssuer,
    channel: Channel,
    /// What an outer layer finds in the extensions of each response.
    seen: Arc<Mutex<Vec<Option<&'static str>>>>,
}

impl Api {
    async fn start() -> Self {
        let issuer = TestIssuer::start("api://orders").await;
        let auth = issuer.layer_builder().realm("orders").build().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let outer = Arc::clone(&seen);
        let look = move |response: &http::Response<ResponseBody<Body>>| {
            let reason = response.extensions().get::<Refusal>().map(Refusal::reason);
            outer.lock().unwrap().push(reason);
            None::<http::HeaderValue>
        };
        let layers = ServiceBuilder::new()
            .layer(TraceLayer::new_for_grpc())
            .layer(CorsLayer::permissive())
            .layer(SetResponseHeaderLayer::overriding(HeaderName::from_static("x-seen"), look))
            .layer(TimeoutLayer::with_status_code(http::StatusCode::OK, Duration::from_secs(30)))
            .layer(scopegate_tonic::layer(&auth))
            .into_inner();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder().layer(layers).add_service(OrdersServer).add_service(
            InterceptedService::new(AdminServer(OrdersServer), guard(group("admins"))),
        );
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        Self { issuer, channel, seen }
    }

    async fn ask(&self, path: &'static str, token: Option<&str>) -> Result<(), Status> {
        let mut request = Request::new(());
        if let Some(token) = token {
            let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let (path, codec) = (PathAndQuery::from_static(path), ProstCodec::<(), ()>::default());
        client.unary(request, path, codec).await.map(Response::into_inner)
    }

    /// Code, challenge and the reason that the outer layer found.
    async fn refused(
        &self,
        path: &'static str,
        token: Option<&str>,
    ) -> (Code, String, Option<&'static str>) {
        let status = self.ask(path, token).await.unwrap_err();
        let challenge = status.metadata().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().unwrap()).unwrap_or_default();
        (status.code(), challenge.to_owned(), self.last_seen())
    }

    fn last_seen(&self) -> Option<&'static str> {
        *self.seen.lock().unwrap().last().unwrap()
    }
}

#[tokio::test]
async fn methods_require_any_guard_and_refusals_reach_client_and_outer_layers() {
    let api = Api::start().await;
    let token = api.issuer.token().scope("read:orders").claim("tenant", "acme");
    let clerk = token.clone().claim("roles", ["clerk"]).claim("groups", ["admins"]).sign();
    let token = token.sign();
    for path in ["List", "Close", "WhoAmI", "Show"].map(|method| match method {
        "List" => "/orders.v1.Orders/List",
        "Close" => "/orders.v1.Orders/Close",
        "WhoAmI" => "/orders.v1.Orders/WhoAmI",
        _ => "/orders.v1.Orders/Show",
    }) {
        api.ask(path, Some(&clerk)).await.unwrap();
        assert_eq!(api.last_seen(), None, "{path}");
    }
    api.ask("/orders.v1.Admin/List", Some(&clerk)).await.unwrap();

    let (code, challenge, seen) = api.refused("/orders.v1.Orders/Close", Some(&token)).await;
    assert_eq!((code, seen), (Code::PermissionDenied, Some("rule_not_met")));
    assert!(challenge.starts_with(r#"Bearer realm="orders", error="#), "{challenge}");

    let writer = api.issuer.token().scope("write:orders").sign();
    let (code, challenge, seen) = api.refused("/orders.v1.Orders/List", Some(&writer)).await;
    assert_eq!((code, seen), (Code::PermissionDenied, Some("insufficient_scope")));
    assert!(challenge.ends_with(r#"scope="read:orders""#), "{challenge}");

    let refused = api.refused("/orders.v1.Admin/List", Some(&token)).await;
    assert_eq!((refused.0, refused.2), (Code::PermissionDenied, Some("rule_not_met")));
}

#[tokio::test]
async fn own_claims_and_own_rules_keep_the_realm() {
    let api = Api::start().await;
    let of = |tenant: serde_json::Value| api.issuer.token().claim("tenant", tenant).sign();
    for (path, token, code, reason) in [
        ("/orders.v1.Orders/Show", of("globex".into()), Code::PermissionDenied, "rule_not_met"),
        ("/orders.v1.Orders/Show", of(7.into()), Code::Unauthenticated, "extra_claims"),
        ("/orders.v1.Orders/Delete", of("acme".into()), Code::PermissionDenied, "rule_not_met"),
    ] {
        let refused = api.refused(path, Some(&token)).await;
        assert_eq!((refused.0, refused.2), (code, Some(reason)), "{path}");
        assert!(refused.1.starts_with(r#"Bearer realm="orders", error="#), "{}", refused.1);
    }
}

#[tokio::test]
async fn the_layers_own_refusals_are_grpc_answers() {
    let api = Api::start().await;
    let refused = api.refused("/orders.v1.Orders/List", None).await;
    assert_eq!(
        refused,
        (Code::Unauthenticated, r#"Bearer realm="orders""#.into(), Some("no_token"))
    );
    // HTTP/2 has its own limit for headers, which a token of 16 KiB exceeds.
    for broken in Broken::ALL.iter().filter(|broken| **broken != Broken::Oversized) {
        let token = api.issuer.token().scope("read:orders").broken(broken);
        let (code, challenge, _) = api.refused("/orders.v1.Orders/List", Some(&token)).await;
        assert_eq!(code, Code::Unauthenticated, "{broken}");
        assert!(challenge.contains("invalid_token"), "{broken}: {challenge}");
    }
}

#[tokio::test]
async fn an_error_that_is_not_a_refusal_is_left_alone() {
    let api = Api::start().await;
    let token = api.issuer.token().sign();
    let status = api.ask("/orders.v1.Orders/Unknown", Some(&token)).await.unwrap_err();
    assert_eq!((status.code(), api.last_seen()), (Code::Unimplemented, None));
}
