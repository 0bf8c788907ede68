//! What a refresh keeps of what was asked in the first place (OpenID Connect Core §5.5, §12.2).

use scopegate_tests::claims;

use crate::refresh_families::place::Place;

#[tokio::test]
async fn what_was_asked_for_at_userinfo_is_told_after_a_refresh_too() {
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
