//! OAuth 2.0 Form Post Response Mode.

use crate::rfc6749::world::{CALLBACK, asking, assert_error_redirect, assert_page, start};

#[tokio::test]
async fn the_form_post_page_holds_the_answer_and_runs_only_its_own_script() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let hostile = "\"><script>alert(1)</script>";
    let asked = asking(&[("response_mode", "form_post"), ("state", hostile)]);
    let answer = browser.authorize(&asked).await;
    assert_page(&answer, 200);
    let page = answer.page();
    assert_eq!(page.action.as_deref(), Some(CALLBACK));
    assert_eq!(page.field("state"), Some(hostile));
    assert_eq!(page.field("iss"), Some("http://127.0.0.1:9000/oauth2/default"));
    assert_eq!(page.field("code").map(str::len), Some(43));
    assert_eq!(answer.body.matches("<script").count(), 1);
    assert!(answer.body.contains("document.forms[0].submit()"));
    let csp = answer.header("content-security-policy");
    assert!(csp.contains("script-src 'sha256-") && !csp.contains("unsafe"), "{csp}");
}

#[tokio::test]
async fn an_error_is_sent_by_form_post_too() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("response_mode", "form_post"), ("scope", "nonsense")]);
    let answer = browser.authorize(&asked).await.expect(200);
    assert_eq!(answer.page().field("error"), Some("invalid_scope"));
    assert_eq!(answer.page().field("state"), Some("a state"));
}

#[tokio::test]
async fn a_bad_state_is_reported_by_form_post() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let long = "a".repeat(1025);
    let form_post = ("response_mode", "form_post");
    let too_long = asking(&[form_post, ("state", &long)]);
    let repeated = [asking(&[form_post]), vec![("state", "b")]].concat();
    for asked in [too_long, repeated] {
        let answer = browser.authorize(&asked).await.expect(200);
        let page = answer.page();
        assert_eq!(page.action.as_deref(), Some(CALLBACK));
        assert_eq!(page.field("error"), Some("invalid_request"));
        assert_eq!(page.field("state"), None);
    }
    // A repeated response mode is ignored, so the error is sent in the query.
    let both = [asking(&[form_post]), vec![("response_mode", "query")]].concat();
    assert_error_redirect(&browser.authorize(&both).await, "invalid_request");
}
