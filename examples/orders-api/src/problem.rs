//! Errors as problem documents (RFC 9457), in the same form as the layer's refusals.

use std::error::Error;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::order_store::StorageError;

/// The maximum number of mistakes in an answer.
const MAX_MISTAKES: usize = 20;

/// An error answer that says what went wrong and, if the caller can fix it, how.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    mistakes: Vec<Mistake>,
}

/// One mistake of the caller: its place, and what to write instead.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Mistake {
    #[serde(flatten)]
    pub(crate) at: At,
    pub(crate) detail: String,
}

/// The place of a mistake.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum At {
    /// A field of the body.
    Field(String),
    /// A parameter of the query.
    Parameter(String),
}

impl Problem {
    /// A problem with only a sentence of detail.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), mistakes: Vec::new() }
    }

    /// A problem with mistakes to correct.
    pub(crate) fn with_mistakes(
        status: StatusCode,
        detail: &'static str,
        mut mistakes: Vec<Mistake>,
    ) -> Self {
        mistakes.truncate(MAX_MISTAKES);
        Self { mistakes, ..Self::new(status, detail) }
    }

    /// 404.
    pub(crate) fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405; axum adds `Allow`.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "This method is not supported here; see the header Allow";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }
}

impl From<StorageError> for Problem {
    /// The log gets the cause; the caller learns only that the fault is not theirs.
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn Error, "the orders cannot be read or written");
        let detail = "Orders cannot be read or written at the moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document {
            r#type: &'static str,
            title: Option<&'static str>,
            status: u16,
            detail: String,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            errors: Vec<Mistake>,
        }

        let Self { status, detail, mistakes } = self;
        let document = Document {
            r#type: "about:blank",
            // RFC 9457 §4.2.1: the title of a blank type is the phrase of the status.
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail,
            errors: mistakes,
        };
        let body = serde_json::to_vec(&document).expect("texts and a number can be written");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
