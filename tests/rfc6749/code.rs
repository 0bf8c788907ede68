//! §4.1.2 and §4.1.3: codes and their redemption.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::catalog::Status;
use scopegate_core::people::passwords::Password;
use scopegate_core::store::{ArtifactKind, ArtifactName, Ledger, Records};
use scopegate_tests::{Pkce, TestClient, TestServer, changed};
use serde_json::Value;

use crate::rfc6749::world::{
    asking, assert_error_redirect, catalog, code, redeem, redemption, start,
};

/// Whether a token is still active, according to introspection.
async fn is_active(client: &TestClient<'_>, token: &Value) -> bool {
    let token = token.as_str().unwrap();
    client.post("introspect", &[("token", token)]).await.expect(200).json()["active"] == true
}

#[tokio::test]
async fn s4_1_4_the_answer_holds_the_granted_tokens() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[("scope", "openid offline_access read:orders")]).await;
    let answer = redeem(&server.as_client("portal"), &code).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    assert_eq!(json["scope"], "openid offline_access read:orders");
    for name in ["access_token", "id_token", "refresh_token"] {
        assert!(json[name].is_string(), "{name}: {json}");
    }
}

#[tokio::test]
async fn id_tokens_need_openid_and_refresh_tokens_need_offline_access() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for (scope, has_id_token, has_refresh_token) in [
        ("read:orders", false, false),
        ("openid", true, false),
        ("read:orders offline_access", false, true),
    ] {
        let code = code(&mut browser, &[("scope", scope)]).await;
        let json = redeem(&portal, &code).await.expect(200).json();
        assert_eq!(json["id_token"].is_string(), has_id_token, "{scope}");
        assert_eq!(json["refresh_token"].is_string(), has_refresh_token, "{scope}");
    }
    // A client that may not use refresh tokens gets none, even if it requests `offline_access`.
    let pkce = Pkce::generate();
    let asked = asking(&[
        ("client_id", "other"),
        ("scope", "openid offline_access"),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ]);
    let code = browser.authorize(&asked).await.sent("code").unwrap();
    let json =
        server.as_client("other").redeem(&code, crate::rfc6749::world::CALLBACK, &pkce).await;
    let json = json.expect(200).json();
    assert_eq!((&json["scope"], json["refresh_token"].is_null()), (&"openid".into(), true));
}

#[tokio::test]
async fn s4_1_2_a_code_can_be_used_once() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[]).await;
    redeem(&portal, &code).await.expect(200);
    let refusal = redeem(&portal, &code).await.expect_error(400, "invalid_grant");
    assert_eq!(refusal["error_description"], "The grant is not valid.");
    assert!(refusal["decision_id"].is_string());
}

#[tokio::test]
async fn s4_1_2_a_replayed_code_revokes_its_tokens() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for (scope, later) in [
        ("openid read:orders", Duration::ZERO),
        ("openid read:orders", Duration::from_secs(31)),
        ("openid offline_access read:orders", Duration::ZERO),
        ("openid offline_access read:orders", Duration::from_secs(31)),
    ] {
        let code = code(&mut browser, &[("scope", scope)]).await;
        let tokens = redeem(&portal, &code).await.expect(200).json();
        assert!(is_active(&portal, &tokens["access_token"]).await);
        server.clock().advance(later);
        redeem(&portal, &code).await.expect_error(400, "invalid_grant");
        assert!(!is_active(&portal, &tokens["access_token"]).await, "{scope} {later:?}");
        if let Some(refresh_token) = tokens["refresh_token"].as_str() {
            portal.refresh(refresh_token).await.expect_error(400, "invalid_grant");
        }
    }
}

/// Somebody who only found a code does not know the redirect URI and the verifier, and so cannot
/// revoke the tokens.
#[tokio::test]
async fn s4_1_2_a_replay_revokes_tokens_only_with_the_right_redirect_and_verifier() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for is_forgotten in [false, true] {
        for scope in ["openid read:orders", "openid offline_access read:orders"] {
            let pkce = Pkce::generate();
            let asked = [
                ("scope", scope),
                ("code_challenge", &pkce.challenge),
                ("code_challenge_method", "S256"),
            ];
            let code = code(&mut browser, &asked).await;
            let shown = [&redemption(&code)[..], &[("code_verifier", &pkce.verifier)]].concat();
            let tokens = portal.token(&shown).await.expect(200).json();
            let access_token = &tokens["access_token"];
            if is_forgotten {
                server.clock().advance(Duration::from_secs(3601));
                server.store().forget_expired(server.clock().now()).await.unwrap();
            }
            let another = Pkce::generate();
            for (name, value) in [
                ("redirect_uri", ""),
                ("redirect_uri", "https://portal.example/cb/"),
                ("code_verifier", ""),
                ("code_verifier", &another.verifier),
                ("code_verifier", &pkce.challenge),
            ] {
                let found = changed(&shown, &[(name, value)]);
                portal.token(&found).await.expect_error(400, "invalid_grant");
            }
            let refresh_token = tokens["refresh_token"].as_str();
            assert_eq!(refresh_token.is_some(), scope.contains("offline_access"));
            let access_token = match refresh_token {
                Some(token) => &portal.refresh(token).await.expect(200).json()["access_token"],
                None => access_token,
            };
            assert_eq!(
                is_active(&portal, access_token).await,
                !is_forgotten || refresh_token.is_some()
            );

            portal.token(&shown).await.expect_error(400, "invalid_grant");
            assert!(!is_active(&portal, access_token).await, "{is_forgotten} {scope}");
        }
    }
}

/// If the request had no redirect URI, a replay need not have the right one.
#[tokio::test]
async fn s4_1_2_a_replayed_code_of_a_request_without_redirect_revokes_its_tokens() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for later in [Duration::ZERO, Duration::from_secs(2 * 60 * 60)] {
        let asked = [("redirect_uri", ""), ("scope", "offline_access read:orders")];
        let code = code(&mut browser, &asked).await;
        let tokens = redeem(&portal, &code).await.expect(200).json();
        server.clock().advance(later);
        server.store().forget_expired(server.clock().now()).await.unwrap();
        redeem(&portal, &code).await.expect_error(400, "invalid_grant");
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        portal.refresh(refresh_token).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_new_password_revokes_codes_that_are_not_redeemed_yet() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[("scope", "openid offline_access")]).await;
    let password = Password::chosen("another password".to_owned()).unwrap();
    server.authority().set_user_password("alice", password).await.unwrap();
    let portal = server.as_client("portal");
    redeem(&portal, &code).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn s4_1_2_a_replayed_code_revokes_its_family_even_after_its_row_is_deleted() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[("scope", "openid offline_access read:orders")]).await;
    let tokens = redeem(&portal, &code).await.expect(200).json();
    server.clock().advance(Duration::from_secs(2 * 24 * 60 * 60));
    server.store().forget_expired(server.clock().now()).await.unwrap();
    let name = ArtifactName::of_secret(&code);
    assert!(server.store().artifact(ArtifactKind::Code, &name).await.unwrap().is_none());

    // A replay by another client has no effect.
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    redeem(&server.as_client("other"), &code).await.expect_error(400, "invalid_grant");
    let tokens = portal.refresh(refresh_token).await.expect(200).json();

    redeem(&portal, &code).await.expect_error(400, "invalid_grant");
    assert!(!is_active(&portal, &tokens["access_token"]).await);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    portal.refresh(refresh_token).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn s4_1_2_a_redeemed_code_is_stored_as_long_as_its_access_token_lives() {
    let day = "access_token_lifetime = \"24h\"";
    let catalog = catalog().rule("staff", day);
    let (server, alice) = TestServer::start_with_alice(catalog).await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[("scope", "openid read:orders")]).await;
    let tokens = redeem(&portal, &code).await.expect(200).json();
    let lifetime = tokens["expires_in"].as_u64().unwrap();
    server.clock().advance(Duration::from_secs(lifetime - 1));
    server.store().forget_expired(server.clock().now()).await.unwrap();
    redeem(&portal, &code).await.expect_error(400, "invalid_grant");
    assert!(!is_active(&portal, &tokens["access_token"]).await);
}

#[tokio::test]
async fn s4_1_3_another_clients_code_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[]).await;
    redeem(&server.as_client("other"), &code).await.expect_error(400, "invalid_grant");
    // The code is still valid for its own client and server.
    let tokens = redeem(&portal, &code).await.expect(200).json();
    redeem(&server.as_client("other"), &code).await.expect_error(400, "invalid_grant");
    assert!(is_active(&portal, &tokens["access_token"]).await);
}

#[tokio::test]
async fn s4_1_3_a_code_of_another_server_is_refused() {
    let (server, alice) = start().await;
    server.apply(catalog().server("second", "")).await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[]).await;
    for elsewhere in ["/oauth2/second/v1/token", "/oauth2/v1/token"] {
        let answer = portal.post_to(elsewhere, &redemption(&code)).await;
        answer.expect_error(400, "invalid_grant");
    }
    // The code is still valid for its own client and server.
    redeem(&portal, &code).await.expect(200);
}

/// As at Okta, the policy is evaluated once, at the authorization endpoint.
#[tokio::test]
async fn redeeming_a_code_does_not_evaluate_the_policy_again() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let scope = "openid read:orders write:orders";
    let code = code(&mut browser, &[("scope", scope)]).await;
    // Both rules are for another grant now.
    let other = "grant_types = [\"client_credentials\"]";
    server.apply(catalog().rule("staff", other).rule("everybody", other)).await;
    assert_error_redirect(&browser.authorize(&asking(&[("scope", scope)])).await, "access_denied");
    let json = redeem(&portal, &code).await.expect(200).json();
    assert_eq!((&json["scope"], &json["expires_in"]), (&scope.into(), &600.into()));
}

#[tokio::test]
async fn s4_1_3_the_redirect_uri_must_be_the_same() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[]).await;
    for uri in ["", "https://portal.example/cb/", "https://other.example/cb"] {
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri)];
        portal.token(&form).await.expect_error(400, "invalid_grant");
    }
    redeem(&portal, &code).await.expect(200);
}

#[tokio::test]
async fn s4_1_2_an_expired_code_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[]).await;
    server.clock().advance(Duration::from_secs(299));
    let late = self::code(&mut browser, &[]).await;
    redeem(&portal, &code).await.expect(200);
    server.clock().advance(Duration::from_secs(300));
    redeem(&portal, &late).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn an_unknown_code_is_refused() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    let form = [("grant_type", "authorization_code")];
    portal.token(&form).await.expect_error(400, "invalid_request");
    for code in ["x", &"a".repeat(43), &"a".repeat(5000), "é"] {
        redeem(&portal, code).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_code_of_a_suspended_user_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    suspend(&server, "alice").await;
    redeem(&server.as_client("portal"), &code).await.expect_error(400, "invalid_grant");
}

async fn suspend(server: &TestServer, login: &str) {
    server.authority().set_user_status(login, Status::Inactive).await.unwrap();
}

#[tokio::test]
async fn of_concurrent_redemptions_one_succeeds_and_its_tokens_are_revoked() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for _ in 0..10 {
        let code = code(&mut browser, &[]).await;
        let all = futures_util::future::join_all((0..4).map(|_| redeem(&portal, &code))).await;
        let won: Vec<_> = all.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in all.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "invalid_grant");
        }
        assert!(!is_active(&portal, &won[0].json()["access_token"]).await);
    }
}

#[tokio::test]
async fn a_redeemed_code_is_refused_after_a_crash() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (used, unused) = (code(&mut browser, &[]).await, code(&mut browser, &[]).await);
    redeem(&server.as_client("portal"), &used).await.expect(200);
    drop(browser);
    let server = server.crash().await;
    let portal = server.as_client("portal");
    redeem(&portal, &used).await.expect_error(400, "invalid_grant");
    redeem(&portal, &unused).await.expect(200);
}

#[tokio::test]
async fn codes_are_not_stored_in_plain_text() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (used, unused) = (code(&mut browser, &[]).await, code(&mut browser, &[]).await);
    let answer = redeem(&server.as_client("portal"), &used).await.expect(200).json();
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.authorize.code"));
    for secret in [&used, &unused, answer["access_token"].as_str().unwrap()] {
        assert!(!dump.contains(secret));
    }
}
