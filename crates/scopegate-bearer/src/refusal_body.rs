//! The body of a refusal.

use std::borrow::Cow;
use std::fmt;

use scopegate_claims::ScopeSet;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{BearerError, Refusal};

/// Writes the body of a refusal. Status and challenge are written elsewhere and cannot be changed.
///
/// ```
/// use scopegate_bearer::{ChallengeSettings, Refusal, RefusalBody, RefusalCause};
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct Terse;
///
/// impl RefusalBody for Terse {
///     fn content_type(&self) -> &str {
///         "text/plain; charset=utf-8"
///     }
///
///     fn body(&self, refusal: &Refusal) -> Vec<u8> {
///         refusal.description().into()
///     }
/// }
///
/// let settings = Arc::new(ChallengeSettings::new().with_body(Terse));
/// let refusal = Refusal::new(RefusalCause::NoToken).with_settings(settings);
/// let response = refusal.into_http::<Vec<u8>>();
/// assert_eq!(response.body(), b"This request needs an access token");
/// ```
///
/// A body that depends on the request, such as a page for browsers, returns true from
/// [`reads_head`](Self::reads_head) and chooses its content type in [`render`](Self::render):
///
/// ```
/// use http::Request;
/// use scopegate_bearer::{
///     ChallengeSettings, ProblemJson, Refusal, RefusalBody, RefusalCause, RefusalContent,
///     RequestHead,
/// };
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct PageForBrowsers;
///
/// impl RefusalBody for PageForBrowsers {
///     fn content_type(&self) -> &str {
///         "text/html; charset=utf-8"
///     }
///
///     fn body(&self, refusal: &Refusal) -> Vec<u8> {
///         let request_id = refusal.head().and_then(|head| head.header("x-request-id"));
///         format!("<h1>{}</h1>{}", refusal.status(), request_id.unwrap_or_default()).into()
///     }
///
///     fn render(&self, refusal: &Refusal) -> RefusalContent {
///         match refusal.head().is_some_and(|head| head.accepts("text/html")) {
///             true => RefusalContent::new(self.content_type().to_owned(), self.body(refusal)),
///             false => ProblemJson::default().render(refusal),
///         }
///     }
///
///     fn reads_head(&self) -> bool {
///         true
///     }
/// }
///
/// let settings = Arc::new(ChallengeSettings::new().with_body(PageForBrowsers));
/// let answer = |accept: &str| {
///     let request = Request::get("/orders").header("accept", accept).body(()).unwrap();
///     let refusal = Refusal::new(RefusalCause::NoToken).with_settings(settings.clone());
///     refusal.with_head(Arc::new(RequestHead::of(&request))).into_http::<Vec<u8>>()
/// };
/// assert_eq!(answer("text/html").headers()["content-type"], "text/html; charset=utf-8");
/// assert_eq!(answer("*/*").headers()["content-type"], "application/problem+json");
/// ```
pub trait RefusalBody: fmt::Debug + Send + Sync + 'static {
    /// The value of `Content-Type`.
    fn content_type(&self) -> &str;

    /// The body.
    fn body(&self, refusal: &Refusal) -> Vec<u8>;

    /// Content type and body. By default [`content_type`](Self::content_type) and
    /// [`body`](Self::body).
    fn render(&self, refusal: &Refusal) -> RefusalContent {
        RefusalContent::new(self.content_type().to_owned(), self.body(refusal))
    }

    /// Whether [`Refusal::head`] is read. If not, the layer need not copy the head of each request.
    fn reads_head(&self) -> bool {
        false
    }

    /// The JSON Schema of the body, for OpenAPI documents. `None` if it is not JSON.
    fn schema(&self) -> Option<Value> {
        None
    }
}

/// The content of a refusal: its media type and its body.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RefusalContent {
    /// The value of `Content-Type`. It is left out if it is not a valid header value.
    pub content_type: Cow<'static, str>,
    /// The body.
    pub body: Vec<u8>,
}

impl RefusalContent {
    /// Content of this media type.
    pub fn new(content_type: impl Into<Cow<'static, str>>, body: Vec<u8>) -> Self {
        Self { content_type: content_type.into(), body }
    }
}

/// Problem documents (RFC 9457) with the additional OAuth members `error` and `scope`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProblemJson;

impl RefusalBody for ProblemJson {
    fn content_type(&self) -> &str {
        "application/problem+json"
    }

    fn body(&self, refusal: &Refusal) -> Vec<u8> {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            scope: Option<&'a str>,
        }

        let problem = Problem {
            r#type: "about:blank",
            title: refusal.cause().terms().status.phrase(),
            status: refusal.status().as_u16(),
            detail: refusal.description(),
            error: refusal.error().map(BearerError::as_str),
            scope: refusal.needed().map(ScopeSet::as_str),
        };
        serde_json::to_vec(&problem).expect("strings and a number can be written as JSON")
    }

    fn schema(&self) -> Option<Value> {
        let text = json!({ "type": "string" });
        Some(json!({
            "type": "object",
            "properties": {
                "type": text,
                "title": text,
                "status": { "type": "integer" },
                "detail": text,
                "error": text,
                "scope": text,
            },
        }))
    }
}
