//! A request of a client, before and after the client has proved who it is.

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use tokio::time::Instant;

use super::active_server;
use super::decision::Deciding;
use crate::audit::{DecisionId, DecisionKind};
use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, Client, ServerId, Snapshot};
use crate::client_auth::{self, AuthenticatedClient, Presented, Proof};
use crate::error::CallError;
use crate::form::Form;
use crate::limits::Stored;
use crate::policy::Wanted;
use crate::store::Change;

/// A request of a client to one of the endpoints at which clients authenticate.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever receives a request says all of it")]
pub struct ClientRequest<'a> {
    /// The authorization server that is asked.
    pub server: &'a ServerId,
    /// The form, and what else proves who the client is.
    pub presented: Presented<'a>,
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// When the client stops waiting for the answer.
    pub deadline: Option<Instant>,
}

/// The endpoint that is asked, as far as all of these endpoints differ in the same way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallKind {
    /// The last part of its path.
    pub(crate) endpoint: &'static str,
    /// What is asked, as the audit log names it.
    pub(crate) event: DecisionKind,
    /// The grant type that the request is for, if this server has it.
    pub(crate) grant_type: Option<&'static str>,
    /// What the request leaves in the storage. Public clients may leave only so much.
    pub(crate) stored: Option<Stored>,
}

impl CallKind {
    /// An endpoint that is for no grant type and leaves nothing behind.
    pub(crate) const fn new(endpoint: &'static str, event: DecisionKind) -> Self {
        Self { endpoint, event, grant_type: None, stored: None }
    }
}

/// A request of a client that has proved who it is.
#[derive(Clone, Debug)]
pub(crate) struct ClientCall<'a> {
    pub(crate) request: ClientRequest<'a>,
    pub(crate) kind: CallKind,
    /// The catalog by which the request is decided.
    pub(crate) catalog: Arc<Snapshot>,
    pub(crate) server: Arc<AuthorizationServer>,
    pub(crate) client: Arc<Client>,
    /// What must be remembered of the proof, such as the `jti` of an assertion.
    pub(crate) proved: Vec<Change>,
    /// The id of the decision.
    pub(crate) id: DecisionId,
    pub(crate) now: UnixTime,
    /// Why the request is decided in another way than usual.
    pub(crate) reason: Option<&'static str>,
}

impl<'a> ClientCall<'a> {
    /// Authenticates the client of a request.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the server is not there, or the client is not authenticated.
    pub(super) async fn begin(
        authority: &Authority,
        request: ClientRequest<'a>,
        kind: CallKind,
    ) -> Result<Self, CallError> {
        let (catalog, now) = (authority.catalog(), authority.clock.now());
        let server = Arc::clone(active_server(&catalog, request.server)?);
        let proof = Proof {
            presented: &request.presented,
            server: &server,
            endpoint: kind.endpoint,
            master_key: &authority.master_key,
            keys: None,
            now,
        };
        let known = client_auth::authenticate(&proof, &catalog, &authority.client_keys).await;
        let AuthenticatedClient { client, changes: proved } = known.inspect_err(|error| {
            if error.is_of_unknown_client() {
                authority.refusals.of_unknown(now);
            }
        })?;
        Ok(Self { proved, ..Self::of(request, kind, catalog, server, client, now) })
    }

    /// A request of a client that is known without a proof.
    pub(crate) fn of(
        request: ClientRequest<'a>,
        kind: CallKind,
        catalog: Arc<Snapshot>,
        server: Arc<AuthorizationServer>,
        client: Arc<Client>,
        now: UnixTime,
    ) -> Self {
        let (id, proved, reason) = (DecisionId::at(now), Vec::new(), None);
        Self { request, kind, catalog, server, client, proved, id, now, reason }
    }

    /// The form.
    pub(crate) fn form(&self) -> &'a Form {
        self.request.presented.form
    }

    /// The decision about it, of which nothing more is known.
    pub(crate) fn deciding(&self) -> Deciding<'_> {
        Deciding {
            id: self.id,
            grant_type: self.kind.grant_type,
            reason: self.reason,
            address: self.request.address,
            ..Deciding::new(self.kind.event, &self.server, &self.client, self.now)
        }
    }

    /// The decision to refuse it, with the scopes that are asked for, as far as the server has them.
    pub(crate) fn refusing(&self) -> Deciding<'_> {
        let asked = Wanted::parse(self.form().value("scope"));
        let scope = asked.map_or_else(|_| String::new(), |wanted| wanted.known_to(&self.server));
        Deciding { scope, ..self.deciding() }
    }
}
