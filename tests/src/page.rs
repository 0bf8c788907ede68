//! An HTML page of the server: its text and its form.

/// A page. The parser understands only the HTML that this server writes.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The `action` of the form.
    pub action: Option<String>,
    /// The fields of the form that have a value, including hidden ones.
    pub fields: Vec<(String, String)>,
    /// The HTML of the whole page.
    pub html: String,
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Self {
        let mut page = Self { html: html.to_owned(), ..Self::default() };
        for tag in html.split('<').filter_map(|part| part.split_once('>').map(|(tag, _)| tag)) {
            let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            match name {
                "form" if page.action.is_none() => page.action = attribute(rest, "action"),
                "input" => {
                    let name = attribute(rest, "name");
                    page.fields.extend(name.zip(attribute(rest, "value")));
                }
                _ => {}
            }
        }
        page
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The value of an attribute in double quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let (key, after) = rest.split_once("=\"")?;
        let (value, next) = after.split_once('"')?;
        if key.trim().rsplit(char::is_whitespace).next() == Some(name) {
            return Some(unescaped(value));
        }
        rest = next;
    }
}

fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'")];
    let text = named.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_hidden_fields() {
        let page = Page::read(
            "<h1>A</h1><form method=\"post\" action=\"/signin\">\
             <input type=\"hidden\" name=\"request\" value=\"a&amp;&lt;b\"><input name=\"username\">",
        );
        assert_eq!(page.action.as_deref(), Some("/signin"));
        assert_eq!(page.field("request"), Some("a&<b"));
        assert_eq!(page.field("username"), None);
    }
}
