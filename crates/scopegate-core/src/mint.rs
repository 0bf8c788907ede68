//! Making an access token: its claims, and the signature under them.

use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::{Audience, Claims, Dialect, UnixTime};
use scopegate_jose::{JoseError, SigningKey, TokenType};
use serde_json::Value;

use crate::catalog::{AuthorizationServer, ClaimSource, Client, RESERVED_CLAIMS, TokenKind};
use crate::grants::Subject;
use crate::policy::Granted;

/// An access token that was just made. `Debug` hides it.
pub struct AccessToken {
    /// The token itself.
    pub token: String,
    /// Its `jti`.
    pub id: String,
    /// How long it lives.
    pub lifetime: Duration,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an access token is made of.
#[derive(Clone, Copy, Debug)]
pub struct Ingredients<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client that gets it.
    pub client: &'a Client,
    /// Of whom it speaks.
    pub subject: &'a Subject,
    /// For whom it is meant.
    pub audience: &'a Audience,
    /// What the policy granted.
    pub granted: &'a Granted,
    /// The present.
    pub now: UnixTime,
}

/// Makes and signs an access token.
///
/// # Errors
///
/// [`JoseError`] if the key does not sign.
pub fn access_token(from: &Ingredients<'_>, key: &SigningKey) -> Result<AccessToken, JoseError> {
    let Ingredients { server, client, subject, audience, granted, now } = *from;
    let id = format!("AT.{}", scopegate_jose::random_token(32));
    let subject = match subject {
        Subject::Client => client.id.as_str(),
    };
    let claims = Claims::builder(&server.issuer, now.plus(granted.lifetime))
        .subject(subject)
        .audience(audience.clone())
        .issued_at(now)
        .token_id(&id)
        .client_id(client.id.as_str())
        .scopes(granted.scopes.clone())
        .build();
    let dialect = server.spec.dialect;
    let custom = custom_claims(from);
    let payload = claims.in_dialect_with(dialect, &custom);
    let token = key.sign(token_type(dialect), &payload)?;
    Ok(AccessToken { token, id, lifetime: granted.lifetime })
}

/// Okta's tokens bear no type; RFC 9068 §2.1 requires one.
fn token_type(dialect: Dialect) -> TokenType {
    match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::AccessToken,
    }
}

/// The claims that the administrator added, as far as they apply.
fn custom_claims<'a>(from: &Ingredients<'a>) -> BTreeMap<&'a str, &'a Value> {
    let applies = |scopes: &[scopegate_claims::Scope]| {
        let granted = &from.granted.scopes;
        scopes.is_empty() || scopes.iter().any(|scope| granted.contains(scope.as_str()))
    };
    from.server
        .claims
        .iter()
        .filter(|(name, spec)| {
            // The catalog refuses reserved names; a row written otherwise must not forge a claim.
            spec.token == TokenKind::Access
                && applies(&spec.scopes)
                && !RESERVED_CLAIMS.contains(&name.as_str())
        })
        .filter_map(|(name, spec)| {
            let value = match &spec.value {
                ClaimSource::ClientAttribute(attribute) => {
                    from.client.spec.attributes.get(attribute)
                }
                ClaimSource::Constant(value) => Some(value),
            };
            value.map(|value| (name.as_str(), value))
        })
        .collect()
}
