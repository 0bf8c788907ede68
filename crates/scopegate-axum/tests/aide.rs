//! Documents that aide generates.

#![cfg(feature = "aide")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use aide::axum::ApiRouter;
use aide::axum::routing::get;
use aide::openapi::OpenApi;
use axum::Json;
use axum::http::request::Parts;
use scopegate_axum::{
    AnyOf, AuthRejection, ClaimRule, GuardRejection, Public, RequireClaim, RequireRole,
    RequireScope, Resource, ResourceGuard, Subject, Token, scopes, values,
};
use scopegate_bearer::aide::describe_refusals;
use scopegate_bearer::{ChallengeSettings, Refusal, RefusalBody};
use serde_json::{Value, json};

scopes! {
    ReadOrders = "read:orders";
    WriteOrders = "write:orders";
    Admin = "admin";
}

values! {
    Manager = "store manager";
}

struct Premium;

impl ClaimRule for Premium {
    const NAME: &'static str = "the premium plan";
    type Extra = ();

    fn allows(_: &Token) -> bool {
        true
    }
}

struct OwnOrder;

impl<S: Send + Sync> ResourceGuard<S> for OwnOrder {
    const NAME: &'static str = "own orders only";
    type Extra = ();

    async fn check(_: &Token, _: &mut Parts, _: &S) -> Result<Self, GuardRejection> {
        Ok(Self)
    }
}

fn document() -> Value {
    serde_json::to_value(api()).unwrap()
}

fn api() -> OpenApi {
    async fn list(_: RequireScope<ReadOrders>) -> Json<Vec<String>> {
        Json(Vec::new())
    }

    async fn place(_: AnyOf<(WriteOrders, Admin)>, _: RequireScope<ReadOrders>) {}

    async fn role(_: RequireRole<Manager>, _: RequireClaim<Premium>) {}

    async fn own(_: Resource<OwnOrder>) {}

    async fn token(_: Token, _: Subject) -> Result<Json<String>, AuthRejection> {
        Ok(Json(String::new()))
    }

    async fn public(_: Public) {}

    let mut api = OpenApi::default();
    let _: axum::Router = ApiRouter::new()
        .api_route("/orders", get(list).post(place))
        .api_route("/role", get(role))
        .api_route("/own", get(own))
        .api_route("/token", get(token))
        .api_route("/public", get(public))
        .finish_api(&mut api);
    api
}

#[test]
fn operations_have_the_scopes_of_their_guards() {
    let document = document();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(security("/orders", "get"), json!([{ "bearer": ["read:orders"] }]));
    assert_eq!(
        security("/orders", "post"),
        json!([{ "bearer": ["write:orders", "read:orders"] }, { "bearer": ["admin", "read:orders"] }])
    );
    assert_eq!(security("/role", "get"), json!([{ "bearer": [] }]));
    assert_eq!(security("/own", "get"), json!([{ "bearer": [] }]));
    assert_eq!(security("/token", "get"), json!([{ "bearer": [] }]));
    assert_eq!(security("/public", "get"), Value::Null);
    assert_eq!(
        document["paths"]["/role"]["get"]["x-scopegate-conditions"],
        json!(["role store manager", "the premium plan"])
    );
}

#[test]
fn operations_have_the_refusals_of_their_guards() {
    let document = document();
    let codes = |path: &str, method: &str| -> Vec<_> {
        let responses = document["paths"][path][method]["responses"].as_object().cloned();
        let mut codes: Vec<_> = responses.unwrap_or_default().keys().cloned().collect();
        codes.sort_unstable();
        codes
    };
    assert_eq!(codes("/orders", "get"), ["200", "401", "403", "503"]);
    assert_eq!(codes("/own", "get"), ["200", "401", "403", "503"]);
    assert_eq!(codes("/token", "get"), ["200", "401", "403", "503"], "it may refuse itself");
    assert!(codes("/public", "get").iter().all(|code| !code.starts_with('4')));
    let refusal = &document["paths"]["/orders"]["get"]["responses"]["403"];
    let schema = &refusal["content"]["application/problem+json"]["schema"];
    assert_eq!(schema["properties"]["scope"], json!({ "type": "string" }));
    assert!(refusal["headers"]["WWW-Authenticate"].is_object());
}

#[derive(Debug)]
struct Text;

impl RefusalBody for Text {
    fn content_type(&self) -> &str {
        "text/plain"
    }

    fn body(&self, _: &Refusal) -> Vec<u8> {
        Vec::new()
    }
}

#[test]
fn only_refusals_get_the_body_of_the_settings() {
    let (mut api, before) = (api(), document());
    describe_refusals(&mut api, &ChallengeSettings::new().with_body(Text));
    let after = serde_json::to_value(api).unwrap();
    for (path, method) in [("/orders", "get"), ("/orders", "post"), ("/token", "get")] {
        let responses = |document: &Value| document["paths"][path][method]["responses"].clone();
        for code in ["401", "403", "503"] {
            let content = &responses(&after)[code]["content"];
            assert_eq!(*content, json!({ "text/plain": {} }), "{path} {code}");
        }
        assert_eq!(responses(&after)["200"], responses(&before)["200"], "{path}");
    }
}

#[test]
fn a_response_that_the_service_describes_itself_is_kept() {
    let mut api = api();
    let own = json!({ "description": "an answer of the service" });
    let mut document = serde_json::to_value(&api).unwrap();
    document["paths"]["/orders"]["get"]["responses"]["403"] = own.clone();
    api = serde_json::from_str(&document.to_string()).unwrap();
    describe_refusals(&mut api, &ChallengeSettings::new().with_body(Text));
    let document = serde_json::to_value(api).unwrap();
    assert_eq!(document["paths"]["/orders"]["get"]["responses"]["403"], own);
}
