use super::{URL, described};
use crate::protected_api::{Api, answer};

#[tokio::test]
async fn s5_1_every_challenge_says_where_the_document_is() {
    let api = described().await;
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

/// Without a token the place of the document is all that is said.
#[tokio::test]
async fn s5_1_without_a_token_there_is_no_error_beside_it() {
    let refused = answer(described().await.get("/orders")).await;
    assert_eq!(refused.challenge(), format!("Bearer resource_metadata=\"{URL}\""));
}

#[tokio::test]
async fn who_has_no_document_names_none() {
    answer(Api::start().await.get("/orders")).await.is_bare();
}
