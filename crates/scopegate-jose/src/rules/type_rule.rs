//! The rule for the type of a token.

use scopegate_claims::Claims;

use crate::Header;

/// The rule for the `typ` of the header.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TypeRule {
    /// `at+jwt`, `JWT` or no `typ`, as most issuers write it. ID tokens have the same header; they
    /// are recognized by their claims and refused.
    #[default]
    Lenient,
    /// `at+jwt` only (RFC 9068 §4), with all claims that RFC 9068 §2.2 requires: `aud`, `sub`,
    /// `client_id`, `iat` and `jti`, in addition to `iss` and `exp`, which all tokens need.
    Strict,
}

impl TypeRule {
    pub(crate) fn admits(self, header: &Header) -> bool {
        header.is_type(ACCESS_TOKEN)
            || self == Self::Lenient && (header.typ().is_none() || header.is_type("JWT"))
    }

    /// A required claim that is missing.
    pub(crate) fn missing(self, claims: &Claims) -> Option<&'static str> {
        let required = [
            ("aud", claims.audiences().is_some()),
            ("sub", claims.subject().is_some()),
            ("client_id", claims.client_id().is_some()),
            ("iat", claims.issued_at().is_some()),
            ("jti", claims.token_id().is_some()),
        ];
        match self {
            Self::Lenient => None,
            Self::Strict => required.iter().find(|(_, there)| !there).map(|(name, _)| *name),
        }
    }
}

/// The type of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";
