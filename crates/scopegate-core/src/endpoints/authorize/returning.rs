//! The authorization response (RFC 6749 §4.1.2).

use url::form_urlencoded;

/// How the response is sent to the client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the HTTP handler must handle each mode")]
pub enum ResponseMode {
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// In the query of the redirect URI.
    #[default]
    Query,
}

impl ResponseMode {
    /// The modes, by their names.
    pub const ALL: [(&str, Self); 2] = [("query", Self::Query), ("form_post", Self::FormPost)];
}

/// A response that goes to the client through the browser. `Debug` hides it because it may contain a code.
#[derive(Clone)]
pub struct Return {
    /// The redirect URI.
    pub redirect_uri: String,
    /// How the response is sent.
    pub mode: ResponseMode,
    /// The parameters. They always include `iss` (RFC 9207), and the client's `state` if it sent one.
    pub parameters: Vec<(&'static str, String)>,
}

impl Return {
    /// The URL of a response in the query. The redirect URI's own query is kept.
    pub fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        let query = query.finish();
        let separator = match self.redirect_uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{separator}{query}", self.redirect_uri)
    }
}

impl std::fmt::Debug for Return {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Return").field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_1_2_the_query_of_the_redirect_uri_is_kept() {
        for (uri, url) in [
            ("https://app.example/cb", "https://app.example/cb?code=a+%26&iss=b"),
            ("https://app.example/cb?x=1", "https://app.example/cb?x=1&code=a+%26&iss=b"),
            ("https://app.example/cb?", "https://app.example/cb?code=a+%26&iss=b"),
            ("com.example.app:/cb", "com.example.app:/cb?code=a+%26&iss=b"),
        ] {
            let parameters = vec![("code", "a &".to_owned()), ("iss", "b".to_owned())];
            let back = Return { redirect_uri: uri.into(), mode: ResponseMode::Query, parameters };
            assert_eq!(back.url(), url);
            assert!(!format!("{back:?}").contains("a &"));
        }
    }
}
