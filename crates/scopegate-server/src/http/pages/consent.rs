//! The page where a person lets a client have scopes.

use axum::response::Response;

use super::html::{Csp, Html, page};

/// What a person is asked to agree to.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct ConsentForm<'a> {
    /// Where the form goes.
    pub(in crate::http) action: &'a str,
    /// The sealed request that waits.
    pub(in crate::http) request: &'a str,
    /// The client, by the name that people read.
    pub(in crate::http) client: &'a str,
    /// Who is signed in.
    pub(in crate::http) login: &'a str,
    /// The scopes: what they are called, and what they allow where that is known.
    pub(in crate::http) scopes: &'a [(&'a str, Option<&'a str>)],
}

impl ConsentForm<'_> {
    /// The page.
    pub(in crate::http) fn page(&self) -> Response {
        let mut body = Html::new("<p><strong>")
            .text(self.client)
            .markup("</strong> asks to act for you (")
            .text(self.login)
            .markup("):</p>\n<ul>\n");
        for (name, description) in self.scopes {
            body = body.markup("<li>").text(description.unwrap_or(name)).markup("</li>\n");
        }
        let body = body
            .markup("</ul>\n<form method=\"post\" action=\"")
            .text(self.action)
            .markup("\">\n")
            .hidden("request", self.request)
            .markup("<button name=\"decision\" value=\"allow\">Allow</button>\n")
            .markup("<button name=\"decision\" value=\"deny\">Do not allow</button>\n</form>\n");
        page("Allow access?", &body, Csp::NoScript)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn the_page_says_who_asks_for_what_and_offers_both_answers() {
        let form = ConsentForm {
            action: "/consent",
            request: "sealed",
            client: "Orders <b>portal</b>",
            login: "alice",
            scopes: &[("read:orders", Some("See \"orders\"")), ("write:orders", None)],
        };
        let bytes = to_bytes(form.page().into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        for part in [
            "<strong>Orders &lt;b&gt;portal&lt;/b&gt;</strong>",
            "alice",
            "<li>See &quot;orders&quot;</li>",
            "<li>write:orders</li>",
            "<button name=\"decision\" value=\"allow\">",
            "<button name=\"decision\" value=\"deny\">",
            "name=\"request\" value=\"sealed\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
