//! Bad requests to the token endpoint, each with its whole answer.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::fixture::{ASKS, FORM, Fixture, TOKEN, basic, form_to, secret_of};
use crate::rendered::{rendered, the_same};

#[tokio::test]
async fn the_method_is_post() {
    let at = Fixture::start().await;
    insta::assert_snapshot!(rendered(at.get(TOKEN).await).await, @r#"
    405 Method Not Allowed
    allow: POST,OPTIONS
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The method is not allowed here."}
    "#);
}

#[tokio::test]
async fn the_content_type_is_a_form() {
    let at = Fixture::start().await;
    let body = r#"{"grant_type":"client_credentials"}"#;
    let mut answers = Vec::new();
    for content_type in ["application/json", "multipart/form-data; boundary=x", "text/plain"] {
        let request = Request::post(TOKEN).header("content-type", content_type);
        let response = at.send(request.body(Body::from(body)).unwrap()).await;
        answers.push(rendered(response).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The Content-Type must be application/x-www-form-urlencoded."}
    "#);
    let response = at.send(Request::post(TOKEN).body(Body::from(ASKS)).unwrap()).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn the_charset_is_utf_8() {
    let at = Fixture::start().await;
    let request = Request::post(TOKEN).header("content-type", format!("{FORM}; charset=latin1"));
    let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The charset of the form must be UTF-8."}
    "#);
}

#[tokio::test]
async fn the_form_is_at_most_64_kib() {
    let at = Fixture::start().await;
    let padding = "x".repeat(64 * 1024 - ASKS.len() - 3);
    assert_eq!(at.ask(&format!("{ASKS}&p={padding}")).await.status(), 200);
    let response = at.ask(&format!("{ASKS}&p={padding}y")).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    413 Payload Too Large
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The body is too long."}
    "#);
}

#[tokio::test]
async fn the_form_is_utf_8() {
    let at = Fixture::start().await;
    insta::assert_snapshot!(rendered(at.ask("grant_type=%FF").await).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The form is not UTF-8."}
    "#);
}

#[tokio::test]
async fn each_percent_begins_an_escape() {
    let at = Fixture::start().await;
    insta::assert_snapshot!(rendered(at.ask("grant_type=%zz").await).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The form has a % that begins no escape."}
    "#);
}

#[tokio::test]
async fn no_parameter_occurs_twice() {
    let at = Fixture::start().await;
    let response = at.ask(&format!("{ASKS}&scope=write:orders")).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"A parameter occurs more than once."}
    "#);
}

#[tokio::test]
async fn grant_type_is_required() {
    let at = Fixture::start().await;
    insta::assert_snapshot!(rendered(at.ask("scope=read:orders").await).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The parameter grant_type is missing."}
    "#);
}

#[tokio::test]
async fn a_client_authenticates_in_one_way_only() {
    let at = Fixture::start().await;
    let response = at.ask(&format!("{ASKS}&client_id=reader&client_secret=x")).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The client used more than one authentication method."}
    "#);
}

#[tokio::test]
async fn there_is_one_authorization_header() {
    let at = Fixture::start().await;
    let request = at.reader(TOKEN).header("authorization", "Basic eDp5");
    let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"There is more than one Authorization header."}
    "#);
}

#[tokio::test]
async fn credentials_are_not_in_the_url() {
    let at = Fixture::start().await;
    let mut answers = Vec::new();
    for query in ["client_id=poster&client_secret=x", "client_assertion=x", "x&client%5Fsecret"] {
        let request = form_to(&format!("{TOKEN}?{query}"));
        let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
        answers.push(rendered(response).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"Credentials may not be in the URL."}
    "#);
}

#[tokio::test]
async fn no_credentials_are_not_enough() {
    let at = Fixture::start().await;
    let response = at.send(form_to(TOKEN).body(Body::from(ASKS)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8"
    x-content-type-options: nosniff
    {"error":"invalid_client","error_description":"Client authentication failed."}
    "#);
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_get_the_same_answer() {
    let at = Fixture::start().await;
    let mut answers = Vec::new();
    for client in ["reader", "nobody", "disabled"] {
        let wrong = basic(client, "wrong-but-as-long-as-a-secret-should-be");
        let request = form_to(TOKEN).header("authorization", wrong);
        let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
        answers.push(rendered(response).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8"
    x-content-type-options: nosniff
    {"error":"invalid_client","error_description":"Client authentication failed."}
    "#);
}

#[tokio::test]
async fn a_disabled_client_is_refused_like_an_unknown_one() {
    let at = Fixture::start().await;
    let right = basic("disabled", &secret_of("disabled"));
    let request = form_to(TOKEN).header("authorization", right);
    let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8"
    x-content-type-options: nosniff
    {"error":"invalid_client","error_description":"Client authentication failed."}
    "#);
}

#[tokio::test]
async fn a_wrong_secret_in_the_form_is_answered_like_one_in_the_header() {
    let at = Fixture::start().await;
    let form = format!("{ASKS}&client_id=poster&client_secret=wrong");
    let response = at.send(form_to(TOKEN).body(Body::from(form)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8"
    x-content-type-options: nosniff
    {"error":"invalid_client","error_description":"Client authentication failed."}
    "#);
}

#[tokio::test]
async fn an_authorization_header_that_is_no_basic_one_is_a_failed_authentication() {
    let at = Fixture::start().await;
    let values: [&[u8]; 4] = [b"Bearer x", b"Basic", b"Basic !!!", b"Basic \xff"];
    for value in values {
        let request = form_to(TOKEN).header("authorization", value);
        let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
        assert_eq!(response.status(), 401, "{value:?}");
        assert!(response.headers().contains_key("www-authenticate"), "{value:?}");
    }
}

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=password&username=a").await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"unsupported_grant_type","error_description":"The grant type is not supported."}
    "#);
}

#[tokio::test]
async fn a_client_uses_its_own_grant_types_only() {
    let at = Fixture::start().await;
    let right = basic("grantless", &secret_of("grantless"));
    let request = form_to(TOKEN).header("authorization", right);
    let response = at.send(request.body(Body::from(ASKS)).unwrap()).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"unauthorized_client","error_description":"The client may not use this grant type."}
    "#);
}

#[tokio::test]
async fn an_unknown_scope_is_invalid() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=client_credentials&scope=read:orders%20fly").await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_scope","error_description":"The authorization server does not have all of these scopes."}
    "#);
}

#[tokio::test]
async fn an_empty_scope_is_none_and_there_is_no_default() {
    let at = Fixture::start().await;
    let mut answers = Vec::new();
    for scope in ["", "&scope=", "&scope=%20"] {
        let response = at.ask(&format!("grant_type=client_credentials{scope}")).await;
        answers.push(rendered(response).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_scope","error_description":"The authorization server has no default scopes: name the scopes you need."}
    "#);
}

#[tokio::test]
async fn a_scope_has_at_most_4096_bytes() {
    let at = Fixture::start().await;
    let form = |length| format!("grant_type=client_credentials&scope=read:orders{:+<length$}", "");
    let most = 4096 - "read:orders".len();
    assert_eq!(at.ask(&form(most)).await.status(), 200);
    insta::assert_snapshot!(rendered(at.ask(&form(most + 1)).await).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_scope","error_description":"The scope parameter is too long."}
    "#);
}

#[tokio::test]
async fn a_malformed_scope_is_invalid() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=client_credentials&scope=%22").await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_scope","error_description":"The scope parameter is malformed."}
    "#);
}

#[tokio::test]
async fn a_scope_outside_the_policy_is_denied() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=client_credentials&scope=write:orders").await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"access_denied","error_description":"No access policy allows this client these scopes by this grant."}
    "#);
}

#[tokio::test]
async fn the_okta_dialect_denies_with_401() {
    let at = Fixture::start().await;
    let form = "grant_type=client_credentials&scope=write:orders";
    let request = at.reader("/oauth2/okta/v1/token").body(Body::from(form)).unwrap();
    insta::assert_snapshot!(rendered(at.send(request).await).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"access_denied","error_description":"No access policy allows this client these scopes by this grant."}
    "#);
}

#[tokio::test]
async fn a_scope_that_needs_consent_needs_a_person() {
    let at = Fixture::start().await;
    let response = at.ask("grant_type=client_credentials&scope=sign:orders").await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"consent_required","error_description":"A scope needs the consent of a person, and this grant asks none."}
    "#);
}

#[tokio::test]
async fn a_resource_of_somebody_else_is_an_invalid_target() {
    let at = Fixture::start().await;
    let response = at.ask(&format!("{ASKS}&resource=https://else.example")).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_target","error_description":"The request does not select one audience of this authorization server."}
    "#);
}

#[tokio::test]
async fn the_org_server_gives_custom_scopes_to_nobody() {
    let at = Fixture::start().await;
    let request = at.reader("/oauth2/v1/token").body(Body::from(ASKS)).unwrap();
    insta::assert_snapshot!(rendered(at.send(request).await).await, @r#"
    400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"decision_id":"…","error":"invalid_scope","error_description":"The org authorization server issues admin scopes only, to admin clients with a key."}
    "#);
}

#[tokio::test]
async fn an_unknown_or_inactive_server_is_not_found_whatever_is_sent() {
    let at = Fixture::start().await;
    let mut answers = Vec::new();
    for id in ["nowhere", "off", "org", "v1", "a%2Fb", "%FF", "a.b"] {
        let path = format!("/oauth2/{id}/v1/token");
        let empty = Request::post(&path).body(Body::empty()).unwrap();
        let asking = at.reader(&path).body(Body::from(ASKS)).unwrap();
        for request in [empty, asking] {
            let response = at.send(request).await;
            answers.push(rendered(response).await);
        }
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    404 Not Found
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"not_found","error_description":"There is no such authorization server."}
    "#);
}

#[tokio::test]
async fn an_assertion_serves_once() {
    let at = Fixture::start().await;
    let assertion = at.assertion("jti-1", &json!({}));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
    let response = at.ask_with_assertion(&assertion).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    401 Unauthorized
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8"
    x-content-type-options: nosniff
    {"error":"invalid_client","error_description":"Client authentication failed."}
    "#);
}

#[tokio::test]
async fn a_refused_request_uses_its_assertion_up_as_well() {
    let at = Fixture::start().await;
    let assertion = at.assertion("jti-2", &json!({}));
    let form = format!(
        "grant_type=client_credentials&scope=write:orders&client_assertion={assertion}\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let request = form_to(TOKEN).body(Body::from(form)).unwrap();
    assert_eq!(at.send(request).await.status(), 400);
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401);
}

#[tokio::test]
async fn a_bad_assertion_authenticates_nobody() {
    let at = Fixture::start().await;
    let now = 1_800_000_000;
    let bad = [
        json!({ "exp": now - 60 }),
        json!({ "exp": now + 2 * 60 * 60 }),
        json!({ "exp": (now + 60).to_string() }),
        json!({ "nbf": now + 120 }),
        json!({ "aud": "https://else.example" }),
        json!({ "iss": "reader" }),
        json!({ "sub": "reader" }),
        json!({ "jti": "" }),
        json!({ "jti": 7 }),
    ];
    for (i, claims) in bad.into_iter().enumerate() {
        let response = at.ask_with_assertion(&at.assertion(&format!("bad-{i}"), &claims)).await;
        assert_eq!(response.status(), 401, "{claims}");
    }
    for text in ["x", "a.b.c", "", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwYXJ0bmVyIn0."] {
        assert_eq!(at.ask_with_assertion(text).await.status(), 401, "{text}");
    }
}
