use super::{URL, api_with_metadata};
use crate::protected_api::{Api, answer};

#[tokio::test]
async fn s5_1_every_challenge_holds_the_url_of_the_document() {
    let api = api_with_metadata().await;
    let poor = api.issuer.token().sign();
    let answers = [
        answer(api.get("/orders")).await,
        api.ask("x").await,
        api.ask_with("Bearer a b").await,
        api.ask(&poor).await,
        answer(api.get("/pay").bearer_auth(&poor)).await,
    ];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [401, 401, 400, 403, 401]);
    for refused in &answers {
        assert_eq!(refused.parameter("resource_metadata"), Some(URL), "{}", refused.challenge());
    }
    api.ask(&api.good()).await.passes();
}

/// The challenge for a request without a token holds only the URL of the document.
#[tokio::test]
async fn s5_1_without_a_token_the_challenge_has_no_error() {
    let refused = answer(api_with_metadata().await.get("/orders")).await;
    assert_eq!(refused.challenge(), format!("Bearer resource_metadata=\"{URL}\""));
}

#[tokio::test]
async fn without_a_document_the_challenge_has_no_url() {
    answer(Api::start().await.get("/orders")).await.is_bare();
}
