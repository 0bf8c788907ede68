//! Grants: by what right a client asks for a token.
//!
//! A grant is one file and one line in [`GRANTS`]. It decides and touches nothing: what must be
//! remembered of its decision is in the decision, and is committed with the token.

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
mod without_asking;

use std::sync::LazyLock;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::call::form::Form;
use crate::catalog::{AuthorizationServer, Client, GrantKind, Snapshot};
use crate::keys::ClientKeys;
use crate::keys::KeyRing;
use crate::limits::Polls;
use crate::store::Store;

pub use decision::{Decision, Denied, Right};

/// Every grant this server speaks. Metadata and the catalog's checks are derived from it.
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
    let kind = |grant: &&dyn Grant| {
        let name = grant.grant_type();
        let needs_user = with_person().any(|grant| grant.grant_type() == name);
        GrantKind {
            name,
            needs_user: needs_user || name == "refresh_token",
            is_about_user: name != client_credentials::GRANT_TYPE,
            needs_secret: !needs_user && name != "refresh_token",
            needs_redirect_uri: name == "authorization_code",
            starts_family: needs_user,
            continues_family: name == "refresh_token",
        }
    };
    GRANTS.iter().map(kind).collect()
});

/// The grant of that name.
pub fn grant(grant_type: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.grant_type() == grant_type)
}

/// The grants by which a client gets a token for a person who signs in. A public client can use
/// no others.
pub fn with_person() -> impl Iterator<Item = &'static dyn Grant> {
    const NAMES: [&str; 2] = ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"];
    GRANTS.iter().copied().filter(|grant| NAMES.contains(&grant.grant_type()))
}

/// The grants that a client can use to which no browser leads, and that brings what it has itself.
pub fn of_client_alone() -> impl Iterator<Item = &'static dyn Grant> {
    let needs_another = |grant_type: &str| {
        grant_type == "refresh_token" || with_person().any(|grant| grant.grant_type() == grant_type)
    };
    GRANTS.iter().copied().filter(move |grant| !needs_another(grant.grant_type()))
}

/// The grants that a server speaks.
pub fn of(server: &AuthorizationServer) -> impl Iterator<Item = &'static dyn Grant> {
    GRANTS.iter().copied().filter(|grant| grant.is_spoken_by(server))
}

/// A right by which a client asks for a token.
#[async_trait]
pub trait Grant: Sync {
    /// The value of `grant_type`.
    fn grant_type(&self) -> &'static str;

    /// Tells whether a server speaks it: most do.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        let _ = server;
        true
    }

    /// Decides for whom the token would be, and what must be remembered of that.
    ///
    /// If another node was faster, it is asked again, on what is there then.
    ///
    /// # Errors
    ///
    /// Why the right does not hold, and what must be remembered of that.
    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, Denied>;
}

/// What a grant decides about, and what it may look at.
#[derive(Clone, Copy, Debug)]
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
