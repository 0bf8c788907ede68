//! A client's request, before and after the client is authenticated.

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use tokio::time::Instant;

use super::active_server;
use super::decision::Deciding;
use crate::audit::{Basis, DecisionId, DecisionKind, RefusedFacts};
use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, Client, Resource, ServerId, Snapshot};
use crate::client_auth::{self, AuthenticatedClient, Presented, Proof};
use crate::error::CallError;
use crate::form::Form;
use crate::limits::Stored;
use crate::policy::{Facts, Wanted};
use crate::store::Change;

/// A client's request to an endpoint that authenticates clients.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "an HTTP handler must fill in every member")]
pub struct ClientRequest<'a> {
    /// The authorization server to which the request is sent.
    pub server: &'a ServerId,
    /// The form and the client's credentials.
    pub presented: Presented<'a>,
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// The time at which the request is given up.
    pub deadline: Option<Instant>,
}

/// The settings in which the endpoints differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallKind {
    /// The last segment of the endpoint's path.
    pub(crate) endpoint: &'static str,
    /// The kind of the decision in the audit log.
    pub(crate) event: DecisionKind,
    /// The grant type of the request, if this server supports it.
    pub(crate) grant_type: Option<&'static str>,
    /// What the request adds to the storage. Its number is limited for public clients.
    pub(crate) stored: Option<Stored>,
}

impl CallKind {
    /// An endpoint without a grant type that adds nothing to the storage.
    pub(crate) const fn new(endpoint: &'static str, event: DecisionKind) -> Self {
        Self { endpoint, event, grant_type: None, stored: None }
    }
}

/// The request of an authenticated client.
#[derive(Clone, Debug)]
pub(crate) struct ClientCall<'a> {
    pub(crate) request: ClientRequest<'a>,
    pub(crate) kind: CallKind,
    /// The catalog with which the request is decided.
    pub(crate) catalog: Arc<Snapshot>,
    pub(crate) server: Arc<AuthorizationServer>,
    pub(crate) client: Arc<Client>,
    /// The changes to store for the proof, such as the `jti` of an assertion.
    pub(crate) proved: Vec<Change>,
    /// The id of the decision.
    pub(crate) id: DecisionId,
    pub(crate) now: UnixTime,
    /// Why the request is not decided in the usual way.
    pub(crate) reason: Option<&'static str>,
}

impl<'a> ClientCall<'a> {
    /// Authenticates the client of a request.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the server is unknown or inactive, or if the client is not authenticated.
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
            also_at: authority.other_audiences(&server.id),
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
        client.note_use(now);
        Ok(Self { proved, ..Self::of(request, kind, catalog, server, client, now) })
    }

    /// The request of a client that needs no authentication here.
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

    /// A new decision about the request.
    pub(crate) fn deciding(&self) -> Deciding<'_> {
        Deciding {
            id: self.id,
            now: self.now,
            kind: self.kind.event,
            server: &self.server,
            client: &self.client,
            grant_type: self.kind.grant_type,
            scope: String::new(),
            reason: self.reason,
            cause: None,
            denied_by: None,
            user: None,
            address: self.request.address,
            basis: Basis { catalog: Some(self.catalog.version()), ..Basis::default() },
        }
    }

    /// A decision to refuse the request. It names the requested scopes that the server has.
    pub(crate) fn refusing(&self) -> Deciding<'_> {
        let wanted = Wanted::parse(self.form().value("scope"));
        let scope =
            wanted.as_ref().map_or_else(|_| String::new(), |wanted| wanted.known_to(&self.server));
        let mut deciding = Deciding { scope, ..self.deciding() };
        deciding.basis.facts = self.kind.grant_type.map(|grant_type| {
            // A scope parameter that cannot be read counts as one unknown scope.
            let unreadable = || Box::new(RefusedFacts { unknown_scopes: 1, ..Default::default() });
            wanted.map_or_else(|_| unreadable(), |wanted| self.facts_of(grant_type, &wanted))
        });
        deciding
    }

    /// The facts of the request as far as they are known before the grant is decided.
    fn facts_of(&self, grant_type: &str, wanted: &Wanted) -> Box<RefusedFacts> {
        let resources: Vec<_> = self.form().values("resource").map(Resource::new).collect();
        let facts = Facts {
            server: &self.server,
            client: &self.client,
            client_auth: self.client.spec.auth,
            grant_type,
            user: None,
            authentication: None,
            resources: &resources,
            address: self.request.address,
            now: self.now,
            wanted,
        };
        facts.recorded(None)
    }
}
