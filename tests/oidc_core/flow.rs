//! The authorization code flow from the client's side (Core §3.1).

use scopegate_core::directory::User;
use scopegate_jose::{AlgorithmSet, KeySet, UnverifiedJws};
use scopegate_tests::{Answer, Browser, TestServer, changed};
use serde_json::Value;

use crate::oidc_core::world::{add_alice, catalog};
use crate::rfc6749::world::redeem;

pub(crate) use crate::rfc6749::world::CALLBACK as REDIRECT;

pub(crate) const ISSUER: &str = "http://127.0.0.1:9000/oauth2/default";

/// A server, and Alice.
pub(crate) async fn start() -> (TestServer, User) {
    let server = TestServer::start(catalog()).await;
    let alice = add_alice(&server).await;
    (server, alice)
}

/// The authorization request of `portal`. Changed parameters replace the usual ones; an empty value
/// removes a parameter.
pub(crate) fn request<'a>(other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("state", "a state"),
        ("nonce", "a nonce"),
    ];
    changed(&usual, other)
}

/// The code in the redirect to the client.
#[track_caller]
pub(crate) fn code(answer: &Answer) -> String {
    assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER), "RFC 9207: {}", answer.location());
    answer.sent("code").expect("the client gets a code")
}

/// The error in the redirect to the client.
#[track_caller]
pub(crate) fn error(answer: &Answer) -> String {
    assert!(answer.location().as_str().starts_with(REDIRECT), "{}", answer.location());
    assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER));
    assert_eq!(answer.sent("code"), None);
    answer.sent("error").expect("the client gets an error")
}

/// Redeems a code as `portal`.
pub(crate) async fn redeemed(server: &TestServer, code: &str) -> Answer {
    redeem(&server.as_client("portal"), code).await
}

/// The tokens that `portal` gets for a request. Alice signs in and gives consent if the server
/// asks.
pub(crate) async fn tokens(
    server: &TestServer,
    browser: &mut Browser<'_>,
    other: &[(&str, &str)],
) -> Value {
    let mut answer = browser.authorize(&request(other)).await;
    if answer.header("location").starts_with("/signin?") {
        answer = browser.sign_in(answer, "alice").await;
    }
    let answer = browser.agree(answer).await;
    redeemed(server, &code(&answer)).await.expect(200).json()
}

/// The claims of the ID token, which is verified like a client does (§3.1.3.7).
pub(crate) async fn id_token(server: &TestServer, tokens: &Value) -> Value {
    let jwks = server.anonymous().read("/oauth2/default/v1/keys").await.expect(200).body;
    let keys = KeySet::parse(jwks.as_bytes()).unwrap().keys;
    let token = UnverifiedJws::parse(tokens["id_token"].as_str().unwrap()).unwrap();
    let algorithm = token.header().algorithm();
    assert!(keys.contains_kid(token.header().kid().expect("there is a kid")));
    let claims: Value = token.verify(&keys, AlgorithmSet::all()).unwrap().deserialize().unwrap();
    assert_eq!(claims["iss"], ISSUER);
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims["at_hash"], scopegate_jose::half_hash(algorithm, access_token));
    claims
}

/// The userinfo answer for the access token.
pub(crate) async fn userinfo(server: &TestServer, tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().unwrap();
    let bearer = server.anonymous().bearing(token);
    bearer.read("/oauth2/default/v1/userinfo").await.expect(200).json()
}

/// The token with a changed signature.
pub(crate) fn altered(token: &str) -> String {
    let at = token.rfind('.').unwrap() + 1;
    let other = if token[at..].starts_with('A') { 'B' } else { 'A' };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
