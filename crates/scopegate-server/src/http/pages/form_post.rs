//! An authorization response as a form that sends itself (OAuth 2.0 Form Post Response Mode).

use askama::Template;
use axum::response::Response;
use scopegate_core::endpoints::authorize::Return;

use super::page_with_script;

/// Sends the one form of the page.
const SCRIPT: &str = "document.forms[0].submit()";

/// A form that sends itself to the client. Without scripts, the user presses its button.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "form_post.html")]
struct FormPostPage<'a> {
    redirect_uri: &'a str,
    parameters: &'a [(&'static str, String)],
}

/// The page that sends an authorization response to the client.
pub(in crate::http) fn form_post(back: &Return) -> Response {
    let Return { redirect_uri, parameters, .. } = back;
    page_with_script(&FormPostPage { redirect_uri, parameters }, SCRIPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_contains_its_script_and_the_parameters_escaped() {
        let parameters = [("state", "</script>\"".to_owned())];
        let page = FormPostPage {
            redirect_uri: "https://app.example.com/cb?a=1&b=2",
            parameters: &parameters,
        };
        let html = page.render().unwrap();
        assert!(html.contains(&format!("<script>{SCRIPT}</script>")), "{html}");
        assert_eq!(html.matches("</script>").count(), 1, "{html}");
        assert!(html.contains("action=\"https://app.example.com/cb?a=1&amp;b=2\""), "{html}");
        assert!(html.contains("name=\"state\" value=\"&lt;/script&gt;&quot;\""), "{html}");
    }
}
