//! Tokens that every service must refuse.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, SigningKey, base64url, sha256};
use serde_json::{Map, Value, json};

/// A way in which a token is broken. Each is refused with 401 `invalid_token`.
///
/// [`TokenBuilder::broken`](crate::TokenBuilder::broken) makes such a token; a test can loop over
/// [`ALL`](Self::ALL). `Display` writes the variant's name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Broken {
    /// `alg` is `none`, and there is no signature.
    AlgorithmNone,
    /// `alg` is `none`, with the signature of a valid token.
    AlgorithmNoneWithSignature,
    /// `alg` is not the key's algorithm.
    AnotherAlgorithm,
    /// The audience is another one.
    AnotherAudience,
    /// The issuer is another one.
    AnotherIssuer,
    /// `typ` is that of a logout token.
    AnotherType,
    /// The token is bound to a key (`cnf`), and a bearer request does not prove possession of it.
    BoundToKey,
    /// The claims were changed after signing.
    ClaimsChanged,
    /// The header has a critical extension (`crit`, RFC 7515 §4.1.11).
    Critical,
    /// A claim occurs twice.
    DuplicateClaim,
    /// The signature is empty.
    EmptySignature,
    /// It has expired, by more than the longest leeway.
    Expired,
    /// There is a fourth segment.
    FourSegments,
    /// It is signed with HS256, with the public key as the secret.
    HmacWithPublicKey,
    /// It is an ID token.
    IdToken,
    /// It is signed with an attacker's key, and that key is in the header (`jwk`).
    KeyInHeader,
    /// It is signed with an attacker's key, and that key's URL is in the header (`jku`, `x5u`).
    KeyUrlInHeader,
    /// Its claims are those of a logout token.
    LogoutToken,
    /// It has no audience.
    NoAudience,
    /// It has no expiry.
    NoExpiry,
    /// It has no issuer.
    NoIssuer,
    /// It is signed with an attacker's key, and the header has no `kid`.
    NoKeyId,
    /// It is not a JWT.
    NotAToken,
    /// It is not valid yet.
    NotYetValid,
    /// It is longer than 16 KiB.
    Oversized,
    /// Its base64url has padding.
    Padded,
    /// It is a refresh token, in the form that some issuers sign.
    RefreshToken,
    /// The signature was changed.
    SignatureChanged,
    /// It is signed with an attacker's key, and `kid` names the issuer's key.
    StrangersKey,
    /// Its `exp` is a string.
    TextTimes,
    /// The signature is missing.
    TwoSegments,
    /// The header names an unknown key, so the layer asks the issuer for it.
    UnknownKeyId,
}

impl Broken {
    /// All variants.
    pub const ALL: &'static [Self] = &[
        Self::AlgorithmNone,
        Self::AlgorithmNoneWithSignature,
        Self::AnotherAlgorithm,
        Self::AnotherAudience,
        Self::AnotherIssuer,
        Self::AnotherType,
        Self::BoundToKey,
        Self::ClaimsChanged,
        Self::Critical,
        Self::DuplicateClaim,
        Self::EmptySignature,
        Self::Expired,
        Self::FourSegments,
        Self::HmacWithPublicKey,
        Self::IdToken,
        Self::KeyInHeader,
        Self::KeyUrlInHeader,
        Self::LogoutToken,
        Self::NoAudience,
        Self::NoExpiry,
        Self::NoIssuer,
        Self::NoKeyId,
        Self::NotAToken,
        Self::NotYetValid,
        Self::Oversized,
        Self::Padded,
        Self::RefreshToken,
        Self::SignatureChanged,
        Self::StrangersKey,
        Self::TextTimes,
        Self::TwoSegments,
        Self::UnknownKeyId,
    ];

    /// Makes such a token from valid claims.
    pub(crate) fn make(
        self,
        key: &SigningKey,
        claims: Map<String, Value>,
        now: UnixTime,
    ) -> String {
        let good = Parts::of(key, claims);
        match self {
            Self::AlgorithmNone => good.header("alg", "none").unsigned(),
            Self::AlgorithmNoneWithSignature => {
                let signature = good.signature(key);
                good.header("alg", "none").with_signature(&signature)
            }
            Self::AnotherAlgorithm => {
                let mut others = Algorithm::SIGNING.iter().copied();
                let other = others.find(|other| *other != key.algorithm());
                good.header("alg", other.map(Algorithm::name)).signed(key)
            }
            Self::AnotherAudience => good.claim("aud", "https://another.example").signed(key),
            Self::AnotherIssuer => good.claim("iss", "https://another.example").signed(key),
            Self::AnotherType => good.header("typ", "logout+jwt").signed(key),
            Self::BoundToKey => {
                let thumbprint = base64url::encode(&sha256(b"a key"));
                good.claim("cnf", json!({ "jkt": thumbprint })).signed(key)
            }
            Self::ClaimsChanged => {
                let signature = good.signature(key);
                good.claim("sub", "root").with_signature(&signature)
            }
            Self::Critical => good.header("crit", json!(["exp"])).signed(key),
            Self::DuplicateClaim => {
                let json = Value::Object(good.claims.clone()).to_string();
                let twice = json.replacen('{', r#"{"sub":"root","#, 1);
                sign(
                    key,
                    &format!("{}.{}", encode(&good.header), base64url::encode(twice.as_bytes())),
                )
            }
            Self::EmptySignature => good.unsigned(),
            Self::Expired => good.claim("exp", now.as_seconds() - 301).signed(key),
            Self::FourSegments => format!("{}.e30", good.signed(key)),
            Self::HmacWithPublicKey => {
                let public = serde_json::to_vec(&key.public_jwk()).expect("a key is plain data");
                let forged = good.header("alg", "HS256");
                let mac = hmac_sha256(&public, forged.signing_input().as_bytes());
                forged.with_signature(&base64url::encode(&mac))
            }
            Self::IdToken => good
                .header("typ", "JWT")
                .claim("nonce", "n-0S6_WzA2Mj")
                .claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ")
                .signed(key),
            Self::KeyInHeader => {
                let stranger = stranger(key);
                let public = serde_json::to_value(stranger.public_jwk());
                good.header("jwk", public.expect("a key is plain data")).signed(&stranger)
            }
            Self::KeyUrlInHeader => good
                .header("jku", "https://another.example/keys")
                .header("x5u", "https://another.example/chain")
                .signed(&stranger(key)),
            Self::LogoutToken => good
                .header("typ", "JWT")
                .claim(
                    "events",
                    json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
                )
                .signed(key),
            Self::NoAudience => good.claim("aud", Value::Null).signed(key),
            Self::NoExpiry => good.claim("exp", Value::Null).signed(key),
            Self::NoIssuer => good.claim("iss", Value::Null).signed(key),
            Self::NoKeyId => good.header("kid", Value::Null).signed(&stranger(key)),
            Self::NotAToken => "correct-horse-battery-staple".to_owned(),
            Self::NotYetValid => good.claim("nbf", now.as_seconds() + 301).signed(key),
            Self::Oversized => good.claim("padding", "x".repeat(16 * 1024)).signed(key),
            Self::Padded => format!("{}==", good.signed(key)),
            Self::RefreshToken => good.header("typ", "JWT").claim("typ", "Refresh").signed(key),
            Self::SignatureChanged => {
                let signature = good.signature(key);
                let other = if signature.starts_with('A') { "B" } else { "A" };
                good.with_signature(&format!("{other}{}", &signature[1..]))
            }
            Self::StrangersKey => good.signed(&stranger(key)),
            Self::TextTimes => {
                let end = good.claims["exp"].to_string();
                good.claim("exp", end).signed(key)
            }
            Self::TwoSegments => good.signing_input(),
            Self::UnknownKeyId => good.header("kid", "unheard-of").signed(&stranger(key)),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Header and claims before they are signed.
struct Parts {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Parts {
    fn of(key: &SigningKey, claims: Map<String, Value>) -> Self {
        let header = Map::new();
        Self { header, claims }
            .header("typ", "at+jwt")
            .header("alg", key.algorithm().name())
            .header("kid", key.kid())
    }

    /// Sets a member of the header; `null` removes it.
    fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// Sets a claim; `null` removes it.
    fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    fn signing_input(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }

    fn signature(&self, key: &SigningKey) -> String {
        key.signature(&self.signing_input()).expect("the key signs")
    }

    fn signed(&self, key: &SigningKey) -> String {
        sign(key, &self.signing_input())
    }

    fn unsigned(&self) -> String {
        self.with_signature("")
    }

    fn with_signature(&self, signature: &str) -> String {
        format!("{}.{signature}", self.signing_input())
    }
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    match value {
        Value::Null => drop(object.remove(name)),
        value => drop(object.insert(name.to_owned(), value)),
    }
}

fn encode(object: &Map<String, Value>) -> String {
    base64url::encode(&serde_json::to_vec(object).expect("values are plain data"))
}

fn sign(key: &SigningKey, text: &str) -> String {
    format!("{text}.{}", key.signature(text).expect("the key signs"))
}

fn stranger(key: &SigningKey) -> SigningKey {
    SigningKey::generate(key.algorithm()).expect("a key can be made")
}

/// HMAC (RFC 2104) with a key of any length.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&sha256(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.map(|of_key| of_key ^ byte).to_vec();
    let inner = sha256(&[&pad(0x36)[..], message].concat());
    sha256(&[&pad(0x5c)[..], &inner[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4231_case_2() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn all_lists_each_variant_once() {
        for (at, &broken) in Broken::ALL.iter().enumerate() {
            assert_eq!(broken as usize, at, "{broken}");
        }
    }
}
