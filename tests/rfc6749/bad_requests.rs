//! §4.1.2.1: errors that are reported to the client.

use scopegate_core::catalog::ClientSpec;

use crate::rfc6749::world::{CALLBACK, asking, assert_error_redirect, assert_page, start};

#[tokio::test]
async fn s4_1_2_1_errors_return_with_state() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let long = "a".repeat(1025);
    let many = format!(
        r#"{{"id_token":{{{}}}}}"#,
        (0..51).map(|i| format!(r#""c{i}":null"#)).collect::<Vec<_>>().join(",")
    );
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for (changes, error) in [
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "code id_token")], "unsupported_response_type"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("scope", "openid fly:orders")], "invalid_scope"),
        (vec![("scope", "openid groups")], "invalid_scope"),
        (vec![("scope", "\"")], "invalid_scope"),
        (vec![("scope", "")], "invalid_scope"),
        (vec![("scope", "offline_access")], "invalid_scope"),
        (vec![("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![("code_challenge", challenge)], "invalid_request"),
        (
            vec![("code_challenge", challenge), ("code_challenge_method", "plain")],
            "invalid_request",
        ),
        (vec![("code_challenge_method", "S256")], "invalid_request"),
        (vec![("code_challenge", "short"), ("code_challenge_method", "S256")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("prompt", "create")], "invalid_request"),
        (vec![("max_age", "-1")], "invalid_request"),
        (vec![("max_age", "+1")], "invalid_request"),
        (vec![("max_age", "1.5")], "invalid_request"),
        (vec![("nonce", long.as_str())], "invalid_request"),
        (vec![("login_hint", long.as_str())], "invalid_request"),
        (vec![("claims", "[]")], "invalid_request"),
        (vec![("claims", "{")], "invalid_request"),
        (vec![("claims", many.as_str())], "invalid_request"),
        (vec![("id_token_hint", "eyJhbGciOiJub25lIn0.e30.")], "invalid_request"),
        (vec![("request", "eyJhbGciOiJub25lIn0.e30.")], "request_not_supported"),
        (vec![("request_uri", "https://portal.example/request")], "request_uri_not_supported"),
        (vec![("registration", "{}")], "registration_not_supported"),
    ] {
        let answer = browser.authorize(&asking(&changes)).await;
        assert_error_redirect(&answer, error);
        assert_eq!(answer.sent("state").as_deref(), Some("a state"), "{changes:?}");
        let description = answer.sent("error_description").unwrap();
        assert!(description.ends_with('.') && description.is_ascii(), "{description}");
    }
}

#[tokio::test]
async fn a_state_that_is_too_long_is_not_sent_back() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let long = "a".repeat(1025);
    let answer = browser.authorize(&asking(&[("state", &long)])).await;
    assert_error_redirect(&answer, "invalid_request");
    assert_eq!(answer.sent("state"), None);
}

/// The client has a redirect URI, so the error can be reported to it.
#[tokio::test]
async fn s4_1_2_1_unauthorized_client_is_reported_to_the_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let before = server.authority().catalog().client("portal").unwrap().unwrap().spec.clone();
    let grant_types = ["client_credentials".to_owned()].into();
    server.put_client("portal", ClientSpec { grant_types, ..before.clone() }).await;
    let answer = browser.authorize(&asking(&[])).await;
    assert_error_redirect(&answer, "unauthorized_client");
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    server.put_client("portal", before).await;
    assert!(browser.authorize(&asking(&[])).await.sent("code").is_some());
}

#[tokio::test]
async fn a_service_client_gets_no_codes() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    // The client has no redirect URI, so the error is a page.
    assert_page(&browser.authorize(&asking(&[("client_id", "reader")])).await, 400);
}

#[tokio::test]
async fn s3_1_a_repeated_parameter_is_reported_to_the_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for name in ["scope", "nonce", "state", "response_mode", "anything"] {
        let asked = [asking(&[]), vec![(name, "a"), (name, "a")]].concat();
        assert_error_redirect(&browser.authorize(&asked).await, "invalid_request");
    }
    for (name, value) in [
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("redirect_uri", "https://evil.example/cb"),
        ("request_uri", "a"),
    ] {
        let asked = [asking(&[]), vec![(name, value), (name, value)]].concat();
        assert_page(&browser.authorize(&asked).await, 400);
    }
}

#[tokio::test]
async fn a_malformed_request_is_an_error_page() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let path = "/oauth2/default/v1/authorize";
    assert_page(&browser.open(&format!("{path}?client_id=%FF")).await, 400);
    assert_page(&browser.open(&format!("{path}?client_id=%zz")).await, 400);
    assert_page(&browser.open(&format!("{path}?{}", "a=1&".repeat(65))).await, 400);
    let long = format!("{path}?client_id=portal&x={}", "a".repeat(8 * 1024));
    assert_page(&browser.open(&long).await, 414);
    let long = "a".repeat(8 * 1024);
    assert_page(&browser.post(path, &asking(&[("x", &long)])).await, 413);
    let unknown = browser.open("/oauth2/nowhere/v1/authorize?client_id=portal").await;
    assert_page(&unknown, 404);
}
