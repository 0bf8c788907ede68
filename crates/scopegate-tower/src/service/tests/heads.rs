//! The head of a request, in the refusals of the layer and of guards behind it.

use scopegate_bearer::{RefusalContent, RequestHead};

use super::*;
use crate::{TokenSource, require, role};

/// A body that shows the head of the request, and says whether it reads it.
#[derive(Debug)]
struct Shown {
    reads_head: bool,
}

impl RefusalBody for Shown {
    fn content_type(&self) -> &str {
        "text/plain"
    }

    fn body(&self, refusal: &Refusal) -> Vec<u8> {
        let shown = |head: &RequestHead| {
            let names = head.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>();
            format!("{} {} {}", head.method(), head.path(), names.join(","))
        };
        refusal.head().map_or("none".to_owned(), shown).into()
    }

    fn render(&self, refusal: &Refusal) -> RefusalContent {
        RefusalContent::new("text/plain", self.body(refusal))
    }

    fn reads_head(&self) -> bool {
        self.reads_head
    }
}

/// The bodies of a refusal by the layer and of one by a guard.
async fn refused(reads_head: bool, source: TokenSource, name: &str, value: &str) -> [String; 2] {
    let issuer = TestIssuer::new();
    let builder = issuer.builder().refusal_body(Shown { reads_head }).token_source(source);
    let layer = builder.build().unwrap();
    let request = |token: &str| {
        let request = Request::get("/orders/7?a=b").header("x-request-id", "r-1");
        request.header(name, value.replace("TOKEN", token)).body(()).unwrap()
    };
    let by_layer = text(send(&layer, request("junk")).await).await;
    let guarded = layer.layer(require(role("admin")).layer(service_fn(who)));
    let response = guarded.oneshot(request(&issuer.token())).await.unwrap();
    assert_eq!(response.status(), 403);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    [by_layer, String::from_utf8(body.to_vec()).unwrap()]
}

#[tokio::test]
async fn refusals_have_the_head_of_their_request_without_its_token() {
    for (source, name, value) in [
        (TokenSource::authorization(), "authorization", "Bearer TOKEN"),
        (TokenSource::header("x-access-token"), "x-access-token", "TOKEN"),
        (TokenSource::cookie("token").into(), "cookie", "token=TOKEN"),
    ] {
        let shown = refused(true, source, name, value).await;
        assert_eq!(shown, ["GET /orders/7 x-request-id", "GET /orders/7 x-request-id"], "{name}");
    }
}

#[tokio::test]
async fn a_head_is_not_copied_if_nobody_reads_it() {
    let source = TokenSource::authorization();
    let shown = refused(false, source, "authorization", "Bearer TOKEN").await;
    assert_eq!(shown, ["none", "none"]);
}
