//! The pushed authorization request endpoint (RFC 9126 §2). A client sends the parameters before it sends the
//! browser, and gets a reference for them.
//!
//! A pushed request passes the same table of checks as one that a browser sends.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::checks::{self, Source};
use super::draft::{Draft, ParsedRequest};
use super::parameters::Parameters;
use super::recipient::Recipient;
use super::{AuthorizeError, pushed};
use crate::audit::DecisionKind;
use crate::authority::Authority;
use crate::call::decision::Deciding;
use crate::call::{
    CallKind, ClientCall, ClientEndpoint, ClientError, ClientRequest, Denied, Recording, Refused,
};
use crate::error::OAuthError;
use crate::grants::authorization_code::GRANT_TYPE;
use crate::limits::Stored;
use crate::store::{Change, Contested};

/// The answer to a pushed request (RFC 9126 §2.2). `Debug` hides the reference.
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

/// The pushed authorization request endpoint.
struct Push;

impl ClientEndpoint for Push {
    type Answer = PushedResponse;
    type Error = AuthorizeError;

    fn kind(&self) -> CallKind {
        let kind = CallKind::new("par", DecisionKind::PushedRequest);
        CallKind { grant_type: Some(GRANT_TYPE), stored: Some(Stored::Pushed), ..kind }
    }

    async fn answer(
        &mut self,
        authority: &Authority,
        call: &ClientCall<'_>,
    ) -> Result<PushedResponse, Denied<AuthorizeError>> {
        let parameters = Parameters::of(call.form());
        let scope = authority.checked(call, &parameters)?;
        let (server, client) = (&call.server.id, &call.client.id);
        let (request_uri, artifact) =
            pushed::keep(&authority.master_key, server, client, &parameters, call.now);
        let deciding = Deciding { scope, ..call.deciding() };
        let event = deciding.event(deciding.allowed());
        let mut changes = call.proved.clone();
        changes.extend([Change::PutArtifact(artifact), Change::Audit(event)]);
        authority.write_any(&changes).await?;
        authority.requests.written(Stored::Pushed);
        Ok(PushedResponse { request_uri, expires_in: pushed::LIFETIME.as_secs() })
    }
}

impl Authority {
    /// Stores a request that a client pushes.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn push(
        &self,
        request: ClientRequest<'_>,
    ) -> Result<PushedResponse, Refused<AuthorizeError>> {
        self.answer(request, Push).await
    }

    /// Checks a pushed request. Returns its scopes, for the audit log.
    fn checked(&self, call: &ClientCall<'_>, form: &Parameters) -> Result<String, AuthorizeError> {
        let recipient = Recipient::of_client(&call.client, form)?;
        let mut draft = Draft {
            catalog: &call.catalog,
            server: &call.server,
            recipient,
            form,
            repeated: &BTreeSet::new(),
            pushed: None,
            keys: self.keys.verifying(&call.server.id),
            now: call.now,
            parsed: ParsedRequest::default(),
        };
        checks::run(&mut draft, Source::Pushing)?;
        Ok(draft.parsed.wanted.known_to(&call.server))
    }
}

impl From<AuthorizeError> for Denied<AuthorizeError> {
    fn from(error: AuthorizeError) -> Self {
        Self::by(error)
    }
}

impl ClientError for AuthorizeError {
    fn recording(&self) -> Recording {
        match self.of_call() {
            Some(error) => error.recording(),
            None => Recording::Refusal,
        }
    }

    fn answer(&self) -> OAuthError {
        self.into()
    }

    fn lost_race(&self) -> Option<Contested> {
        self.of_call().and_then(ClientError::lost_race)
    }
}
