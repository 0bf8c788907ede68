//! An answer as a form that the browser sends by itself (OAuth 2.0 Form Post Response Mode).

use axum::response::Response;
use scopegate_core::endpoints::authorize::Return;

use crate::http::pages::html::{self, Csp, Html};

/// Sends the one form of the page.
const SCRIPT: &str = "document.forms[0].submit()";

/// The page. Without scripts, a person presses its button.
pub(super) fn page(back: &Return) -> Response {
    let form =
        Html::new("<form method=\"post\" action=\"").text(&back.redirect_uri).markup("\">\n");
    let fields = back.parameters.iter();
    let form = fields.fold(form, |form, (name, value)| form.hidden(name, value));
    let body = form.markup("<button>Continue</button>\n</form>\n");
    html::page("One moment", &body, Csp::Script(SCRIPT))
}
