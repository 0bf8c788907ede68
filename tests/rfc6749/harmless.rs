//! Unusual but valid requests that real clients send.

use axum::body::Body;
use http::Request;
use scopegate_tests::{Answer, Catalog, TestServer, secret_of};

const FORM: &str = "application/x-www-form-urlencoded";
const ASKS: &str = "grant_type=client_credentials&scope=read:orders";

async fn server() -> TestServer {
    let catalog = Catalog::of_orders()
        .rule("all", "grant_types = [\"client_credentials\"]\nscopes = [\"*\"]")
        .client("poster", "auth = \"client_secret_post\"")
        .client(
            "app",
            r#"
            type = "browser"
            grant_types = ["authorization_code", "refresh_token"]
            redirect_uris = ["https://portal.example/cb"]
            "#,
        );
    TestServer::start(catalog).await
}

fn basic(scheme: &str, id: &str) -> String {
    let pair = format!("{id}:{}", secret_of(id));
    format!("{scheme} {}", base64_simd::STANDARD.encode_to_string(pair))
}

async fn post(server: &TestServer, endpoint: &str, headers: &[(&str, &str)], form: &str) -> Answer {
    let mut request = Request::post(format!("/oauth2/default/v1/{endpoint}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn appendix_b_all_spellings_of_the_content_type_are_accepted() {
    let server = server().await;
    let basic = basic("Basic", "reader");
    for content_type in [
        FORM,
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=utf8",
        "APPLICATION/X-WWW-FORM-URLENCODED; Charset=\"utf-8\"",
        "application/x-www-form-urlencoded;",
    ] {
        let headers = [("content-type", content_type), ("authorization", &*basic)];
        post(&server, "token", &headers, ASKS).await.expect(200);
    }
    let plain =
        [("content-type", FORM), ("content-encoding", "identity"), ("authorization", &*basic)];
    post(&server, "token", &plain, ASKS).await.expect(200);
    let zipped = [("content-type", FORM), ("content-encoding", "gzip"), ("authorization", &*basic)];
    post(&server, "token", &zipped, ASKS).await.expect_error(400, "invalid_request");
}

#[tokio::test]
async fn s3_2_parameters_without_a_value_and_unknown_ones_are_ignored() {
    let server = server().await;
    for form in [
        "&grant_type=client_credentials&scope=read:orders&&",
        "grant_type=client_credentials&scope=read:orders&",
        "grant_type=client_credentials&scope=read%3Aorders&client_secret=&client_assertion=",
        "grant_type=client_credentials&scope=read:orders&resource=&audience=&state=x&device=tv",
        "grant_type=client_credentials&scope=read:orders&client_id=reader",
        "grant_type=client_credentials&scope=++read:orders++read:orders+",
        "grant_type=client_credentials&scope=%20read:orders%20%20",
        "scope=read:orders&grant_type=client%5Fcredentials",
    ] {
        for scheme in ["Basic", "basic", "BASIC", "Basic "] {
            let authorization = basic(scheme, "reader");
            let headers = [("content-type", FORM), ("authorization", &*authorization)];
            let json = post(&server, "token", &headers, form).await.expect(200).json();
            assert_eq!(json["token_type"], "Bearer", "{form}");
        }
    }
    let form = format!("{ASKS}&client_id=poster&client_secret={}", secret_of("poster"));
    post(&server, "token", &[("content-type", FORM)], &form).await.expect(200);
}

/// §2.3.1: an empty secret is treated like a missing one, and a public client has no secret.
#[tokio::test]
async fn a_public_client_may_send_an_empty_secret() {
    let server = server().await;
    let form = "client_id=app&client_secret=&token=x";
    post(&server, "revoke", &[("content-type", FORM)], form).await.expect(200);
    let wrong = "client_id=app&client_secret=y&token=x";
    let refused = post(&server, "revoke", &[("content-type", FORM)], wrong).await;
    refused.expect_error(401, "invalid_client");
    // A client that has a secret cannot authenticate with an empty one.
    let form = format!("{ASKS}&client_id=poster&client_secret=");
    let refused = post(&server, "token", &[("content-type", FORM)], &form).await;
    refused.expect_error(401, "invalid_client");
}

/// RFC 7009 §2.1, RFC 7662 §2.1: a hint may be ignored.
#[tokio::test]
async fn an_unknown_token_type_hint_is_ignored() {
    let server = server().await;
    let authorization = basic("Basic", "reader");
    let headers = [("content-type", FORM), ("authorization", &*authorization)];
    let json = post(&server, "token", &headers, ASKS).await.expect(200).json();
    let token = json["access_token"].as_str().unwrap();
    for hint in ["refresh_token", "id_token", "", "%FF"] {
        let form = format!("token={token}&token_type_hint={hint}");
        let answer = post(&server, "introspect", &headers, &form).await;
        match hint {
            "%FF" => drop(answer.expect_error(400, "invalid_request")),
            _ => assert_eq!(answer.expect(200).json()["active"], true, "{hint}"),
        }
    }
    let form = format!("token={token}&token_type_hint=anything");
    post(&server, "revoke", &headers, &form).await.expect(200);
    let known = post(&server, "introspect", &headers, &form).await.expect(200);
    assert_eq!(known.json()["active"], false);
}
