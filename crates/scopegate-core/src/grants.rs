//! Grants: the ways in which a client gets a token (RFC 6749 §1.3).
//!
//! To add a grant, add a file and a line in [`GRANTS`]. A grant writes nothing. Its [`Decision`] lists the
//! changes, which are committed in the transaction that issues the token.

mod agreed;
pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod code;
mod code_verifier;
mod decision;
pub mod device;
pub(crate) mod device_code;
pub(crate) mod jwt_bearer;
mod refresh_token;
pub(crate) mod token_exchange;
pub(crate) mod without_user;

use std::sync::LazyLock;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::authority::Authority;
use crate::call::{ClientCall, Denied};
use crate::catalog::{AuthorizationServer, Client, GrantKind, Snapshot};
use crate::error::CallError;
use crate::form::Form;
use crate::keys::{ClientKeys, KeyRing};
use crate::limits::Polls;
use crate::store::Store;

pub use decision::{Decision, OnceSigned, Right, Signed, WithToken};

/// All supported grants. The metadata and the checks of the catalog are derived from this table.
pub static GRANTS: &[&dyn Grant] = &[
    &authorization_code::AuthorizationCode,
    &client_credentials::ClientCredentials,
    &device_code::DeviceCode,
    &refresh_token::Refresh,
    &jwt_bearer::JwtBearer,
    &token_exchange::TokenExchange,
];

/// What the rules of the catalog need to know of each grant.
pub fn kinds() -> &'static [GrantKind] {
    &KINDS
}

static KINDS: LazyLock<Vec<GrantKind>> = LazyLock::new(|| {
    let kind = |grant: &&dyn Grant| GrantKind {
        name: grant.grant_type(),
        needs_user: grant.needs_user() || grant.continues_family(),
        is_about_user: grant.is_about_user(),
        has_sign_in: grant.has_sign_in(),
        needs_secret: grant.needs_secret(),
        needs_redirect_uri: grant.needs_redirect_uri(),
        starts_family: grant.starts_family(),
        continues_family: grant.continues_family(),
    };
    GRANTS.iter().map(kind).collect()
});

/// The grant with this `grant_type`.
pub fn grant(grant_type: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.grant_type() == grant_type)
}

/// The grant with this `grant_type`, which the server must support and the client may use.
///
/// # Errors
///
/// [`CallError::UnsupportedGrantType`] or [`CallError::UnauthorizedClient`].
pub(crate) fn usable(
    grant_type: Option<&str>,
    server: &AuthorizationServer,
    client: &Client,
) -> Result<&'static dyn Grant, CallError> {
    let found = grant_type.and_then(grant).filter(|grant| grant.is_spoken_by(server));
    let grant = found.ok_or(CallError::UnsupportedGrantType)?;
    let lacks_secret = grant.needs_secret() && client.spec.auth.is_public();
    match client.spec.grant_types.contains(grant.grant_type()) && !lacks_secret {
        true => Ok(grant),
        false => Err(CallError::UnauthorizedClient),
    }
}

/// The grants for which a user signs in. They are the only ones with which a public client can begin.
pub fn with_user() -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| grant.needs_user())
}

/// The grants for which no user signs in, neither for the grant itself nor for an earlier one.
pub fn of_client_alone() -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| !grant.needs_user() && !grant.continues_family())
}

/// The grants that a server supports.
pub fn of(server: &AuthorizationServer) -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| grant.is_spoken_by(server))
}

/// A way in which a client gets a token.
#[async_trait]
pub trait Grant: Sync {
    /// The value of `grant_type`.
    fn grant_type(&self) -> &'static str;

    /// Whether a user must sign in and consent.
    fn needs_user(&self) -> bool {
        false
    }

    /// Whether its tokens are about a user.
    fn is_about_user(&self) -> bool {
        true
    }

    /// Whether it may be known how and when the user signed in: at this server, or as a token of an earlier grant
    /// says.
    fn has_sign_in(&self) -> bool {
        self.is_about_user()
    }

    /// Whether it uses what an earlier request received by a redirect.
    fn needs_redirect_uri(&self) -> bool {
        false
    }

    /// Whether the client must authenticate with a secret or a key. Without that, anyone who found the token
    /// or assertion of a request could use it.
    fn needs_secret(&self) -> bool {
        false
    }

    /// Whether a refresh token may be issued with the access token.
    fn starts_family(&self) -> bool {
        false
    }

    /// Whether the grant uses a refresh token of an earlier grant.
    fn continues_family(&self) -> bool {
        false
    }

    /// Whether a server supports this grant.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        let _ = server;
        true
    }

    /// Decides on the subject of the token, how its scopes are decided, and which changes to store.
    ///
    /// It is called again when a concurrent commit wins. It must then read from the storage again.
    ///
    /// # Errors
    ///
    /// Why the request is refused, and which changes to store with the refusal.
    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied>;
}

/// The inputs of a grant.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GrantRequest<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The authenticated client.
    pub client: &'a Client,
    /// The form of the request.
    pub form: &'a Form,
    /// The whole catalog, as of one moment.
    pub catalog: &'a Snapshot,
    /// The storage. Grants only read from it.
    pub store: &'a dyn Store,
    /// The signing keys of all authorization servers.
    pub keys: &'a KeyRing,
    /// The public keys of clients and trusted issuers, fetched from their `jwks_uri`.
    pub client_keys: &'a ClientKeys,
    /// The key from which tokens and MACs are derived.
    pub master_key: &'a MasterKey,
    /// The last poll of each device.
    pub polls: &'a Polls,
    /// The current time.
    pub now: UnixTime,
}

impl<'a> GrantRequest<'a> {
    pub(crate) fn new(authority: &'a Authority, call: &'a ClientCall<'_>) -> Self {
        Self {
            server: &call.server,
            client: &call.client,
            form: call.form(),
            catalog: &call.catalog,
            store: &*authority.store,
            keys: &authority.keys,
            client_keys: &authority.client_keys,
            master_key: &authority.master_key,
            polls: &authority.polls,
            now: call.now,
        }
    }
}

#[cfg(test)]
mod tests;
