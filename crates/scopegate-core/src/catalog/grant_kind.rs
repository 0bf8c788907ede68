//! What the rules of the catalog have to know of grants and of client authentication methods.

use super::ClientAuth;

/// A grant, as far as the catalog is concerned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "each grant answers each question")]
pub struct GrantKind {
    /// The value of `grant_type`.
    pub name: &'static str,
    /// A user signs in for it, now or at its beginning.
    pub needs_user: bool,
    /// Its tokens are about a user, whether or not the user signs in.
    pub is_about_user: bool,
    /// The client must prove who it is.
    pub needs_secret: bool,
    /// The answer comes back by a redirect.
    pub needs_redirect_uri: bool,
    /// It can give a first refresh token.
    pub starts_family: bool,
    /// It goes on by a refresh token that another grant gave.
    pub continues_family: bool,
}

/// A client authentication method, as far as the catalog is concerned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "each method answers each question")]
pub struct AuthMethod {
    /// The method.
    pub auth: ClientAuth,
    /// What a client proves itself by.
    pub credential: Credential,
    /// The client id is sent by HTTP Basic, which ends it at its first colon (RFC 7617 §2).
    pub is_basic: bool,
}

/// What a client proves itself by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever adds one decides where it is written")]
pub enum Credential {
    /// A private key, whose public key is in the catalog.
    Key,
    /// Nothing: a public client (RFC 6749 §2.1).
    Nothing,
    /// A secret.
    Secret,
}
