//! The page that shows a document: plain HTML, without scripts and without external resources.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::routes::Operation;

const STYLE: &str = include_str!("page.css");

/// Renders the operations in order, with their descriptions from the document.
pub(super) fn render(document: &Value, operations: &[Operation]) -> String {
    let info = &document["info"];
    let title = text(&info["title"]);
    let mut page = String::new();
    write!(page, "{}", Head { title: &title, version: &text(&info["version"]) })
        .expect("a string takes all");
    if let Some(about) = info["description"].as_str() {
        writeln!(page, "<p>{}</p>", Escaped(about)).expect("a string takes all");
    }
    for operation in operations {
        write!(page, "{}", Section { document, operation }).expect("a string takes all");
    }
    page.push_str("</main>\n</html>\n");
    page
}

struct Head<'a> {
    title: &'a str,
    version: &'a str,
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, version) = (Escaped(self.title), Escaped(self.version));
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n\
             <h1>{title} <small>{version}</small></h1>\n"
        )
    }
}

struct Section<'a> {
    document: &'a Value,
    operation: &'a Operation,
}

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { document, operation } = self;
        let method = operation.method().as_str();
        let path = operation.path().replace("{*", "{");
        let described = &document["paths"][&path][method.to_ascii_lowercase()];
        writeln!(
            f,
            "<section>\n<h2><b class=\"{method}\">{method}</b> <code>{}</code></h2>",
            Escaped(operation.path())
        )?;
        for about in ["summary", "description"] {
            if let Some(about) = described[about].as_str() {
                writeln!(f, "<p>{}</p>", Escaped(about))?;
            }
        }
        writeln!(f, "<p class=\"asks\">{}</p>\n</section>", Asks(operation))
    }
}

/// What an operation requires, as marks in distinct colors.
struct Asks<'a>(&'a Operation);

impl fmt::Display for Asks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation) = self;
        if operation.is_unguarded() {
            return f.write_str("<mark class=\"open\">nothing guards it</mark>");
        }
        if operation.is_public() {
            return f.write_str("<mark class=\"public\">public</mark>");
        }
        if operation.is_for_anyone() {
            return f.write_str("<mark class=\"public\">with a token or without</mark>");
        }
        let alternatives = operation.alternatives();
        if alternatives.iter().all(Vec::is_empty) && operation.conditions().is_empty() {
            return f.write_str("<mark>any token</mark>");
        }
        for (at, scopes) in alternatives.iter().filter(|scopes| !scopes.is_empty()).enumerate() {
            let or = if at > 0 { " or " } else { "" };
            f.write_str(or)?;
            for (at, scope) in scopes.iter().enumerate() {
                let and = if at > 0 { " and " } else { "" };
                write!(f, "{and}<mark class=\"scope\">{}</mark>", Escaped(scope))?;
            }
        }
        for condition in operation.conditions() {
            write!(f, " <mark class=\"condition\">{}</mark>", Escaped(&condition))?;
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A text, escaped for HTML.
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
