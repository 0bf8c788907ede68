use scopegate_testkit::Broken;
use serde_json::json;

use crate::protected_api::Api;

#[tokio::test]
async fn s3_11_another_token_type_is_refused() {
    let api = Api::start().await;
    let claims = api.claims_with(json!({}));
    let token = |typ: &str| api.signed(&api.header_with(json!({ "typ": typ })), &claims);
    for ours in ["at+jwt", "application/at+jwt", "AT+JWT", "JWT"] {
        api.ask(&token(ours)).await.passes();
    }
    for other in
        ["logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "statuslist+jwt", "at+jwt;x", ""]
    {
        api.ask(&token(other)).await.is_invalid_token();
    }
}

/// Where the issuer writes it, the service asks for it.
#[tokio::test]
async fn s3_11_explicit_typing_can_be_demanded() {
    let api = Api::start_with(scopegate::BearerBuilder::strict_type).await;
    let claims = api.claims_with(json!({}));
    let token = |typ| api.signed(&api.header_with(json!({ "typ": typ })), &claims);
    api.ask(&token(json!("at+jwt"))).await.passes();
    for typ in [json!("JWT"), json!(null)] {
        api.ask(&token(typ)).await.is_invalid_token();
    }
}

/// Other kinds of tokens from the same issuer, with the same audience and key, and only `JWT` as
/// type.
#[tokio::test]
async fn s3_12_other_kinds_of_token_are_refused() {
    let api = Api::start().await;
    let ask = async |members| {
        let header = api.header_with(json!({ "typ": "JWT" }));
        api.ask(&api.signed(&header, &api.claims_with(members))).await
    };
    ask(json!({})).await.passes();
    ask(json!({ "typ": "Bearer" })).await.passes();
    ask(json!({ "nonce": "n-0S6" })).await.passes();
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    for other in [
        json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" }),
        json!({ "c_hash": "77QmUPtjPfzWtF2AnpK9RQ" }),
        json!({ "nonce": "n-0S6", "scope": null, "client_id": null }),
        json!({ "token_use": "id" }),
        json!({ "token_use": ["id"] }),
        json!({ "at_hash": 7 }),
        json!({ "typ": {} }),
        json!({ "typ": "ID" }),
        json!({ "typ": "Refresh" }),
        json!({ "typ": "Offline" }),
        json!({ "typ": "Logout" }),
        json!({ "events": { logout: {} }, "sid": "s1" }),
    ] {
        ask(other).await.is_invalid_token();
    }
    api.ask(&api.broken(Broken::IdToken)).await.is_invalid_token();
    api.ask(&api.broken(Broken::BoundToKey)).await.is_invalid_token();
}
