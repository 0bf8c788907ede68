//! The page at `/docs`: the OpenAPI document as plain HTML, which loads nothing and runs no script.

use std::fmt::{self, Write};

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

const STYLE: &str = include_str!("docs_page.css");

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A page that shows each operation of a document, and the scopes it needs.
#[derive(Clone)]
pub(crate) struct DocsPage(String);

impl DocsPage {
    pub(crate) fn new(document: &Value) -> Self {
        Self(Page(document).to_string())
    }
}

impl IntoResponse for DocsPage {
    fn into_response(self) -> Response {
        let headers = [(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")];
        (headers, Html(self.0)).into_response()
    }
}

struct Page<'a>(&'a Value);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = &self.0["info"];
        let (title, version) = (Text(&info["title"]), Text(&info["version"]));
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n\
             <h1>{title} <small>{version}</small></h1>\n<p>{}</p>\n",
            Text(&info["description"])
        )?;
        for (path, item) in self.0["paths"].as_object().into_iter().flatten() {
            let described = item.as_object().into_iter().flatten();
            for (method, operation) in described.filter(|(_, one)| one["responses"].is_object()) {
                write!(f, "{}", Operation { path, method, operation })?;
            }
        }
        f.write_str("</main>\n</html>\n")
    }
}

struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, method, operation } = self;
        let method = method.to_ascii_uppercase();
        writeln!(
            f,
            "<section>\n<h2><b class=\"{method}\">{method}</b> <code>{}</code></h2>\n\
             <p>{}</p>\n<p>{}</p>\n<p>{}</p>\n</section>",
            Escaped(path),
            Text(&operation["summary"]),
            Text(&operation["description"]),
            Security(&operation["security"]),
        )
    }
}

/// The scopes of an operation: alternatives, each of which may need several scopes.
struct Security<'a>(&'a Value);

impl fmt::Display for Security<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternatives = self.0.as_array().map_or(&[][..], Vec::as_slice);
        if alternatives.is_empty() {
            return f.write_str("<mark class=\"public\">public</mark>");
        }
        for (at, alternative) in alternatives.iter().enumerate() {
            let or = if at > 0 { " or " } else { "" };
            f.write_str(or)?;
            let scopes = alternative.as_object().into_iter().flatten();
            let scopes: Vec<_> =
                scopes.flat_map(|(_, scopes)| scopes.as_array()).flatten().collect();
            if scopes.is_empty() {
                f.write_str("<mark>any token</mark>")?;
            }
            for (at, scope) in scopes.into_iter().enumerate() {
                let and = if at > 0 { " and " } else { "" };
                write!(f, "{and}<mark class=\"scope\">{}</mark>", Text(scope))?;
            }
        }
        Ok(())
    }
}

/// A text of the document, escaped for HTML. Empty if it is missing.
struct Text<'a>(&'a Value);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.0.as_str().unwrap_or_default()).fmt(f)
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_text_is_escaped_and_alternatives_are_told_from_scopes_of_one() {
        let security = json!([{ "oauth2": ["a", "b"] }, { "oauth2": ["<c>"] }, { "oauth2": [] }]);
        let page = DocsPage::new(&json!({
            "info": { "title": "<script>alert(1)</script>", "version": "'\"&" },
            "paths": { "/<b>": { "parameters": [], "get": { "responses": {}, "security": security } } },
        }));
        let html = page.0;
        assert!(
            !html.contains("<script") && !html.contains("<b>") && !html.contains("<c>"),
            "{html}"
        );
        assert!(html.contains("&lt;script&gt;") && html.contains("&#39;&quot;&amp;"), "{html}");
        assert!(html.contains("a</mark> and <mark class=\"scope\">b</mark> or "), "{html}");
        assert!(html.contains("<mark>any token</mark>"), "{html}");
    }
}
