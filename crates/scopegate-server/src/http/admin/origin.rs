//! The URLs of the management API in its answers, by the host that the caller used.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use crate::http::app::App;

/// The scheme and the host by which the caller reached this server, such as `http://127.0.0.1:9001`.
///
/// It is only used in the answer to the same caller.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    base: String,
    path_and_query: String,
}

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let known = app.authority().admin_url();
        let scheme =
            known.and_then(|url| url.split_once("://")).map_or("http", |(scheme, _)| scheme);
        let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = named.and_then(|host| host.parse::<Authority>().ok());
        let host = host.or_else(|| parts.uri.authority().cloned());
        let base = match host {
            Some(host) => format!("{scheme}://{host}"),
            None => known.unwrap_or_default().to_owned(),
        };
        let path_and_query = parts.uri.path_and_query().map(ToString::to_string);
        Ok(Self { base, path_and_query: path_and_query.unwrap_or_default() })
    }
}

impl Origin {
    /// The URL of a path of the management API.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.base)
    }

    /// The URL of the request itself.
    pub(super) fn of_request(&self) -> String {
        format!("{}{}", self.base, self.path_and_query)
    }

    /// The URL of the request with another cursor.
    pub(super) fn after(&self, cursor: &str) -> String {
        let (path, query) =
            self.path_and_query.split_once('?').unwrap_or((&self.path_and_query, ""));
        let others = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair("after", cursor);
        format!("{}{path}?{}", self.base, query.finish())
    }
}

/// A segment of a path, with what a path cannot contain encoded.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".")
}
