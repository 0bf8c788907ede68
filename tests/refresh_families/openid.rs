//! The ID token of a refresh (OpenID Connect Core §12.2).

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_tests::{BASE, claims};

use crate::refresh_families::place::Place;

#[tokio::test]
async fn s12_2_the_id_token_speaks_of_the_same_sign_in() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    at.clock().advance(Duration::from_secs(3600));
    let json = at.portal().refresh(&token).await.expect(200).json();
    let id = claims(json["id_token"].as_str().unwrap());
    assert_eq!(id["iss"], format!("{BASE}/oauth2/default"));
    assert_eq!(id["sub"], at.alice.id.as_str());
    assert_eq!(id["aud"], "portal");
    let family = at.row(&token).await;
    let auth = family.body.auth.unwrap();
    assert_eq!(id["auth_time"], auth.at.as_seconds());
    assert_eq!(id["sid"], auth.session.unwrap().as_str());
    assert_eq!(id["iat"], at.clock().now().as_seconds());
    assert!(id["at_hash"].is_string());
    assert!(id["nonce"].is_null() && id["azp"].is_null());
    let access = claims(json["access_token"].as_str().unwrap());
    assert_eq!(access["sub"], id["sub"]);
    assert_eq!(access["userinfo_claims"], serde_json::json!(["email"]));
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let at = Place::start().await;
    let token = at.begin_with("portal", "read:orders offline_access").await;
    assert!(at.portal().refresh(&token).await.expect(200).json()["id_token"].is_null());
}
