//! Pages for users: plain HTML that works without a script.
//!
//! A page is a template in `templates/` and a type with the values that the template shows. All
//! templates extend `layout.html`. askama compiles them into this crate.

pub(super) mod consent;
pub(super) mod device;
pub(super) mod error;
mod escape;
pub(super) mod form_post;
pub(super) mod session;
pub(super) mod sign_in;

use std::sync::OnceLock;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use scopegate_jose::{base64url, sha256};

pub(super) use self::error::failure;

/// The style of all pages. `layout.html` contains it.
const STYLE: &str = include_str!("../../templates/style.css");

/// Answers with a page that runs no script.
pub(super) fn page(template: &impl Template) -> Response {
    answer(template, None)
}

/// Answers with a page that runs this one script. The template must contain it byte for byte.
pub(super) fn page_with_script(template: &impl Template, script: &'static str) -> Response {
    answer(template, Some(script))
}

fn answer(template: &impl Template, script: Option<&'static str>) -> Response {
    let html = template.render().expect("writing texts to a string cannot fail");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy(script)),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, html).into_response()
}

/// What a browser may load and run for a page: our style, and our script if there is one.
///
/// `form-action` is left out: browsers also apply it to the redirect after a form, which leads to the
/// client.
fn policy(script: Option<&'static str>) -> HeaderValue {
    static STYLE_SOURCE: OnceLock<String> = OnceLock::new();
    let style = STYLE_SOURCE.get_or_init(|| source(STYLE));
    let mut policy =
        format!("default-src 'none'; style-src {style}; frame-ancestors 'none'; base-uri 'none'");
    if let Some(script) = script {
        policy.push_str("; script-src ");
        policy.push_str(&source(script));
    }
    HeaderValue::try_from(policy).expect("a policy is ASCII")
}

/// A style or script by its digest (CSP Level 3 §2.3.1). The browser refuses any other.
fn source(content: &str) -> String {
    let digest = base64url::encode(&sha256(content.as_bytes()));
    format!("'sha256-{}='", digest.replace('-', "+").replace('_', "/"))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http::StatusCode;

    use super::*;

    async fn html(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn csp(response: &Response) -> String {
        response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    fn any_page() -> Response {
        error::error(StatusCode::BAD_REQUEST, "Nothing works.")
    }

    #[test]
    fn a_page_is_neither_framed_nor_stored_and_sends_no_referrer() {
        let response = any_page();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "no-store"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let csp = csp(&response);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(csp.contains(part), "{csp}");
        }
        assert!(!csp.contains("unsafe") && !csp.contains("script-src"), "{csp}");
    }

    /// The example of CSP Level 3 §8.2: this script has this digest.
    #[test]
    fn a_script_is_allowed_by_its_digest() {
        let allowed = policy(Some("alert('Hello, world.');"));
        let digest = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(allowed.to_str().unwrap().contains(&format!("script-src {digest}")), "{allowed:?}");
    }

    #[tokio::test]
    async fn the_policy_allows_exactly_the_style_of_the_page() {
        let response = any_page();
        let csp = csp(&response);
        let html = html(response).await;
        let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next());
        assert!(csp.contains(&format!("style-src {};", source(style.unwrap()))), "{csp}");
        assert_eq!(html.matches("<style").count() + html.matches("style=").count(), 1, "{html}");
    }

    #[tokio::test]
    async fn a_page_names_its_language_and_itself() {
        let html = html(any_page()).await;
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{html}");
        let title = "This does not work";
        assert!(html.contains(&format!("<title>{title}</title>")), "{html}");
        assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
    }
}
