//! The claims of the server's access tokens.

use scopegate_jose::base64url;
use scopegate_tests::{TestServer, claims};
use serde_json::Value;

use crate::oidc_core::flow::tokens;
use crate::oidc_core::world::{add_alice, catalog};

/// The header and the claims of a token.
#[track_caller]
fn parts(token: &Value) -> (Value, Value) {
    let token = token.as_str().unwrap();
    let head = base64url::decode(token.split('.').next().unwrap()).unwrap();
    (serde_json::from_slice(&head).unwrap(), claims(token))
}

#[track_caller]
fn has_exactly(claims: &Value, names: &[&str]) {
    let mut expected = names.to_vec();
    expected.sort_unstable();
    let said: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(said, expected);
}

const REQUIRED: [&str; 8] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"];

#[tokio::test]
async fn an_access_token_has_exactly_these_claims() {
    let in_dialect = catalog().server("default", "dialect = \"rfc9068\"");
    let server = TestServer::start(in_dialect).await;
    let alice = add_alice(&server).await;

    let form = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    let json = server.as_client("reader").token(&form).await.expect(200).json();
    let (header, said) = parts(&json["access_token"]);
    assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &"RS256".into()));
    assert!(header["kid"].is_string());
    has_exactly(&said, &REQUIRED);
    assert_eq!(said["iss"], "http://127.0.0.1:9000/oauth2/default");
    assert_eq!((&said["sub"], &said["client_id"]), (&"reader".into(), &"reader".into()));
    assert_eq!((&said["aud"], &said["scope"]), (&"api://orders".into(), &"read:orders".into()));
    assert_eq!((&said["iat"], &said["exp"]), (&1_800_000_000.into(), &1_800_003_600.into()));

    let scope = ("scope", "openid read:orders");
    let json = tokens(&server, &mut server.browser(), &[scope]).await;
    let (header, said) = parts(&json["access_token"]);
    assert_eq!(header["typ"], "at+jwt");
    // §2.2.1: the claims about the user's sign-in.
    has_exactly(&said, &[&REQUIRED[..], &["auth_time", "acr", "amr"]].concat());
    assert_eq!((&said["sub"], &said["client_id"]), (&alice.id.as_str().into(), &"portal".into()));
    assert_eq!(said["scope"], "openid read:orders");
}
