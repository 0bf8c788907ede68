//! Serves the issuer's documents without a network.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use scopegate_tower::{Fetch, FetchError};

use crate::publication::Publication;

/// Answers a layer's requests for discovery documents and keys in process.
#[derive(Clone, Debug)]
pub struct InProcess {
    publication: Publication,
}

impl InProcess {
    pub(crate) fn of(publication: Publication) -> Self {
        Self { publication }
    }
}

impl Fetch for InProcess {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        Box::pin(async move {
            let answer = self.publication.answer(&request.uri().to_string()).await;
            answer.ok_or_else(|| FetchError::Transport("the issuer is down".into()))
        })
    }
}
