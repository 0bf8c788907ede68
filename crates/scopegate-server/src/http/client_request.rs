//! A request of a client: a form, with the client's credentials in it or in the Authorization
//! header.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::request::Parts;
use scopegate_core::call::{self, Refused};
use scopegate_core::catalog::{AuthorizationServer, ClientId};
use scopegate_core::client_auth::Presented;
use scopegate_core::form::Form;
use tokio::time::Instant;

use super::app::App;
use super::failure::{Failure, RequestError};
use super::in_time::{DECISION_TIME, decided_in_time};
use super::{cors, credentials, form_body};

/// A request of a client as it was received. Nothing in it is verified yet.
pub(super) struct ClientRequest {
    app: App,
    server: Arc<AuthorizationServer>,
    parts: Parts,
    form: Form,
    /// The length of the form as it was sent, in bytes.
    length: usize,
}

impl ClientRequest {
    /// Reads the form of a request.
    pub(super) async fn read(
        app: &App,
        server: &Arc<AuthorizationServer>,
        request: Request,
    ) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let of_server = |failure: Failure| failure.of_server(server);
        let read = async {
            credentials::none_in_url(&parts.uri).map_err(Failure::new)?;
            credentials::authorization(&parts.headers).map_err(Failure::new)?;
            let bytes = form_body::bytes(&parts.headers, body).await.map_err(Failure::new)?;
            Ok((form_body::parse(&bytes).map_err(Failure::new)?, bytes.len()))
        };
        let (form, length) = read.await.map_err(of_server)?;
        Ok(Self { app: app.clone(), server: Arc::clone(server), parts, form, length })
    }

    /// Refuses a form that is longer than this, if nothing in the request proves who the client is.
    pub(super) fn refuse_unproved_beyond(&self, most: usize) -> Result<(), Failure> {
        if self.length <= most || self.presented().shows_proof() {
            return Ok(());
        }
        let failure = Failure::new(RequestError::BodyTooLong).of_server(&self.server);
        Err(failure.of_client(self.claimed_client()))
    }

    /// Lets the core decide, in bounded time.
    pub(super) async fn decided<'r, T, E, D>(
        &'r self,
        decide: impl FnOnce(call::ClientRequest<'r>) -> D,
    ) -> Result<T, Failure>
    where
        E: Into<RequestError>,
        D: Future<Output = Result<T, Refused<E>>>,
    {
        let Self { app, server, parts, .. } = self;
        let request = call::ClientRequest {
            server: &server.id,
            presented: self.presented(),
            address: app.client_address(parts),
            deadline: Some(Instant::now() + DECISION_TIME),
        };
        let failure = match decided_in_time(decide(request)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(Refused { error, decision })) => Failure::new(error).of_decision(decision),
            Err(overdue) => Failure::new(overdue),
        };
        Err(failure.of_client(self.claimed_client()).of_server(server))
    }

    /// Notes that an answer is for this client, so that scripts of its origins may read it.
    pub(super) fn answered(&self, response: Response) -> Response {
        cors::for_client(|| self.claimed_client(), &self.parts.headers, response)
    }

    /// The client that the request claims to come from. It may not be authenticated.
    fn claimed_client(&self) -> Option<ClientId> {
        credentials::claimed_client(&self.app.authority().catalog(), &self.presented())
    }

    /// The parts of the request that identify the client.
    fn presented(&self) -> Presented<'_> {
        // `read` has refused a request with a malformed header.
        let authorization = credentials::authorization(&self.parts.headers).ok().flatten();
        Presented::form(&self.form).with_authorization(authorization)
    }
}
