//! The answer of a server.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use url::Url;

use crate::{BASE, Page};

/// An HTTP answer with its complete body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the body is in memory").to_bytes();
        let body = String::from_utf8(bytes.to_vec()).expect("the body is UTF-8");
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// The value of a header that occurs at most once. It is empty if the header is missing.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().expect("headers are ASCII"));
        assert!(values.next().is_none(), "{name} occurs once");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| not_a(self, "JSON"))
    }

    /// Asserts the status and returns the answer.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Asserts an OAuth error with `Cache-Control: no-store` (RFC 6749 §5.2), and returns its JSON.
    #[track_caller]
    pub fn expect_error(&self, status: u16, error: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let json = self.json();
        assert_eq!(json["error"], error, "{json}");
        assert_eq!(self.header("cache-control"), "no-store");
        json
    }

    /// The URL that the browser is redirected to.
    #[track_caller]
    pub fn location(&self) -> Url {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let base = Url::parse(BASE).expect("it is a URL");
        base.join(self.header("location")).expect("the location is a URL")
    }

    /// A query parameter of the URL that the browser is redirected to.
    #[track_caller]
    pub fn sent(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut values = location.query_pairs().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} occurs once");
        value
    }

    /// The HTML page in the body.
    #[track_caller]
    pub fn page(&self) -> Page {
        assert!(self.header("content-type").starts_with("text/html"), "{}", self.body);
        Page::read(&self.body)
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "it is how a test fails")]
fn not_a(answer: &Answer, expected: &str) -> ! {
    panic!("{} is not {expected}: {}", answer.status, answer.body)
}
