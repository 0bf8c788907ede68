//! The pages of a sign-out: the question, and that it is done.

use axum::response::Response;

use super::html::{Csp, Html, page};

/// Asks whether the person wants to sign out. The form brings back what is sealed into it.
pub(in crate::http) fn question(login: &str, request: &str) -> Response {
    let body = Html::new("<p>You are signed in as <strong>")
        .text(login)
        .markup("</strong>.</p>\n<form method=\"post\" action=\"signout\">\n")
        .hidden("request", request)
        .markup("<button>Sign out</button>\n</form>\n");
    page("Sign out?", &body, Csp::NoScript)
}

/// Says that nobody is signed in.
pub(in crate::http) fn signed_out() -> Response {
    let body = Html::new("<p>You are signed out.</p>\n<p><a href=\"signin\">Sign in</a></p>\n");
    page("Signed out", &body, Csp::NoScript)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn the_question_names_who_is_signed_in_and_asks_by_a_form() {
        let response = question("al<i>ce", "sealed");
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(html.contains("<strong>al&lt;i&gt;ce</strong>"), "{html}");
        assert!(html.contains("<form method=\"post\" action=\"signout\">"), "{html}");
        assert!(html.contains("name=\"request\" value=\"sealed\""), "{html}");
    }
}
