//! The client without a secret: it signs its requests to the token endpoint.

use std::time::Duration;

use scopegate::{Clock, JoseError, SystemClock};
use scopegate_jose::{SigningKey, TokenType, random_token};
use serde_json::json;

/// The longest lifetime that an authorization server accepts.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// An assertion that authenticates the client `partner` once (RFC 7523 §3).
pub(crate) fn assertion(issuer: &str) -> Result<String, JoseError> {
    let key = SigningKey::from_jwk_json(include_str!("../partner.demo.jwk.json"))?;
    let now = SystemClock.now();
    let claims = json!({
        "iss": "partner",
        "sub": "partner",
        "aud": issuer,
        "iat": now,
        "exp": now.plus(LIFETIME),
        "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims)
}
