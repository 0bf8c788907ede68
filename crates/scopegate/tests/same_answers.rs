//! The layer and the extractors answer a refusal with exactly the same bytes.

#![cfg(all(feature = "axum", feature = "tower"))]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body_util::BodyExt;
use scopegate::{
    Answers, AuthRejection, ChallengeSettings, HttpAnswers, JoseError, Refusal, RefusalBody,
    RefusalCause, RequireScope, ScopeSet, require, scopes,
};
use scopegate_testkit::TestIssuer;
use tower::ServiceExt;

scopes! {
    ReadOrders = "read:orders";
}

/// Everything that a client sees. The order of the headers counts.
async fn visible_parts(response: Response) -> (StatusCode, Vec<(String, Vec<u8>)>, Vec<u8>) {
    let (parts, body) = response.into_parts();
    let headers = |headers: HeaderMap| {
        headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
    };
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, headers(parts.headers), body)
}

#[derive(Debug)]
struct Odd;

impl RefusalBody for Odd {
    fn content_type(&self) -> &str {
        "text/plain\r\nset-cookie: a"
    }

    fn body(&self, refusal: &Refusal) -> Vec<u8> {
        refusal.reason().into()
    }
}

#[tokio::test]
async fn layer_and_extractor_answer_every_cause_alike() {
    let needed = ScopeSet::parse("read:orders").unwrap();
    let causes = [
        RefusalCause::NoToken,
        RefusalCause::InvalidRequest("Two Authorization headers"),
        RefusalCause::InvalidToken(JoseError::Expired),
        RefusalCause::InsufficientScope { needed },
        RefusalCause::InsufficientAuthentication {
            acr_values: &["urn:mfa"],
            max_age: Some(Duration::from_secs(300)),
        },
        RefusalCause::MissingClaim { claim: "sub" },
        RefusalCause::RuleNotMet { rule: "the role `admin`".into() },
        RefusalCause::KeysUnavailable { retry_after: Duration::from_millis(1200) },
        RefusalCause::Misconfigured("no layer".into()),
    ];
    let odd = ChallengeSettings::new().with_realm("a\"\r\né").with_body(Odd);
    for settings in [Arc::default(), Arc::new(odd)] {
        for cause in &causes {
            let refusal = Refusal::new(cause.clone()).with_settings(Arc::clone(&settings));
            let layer: Response = HttpAnswers::refusal(&refusal);
            let extractor = AuthRejection::from(refusal).into_response();
            assert_eq!(visible_parts(layer).await, visible_parts(extractor).await, "{cause:?}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_rounded_up_to_whole_seconds() {
    let retry_after = Duration::from_millis(1200);
    let refusal = Refusal::new(RefusalCause::KeysUnavailable { retry_after });
    let layer: Response = HttpAnswers::refusal(&refusal);
    assert_eq!(layer.headers()["retry-after"], "2");
    assert_eq!(AuthRejection::from(refusal).into_response().headers()["retry-after"], "2");
}

#[tokio::test]
async fn a_guarded_route_and_a_guarded_handler_refuse_alike() {
    async fn guarded(_: RequireScope<ReadOrders>) {}

    let issuer = TestIssuer::start("api://orders").await;
    let auth = issuer.layer();
    let by_layer = Router::new()
        .route("/", get(async || {}))
        .route_layer(require(ReadOrders))
        .layer(auth.clone());
    let by_extractor = Router::new().route("/", get(guarded)).layer(auth.optional());
    for (token, status) in
        [(None, 401), (Some("junk".to_owned()), 401), (Some(issuer.token().sign()), 403)]
    {
        let ask = async |app: &Router| {
            let mut request = Request::get("/");
            if let Some(token) = &token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            visible_parts(app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap())
                .await
        };
        let answer = ask(&by_layer).await;
        assert_eq!(answer.0, status);
        assert_eq!(answer, ask(&by_extractor).await);
    }
}
