//! A client as it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scopegate_jose::{Jwk, constant_time_eq};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Status;

/// The id of a client (RFC 6749 §2.2): 1 to 100 printable ASCII characters without space and colon.
///
/// It may not begin like a user id, so that `sub` never means two things.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

impl ClientId {
    /// With this prefix begin user ids, and no client id.
    pub const USER_ID_PREFIX: &'static str = "00u";

    /// Parses a client id; the error says what is wrong.
    ///
    /// # Errors
    ///
    /// A text that names the rule which is broken.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if text.is_empty() || text.len() > 100 || !text.bytes().all(allowed) {
            return Err(
                "a client id has 1 to 100 printable ASCII characters, without space and `:`",
            );
        }
        if text.starts_with(Self::USER_ID_PREFIX) {
            return Err("a client id may not begin with `00u`: user ids do");
        }
        Ok(Self(text.into()))
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0.into()
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client. Its id is the entity's name.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ClientSpec {
    /// The name that people read.
    pub name: String,
    /// What kind of program it is.
    pub client_type: ClientType,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// The secrets it may show; several while one replaces another.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// The public keys it may sign assertions with.
    #[serde(default)]
    pub jwks: Vec<Jwk>,
    /// The grant types it may use.
    pub grant_types: BTreeSet<String>,
    /// What claims can be made of.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Whether it may have the admin scopes of the org server.
    #[serde(default)]
    pub admin: bool,
    /// Whether it may do anything at all.
    #[serde(default)]
    pub status: Status,
}

/// What kind of program a client is (Okta's `application_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's four")]
pub enum ClientType {
    /// Runs in a browser.
    Browser,
    /// Runs on somebody's device.
    Native,
    /// Runs without a person.
    Service,
    /// Runs on a server, for persons.
    Web,
}

/// How a client proves who it is (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// Its secret in the Authorization header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Its secret in the form.
    ClientSecretPost,
    /// An assertion signed by its key (RFC 7523 §2.2).
    PrivateKeyJwt,
}

impl ClientAuth {
    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// What is kept of a client's secret: an HMAC of its SHA-256 under the master key.
///
/// It is of no use without the master key, and the secret is random, so a slow hash would only slow
/// down the server.
#[derive(Clone, Deserialize, Serialize)]
pub struct ClientSecret {
    mac: SecretMac,
}

/// Bytes that are stored as base64url.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct SecretMac([u8; 32]);

impl TryFrom<String> for SecretMac {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = scopegate_jose::base64url::decode(&text).map_err(|_| "not base64url")?;
        bytes.try_into().map(Self).map_err(|_| "not 32 bytes")
    }
}

impl From<SecretMac> for String {
    fn from(mac: SecretMac) -> Self {
        scopegate_jose::base64url::encode(&mac.0)
    }
}

impl ClientSecret {
    /// The fewest characters of a secret.
    pub const MIN_LENGTH: usize = 32;

    /// Keeps the HMAC of a secret's SHA-256.
    pub const fn from_mac(mac: [u8; 32]) -> Self {
        Self { mac: SecretMac(mac) }
    }

    /// Compares in constant time.
    pub fn matches(&self, mac: &[u8; 32]) -> bool {
        constant_time_eq(&self.mac.0, mac)
    }
}

impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.mac.0)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_no_user_id_and_survives_basic_authentication() {
        for good in [
            "orders-reader",
            "0oa123456789",
            "https://client.example/meta".split(':').next().unwrap(),
        ] {
            assert!(ClientId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "00u1", "a b", "a:b", "é", &"a".repeat(101)] {
            assert!(ClientId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", ClientSecret::from_mac([7; 32])), "ClientSecret(…)");
    }
}
