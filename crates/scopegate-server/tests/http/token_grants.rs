//! Token requests that are granted.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use scopegate_claims::Dialect;
use scopegate_core::catalog::Status;
use scopegate_core::error::CallError;
use scopegate_server::{Failure, RequestError};
use scopegate_testkit::UncheckedCatalog;
use serde_json::json;

use crate::fixture::{ASKS, BASE, FORM, Fixture, TOKEN, eventually, form_to, secret_of, server};
use crate::rendered::{json, rendered};

#[tokio::test]
async fn a_secret_in_the_header_gets_a_token() {
    let at = Fixture::start().await;
    insta::assert_snapshot!(rendered(at.ask(ASKS).await).await, @r#"
    200 OK
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"access_token":"…","expires_in":3600,"scope":"read:orders","token_type":"Bearer"}
    "#);
}

#[tokio::test]
async fn a_secret_in_the_form_gets_a_token() {
    let at = Fixture::start().await;
    let form = format!("{ASKS}&client_id=poster&client_secret={}", secret_of("poster"));
    let request = Request::post(TOKEN).header("content-type", format!("{FORM};charset=UTF-8"));
    let response = at.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn an_assertion_for_the_issuer_or_the_endpoint_gets_a_token() {
    let at = Fixture::start().await;
    for (jti, aud) in [
        ("a", json!(format!("{BASE}/oauth2/default"))),
        ("b", json!(format!("{BASE}{TOKEN}"))),
        ("c", json!([format!("{BASE}/oauth2/default"), "https://else.example"])),
    ] {
        let assertion = at.assertion(jti, &json!({ "aud": aud }));
        assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200, "{aud}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_ignored() {
    let at = Fixture::start().await;
    assert_eq!(at.ask(&format!("{ASKS}&unknown=1&audience=a")).await.status(), 200);
}

#[tokio::test]
async fn the_times_in_a_token_are_those_of_the_clock() {
    let at = Fixture::start().await;
    let token = json(at.ask(ASKS).await).await;
    let payload = token["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&scopegate_jose::base64url::decode(payload).unwrap()).unwrap();
    assert_eq!(claims["iss"], format!("{BASE}/oauth2/default"));
    assert_eq!(claims["iat"], 1_800_000_000);
    assert_eq!(claims["exp"], 1_800_003_600);
}

#[tokio::test]
async fn a_change_of_the_catalog_by_another_process_is_followed() {
    let at = Fixture::start().await;
    let new = server("new", "api://new", Dialect::Both, Status::Active);
    let version = at.server.authority().catalog().version();
    at.store.write_catalog(version, &[new], None).await.unwrap();
    eventually(async || at.get("/oauth2/new/v1/keys").await.status() == 200).await;
}

#[tokio::test]
async fn layers_around_the_router_can_read_the_cause_of_a_refusal() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=client_credentials&scope=write:orders").await;
    let failure = response.extensions().get::<Arc<Failure>>().unwrap();
    assert!(matches!(failure.error(), RequestError::Token(CallError::NoMatchingRule)));
    assert_eq!(failure.client().unwrap().as_str(), "reader");
    assert_eq!(failure.server().unwrap().id.as_str(), "default");
    assert!(failure.decision().is_some());
    // An unknown client id is not written into the log.
    let form = format!("{ASKS}&client_id=somebody&client_secret=x");
    let response = at.send(form_to(TOKEN).body(Body::from(form)).unwrap()).await;
    assert!(response.extensions().get::<Arc<Failure>>().unwrap().client().is_none());
}
