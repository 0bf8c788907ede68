//! Grants: by what right a client asks for a token.
//!
//! A grant is one file and one line in [`GRANTS`]. It decides and touches nothing: what must be
//! remembered of its decision is in the decision, and is committed with the token.

mod client_credentials;

use async_trait::async_trait;

use crate::catalog::{AuthorizationServer, Client};
use crate::error::TokenError;
use crate::form::Form;
use crate::store::Change;

/// Every grant this server speaks. Metadata and the catalog's checks are derived from it.
pub static GRANTS: &[&dyn Grant] = &[
    &client_credentials::ClientCredentials, //
];

/// The grant of that name.
pub fn grant(grant_type: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.grant_type() == grant_type)
}

/// A right by which a client asks for a token.
#[async_trait]
pub trait Grant: Sync {
    /// The value of `grant_type`.
    fn grant_type(&self) -> &'static str;

    /// Decides for whom the token would be, and what must be remembered of that.
    ///
    /// # Errors
    ///
    /// Why the right does not hold.
    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, TokenError>;
}

/// What a grant decides about.
#[derive(Clone, Copy, Debug)]
pub struct GrantRequest<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client, authenticated.
    pub client: &'a Client,
    /// The form.
    pub form: &'a Form,
}

/// What a grant decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Of whom the token speaks.
    pub subject: Subject,
    /// What must be remembered, in the transaction that issues the token.
    pub changes: Vec<Change>,
}

/// Of whom a token speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// The client itself: no person takes part.
    Client,
}
