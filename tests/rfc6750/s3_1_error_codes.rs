use scopegate_testkit::Broken;

use crate::protected_api::{Api, answer};

#[tokio::test]
async fn a_malformed_request_is_invalid_request_400() {
    let api = Api::start().await;
    api.ask_with("Bearer a b").await.is_refused(400, "invalid_request");
    api.ask_with(&format!("Bearer {}", api.good())).await.passes();
}

#[tokio::test]
async fn a_bad_token_is_invalid_token_401() {
    let api = Api::start().await;
    for broken in [Broken::Expired, Broken::NotAToken, Broken::SignatureChanged, Broken::Oversized]
    {
        api.ask(&api.broken(broken)).await.is_invalid_token();
    }
    api.ask(&api.good()).await.passes();
}

#[tokio::test]
async fn a_missing_scope_is_insufficient_scope_403_with_all_needed_scopes() {
    let api = Api::start().await;
    for held in ["", "write:orders", "read", "read:orders:all", "READ:ORDERS"] {
        let refused = api.ask(&api.issuer.token().scope(held).sign()).await;
        refused.is_refused(403, "insufficient_scope");
        assert_eq!(refused.parameter("scope"), Some("read:orders"), "{held}");
    }
    let reader = api.good();
    let refused = answer(api.post("/orders").bearer_auth(&reader)).await;
    refused.is_refused(403, "insufficient_scope");
    assert_eq!(refused.parameter("scope"), Some("read:orders write:orders"));
    let writer = api.issuer.token().scope("write:orders read:orders").sign();
    answer(api.post("/orders").bearer_auth(&writer)).await.passes();
}

/// "If the request lacks any authentication information … the resource server SHOULD NOT include an
/// error code or other error information."
#[tokio::test]
async fn without_a_token_there_is_no_error_code() {
    let api = Api::start().await;
    answer(api.get("/orders")).await.is_bare();
    answer(api.post("/orders")).await.is_bare();
    answer(api.get("/there-is-nothing")).await.is_bare();
    answer(api.get("/orders").bearer_auth(api.good())).await.passes();
}

/// If the keys cannot be fetched, the answer is neither an error of the client nor access.
#[tokio::test]
async fn an_unreachable_issuer_is_503_without_a_challenge() {
    let api = Api::start().await;
    api.issuer.go_down();
    let refused = api.ask(&api.good()).await;
    assert_eq!((refused.status, refused.challenge()), (503, ""));
    assert!(refused.headers.contains_key("retry-after"));
    api.issuer.come_back();
    api.issuer.clock().advance(std::time::Duration::from_secs(15));
    api.ask(&api.good()).await.passes();
}
