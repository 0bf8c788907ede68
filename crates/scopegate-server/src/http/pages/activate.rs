//! The two forms of the page for devices, and what it says at the end.

use axum::response::Response;
use scopegate_core::device::{DeviceAnswer, DeviceQuestion};

use super::html::{Csp, Html, page};

/// The form for a code.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct CodeForm<'a> {
    /// Where the form goes.
    pub(in crate::http) action: &'a str,
    /// What binds it to this browser.
    pub(in crate::http) request: &'a str,
    /// The code that is filled in already.
    pub(in crate::http) user_code: &'a str,
    /// Why the form is shown again.
    pub(in crate::http) problem: Option<&'static str>,
}

impl CodeForm<'_> {
    /// The page; its status is for the caller to set.
    pub(in crate::http) fn page(&self) -> Response {
        let problem = self.problem.map_or_else(Html::default, |problem| {
            Html::new("<p class=\"error\" role=\"alert\">").markup(problem).markup("</p>\n")
        });
        let body = problem
            .markup("<p>Type the code that your device shows.</p>\n<form method=\"post\" action=\"")
            .text(self.action)
            .markup("\">\n")
            .hidden("request", self.request)
            .markup("<label for=\"user_code\">Code</label>\n")
            .markup("<input id=\"user_code\" name=\"user_code\" autocomplete=\"off\" ")
            .markup("autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"64\" required ")
            .markup("value=\"")
            .text(self.user_code)
            .markup("\">\n<button>Continue</button>\n</form>\n");
        page("Connect a device", &body, Csp::NoScript)
    }
}

/// The question whether this is the device in the person's hands, and whether it may (RFC 8628 §5.4).
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct ConfirmForm<'a> {
    /// Where the form goes.
    pub(in crate::http) action: &'a str,
    /// What is asked, sealed.
    pub(in crate::http) request: &'a str,
    /// The code, as the device shows it.
    pub(in crate::http) user_code: &'a str,
    /// Who is signed in.
    pub(in crate::http) login: &'a str,
    /// What is asked.
    pub(in crate::http) question: &'a DeviceQuestion,
}

impl ConfirmForm<'_> {
    /// The page.
    pub(in crate::http) fn page(&self) -> Response {
        let Self { action, request, user_code, login, question } = *self;
        let mut body = Html::new("<p><strong>")
            .text(&question.client)
            .markup("</strong> on a device asks to act for you (")
            .text(login)
            .markup(").</p>\n<p>The device must show this code: <strong>")
            .text(user_code)
            .markup("</strong></p>\n");
        if let Some(address) = question.asked_from {
            body = body
                .markup("<p>It asked from the address ")
                .text(&address.to_string())
                .markup(".</p>\n");
        }
        body = body.markup("<p>It will be able to:</p>\n<ul>\n");
        for (name, description) in &question.described {
            let text = if description.is_empty() { name } else { description };
            body = body.markup("<li>").text(text).markup("</li>\n");
        }
        let body = body
            .markup(
                "</ul>\n<p role=\"note\">Allow this only if you have the device in front of you ",
            )
            .markup("and started this yourself. If somebody sent you the code or the link, do not ")
            .markup("allow it: they would get into your account.</p>\n")
            .markup("<form method=\"post\" action=\"")
            .text(action)
            .markup("\">\n")
            .hidden("request", request)
            .markup("<button name=\"decision\" value=\"allow\">Allow</button>\n")
            .markup("<button name=\"decision\" value=\"deny\">Do not allow</button>\n</form>\n");
        page("Allow this device?", &body, Csp::NoScript)
    }
}

/// What was done.
pub(in crate::http) fn done(answer: DeviceAnswer<'_>) -> Response {
    let (title, text) = match answer {
        DeviceAnswer::Allow(_) => {
            ("The device is connected", "<p>You can close this page and go on at the device.</p>\n")
        }
        DeviceAnswer::Deny => (
            "The device is not connected",
            "<p>Nothing was allowed. You can close this page.</p>\n",
        ),
    };
    page(title, &Html::new(text), Csp::NoScript)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn html(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_a_stranger_sends_is_escaped() {
        let hostile = "\"><img src=x>";
        let form = CodeForm { user_code: hostile, request: hostile, ..CodeForm::default() };
        let html = html(form.page()).await;
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;img src=x&gt;\""), "{html}");
        assert!(!html.contains("role=\"alert\""), "there is nothing to warn of");
    }

    #[tokio::test]
    async fn the_form_has_a_label_and_says_what_is_wrong() {
        let form = CodeForm { problem: Some("The code is wrong."), ..CodeForm::default() };
        let html = html(form.page()).await;
        assert!(html.contains("<label for=\"user_code\">"), "{html}");
        assert!(html.contains("role=\"alert\">The code is wrong."), "{html}");
    }

    #[tokio::test]
    async fn each_answer_has_its_page() {
        let nothing = scopegate_claims::ScopeSet::empty();
        assert!(html(done(DeviceAnswer::Allow(&nothing))).await.contains("is connected"));
        assert!(html(done(DeviceAnswer::Deny)).await.contains("is not connected"));
    }
}
