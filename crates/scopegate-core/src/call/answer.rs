//! Answers a client: authenticates the client, decides the request, and records a refusal. All of this
//! is repeated when a concurrent commit wins.

use super::{CallKind, ClientCall, ClientError, ClientRequest, Denied, Refused};
use crate::authority::Authority;
use crate::error::CallError;

/// Maximum attempts when a concurrent commit wins.
const ATTEMPTS: usize = 3;

/// An endpoint that authenticates clients. One value answers one request.
pub(crate) trait ClientEndpoint: Send {
    /// The successful answer.
    type Answer;
    /// Why a request is refused.
    type Error: ClientError;

    /// The settings in which this endpoint differs from the others.
    fn kind(&self) -> CallKind;

    /// Decides a request and commits the changes. It is called again when a concurrent commit wins.
    ///
    /// # Errors
    ///
    /// Why the request is refused, and which changes must be written with the refusal.
    fn answer(
        &mut self,
        authority: &Authority,
        call: &ClientCall<'_>,
    ) -> impl Future<Output = Result<Self::Answer, Denied<Self::Error>>> + Send;
}

impl Authority {
    /// Answers a client's request.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub(crate) async fn answer<E: ClientEndpoint>(
        &self,
        request: ClientRequest<'_>,
        mut endpoint: E,
    ) -> Result<E::Answer, Refused<E::Error>> {
        let kind = endpoint.kind();
        let mut attempt = 1;
        loop {
            let call = ClientCall::begin(self, request, kind).await?;
            if let Some(stored) = kind.stored.filter(|_| attempt == 1) {
                let admitted = self.requests.admit(stored, &call.client, request.address, call.now);
                admitted.map_err(CallError::from)?;
            }
            let denied = match endpoint.answer(self, &call).await {
                Ok(answer) => return Ok(answer),
                Err(denied) => denied,
            };
            let refused = self.refuse(&call.refusing(), &call.proved, denied).await;
            match refused.error.lost_race() {
                Some(lost) if attempt < ATTEMPTS => {
                    self.catch_up(lost).await.map_err(CallError::Storage)?;
                }
                _ => return Err(refused),
            }
            attempt += 1;
        }
    }
}
