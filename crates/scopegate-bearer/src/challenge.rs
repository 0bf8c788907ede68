//! The `WWW-Authenticate` challenge: RFC 6750 §3, RFC 9470 §3 and RFC 9728 §5.1.

use std::fmt;
use std::time::Duration;

use scopegate_claims::ScopeSet;

/// The error codes of RFC 6750 §3.1 and RFC 9470 §3.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BearerError {
    /// The token lacks a scope: 403.
    InsufficientScope,
    /// The user must sign in again, or with a stronger method: 401 (RFC 9470 §3).
    InsufficientUserAuthentication,
    /// The request itself is malformed: 400.
    InvalidRequest,
    /// The token is malformed, expired, or not valid for another reason: 401.
    InvalidToken,
}

impl BearerError {
    /// The code as it is sent to the client.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
        }
    }
}

/// A `Bearer` challenge. Its `Display` is the value of the header.
///
/// Values are quoted and escaped, so that no value can end its parameter early or inject another
/// header.
///
/// ```
/// use scopegate_bearer::{BearerChallenge, BearerError};
/// use scopegate_claims::ScopeSet;
///
/// let challenge = BearerChallenge::new()
///     .with_error(BearerError::InsufficientScope)
///     .with_scope(&ScopeSet::parse("read:orders").unwrap());
/// assert_eq!(
///     challenge.to_string(),
///     r#"Bearer error="insufficient_scope", scope="read:orders""#
/// );
/// assert_eq!(BearerChallenge::new().to_string(), "Bearer");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BearerChallenge {
    realm: Option<Box<str>>,
    error: Option<BearerError>,
    description: Option<Box<str>>,
    scope: Option<ScopeSet>,
    acr_values: Option<Box<str>>,
    max_age: Option<u64>,
    resource_metadata: Option<Box<str>>,
}

impl BearerChallenge {
    /// A challenge without parameters: the answer to a request without a token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the realm, the name of the protection space (RFC 9110 §11.5).
    #[must_use]
    pub fn with_realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the error code.
    #[must_use]
    pub fn with_error(mut self, error: BearerError) -> Self {
        self.error = Some(error);
        self
    }

    /// Sets the description, which explains the error to a developer.
    #[must_use]
    pub fn with_description(mut self, description: &str) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the scopes that the resource needs.
    #[must_use]
    pub fn with_scope(mut self, scope: &ScopeSet) -> Self {
        self.scope = Some(scope.clone());
        self
    }

    /// Sets the `acr` values that are accepted, the preferred one first (RFC 9470 §3).
    ///
    /// ```
    /// use scopegate_bearer::{BearerChallenge, BearerError};
    /// use std::time::Duration;
    ///
    /// let challenge = BearerChallenge::new()
    ///     .with_error(BearerError::InsufficientUserAuthentication)
    ///     .with_acr_values(["urn:example:mfa", "urn:example:password"])
    ///     .with_max_age(Duration::from_secs(300));
    /// assert_eq!(
    ///     challenge.to_string(),
    ///     "Bearer error=\"insufficient_user_authentication\", \
    ///      acr_values=\"urn:example:mfa urn:example:password\", max_age=\"300\""
    /// );
    /// ```
    #[must_use]
    pub fn with_acr_values<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = values.into_iter().collect::<Vec<_>>().join(" ");
        self.acr_values = (!values.is_empty()).then(|| values.into());
        self
    }

    /// Sets the maximum time since the user signed in, in whole seconds (RFC 9470 §3).
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age.as_secs());
        self
    }

    /// Sets the URL of the protected resource's metadata (RFC 9728 §5.1).
    #[must_use]
    pub fn with_resource_metadata(mut self, url: &str) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }
}

impl fmt::Display for BearerChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { realm, error, description, scope, acr_values, max_age, resource_metadata } =
            self;
        let max_age = max_age.map(|seconds| seconds.to_string());
        let parameters = [
            ("realm", realm.as_deref()),
            ("error", error.map(BearerError::as_str)),
            ("error_description", description.as_deref()),
            ("scope", scope.as_ref().filter(|scope| !scope.is_empty()).map(ScopeSet::as_str)),
            ("acr_values", acr_values.as_deref()),
            ("max_age", max_age.as_deref()),
            ("resource_metadata", resource_metadata.as_deref()),
        ];
        f.write_str("Bearer")?;
        let mut separator = " ";
        for (name, value) in parameters {
            if let Some(value) = value {
                write!(f, "{separator}{name}={}", Quoted(value))?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// A quoted-string of RFC 9110 §5.6.4, in printable ASCII.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                ' '..='~' => f.write_char(character)?,
                // A line break would end the header. Everything outside printable ASCII is
                // replaced.
                _ => f.write_char('?')?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_separated_by_commas() {
        let challenge = BearerChallenge::new()
            .with_realm("orders")
            .with_error(BearerError::InvalidToken)
            .with_description("the token has expired")
            .with_resource_metadata("https://api.example/.well-known/oauth-protected-resource");
        assert_eq!(
            challenge.to_string(),
            "Bearer realm=\"orders\", error=\"invalid_token\", \
             error_description=\"the token has expired\", \
             resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\""
        );
    }

    #[test]
    fn no_value_escapes_its_quotes() {
        let challenge = BearerChallenge::new().with_realm("a\", error=\"x\\\r\nSet-Cookie: é");
        assert_eq!(challenge.to_string(), r#"Bearer realm="a\", error=\"x\\??Set-Cookie: ?""#);
    }

    #[test]
    fn an_empty_scope_is_left_out() {
        assert_eq!(BearerChallenge::new().with_scope(&ScopeSet::empty()).to_string(), "Bearer");
    }
}
