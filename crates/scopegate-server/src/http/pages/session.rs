//! The pages about the session: who is signed in, and how to sign out.

use askama::Template;

/// Shows who is signed in.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "account.html")]
pub(in crate::http) struct AccountPage<'a> {
    /// The user who is signed in.
    pub(in crate::http) login: &'a str,
    /// The path that the form for signing out is sent to.
    pub(in crate::http) action: &'a str,
    /// A sealed value that binds the form to this browser.
    pub(in crate::http) request: &'a str,
}

/// Asks whether to sign out.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "sign_out.html")]
pub(in crate::http) struct SignOutPage<'a> {
    /// The user who is signed in.
    pub(in crate::http) login: &'a str,
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// A sealed value that binds the form to this browser.
    pub(in crate::http) request: &'a str,
}

/// Says that nobody is signed in.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "signed_out.html")]
pub(in crate::http) struct SignedOutPage<'a> {
    /// The path of the account, which leads to the sign-in.
    pub(in crate::http) account: &'a str,
}

/// Asks whether a client may sign the user out (OpenID Connect RP-Initiated Logout 1.0 §2).
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "log_out.html")]
pub(in crate::http) struct LogOutPage<'a> {
    /// The user who is signed in.
    pub(in crate::http) login: &'a str,
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// Names and values that the form sends back unseen.
    pub(in crate::http) hidden: &'a [(&'static str, &'a str)],
    /// The path of the account, for a user who stays signed in.
    pub(in crate::http) account: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_sent_comes_back_with_the_form_escaped() {
        let page = LogOutPage {
            login: "alice",
            action: "/oauth2/v1/logout",
            hidden: &[("request", "sealed"), ("state", "\"><script>")],
            account: "/account",
        };
        let html = page.render().unwrap();
        assert!(
            html.contains("<input type=\"hidden\" name=\"request\" value=\"sealed\">"),
            "{html}"
        );
        assert!(html.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;\""), "{html}");
        assert!(html.contains("<a href=\"/account\">"), "{html}");
    }
}
