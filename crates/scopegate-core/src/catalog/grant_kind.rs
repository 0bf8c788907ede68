//! The properties of grants and of client authentication methods that the rules of the catalog need.

use super::ClientAuth;

/// The properties of a grant that the catalog needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "each grant sets each field")]
pub struct GrantKind {
    /// The value of `grant_type`.
    pub name: &'static str,
    /// A user signs in for it, either now or when the first token was issued.
    pub needs_user: bool,
    /// Its tokens are issued for a user, whether or not the user signs in.
    pub is_about_user: bool,
    /// It may be known how and when the user signed in.
    pub has_sign_in: bool,
    /// The client must authenticate.
    pub needs_secret: bool,
    /// The response is sent by a redirect.
    pub needs_redirect_uri: bool,
    /// It can issue the first refresh token of a family.
    pub starts_family: bool,
    /// It uses a refresh token that another grant issued.
    pub continues_family: bool,
}

/// The properties of a client authentication method that the catalog needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "each method sets each field")]
pub struct AuthMethod {
    /// The method.
    pub auth: ClientAuth,
    /// The credential that the method uses.
    pub credential: Credential,
    /// The client id is sent with HTTP Basic, where it ends at the first colon (RFC 7617 §2).
    pub is_basic: bool,
}

/// The credential of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a new variant needs a field in the catalog")]
pub enum Credential {
    /// A private key. The catalog has the public key.
    Key,
    /// Nothing: a public client (RFC 6749 §2.1).
    Nothing,
    /// A secret.
    Secret,
}
