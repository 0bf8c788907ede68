//! §3.1 and §3.2: the device authorization request.

use scopegate_tests::{BASE, claims};

use crate::rfc8628::world::{codes, decide, poll, request_codes, start};

#[tokio::test]
async fn s3_2_the_answer_is_complete() {
    let (server, _) = start().await;
    let tv = server.as_public_client("tv");
    let answer = tv.post("device/authorize", &[("scope", "openid read:orders")]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = codes(&answer).json;
    assert_eq!(json["device_code"].as_str().unwrap().len(), 43);
    let user_code = json["user_code"].as_str().unwrap();
    let (left, right) = user_code.split_once('-').unwrap();
    let letters = "BCDFGHJKLMNPQRSTVWXZ";
    for half in [left, right] {
        assert!(half.len() == 4 && half.chars().all(|c| letters.contains(c)), "{user_code}");
    }
    assert_eq!(json["verification_uri"], format!("{BASE}/activate"));
    let complete = format!("{BASE}/activate?user_code={user_code}");
    assert_eq!(json["verification_uri_complete"], complete);
    assert_eq!((&json["expires_in"], &json["interval"]), (&600.into(), &5.into()));
    assert_eq!(json.as_object().unwrap().len(), 6);
}

#[tokio::test]
async fn s3_1_the_client_must_authenticate_and_be_allowed_to_use_the_grant() {
    let (server, _) = start().await;
    let asked = [("scope", "read:orders")];
    let post = async |client: scopegate_tests::TestClient<'_>| {
        client.post("device/authorize", &asked).await
    };
    post(server.as_client("printer")).await.expect(200);
    post(server.anonymous()).await.expect_error(401, "invalid_client");
    post(server.as_public_client("printer")).await.expect_error(401, "invalid_client");
    post(server.as_public_client("nobody")).await.expect_error(401, "invalid_client");
    let refusal = post(server.as_client("reader")).await.expect_error(400, "unauthorized_client");
    assert!(refusal["decision_id"].is_string());
}

#[tokio::test]
async fn s3_1_the_scope_and_the_resource_must_exist_at_the_server() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    for (name, value, error) in [
        ("scope", "fly:orders", "invalid_scope"),
        ("scope", "\"", "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("resource", "https://elsewhere.example", "invalid_target"),
    ] {
        let usual = ("scope", "read:orders");
        let form = if name == "scope" { vec![(name, value)] } else { vec![usual, (name, value)] };
        let refusal = tv.post("device/authorize", &form).await.expect_error(400, error);
        assert!(refusal["decision_id"].is_string(), "{refusal}");
    }
    // The token is for the requested resource.
    let form = [("scope", "read:orders"), ("resource", "https://stock.example/")];
    let asked = codes(&tv.post("device/authorize", &form).await);
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    let token = poll(&tv, &asked.device).await.expect(200).json();
    assert_eq!(claims(token["access_token"].as_str().unwrap())["aud"], "api://stock");
}

#[tokio::test]
async fn devices_can_sign_in_at_the_org_server() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    let asked = tv.post_to("/oauth2/v1/device/authorize", &[("scope", "openid")]).await;
    let asked = codes(&asked);
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    poll(&tv, &asked.device).await.expect_error(400, "invalid_grant");
    let form =
        [("grant_type", crate::rfc8628::world::GRANT_TYPE), ("device_code", asked.device.as_str())];
    let json = tv.post_to("/oauth2/v1/token", &form).await.expect(200).json();
    assert!(json["id_token"].is_string());
}

#[tokio::test]
async fn s4_the_metadata_names_the_endpoint_and_the_grant() {
    let (server, _) = start().await;
    for (path, endpoint) in [
        ("/oauth2/default/.well-known/openid-configuration", "/oauth2/default/v1/device/authorize"),
        ("/.well-known/oauth-authorization-server", "/oauth2/v1/device/authorize"),
    ] {
        let json = server.anonymous().read(path).await.expect(200).json();
        assert_eq!(json["device_authorization_endpoint"], format!("{BASE}{endpoint}"));
        let grants = json["grant_types_supported"].as_array().unwrap();
        assert!(grants.contains(&crate::rfc8628::world::GRANT_TYPE.into()), "{grants:?}");
    }
}

#[tokio::test]
async fn neither_code_is_stored_in_plain_text() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "openid read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    for kind in ["app.oauth2.as.device.authorize", "app.oauth2.as.device.approve"] {
        assert!(dump.contains(kind), "{kind}");
    }
    for code in [asked.device.as_str(), &asked.user, &asked.user.replace('-', "")] {
        assert!(!dump.contains(code));
    }
}
