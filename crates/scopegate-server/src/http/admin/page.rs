//! Pages of lists: `limit`, `after`, and the header `Link`.

use std::cmp::Ordering;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{ETAG, LINK};
use schemars::JsonSchema;
use scopegate_jose::{base64url, sha256};
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::origin::Origin;

/// Maximum length of a page.
const MAX: usize = 200;

/// The parameters of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct ListQuery {
    /// Only what has this text in its name
    #[serde(default)]
    pub(super) q: Option<String>,
    /// The maximum length of the page: 1 to 200
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    pub(super) limit: Option<usize>,
    /// The cursor of the page, from the header `Link` of the page before
    #[serde(default)]
    pub(super) after: Option<String>,
}

impl ListQuery {
    /// The length of a page.
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        match self.limit {
            None => Ok(MAX),
            Some(limit @ 1..=MAX) => Ok(limit),
            Some(_) => Err(ApiError::Invalid("limit", format!("write 1 to {MAX}"))),
        }
    }

    /// Tells whether one of these texts has the text `q`, in any case.
    pub(super) fn matches<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let Some(q) = self.q.as_ref().filter(|q| !q.is_empty()) else { return true };
        let q = q.to_lowercase();
        texts.into_iter().any(|text| text.to_lowercase().contains(&q))
    }

    /// The page of some things after the cursor, in the order of their keys, and the cursor of the next page.
    ///
    /// Only the page is put in order: a page of ten thousand servers must not cost an order of all.
    pub(super) fn page<T>(
        &self,
        all: impl Iterator<Item = T>,
        key: impl for<'t> Fn(&'t T) -> &'t str,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let limit = self.limit()?;
        let after = self.after.as_deref();
        let is_after = |item: &T| after.is_none_or(|after| key(item) > after);
        let mut found: Vec<T> = all.filter(is_after).collect();
        let by_key = |one: &T, other: &T| -> Ordering { key(one).cmp(key(other)) };
        let has_more = found.len() > limit;
        if has_more {
            found.select_nth_unstable_by(limit, by_key);
            found.truncate(limit);
        }
        found.sort_unstable_by(by_key);
        let next = found.last().filter(|_| has_more).map(|last| key(last).to_owned());
        Ok((found, next))
    }
}

/// A page as an answer.
pub(super) fn answer<T: Serialize>(
    origin: &Origin,
    items: &[T],
    next: Option<&str>,
) -> Result<Response, ApiError> {
    let json = serde_json::to_vec(items).map_err(|error| ApiError::Malformed(error.to_string()))?;
    let tag = format!("\"{}\"", base64url::encode(&sha256(&json)[..16]));
    let mut response = ([("content-type", "application/json")], json).into_response();
    let headers = response.headers_mut();
    let mut add = |name, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(name, value);
        }
    };
    add(ETAG, tag);
    add(LINK, format!("<{}>; rel=\"self\"", origin.of_request()));
    if let Some(cursor) = next {
        add(LINK, format!("<{}>; rel=\"next\"", origin.after(cursor)));
    }
    Ok(response)
}

/// A list that is never long, as an answer.
pub(super) fn whole<T: Serialize>(items: &T) -> Response {
    Json(items).into_response()
}
