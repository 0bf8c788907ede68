//! The form in which a person signs in.

use axum::response::Response;

use super::html::{Csp, Html, page};

/// What the form shows beside its fields.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct SignInForm<'a> {
    /// Where the form goes.
    pub(in crate::http) action: &'a str,
    /// The sealed request that waits.
    pub(in crate::http) request: &'a str,
    /// The name that is filled in already.
    pub(in crate::http) login: &'a str,
    /// Why the form is shown again.
    pub(in crate::http) problem: Option<&'static str>,
}

impl SignInForm<'_> {
    /// The page; its status is for the caller to set.
    pub(in crate::http) fn page(&self) -> Response {
        let problem = self.problem.map_or_else(Html::default, |problem| {
            Html::new("<p class=\"error\" role=\"alert\">").markup(problem).markup("</p>\n")
        });
        let body = problem
            .markup("<form method=\"post\" action=\"")
            .text(self.action)
            .markup("\">\n")
            .hidden("request", self.request)
            .markup("<label for=\"username\">User name</label>\n")
            .markup("<input id=\"username\" name=\"username\" autocomplete=\"username\" ")
            .markup(
                "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"100\" required value=\"",
            )
            .text(self.login)
            .markup("\">\n<label for=\"password\">Password</label>\n")
            .markup("<input id=\"password\" name=\"password\" type=\"password\" ")
            .markup("autocomplete=\"current-password\" required>\n")
            .markup("<button>Sign in</button>\n</form>\n");
        page("Sign in", &body, Csp::NoScript)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn shown(form: SignInForm<'_>) -> String {
        let bytes = to_bytes(form.page().into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn each_field_has_a_label_and_a_purpose() {
        let html = shown(SignInForm { request: "sealed", ..SignInForm::default() }).await;
        for field in ["username", "password"] {
            assert!(html.contains(&format!("<label for=\"{field}\">")), "{html}");
            assert!(html.contains(&format!("<input id=\"{field}\" name=\"{field}\"")), "{html}");
        }
        assert!(html.contains("autocomplete=\"username\""));
        assert!(html.contains("autocomplete=\"current-password\""));
        assert!(html.contains("<input type=\"hidden\" name=\"request\" value=\"sealed\">"));
        assert!(!html.contains("role=\"alert\""), "there is nothing to warn of");
    }

    #[tokio::test]
    async fn what_a_stranger_sends_is_escaped() {
        let hostile = "\"><img src=x>";
        let html = shown(SignInForm {
            action: "/signin",
            request: hostile,
            login: hostile,
            problem: Some("The name or the password is wrong."),
        });
        let html = html.await;
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\""), "{html}");
        assert!(html.contains("role=\"alert\">The name or the password is wrong."), "{html}");
    }
}
