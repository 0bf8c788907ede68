//! The type in the header of a token that is signed here.

/// The `typ` of a token that is signed here (RFC 7515 §4.1.9, RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TokenType {
    /// `at+jwt`, an access token (RFC 9068 §2.1).
    AccessToken,
    /// `JWT`: an ID token or an assertion.
    Jwt,
    /// `logout+jwt` (OpenID Connect Back-Channel Logout §2.4).
    LogoutToken,
    /// No `typ`.
    None,
}

impl TokenType {
    pub(crate) const ALL: [Self; 4] = [Self::AccessToken, Self::Jwt, Self::LogoutToken, Self::None];

    /// The value of `typ`.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::AccessToken => Some("at+jwt"),
            Self::Jwt => Some("JWT"),
            Self::LogoutToken => Some("logout+jwt"),
            Self::None => None,
        }
    }
}
