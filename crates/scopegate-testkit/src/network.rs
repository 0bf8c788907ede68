//! The issuer's documents without a network.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use scopegate_core::authority::Authority;
use scopegate_core::metadata::Metadata;
use scopegate_tower::{Fetch, FetchError};

/// Answers a layer's requests for discovery documents and keys from an [`Authority`].
#[derive(Clone, Debug)]
pub struct InProcess {
    authority: Arc<Authority>,
}

impl InProcess {
    /// Answers for this authority.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self { authority }
    }

    fn document(&self, url: &str) -> Option<Bytes> {
        let catalog = self.authority.catalog();
        for server in catalog.servers() {
            let issuer = server.issuer.as_str();
            if url == format!("{issuer}/.well-known/openid-configuration") {
                return serde_json::to_vec(&Metadata::of(server)).ok().map(Bytes::from);
            }
            if url == server.endpoint("keys") {
                let keys = self.authority.public_keys(&server.id)?;
                return Some(Bytes::copy_from_slice(keys.as_bytes()));
            }
        }
        None
    }
}

impl Fetch for InProcess {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        let document = self.document(&request.uri().to_string());
        Box::pin(async move {
            let mut response = Response::new(document.clone().unwrap_or_default());
            if document.is_none() {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            Ok(response)
        })
    }
}
