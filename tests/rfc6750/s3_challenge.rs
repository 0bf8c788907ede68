use scopegate_testkit::Broken;

use crate::protected_api::{Api, answer};

#[tokio::test]
async fn every_401_has_a_challenge_and_a_good_answer_has_none() {
    let api = Api::start().await;
    api.ask(&api.good()).await.passes();
    assert_eq!(answer(api.get("/orders")).await.challenge(), "Bearer");
    for &broken in Broken::ALL {
        let refused = api.ask(&api.broken(broken)).await;
        assert_eq!(refused.status, 401, "{broken}");
        assert!(refused.challenge().starts_with("Bearer error=\"invalid_token\""), "{broken}");
    }
}

/// Every error has the same scheme, and each parameter appears at most once.
#[tokio::test]
async fn each_parameter_appears_at_most_once() {
    let api = Api::start_with(|builder| builder.realm("orders")).await;
    let other_scope = api.issuer.token().scope("write:orders").sign();
    let answers = [
        answer(api.get("/orders")).await,
        api.ask("x").await,
        api.ask(&other_scope).await,
        api.ask_with("Bearer").await,
    ];
    for refused in &answers {
        let challenge = refused.challenge();
        assert_eq!(refused.parameter("realm"), Some("orders"), "{challenge}");
        for name in ["realm=", " scope=", " error=", "error_description="] {
            assert!(challenge.matches(name).count() <= 1, "{name} in {challenge}");
        }
    }
    assert_eq!(answers[2].parameter("scope"), Some("read:orders"));
}

/// `error_description` has no quotes and no backslashes, and does not repeat the token.
#[tokio::test]
async fn the_error_description_is_fixed_text() {
    let api = Api::start().await;
    let hostile = [
        api.issuer.token().claim("iss", "https://evil.example/\", error=\"none").sign(),
        api.issuer.token().claim("aud", "\r\nSet-Cookie: a=b").sign(),
        api.issuer.token().claim("scp", "\"\\").sign(),
    ];
    for token in hostile {
        let refused = api.ask(&token).await;
        refused.is_invalid_token();
        let description = refused.parameter("error_description").unwrap();
        assert!(
            description.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            "{description}"
        );
        assert!(!refused.headers.contains_key("set-cookie"));
        assert!(!refused.body.contains("evil"));
    }
}
