//! The parts of the original request that a refresh keeps (OpenID Connect Core §5.5, §12.2).

use scopegate_tests::claims;

use crate::refresh_families::place::Place;

#[tokio::test]
async fn requested_userinfo_claims_are_kept_by_a_refresh() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let json = at.portal().refresh(&token).await.expect(200).json();
    let access = claims(json["access_token"].as_str().unwrap());
    assert_eq!(access["userinfo_claims"], serde_json::json!(["email"]));
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let at = Place::start().await;
    let token = at.begin_with("portal", "read:orders offline_access").await;
    assert!(at.portal().refresh(&token).await.expect(200).json()["id_token"].is_null());
}
