use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::protected_api::{Api, answer};

#[tokio::test]
async fn s2_1_a_token_is_accepted_in_the_authorization_header() {
    let api = Api::start().await;
    let token = api.good();
    api.ask_with(&format!("Bearer {token}")).await.passes();
    // RFC 9110 §11.1: the name of a scheme is case-insensitive.
    api.ask_with(&format!("bearer {token}")).await.passes();
    api.ask_with(&format!("BEARER {token}")).await.passes();
    api.ask_with(&token).await.is_bare();
    api.ask_with("Basic cmVhZGVyOnNlY3JldA==").await.is_bare();
    for malformed in
        ["Bearer".to_owned(), format!("Bearer {token} x"), format!("Bearer \"{token}\"")]
    {
        api.ask_with(&malformed).await.is_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn s2_2_a_token_in_the_body_is_not_read() {
    let api = Api::start().await;
    let writer = api.issuer.token().scope("read:orders write:orders").sign();
    let request = |form: String| {
        api.post("/orders").header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
    };
    answer(request(format!("access_token={writer}"))).await.is_bare();
    answer(request("quantity=1".to_owned()).bearer_auth(&writer)).await.passes();
}

/// OAuth 2.1 and RFC 9700 §4.3.2 forbid it.
#[tokio::test]
async fn s2_3_a_token_in_the_query_is_not_read() {
    let api = Api::start().await;
    let token = api.good();
    answer(api.get(&format!("/orders?access_token={token}"))).await.is_bare();
    answer(api.get("/orders?limit=3").bearer_auth(&token)).await.passes();
}

#[tokio::test]
async fn s2_two_methods_in_one_request_are_refused() {
    let api = Api::start().await;
    let token = api.good();
    let twice = api.get(&format!("/orders?access_token={token}")).bearer_auth(&token);
    answer(twice).await.is_refused(400, "invalid_request");
    let header = format!("Bearer {token}");
    let two_headers =
        api.get("/orders").header(AUTHORIZATION, &header).header(AUTHORIZATION, &header);
    answer(two_headers).await.is_refused(400, "invalid_request");
    answer(api.get("/orders").header(AUTHORIZATION, &header)).await.passes();
}
