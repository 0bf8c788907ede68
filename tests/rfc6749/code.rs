//! §4.1.2 and §4.1.3: codes, and what they are redeemed for.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::catalog::Status;
use scopegate_core::people::passwords::Password;
use scopegate_core::store::{ArtifactKind, ArtifactName, Ledger, Records};
use scopegate_tests::{Pkce, TestClient, TestServer, changed};
use serde_json::Value;

use crate::rfc6749::world::{asking, assert_told, catalog, code, redeem, redemption, start};

/// Whether a token still stands, as introspection says.
async fn is_active(client: &TestClient<'_>, token: &Value) -> bool {
    let token = token.as_str().unwrap();
    client.post("introspect", &[("token", token)]).await.expect(200).json()["active"] == true
}

#[tokio::test]
async fn s4_1_4_the_answer_has_what_was_granted() {
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
async fn without_openid_there_is_no_id_token_and_without_offline_access_nothing_to_refresh() {
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
    // A client without the grant gets none, though it asks.
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
async fn s4_1_2_code_is_single_use() {
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
async fn s4_1_2_a_replayed_code_ends_its_tokens() {
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

/// Whoever only found a code does not know where it was sent, or the verifier.
#[tokio::test]
async fn s4_1_2_a_used_code_ends_nothing_without_its_redirect_and_its_verifier() {
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

/// A redirect URI that the request did not name binds nothing.
#[tokio::test]
async fn s4_1_2_a_used_code_without_a_redirect_in_its_request_ends_its_tokens() {
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
async fn a_new_password_ends_codes_that_are_not_redeemed_yet() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[("scope", "openid offline_access")]).await;
    let password = Password::chosen("another password".to_owned()).unwrap();
    server.authority().set_user_password("alice", password).await.unwrap();
    let portal = server.as_client("portal");
    redeem(&portal, &code).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn s4_1_2_a_code_ends_its_family_long_after_it_is_forgotten() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[("scope", "openid offline_access read:orders")]).await;
    let tokens = redeem(&portal, &code).await.expect(200).json();
    server.clock().advance(Duration::from_secs(2 * 24 * 60 * 60));
    server.store().forget_expired(server.clock().now()).await.unwrap();
    let name = ArtifactName::of_secret(&code);
    assert!(server.store().artifact(ArtifactKind::Code, &name).await.unwrap().is_none());

    // To another client it is no code at all.
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    redeem(&server.as_client("other"), &code).await.expect_error(400, "invalid_grant");
    let tokens = portal.refresh(refresh_token).await.expect(200).json();

    redeem(&portal, &code).await.expect_error(400, "invalid_grant");
    assert!(!is_active(&portal, &tokens["access_token"]).await);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    portal.refresh(refresh_token).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn s4_1_2_a_redeemed_code_is_known_as_long_as_its_token_lives() {
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
    // And nothing has become of it.
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
    // And nothing has become of it.
    redeem(&portal, &code).await.expect(200);
}

/// Okta evaluates a policy once, when the person signs in.
#[tokio::test]
async fn policy_is_not_asked_again() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let scope = "openid read:orders write:orders";
    let code = code(&mut browser, &[("scope", scope)]).await;
    // Both rules are for another grant now.
    let other = "grant_types = [\"client_credentials\"]";
    server.apply(catalog().rule("staff", other).rule("everybody", other)).await;
    assert_told(&browser.authorize(&asking(&[("scope", scope)])).await, "access_denied");
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
async fn what_is_no_code_is_refused() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    let form = [("grant_type", "authorization_code")];
    portal.token(&form).await.expect_error(400, "invalid_request");
    for code in ["x", &"a".repeat(43), &"a".repeat(5000), "é"] {
        redeem(&portal, code).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_suspended_person_has_no_codes() {
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
async fn of_two_exchanges_at_once_one_wins_and_then_none() {
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
async fn a_crash_after_consuming_yields_no_second_token() {
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
async fn no_code_is_stored() {
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
