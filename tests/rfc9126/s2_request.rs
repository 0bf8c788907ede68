//! §2: the request and the response of the PAR endpoint.

use scopegate_tests::ASSERTION_TYPE;

use crate::rfc9126::world::{URN, asking, push, redeem, start, start_with_signer, use_request_uri};

#[tokio::test]
async fn s2_2_the_answer_holds_a_request_uri_that_gives_a_code() {
    let (server, alice) = start().await;
    let portal = server.as_client("portal");
    let answer = portal.post("par", &asking(&[])).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(json["expires_in"], 60);
    let uri = json["request_uri"].as_str().unwrap();
    assert_eq!(uri.strip_prefix(URN).map(str::len), Some(43), "{uri}");

    let mut browser = server.browser_of(&alice).await;
    let answer = use_request_uri(&mut browser, uri).await;
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    assert_eq!(answer.sent("iss").as_deref(), Some("http://127.0.0.1:9000/oauth2/default"));
    let tokens = redeem(&portal, &answer.sent("code").unwrap()).await.expect(200).json();
    assert_eq!(tokens["scope"], "openid read:orders");
}

#[tokio::test]
async fn the_org_server_supports_par_too() {
    let (server, alice) = start().await;
    let asked = asking(&[("scope", "openid")]);
    let answer = server.as_client("portal").post_to("/oauth2/v1/par", &asked).await.expect(201);
    let uri = answer.json()["request_uri"].as_str().unwrap().replace(':', "%3A");
    let mut browser = server.browser_of(&alice).await;
    let path = format!("/oauth2/v1/authorize?client_id=portal&request_uri={uri}");
    assert!(browser.open(&path).await.sent("code").is_some());
}

#[tokio::test]
async fn s2_1_a_pushed_request_uri_is_refused() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    let own = push(&server, &[]).await;
    for uri in [own.as_str(), "https://portal.example/request"] {
        let answer = portal.post("par", &asking(&[("request_uri", uri)])).await;
        answer.expect_error(400, "invalid_request");
    }
    let answer = portal.post("par", &asking(&[("request", "eyJhbGciOiJub25lIn0.e30.")])).await;
    answer.expect_error(400, "request_not_supported");
}

#[tokio::test]
async fn s2_1_the_client_must_authenticate() {
    let (server, _) = start().await;
    for client in [server.anonymous(), server.as_public_client("portal")] {
        let answer = client.post("par", &asking(&[("client_id", "")])).await;
        let refusal = answer.expect_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
        assert!(refusal["decision_id"].is_null(), "no client was authenticated");
    }
    // `client_id` must be the authenticated client.
    let answer = server.as_client("other").post("par", &asking(&[])).await;
    answer.expect_error(400, "invalid_request");
    let unnamed = server.as_client("portal").post("par", &asking(&[("client_id", "")])).await;
    unnamed.expect_error(400, "invalid_request");
    // A public client sends only its id.
    let pkce = scopegate_tests::Pkce::generate();
    let asked = asking(&[
        ("client_id", ""),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ]);
    server.as_public_client("app").post("par", &asked).await.expect(201);
}

/// The parameters that `signer` pushes with an assertion.
fn signed<'a>(assertion: &'a str, scope: &'a str) -> Vec<(&'a str, &'a str)> {
    asking(&[
        ("client_id", "signer"),
        ("scope", scope),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ])
}

#[tokio::test]
async fn s2_aud_must_be_the_issuer_the_token_endpoint_or_this_endpoint() {
    let (server, key) = start_with_signer().await;
    for (audience, status) in [
        ("/oauth2/default", 201),
        ("/oauth2/default/v1/token", 201),
        ("/oauth2/default/v1/par", 201),
        ("/oauth2/v1/par", 401),
        ("/oauth2/default/v1/parcel", 401),
    ] {
        let assertion = server.assertion_of("signer", &key, audience);
        let answer = server.anonymous().post("par", &signed(&assertion, "openid")).await;
        assert_eq!(answer.status, status, "{audience}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_assertion_can_be_used_once() {
    let (server, key) = start_with_signer().await;
    let first = server.assertion_of("signer", &key, "/oauth2/default");
    let nobody = server.anonymous();
    nobody.post("par", &signed(&first, "openid")).await.expect(201);
    nobody.post("par", &signed(&first, "openid")).await.expect_error(401, "invalid_client");
    // A refused request uses up the assertion too.
    let second = server.assertion_of("signer", &key, "/oauth2/default");
    nobody.post("par", &signed(&second, "fly")).await.expect_error(400, "invalid_scope");
    nobody.post("par", &signed(&second, "openid")).await.expect_error(401, "invalid_client");
}

#[tokio::test]
async fn s2_3_an_invalid_request_is_refused_when_it_is_pushed() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    for (changes, error) in [
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("redirect_uri", "https://evil.example/cb")], "invalid_request"),
        (vec![("redirect_uri", "")], "invalid_request"),
        (vec![("scope", "fly:orders")], "invalid_scope"),
        (vec![("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![("code_challenge", "short"), ("code_challenge_method", "S256")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("max_age", "-1")], "invalid_request"),
        (vec![("claims", "[]")], "invalid_request"),
        (vec![("id_token_hint", "eyJhbGciOiJub25lIn0.e30.")], "invalid_request"),
        (vec![("registration", "{}")], "registration_not_supported"),
    ] {
        let answer = portal.post("par", &asking(&changes)).await;
        let json = answer.expect_error(400, error);
        assert!(json["decision_id"].is_string(), "{json}");
        assert!(!answer.body.contains("evil"), "the answer must not repeat the request");
        assert_eq!(answer.header("location"), "");
    }
    let asked = asking(&[("client_id", "reader")]);
    let answer = server.as_client("reader").post("par", &asked).await;
    answer.expect_error(400, "invalid_request");
    let app = server.as_public_client("app").post("par", &asking(&[("client_id", "")])).await;
    app.expect_error(400, "invalid_request");
}

#[tokio::test]
async fn pushed_requests_are_recorded_and_stored_without_secrets() {
    let (server, _) = start().await;
    let uri = push(&server, &[("nonce", "the-nonce-of-the-client")]).await;
    let refused = server.as_client("portal").post("par", &asking(&[("scope", "fly:orders")])).await;
    let decision = refused.expect_error(400, "invalid_scope")["decision_id"].clone();
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.par"));
    assert!(dump.contains(decision.as_str().unwrap()));
    for secret in [uri.strip_prefix(URN).unwrap(), "the-nonce-of-the-client"] {
        assert!(!dump.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn s5_the_metadata_names_the_endpoint() {
    let (server, _) = start().await;
    for (path, issuer) in [
        ("/oauth2/default/.well-known/openid-configuration", "/oauth2/default/v1/par"),
        ("/.well-known/oauth-authorization-server", "/oauth2/v1/par"),
    ] {
        let json = server.anonymous().read(path).await.expect(200).json();
        let endpoint = format!("{}{issuer}", scopegate_tests::BASE);
        assert_eq!(json["pushed_authorization_request_endpoint"], endpoint);
        assert_eq!(json["require_pushed_authorization_requests"], false);
    }
}
