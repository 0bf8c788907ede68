//! The page on which a user signs in.

use askama::Template;

/// The page on which a user signs in.
#[derive(Clone, Copy, Debug, Default, Template)]
#[template(path = "sign_in.html")]
pub(in crate::http) struct SignInPage<'a> {
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// The request that waits, sealed.
    pub(in crate::http) request: &'a str,
    /// The user name that is already filled in.
    pub(in crate::http) login: &'a str,
    /// Why the form is shown again.
    pub(in crate::http) problem: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_a_label_and_a_purpose() {
        let html = SignInPage { request: "sealed", ..SignInPage::default() }.render().unwrap();
        for field in ["username", "password"] {
            assert!(html.contains(&format!("<label for=\"{field}\">")), "{html}");
            assert!(html.contains(&format!("<input id=\"{field}\" name=\"{field}\"")), "{html}");
        }
        assert!(html.contains("autocomplete=\"username\""));
        assert!(html.contains("autocomplete=\"current-password\""));
        assert!(html.contains("<input type=\"hidden\" name=\"request\" value=\"sealed\">"));
        assert!(!html.contains("role=\"alert\""), "there is nothing to warn of");
    }

    #[test]
    fn values_of_the_request_are_escaped() {
        let hostile = "\"><img src=x>";
        let page = SignInPage {
            action: "/signin",
            request: hostile,
            login: hostile,
            problem: Some("The name or the password is wrong."),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\""), "{html}");
        assert!(html.contains("role=\"alert\">The name or the password is wrong."), "{html}");
    }
}
