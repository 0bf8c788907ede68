//! RFC 9207, Authorization Server Issuer Identification.

use crate::rfc6749::world::{asking, start};

#[tokio::test]
async fn every_authorization_response_names_the_issuer() {
    let (server, alice) = start().await;
    let path = "/oauth2/default/.well-known/openid-configuration";
    let metadata = server.anonymous().read(path).await.expect(200).json();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let issuer = metadata["issuer"].as_str();
    let mut browser = server.browser_of(&alice).await;
    for changes in [
        vec![],
        vec![("state", "")],
        vec![("scope", "nonsense")],
        vec![("response_type", "token")],
        vec![("max_age", "0"), ("prompt", "none")],
    ] {
        let answer = browser.authorize(&asking(&changes)).await;
        assert_eq!(answer.sent("iss").as_deref(), issuer, "{changes:?}");
    }
}
