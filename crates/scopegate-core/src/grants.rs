//! Grants: the right by which a client asks for a token (RFC 6749 §1.3).
//!
//! A grant is one file and one line in [`GRANTS`]. It decides and writes nothing: its [`Decision`] says what
//! must be remembered, and that is committed together with the token.

mod agreed;
pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod code;
mod code_verifier;
mod decision;
pub mod device;
pub(crate) mod device_code;
mod jwt_bearer;
mod refresh_token;
mod token_exchange;
mod without_user;

use std::sync::LazyLock;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::authority::Authority;
use crate::call::{ClientCall, Denied};
use crate::catalog::{AuthorizationServer, Client, GrantKind, Snapshot};
use crate::form::Form;
use crate::keys::{ClientKeys, KeyRing};
use crate::limits::Polls;
use crate::store::Store;

pub use decision::{Decision, OnceSigned, Right, Signed, WithToken};

/// Every grant of this server. The metadata and the checks of the catalog follow from it.
pub static GRANTS: &[&dyn Grant] = &[
    &authorization_code::AuthorizationCode,
    &client_credentials::ClientCredentials,
    &device_code::DeviceCode,
    &refresh_token::Refresh,
    &jwt_bearer::JwtBearer,
    &token_exchange::TokenExchange,
];

/// What the rules of the catalog ask of each grant.
pub fn kinds() -> &'static [GrantKind] {
    &KINDS
}

static KINDS: LazyLock<Vec<GrantKind>> = LazyLock::new(|| {
    let kind = |grant: &&dyn Grant| GrantKind {
        name: grant.grant_type(),
        needs_user: grant.needs_user() || grant.continues_family(),
        is_about_user: grant.is_about_user(),
        needs_secret: grant.needs_secret(),
        needs_redirect_uri: grant.needs_redirect_uri(),
        starts_family: grant.starts_family(),
        continues_family: grant.continues_family(),
    };
    GRANTS.iter().map(kind).collect()
});

/// The grant of that name.
pub fn grant(grant_type: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.grant_type() == grant_type)
}

/// The grants by which a client gets a token for a user who signs in. A public client can use no others.
pub fn with_user() -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| grant.needs_user())
}

/// The grants of a client that has no browser: it needs neither a user who signs in nor what such a grant
/// left.
pub fn of_client_alone() -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| !grant.needs_user() && !grant.continues_family())
}

/// The grants that can be used at a server.
pub fn of(server: &AuthorizationServer) -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| grant.is_spoken_by(server))
}

/// A right by which a client asks for a token.
#[async_trait]
pub trait Grant: Sync {
    /// The value of `grant_type`.
    fn grant_type(&self) -> &'static str;

    /// Tells whether a user must sign in and agree.
    fn needs_user(&self) -> bool {
        false
    }

    /// Tells whether its tokens are about a user.
    fn is_about_user(&self) -> bool {
        true
    }

    /// Tells whether the answer to an earlier request came by a redirect.
    fn needs_redirect_uri(&self) -> bool {
        false
    }

    /// Tells whether only a client may use it that authenticates. Otherwise whoever found what the request
    /// shows could use it.
    fn needs_secret(&self) -> bool {
        false
    }

    /// Tells whether refresh tokens may come with the access token.
    fn starts_family(&self) -> bool {
        false
    }

    /// Tells whether it uses a refresh token that another grant left.
    fn continues_family(&self) -> bool {
        false
    }

    /// Tells whether it can be used at a server.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        let _ = server;
        true
    }

    /// Decides for whom the token is, by what right, and what must be remembered.
    ///
    /// When a concurrent commit wins, it is asked again, and reads again.
    ///
    /// # Errors
    ///
    /// Why the right does not hold, and what must be remembered of that.
    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied>;
}

/// What a grant decides about, and what it may look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GrantRequest<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client, authenticated.
    pub client: &'a Client,
    /// The form.
    pub form: &'a Form,
    /// The whole catalog, of one moment.
    pub catalog: &'a Snapshot,
    /// The storage, to be read.
    pub store: &'a dyn Store,
    /// The keys of all servers.
    pub keys: &'a KeyRing,
    /// The keys that others publish.
    pub client_keys: &'a ClientKeys,
    /// The key under which secrets are kept.
    pub master_key: &'a MasterKey,
    /// When devices asked last.
    pub polls: &'a Polls,
    /// The present.
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
