//! What an authorization server publishes: its keys and its metadata.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use scopegate_core::endpoints::metadata::Metadata;

use super::app::App;
use super::document::Document;
use super::failure::{Failure, RequestError};
use super::server_in_path::ServerInPath;

/// The public keys (RFC 7517 §5). A request never makes a key.
///
/// A cache may keep them for less time while this node cannot read the storage: another node may have
/// announced a key.
pub(super) async fn keys(
    State(app): State<App>,
    ServerInPath(server): ServerInPath,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let keys = app.authority().keys().published(&server).await;
    let keys = keys.ok_or_else(|| Failure::new(RequestError::NoKeysYet).of_server(&server))?;
    Ok(Document(Bytes::copy_from_slice(keys.json.as_bytes())).answer_for(keys.max_age, &request))
}

/// The metadata (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
pub(super) async fn metadata(ServerInPath(server): ServerInPath, request: HeaderMap) -> Response {
    let metadata = serde_json::to_vec(&Metadata::of(&server)).expect("metadata has text keys only");
    Document(metadata.into()).answer(&request)
}
