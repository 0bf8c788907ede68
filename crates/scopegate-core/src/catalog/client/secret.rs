//! The secret of a client, as it is stored.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::constant_time_eq;
use serde::{Deserialize, Serialize};

/// The stored form of a client's secret: an HMAC of its SHA-256 with the master key.
///
/// It is useless without the master key. The secret is random, so a slow password hash would add no
/// security.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    mac: SecretMac,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<UnixTime>,
}

/// The HMAC, stored as base64url.
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
    /// Minimum length of a secret, in characters.
    pub const MIN_LENGTH: usize = 32;

    /// Makes the stored form from the HMAC of a secret's SHA-256.
    pub const fn from_mac(mac: [u8; 32]) -> Self {
        Self { mac: SecretMac(mac), expires_at: None, created_at: None }
    }

    /// The same secret with this expiry. From that time on it is not accepted.
    #[must_use]
    pub const fn until(mut self, expires_at: Option<UnixTime>) -> Self {
        self.expires_at = expires_at;
        self
    }

    /// The same secret, first stored at this time.
    #[must_use]
    pub const fn made_at(mut self, created_at: Option<UnixTime>) -> Self {
        self.created_at = created_at;
        self
    }

    /// When the secret is no longer accepted. `None`: never.
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// When the secret was first stored. `None` if an earlier version stored it.
    pub const fn created_at(&self) -> Option<UnixTime> {
        self.created_at
    }

    /// Tells whether the secret is still accepted.
    pub fn is_accepted(&self, now: UnixTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Compares in constant time. An expired secret does not match, and takes as long to compare.
    pub fn matches(&self, mac: &[u8; 32], now: UnixTime) -> bool {
        self.is_same(mac) & self.is_accepted(now)
    }

    /// An id of the secret in its store, for exports. The secret does not follow from it: it is a part of a
    /// hash of the stored form.
    pub fn kept_id(&self) -> String {
        const LENGTH: usize = 12;
        let hash = scopegate_jose::sha256(&[b"kept secret".as_slice(), &self.mac.0].concat());
        scopegate_jose::base64url::encode(&hash[..LENGTH])
    }

    /// Tells whether both are the same secret, ignoring their expiry.
    pub fn is_same_secret(&self, other: &Self) -> bool {
        self.is_same(&other.mac.0)
    }

    fn is_same(&self, mac: &[u8; 32]) -> bool {
        constant_time_eq(&self.mac.0, mac)
    }
}

/// Ignores when the secrets were first stored: a catalog file does not say it, and applying the same file
/// again must change nothing.
impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_secret(other) && self.expires_at == other.expires_at
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
    fn debug_output_does_not_contain_the_secret() {
        assert_eq!(format!("{:?}", ClientSecret::from_mac([7; 32])), "ClientSecret(…)");
    }

    #[test]
    fn when_a_secret_was_stored_does_not_make_it_another_one() {
        let (one, other) = (ClientSecret::from_mac([7; 32]), ClientSecret::from_mac([8; 32]));
        let (now, end) = (UnixTime::from_seconds(5), UnixTime::from_seconds(9));
        assert_eq!(one.clone().made_at(Some(now)), one);
        assert_ne!(one.clone().until(Some(end)), one);
        assert_ne!(one, other);
        let stored = serde_json::to_string(&one.clone().made_at(Some(now))).unwrap();
        let read: ClientSecret = serde_json::from_str(&stored).unwrap();
        assert_eq!((read.created_at(), read.expires_at()), (Some(now), None));
    }
}
