//! What a server answered.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use url::Url;

use crate::{BASE, Page};

/// An answer, read to its end.
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

    /// A header that occurs once; empty if it is not there.
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
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic_with(self, "JSON"))
    }

    /// The status, which is asserted.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Asserts an OAuth error that may not be stored (RFC 6749 §5.2); the answer is its JSON.
    #[track_caller]
    pub fn expect_error(&self, status: u16, error: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let json = self.json();
        assert_eq!(json["error"], error, "{json}");
        assert_eq!(self.header("cache-control"), "no-store");
        json
    }

    /// Where the browser is sent.
    #[track_caller]
    pub fn location(&self) -> Url {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let base = Url::parse(BASE).expect("it is a URL");
        base.join(self.header("location")).expect("the location is a URL")
    }

    /// A parameter of where the browser is sent.
    #[track_caller]
    pub fn sent(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut values = location.query_pairs().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} occurs once");
        value
    }

    /// The page that it is.
    #[track_caller]
    pub fn page(&self) -> Page {
        assert!(self.header("content-type").starts_with("text/html"), "{}", self.body);
        Page::read(&self.body)
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "it is how a test fails")]
fn panic_with(answer: &Answer, expected: &str) -> ! {
    panic!("{} is no {expected}: {}", answer.status, answer.body)
}
