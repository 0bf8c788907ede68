//! The pushed authorization request endpoint (RFC 9126 §2): a client says what it will ask before it
//! sends a browser, and gets a reference for it.
//!
//! What is pushed passes the same table of checks as what a browser brings.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::checks::{self, At};
use super::door::Door;
use super::draft::{Asked, Draft};
use super::parameters::Parameters;
use super::{AuthorizeError, pushed};
use crate::authority::Authority;
use crate::call::active_server;
use crate::call::decision::{Deciding, replayed};
use crate::client_auth::{AuthenticatedClient, Presented};
use crate::endpoints::token::{Refused, TokenRequest};
use crate::grants::authorization_code::GRANT_TYPE;
use crate::limits::Stored;
use crate::store::Change;

/// The answer to a request that is kept (RFC 9126 §2.2). `Debug` hides the reference.
#[derive(Serialize)]
pub struct PushedResponse {
    request_uri: String,
    expires_in: u64,
}

impl fmt::Debug for PushedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushedResponse")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Keeps a request that a client pushes.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn push(
        &self,
        request: TokenRequest<'_>,
    ) -> Result<PushedResponse, Refused<AuthorizeError>> {
        let (catalog, form) = (self.catalog(), request.form);
        let server = active_server(&catalog, request.server)?;
        let presented = Presented { authorization: request.authorization, form };
        let AuthenticatedClient { client, changes: proved } =
            self.authenticate_client(&catalog, server, "par", &presented).await?;
        let now = self.clock.now();
        self.requests.admit(Stored::Pushed, &client, request.address, now)?;
        let mut deciding = Deciding {
            grant_type: Some(GRANT_TYPE),
            address: request.address,
            ..Deciding::new("app.oauth2.as.par", server, &client, now)
        };

        let (form, nothing) = (&Parameters::of(form), BTreeSet::new());
        let checked = Door::of_client(&client, form).and_then(|door| {
            let keys = self.keys.verifying(&server.id);
            let (repeated, asked) = (&nothing, Asked::default());
            let (catalog, pushed) = (&*catalog, None);
            let mut draft =
                Draft { catalog, server, door, form, repeated, pushed, keys, now, asked };
            checks::run(&mut draft, At::Pushing)?;
            Ok(draft.asked.wanted.known_to(server))
        });
        match checked {
            Ok(scope) => deciding.scope = scope,
            Err(error) => return Err(self.refuse_as(&deciding, proved, error).await),
        }
        let (request_uri, artifact) =
            pushed::keep(&self.master_key, &server.id, &client.id, form, now);
        let kept = vec![Change::PutArtifact(artifact), Change::Audit(deciding.granted())];
        self.store.commit(&[proved, kept].concat()).await.map_err(replayed)?;
        self.requests.written(Stored::Pushed);
        Ok(PushedResponse { request_uri, expires_in: pushed::LIFETIME.as_secs() })
    }

    /// Remembers a refusal, which may be one of the authorization endpoint's own.
    async fn refuse_as(
        &self,
        deciding: &Deciding<'_>,
        proved: Vec<Change>,
        error: AuthorizeError,
    ) -> Refused<AuthorizeError> {
        match error {
            AuthorizeError::Token(error) => {
                let Refused { error, decision } = self.refuse(deciding, proved, error.into()).await;
                Refused { error: error.into(), decision }
            }
            error => match self.record_refusal(deciding, proved, &(&error).into()).await {
                Ok(decision) => Refused { error, decision: Some(decision) },
                Err(error) => error.into(),
            },
        }
    }
}
