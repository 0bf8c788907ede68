//! An ID token that comes back to say about whom a request is (OpenID Connect Core §3.1.2.1).

use scopegate_claims::UnixTime;
use scopegate_jose::{AlgorithmSet, JoseError, KeySet, UnverifiedJws};
use serde::Deserialize;

use crate::catalog::AuthorizationServer;
use crate::token::TokenId;

/// What an ID token of a server says. It may have expired: it is no credential.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct IdTokenHint {
    iss: String,
    /// Its id.
    pub jti: String,
    /// The person's id.
    pub sub: String,
    /// The client that it was issued to.
    pub aud: String,
    /// When it expires.
    pub exp: UnixTime,
    /// The session in which it was issued.
    #[serde(default)]
    pub sid: Option<String>,
    /// When the person signed in.
    #[serde(default)]
    pub auth_time: Option<UnixTime>,
    /// In what class of authentication.
    #[serde(default)]
    pub acr: Option<String>,
    /// By which methods.
    #[serde(default)]
    pub amr: Vec<String>,
}

impl IdTokenHint {
    /// Reads an ID token that a server signed with a key that it still publishes.
    ///
    /// # Errors
    ///
    /// [`JoseError`] for whatever is no ID token of this server.
    pub fn read(
        token: &str,
        server: &AuthorizationServer,
        keys: &KeySet,
    ) -> Result<Self, JoseError> {
        let verified = UnverifiedJws::parse(token)?.verify(keys, AlgorithmSet::all())?;
        let hint: Self = verified.deserialize()?;
        let is_ours = hint.iss == server.issuer.as_str() && hint.jti.starts_with(TokenId::ID);
        if is_ours { Ok(hint) } else { Err(JoseError::InvalidClaims) }
    }
}

#[cfg(test)]
mod tests {
    use scopegate_claims::Issuer;
    use scopegate_jose::{Algorithm, SigningKey, TokenType};
    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::{ServerId, Snapshot};

    #[test]
    fn only_an_id_token_of_this_very_server_is_a_hint() {
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap());
        let server = catalog.server(&ServerId::default_server()).unwrap().unwrap();
        let (key, other) = (signing(), signing());
        let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
        let read = |key: &SigningKey, other: Value| {
            let mut claims = json!({
                "iss": "https://id.example/oauth2/default", "sub": "00u1", "aud": "portal",
                "jti": "ID.1", "sid": "ses1", "exp": 1,
            });
            claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
            let token = key.sign(TokenType::Jwt, &claims).unwrap();
            IdTokenHint::read(&token, server, &keys)
        };
        let hint = read(&key, json!({})).unwrap();
        assert_eq!((hint.sub.as_str(), hint.aud.as_str()), ("00u1", "portal"), "though expired");
        assert!(read(&other, json!({})).is_err(), "another key");
        for wrong in [
            json!({ "iss": "https://id.example" }),
            json!({ "jti": "AT.1" }),
            json!({ "aud": ["portal", "other"] }),
            json!({ "sub": null }),
        ] {
            assert!(read(&key, wrong.clone()).is_err(), "{wrong}");
        }
        assert!(IdTokenHint::read("no token", server, &keys).is_err());
    }

    fn signing() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap()
    }
}
