//! The tokens of a measurement and the key that signs them.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use scopegate_jose::{Algorithm, JwkSet, KeySet, SigningKey, TokenType, base64url};
use serde_json::{Value, json};

/// The issuer of every token.
pub const ISSUER: &str = "https://id.example.com/oauth2/default";

/// The audience of every token.
pub const AUDIENCE: &str = "api://orders";

/// The scope that the handlers require, one of five that every token has.
pub const SCOPE: &str = "read:orders";

/// One signing key and its tokens, of the usual size: twelve claims, five scopes.
#[derive(Debug)]
pub struct Setting {
    key: SigningKey,
    now: u64,
    signed: usize,
}

impl Setting {
    /// A new key for this algorithm.
    pub fn new(algorithm: Algorithm) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        Self { key: SigningKey::generate(algorithm).expect("a key can be made"), now, signed: 0 }
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key itself.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The public key, for our layer.
    pub fn keys(&self) -> KeySet {
        KeySet::from_keys([self.key.verifying_key().expect("the key verifies")])
    }

    /// The public key as a JWK Set, as an issuer publishes it.
    pub fn jwks(&self) -> String {
        let set: JwkSet = [self.key.public_jwk()].into_iter().collect();
        serde_json::to_string(&set).expect("keys are JSON")
    }

    /// This many new tokens.
    pub fn tokens(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.token(json!({}))).collect()
    }

    /// A token with these members changed; members that are null are removed.
    pub fn token(&mut self, members: Value) -> String {
        self.signed += 1;
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "00u1a2b3c4d5e6f7g8h9", "exp": self.now + 36_000,
            "iat": self.now, "jti": format!("AT.{:043}", self.signed),
            "client_id": "orders-reader", "cid": "orders-reader", "ver": 1,
            "scope": "openid profile read:orders write:orders admin:orders",
            "scp": ["openid", "profile", "read:orders", "write:orders", "admin:orders"],
            "tenant": "acme",
        });
        let all = claims.as_object_mut().expect("an object");
        let Value::Object(members) = members else { unreachable!("members are an object") };
        for (name, value) in members {
            match value {
                Value::Null => all.remove(&name),
                value => all.insert(name, value),
            };
        }
        self.key.sign(TokenType::AccessToken, &claims).expect("the key signs")
    }

    /// A valid token with the signature of another one.
    pub fn forged(&mut self) -> String {
        let [token, other] = [(); 2].map(|()| self.token(json!({})));
        let (signed, _) = token.rsplit_once('.').expect("three segments");
        let (_, signature) = other.rsplit_once('.').expect("three segments");
        format!("{signed}.{signature}")
    }

    /// The tokens that every contender must refuse, each with the one thing that is wrong with it.
    pub fn refused(&mut self) -> Vec<(&'static str, String)> {
        vec![
            ("signature", self.forged()),
            ("iss", self.token(json!({ "iss": "https://evil.example" }))),
            ("aud", self.token(json!({ "aud": "api://other" }))),
            ("exp", self.token(json!({ "exp": self.now - 3_600 }))),
            ("nbf", self.token(json!({ "nbf": self.now + 3_600 }))),
        ]
    }

    /// The same key, parsed by the crypto library.
    pub fn raw_key(&self) -> ParsedPublicKey {
        let jwk = serde_json::to_value(self.key.public_jwk()).expect("a key is JSON");
        let number =
            |name: &str| base64url::decode(jwk[name].as_str().expect("a text")).expect("base64url");
        let (algorithm, bytes): (&'static dyn VerificationAlgorithm, _) = match self.algorithm() {
            Algorithm::Rs256 => (&RSA_PKCS1_2048_8192_SHA256, rsa_der(&number("n"), &number("e"))),
            Algorithm::Es256 => {
                (&ECDSA_P256_SHA256_FIXED, [&[4][..], &number("x"), &number("y")].concat())
            }
            _ => (&ED25519, number("x")),
        };
        ParsedPublicKey::new(algorithm, bytes).expect("the key is one")
    }
}

/// RSAPublicKey of RFC 8017 §A.1.1.
fn rsa_der(n: &[u8], e: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zero: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        tagged(2, &[zero, bytes].concat())
    };
    tagged(0x30, &[integer(n), integer(e)].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length = match length {
        0..0x80 => vec![length as u8],
        0x80..0x100 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [&[tag], &length[..], content].concat()
}
