//! The pages on which a user connects a device (RFC 8628 §3.3).

use std::net::IpAddr;

use askama::Template;
use scopegate_claims::ScopeSet;

/// The form for a user code.
#[derive(Clone, Copy, Debug, Default, Template)]
#[template(path = "device_code.html")]
pub(in crate::http) struct CodePage<'a> {
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// A sealed value that binds the form to this browser.
    pub(in crate::http) request: &'a str,
    /// The code that is already filled in.
    pub(in crate::http) user_code: &'a str,
    /// Why the form is shown again.
    pub(in crate::http) problem: Option<&'static str>,
}

/// The question whether the user has this device at hand and allows it access (RFC 8628 §5.4).
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "device_confirm.html")]
pub(in crate::http) struct ConfirmPage<'a> {
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// The question, sealed.
    pub(in crate::http) request: &'a str,
    /// The display name of the client.
    pub(in crate::http) client: &'a str,
    /// The user who is signed in.
    pub(in crate::http) login: &'a str,
    /// The code, as the device shows it.
    pub(in crate::http) user_code: &'a str,
    /// The address from which the device asked.
    pub(in crate::http) asked_from: Option<IpAddr>,
    /// The scopes: the name of each, and its description, which may be empty.
    pub(in crate::http) scopes: &'a [(String, String)],
    /// The scopes that the user may leave out.
    pub(in crate::http) optional: &'a ScopeSet,
}

/// The user has allowed the device access.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "device_allowed.html")]
pub(in crate::http) struct AllowedPage;

/// The user has denied the device access.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "device_denied.html")]
pub(in crate::http) struct DeniedPage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_request_are_escaped() {
        let hostile = "\"><img src=x>";
        let page = CodePage { user_code: hostile, request: hostile, ..CodePage::default() };
        let html = page.render().unwrap();
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\""), "{html}");
        assert!(!html.contains("role=\"alert\""), "there is nothing to warn of");
    }

    #[test]
    fn the_form_has_a_label_and_says_what_is_wrong() {
        let page = CodePage { problem: Some("The code is wrong."), ..CodePage::default() };
        let html = page.render().unwrap();
        assert!(html.contains("<label for=\"user_code\">"), "{html}");
        assert!(html.contains("role=\"alert\">The code is wrong."), "{html}");
    }

    #[test]
    fn the_question_shows_the_scopes_and_where_the_device_asked_from_if_that_is_known() {
        let scopes = [("read:orders".to_owned(), String::new())];
        let (none, orders) = (ScopeSet::empty(), ScopeSet::parse("read:orders").unwrap());
        let page = |asked_from| ConfirmPage {
            action: "/activate",
            request: "sealed",
            client: "<b>TV</b>",
            login: "alice",
            user_code: "BCDF-GHJK",
            asked_from,
            scopes: &scopes,
            optional: &none,
        };
        let html = page(Some([203, 0, 113, 7].into())).render().unwrap();
        for part in ["&lt;b&gt;TV&lt;/b&gt;", "BCDF-GHJK", "203.0.113.7", "<li>read:orders</li>"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!page(None).render().unwrap().contains("address"));
        assert!(!html.contains("checkbox") && !html.contains("optional"), "{html}");
        let with_choice = ConfirmPage { optional: &orders, ..page(None) }.render().unwrap();
        for part in [
            "form=\"decision\" name=\"allow:read:orders\" value=\"yes\" checked",
            "id=\"decision\"",
            "name=\"optional\" value=\"read:orders\"",
        ] {
            assert!(with_choice.contains(part), "{part}: {with_choice}");
        }
    }

    #[test]
    fn each_answer_has_its_page() {
        assert!(AllowedPage.render().unwrap().contains("is connected"));
        assert!(DeniedPage.render().unwrap().contains("is not connected"));
    }
}
