//! Core §2, §3.1.3: the tokens that are issued for a code.

use scopegate_tests::secret_of;

use crate::oidc_core::flow::{code, id_token, request, start, tokens};

#[tokio::test]
async fn a_plain_flow_gives_a_valid_id_token() {
    let (server, alice) = start().await;
    let mut browser = server.browser();
    let tokens = tokens(&server, &mut browser, &[]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid");
    let claims = id_token(&server, &tokens).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&alice.id.as_str().into(), &"portal".into()));
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!((&claims["iat"], &claims["exp"]), (&1_800_000_000.into(), &1_800_003_600.into()));
    assert_eq!(claims["auth_time"], 1_800_000_000);
    assert_eq!(
        (&claims["acr"], &claims["amr"][0]),
        (&"urn:okta:loa:1fa:pwd".into(), &"pwd".into())
    );
    assert!(claims["sid"].as_str().unwrap().starts_with("ses"));
    assert!(claims.get("email").is_none(), "the claims of scopes are returned by userinfo");
}

#[tokio::test]
async fn the_signature_is_rs256_and_never_none() {
    let (server, _) = start().await;
    let tokens = tokens(&server, &mut server.browser(), &[]).await;
    let head = tokens["id_token"].as_str().unwrap().split('.').next().unwrap();
    let head = scopegate_jose::base64url::decode(head).unwrap();
    let head: serde_json::Value = serde_json::from_slice(&head).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&"RS256".into(), &"JWT".into()));
}

#[tokio::test]
async fn a_client_with_client_secret_post_and_two_redirect_uris_gets_tokens() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for redirect in ["https://poster.example/one", "https://poster.example/two"] {
        let asked = [("client_id", "poster"), ("redirect_uri", redirect)];
        let answer = browser.authorize(&request(&asked)).await;
        assert!(answer.location().as_str().starts_with(redirect), "{}", answer.location());
        let tokens = server
            .anonymous()
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &code(&answer)),
                ("redirect_uri", redirect),
                ("client_id", "poster"),
                ("client_secret", &secret_of("poster")),
            ])
            .await;
        let claims = id_token(&server, &tokens.expect(200).json()).await;
        assert_eq!((&claims["aud"], &claims["sub"]), (&"poster".into(), &alice.id.as_str().into()));
    }
}

#[tokio::test]
async fn without_a_nonce_in_the_request_the_id_token_has_none() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let tokens = tokens(&server, &mut browser, &[("nonce", "")]).await;
    assert!(id_token(&server, &tokens).await.get("nonce").is_none());
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let tokens = tokens(&server, &mut browser, &[("scope", "read:orders")]).await;
    assert!(tokens.get("id_token").is_none(), "{tokens}");
}

#[tokio::test]
async fn the_org_server_allows_only_the_standard_scopes() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let open = |scope: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(request(&[("scope", scope)]))
            .finish();
        format!("/oauth2/v1/authorize?{query}")
    };
    for scope in ["openid okta.clients.read", "read:orders", "groups"] {
        let refused = browser.open(&open(scope)).await;
        assert_eq!(refused.sent("error").as_deref(), Some("invalid_scope"), "{scope}");
    }
    let answer = browser.open(&open("openid email")).await;
    assert_eq!(answer.sent("iss").as_deref(), Some(scopegate_tests::BASE));
    let code = answer.sent("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", crate::oidc_core::flow::REDIRECT),
    ];
    let tokens = server.as_client("portal").post_to("/oauth2/v1/token", &form).await;
    let tokens = tokens.expect(200).json();
    let bearer = server.anonymous().bearing(tokens["access_token"].as_str().unwrap());
    let known = bearer.read("/oauth2/v1/userinfo").await.expect(200).json();
    assert_eq!(known["email"], "alice@example.com");
    let elsewhere = bearer.read("/oauth2/default/v1/userinfo").await;
    elsewhere.expect_error(401, "invalid_token");
}
