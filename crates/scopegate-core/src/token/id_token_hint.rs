//! An ID token that a client sends back to name the user of a request (OpenID Connect Core §3.1.2.1,
//! `id_token_hint`).

use scopegate_claims::UnixTime;
use scopegate_jose::{AlgorithmSet, JoseError, KeySet, UnverifiedJws};
use serde::Deserialize;

use crate::catalog::AuthorizationServer;
use crate::token::TokenId;

/// The claims of an ID token that the server issued. The token may have expired, because it is a hint and
/// not a credential.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct IdTokenHint {
    iss: String,
    /// The id of the token.
    pub jti: String,
    /// The id of the user.
    pub sub: String,
    /// The client to which the token was issued.
    pub aud: String,
    /// When the token expires.
    pub exp: UnixTime,
    /// The session in which the token was issued.
    #[serde(default)]
    pub sid: Option<String>,
    /// When the user signed in.
    #[serde(default)]
    pub auth_time: Option<UnixTime>,
    /// The authentication context class of the sign-in.
    #[serde(default)]
    pub acr: Option<String>,
    /// The authentication methods of the sign-in.
    #[serde(default)]
    pub amr: Vec<String>,
}

impl IdTokenHint {
    /// Reads an ID token of a server. The server must still publish the key that signed it.
    ///
    /// # Errors
    ///
    /// [`JoseError`] if the text is not an ID token of this server.
    pub fn read(
        token: &str,
        server: &AuthorizationServer,
        keys: &KeySet,
    ) -> Result<Self, JoseError> {
        let verified = UnverifiedJws::parse(token)?.verify(keys, AlgorithmSet::usual())?;
        let hint: Self = verified.deserialize()?;
        let is_ours = hint.iss == server.issuer.as_str() && hint.jti.starts_with(TokenId::ID);
        if is_ours { Ok(hint) } else { Err(JoseError::InvalidClaims { claim: None }) }
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
    fn only_an_id_token_of_this_server_is_a_hint() {
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
        assert_eq!(
            (hint.sub.as_str(), hint.aud.as_str()),
            ("00u1", "portal"),
            "an expired token is read"
        );
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
