//! A sign-out at the request of a client (OpenID Connect RP-Initiated Logout 1.0).
//!
//! Any web page can send a browser here. So the user must confirm, unless an ID token hint shows that the
//! client knows who is signed in.

use std::net::IpAddr;
use std::sync::Arc;

use url::form_urlencoded;

use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, Client, ClientId, Snapshot};
use crate::directory::User;
use crate::endpoints::authorize::MAX_STATE;
use crate::endpoints::sign_in::end_session;
use crate::error::CallError;
use crate::form::Form;
use crate::people::session::{self, SessionSecret};
use crate::store::{Session, StoreError};
use crate::token::id_token_hint::IdTokenHint;

/// A request to sign a user out.
#[derive(Clone, Copy, Debug)]
pub struct LogoutRequest<'a> {
    /// The authorization server to which the request is sent.
    pub server: &'a AuthorizationServer,
    /// The parameters.
    pub form: &'a Form,
    /// The session cookie of the browser.
    pub session: Option<&'a SessionSecret>,
    /// Whether the user has confirmed the sign-out.
    pub agreed: bool,
    /// The IP address of the browser.
    pub address: Option<IpAddr>,
}

/// The result of a sign-out request.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the HTTP handler must handle each result")]
pub enum Logout {
    /// The user must confirm first.
    Ask {
        /// The user who is signed in.
        user: Box<User>,
        /// The client, if the request names one.
        client: Option<ClientId>,
    },
    /// The session has ended. The browser is redirected to this URL, if the request names one.
    Done(Option<String>),
}

impl Authority {
    /// Signs a user out at the request of a client.
    ///
    /// # Errors
    ///
    /// [`CallError::InvalidRequest`] if the hint, the client or the redirect URI is not valid. The session has
    /// not ended then. [`CallError::Storage`] if the storage fails.
    pub async fn log_out(&self, request: LogoutRequest<'_>) -> Result<Logout, CallError> {
        let LogoutRequest { server, form, session: secret, agreed, address } = request;
        let hint = self.hint(server, form)?;
        let catalog = self.catalog();
        let (client, goes_to) = match client(&catalog, form, hint.as_ref()) {
            // The session ends even if the client's row cannot be read. But the redirect URI cannot be checked.
            Err(CallError::Storage(StoreError::Unreadable(_))) => (None, None),
            known => {
                let client = known?;
                (client, goes_to(client, form)?)
            }
        };
        let Some(secret) = secret else { return Ok(Logout::Done(goes_to)) };
        let client = client.map(|client| client.id.clone());
        let (store, secret, now) = (Arc::clone(&self.store), secret.clone(), self.clock.now());
        // The session ends even if the browser closes the connection meanwhile.
        let ended = async move {
            match session::find(&*store, &secret, now).await? {
                Some((session, user)) if !agreed && !names_session(hint.as_ref(), &session) => {
                    Ok(Logout::Ask { user: Box::new(user), client })
                }
                _ => {
                    end_session(&*store, &secret, address, now).await?;
                    Ok(Logout::Done(goes_to))
                }
            }
        };
        self.unattended().run(ended).await.map_err(StoreError::from)?
    }

    fn hint(
        &self,
        server: &AuthorizationServer,
        form: &Form,
    ) -> Result<Option<IdTokenHint>, CallError> {
        const REFUSED: CallError =
            CallError::InvalidRequest("The id_token_hint is no ID token of this server.");
        let Some(text) = form.value("id_token_hint") else { return Ok(None) };
        let keys = self.keys.verifying(&server.id).ok_or(REFUSED)?;
        IdTokenHint::read(text, server, &keys).map(Some).map_err(|_| REFUSED)
    }
}

/// Whether the hint names the user, and the session if it has a `sid`. Then the request comes from the client
/// and not from some other page.
fn names_session(hint: Option<&IdTokenHint>, session: &Session) -> bool {
    hint.is_some_and(|hint| {
        let is_session = |sid: &String| sid == session.id.as_str();
        hint.sub == session.user.as_str() && hint.sid.as_ref().is_none_or(is_session)
    })
}

/// Where the browser is redirected. The client must have registered the URI (§3).
fn goes_to(client: Option<&Client>, form: &Form) -> Result<Option<String>, CallError> {
    let refuse = |text| Err(CallError::InvalidRequest(text));
    let Some(asked) = form.value("post_logout_redirect_uri") else { return Ok(None) };
    let Some(client) = client else {
        return refuse("A post_logout_redirect_uri needs an id_token_hint or a client_id.");
    };
    if !client.spec.post_logout_redirect_uris.iter().any(|known| known.admits(asked)) {
        return refuse("The client has not registered this post_logout_redirect_uri.");
    }
    let Some(state) = form.value("state") else { return Ok(Some(asked.to_owned())) };
    if state.len() > MAX_STATE {
        return refuse("The state is too long.");
    }
    let separator = if asked.contains('?') { '&' } else { '?' };
    let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    Ok(Some(format!("{asked}{separator}state={state}")))
}

/// The client of the request: the audience of the hint, or the `client_id`. If both are present, they must
/// be equal.
fn client<'a>(
    catalog: &'a Snapshot,
    form: &Form,
    hint: Option<&IdTokenHint>,
) -> Result<Option<&'a Client>, CallError> {
    let refuse = |text| Err(CallError::InvalidRequest(text));
    let of_hint = hint.map(|hint| hint.aud.as_str());
    let id = match (form.value("client_id"), of_hint) {
        (Some(named), Some(of_hint)) if named != of_hint => {
            return refuse("The id_token_hint was issued to another client.");
        }
        (named, of_hint) => named.or(of_hint),
    };
    let Some(id) = id else { return Ok(None) };
    match catalog.client(id)?.filter(|client| client.spec.status.is_active()) {
        Some(client) => Ok(Some(client)),
        None => refuse("There is no such client."),
    }
}
