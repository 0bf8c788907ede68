//! RFC 9728, OAuth 2.0 Protected Resource Metadata.

mod s3_document;
mod s5_challenge;

use crate::protected_api::Api;

const RESOURCE: &str = "https://api.example.com/shop";
const PATH: &str = "/.well-known/oauth-protected-resource/shop";
const URL: &str = "https://api.example.com/.well-known/oauth-protected-resource/shop";

/// An API with a metadata document.
async fn api_with_metadata() -> Api {
    Api::start_with(|builder| {
        builder.resource(RESOURCE).scopes_supported(["read:orders", "write:orders"])
    })
    .await
}
