//! HTML that is put together: markup is ours, everything else comes in escaped.

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use scopegate_jose::{base64url, sha256};

/// A piece of HTML.
///
/// Only texts of the program's own are markup: what comes from outside does not live as long. All
/// attribute values stand in double quotes.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Html(String);

impl Html {
    /// A piece of markup.
    pub(in crate::http) fn new(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// Adds markup.
    #[must_use]
    pub(in crate::http) fn markup(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text or the value of an attribute.
    #[must_use]
    pub(in crate::http) fn text(mut self, text: &str) -> Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // HTML has no way to write it (WHATWG HTML §13.1.4).
                '\0' => self.0.push(char::REPLACEMENT_CHARACTER),
                character => self.0.push(character),
            }
        }
        self
    }

    /// Adds other HTML.
    #[must_use]
    pub(in crate::http) fn html(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Adds a value that goes back with a form, unseen.
    #[must_use]
    pub(in crate::http) fn hidden(self, name: &'static str, value: &str) -> Self {
        self.markup(r#"<input type="hidden" name=""#)
            .markup(name)
            .markup(r#"" value=""#)
            .text(value)
            .markup("\">\n")
    }
}

/// What a page may do besides being shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::http) enum Csp {
    /// Nothing: it works without a script.
    NoScript,
    /// To run one script of the program's own.
    Script(&'static str),
}

const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
body{margin:0;padding:1rem}\
main{max-width:24rem;margin:8vh auto}\
label{display:block;margin-top:1rem}\
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem}\
button{font:inherit;padding:.5rem 1.5rem;margin:1rem .5rem 0 0}\
.error{border-left:.25rem solid #c00;padding-left:.75rem}";

/// A whole page, with the headers that each page has.
pub(in crate::http) fn page(title: &str, body: &Html, csp: Csp) -> Response {
    let script = match csp {
        Csp::NoScript => Html::default(),
        Csp::Script(script) => Html::new("<script>").markup(script).markup("</script>\n"),
    };
    let html = Html::new("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
        .text(title)
        .markup("</title>\n<style>")
        .markup(STYLE)
        .markup("</style>\n</head>\n<body>\n<main>\n<h1>")
        .text(title)
        .markup("</h1>\n")
        .html(body)
        .markup("</main>\n")
        .html(&script)
        .markup("</body>\n</html>\n");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy(csp)),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, html.0).into_response()
}

/// What a browser lets the page do. Forms are not named: browsers apply that to the redirect that
/// follows, which leads to the client.
fn policy(csp: Csp) -> HeaderValue {
    static STYLE_SOURCE: OnceLock<String> = OnceLock::new();
    let style = STYLE_SOURCE.get_or_init(|| source(STYLE));
    let mut policy =
        format!("default-src 'none'; style-src {style}; frame-ancestors 'none'; base-uri 'none'");
    if let Csp::Script(script) = csp {
        policy.push_str("; script-src ");
        policy.push_str(&source(script));
    }
    HeaderValue::try_from(policy).expect("a policy is ASCII")
}

/// The one style or script that may be run, by its digest (CSP Level 3 §2.3.1).
fn source(content: &str) -> String {
    let digest = base64url::encode(&sha256(content.as_bytes()));
    format!("'sha256-{}='", digest.replace('-', "+").replace('_', "/"))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn shown(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn csp(response: &Response) -> String {
        response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn what_comes_from_outside_is_never_markup() {
        let hostile = "</title>\"'><script>alert(1)</script>&amp;\0";
        let body = Html::new("<p>").text(hostile).markup("</p>").hidden("request", hostile);
        let html = shown(page(hostile, &body, Csp::NoScript)).await;
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains('\0') && !html.contains("\"'>"), "{html}");
        let escaped =
            "&lt;/title&gt;&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;\u{fffd}";
        assert_eq!(html.matches(escaped).count(), 4, "title, heading, text and value: {html}");
    }

    #[test]
    fn a_page_is_neither_framed_nor_stored_and_says_nothing_of_where_it_was() {
        let response = page("Title", &Html::default(), Csp::NoScript);
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

    /// Digest and content of the example in CSP Level 3 §8.2 belong together.
    #[test]
    fn a_script_is_allowed_by_its_digest() {
        let allowed = csp(&page("", &Html::default(), Csp::Script("alert('Hello, world.');")));
        let digest = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(allowed.contains(&format!("script-src {digest}")), "{allowed}");
    }

    #[tokio::test]
    async fn a_page_names_its_language_and_itself() {
        let html = shown(page("Sign in", &Html::default(), Csp::NoScript)).await;
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{html}");
        assert!(html.contains("<title>Sign in</title>") && html.contains("<h1>Sign in</h1>"));
    }
}
