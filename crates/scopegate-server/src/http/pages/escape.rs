//! How values are written into HTML.

use std::fmt;

use askama::filters::Escaper;

/// Writes a value into HTML, as a text or as the value of an attribute in double quotes.
///
/// Unlike askama's own escaper it replaces NUL, which no HTML document may contain
/// (WHATWG HTML §13.1.4). `askama.toml` names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct EscapedHtml;

impl Escaper for EscapedHtml {
    fn write_escaped_str<W: fmt::Write>(&self, mut html: W, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => html.write_str("&amp;")?,
                '<' => html.write_str("&lt;")?,
                '>' => html.write_str("&gt;")?,
                '"' => html.write_str("&quot;")?,
                '\'' => html.write_str("&#39;")?,
                '\0' => html.write_char(char::REPLACEMENT_CHARACTER)?,
                character => html.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    #[derive(Template)]
    #[template(source = "{{ text }}|{{ character }}", ext = "html")]
    struct Values<'a> {
        text: &'a str,
        character: char,
    }

    #[test]
    fn values_are_never_markup() {
        let text = "</title>\"'><script>alert(1)</script>&amp;\0";
        let html = Values { text, character: '<' }.render().unwrap();
        let escaped =
            "&lt;/title&gt;&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;\u{fffd}";
        assert_eq!(html, format!("{escaped}|&lt;"));
    }
}
