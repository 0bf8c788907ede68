//! An independent verifier. It uses another crate for the signature, and `serde_json::Value` for
//! header and claims.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

use crate::{AUDIENCE, ISSUER, KEY, NOW};

const LEEWAY: f64 = 60.0;

static ENCODING: LazyLock<EncodingKey> = LazyLock::new(|| {
    let private = KEY.to_pkcs8().expect("the key can be written");
    EncodingKey::from_ed_der(&private)
});

static DECODING: LazyLock<DecodingKey> = LazyLock::new(|| {
    let jwk = serde_json::to_value(KEY.public_jwk()).expect("a key is plain data");
    let x = jwk["x"].as_str().expect("an Ed25519 key has an x");
    DecodingKey::from_ed_components(x).expect("it is base64url")
});

/// Signs any header and any payload.
pub fn sign(header: &[u8], payload: &[u8]) -> String {
    let encode = scopegate_jose::base64url::encode;
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &ENCODING, Algorithm::EdDSA);
    format!("{signed}.{}", signature.expect("the key signs"))
}

/// Whether the oracle accepts this token. It may accept more tokens than scopegate, but never
/// fewer.
pub fn accepts(token: &str) -> bool {
    let Some((signed, signature)) = token.rsplit_once('.') else { return false };
    let Some((header, payload)) = signed.split_once('.') else { return false };
    let verified =
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &DECODING, Algorithm::EdDSA);
    let (Ok(true), Some(header), Some(claims)) = (verified, tree(header), tree(payload)) else {
        return false;
    };
    let time = |name: &str| claims.get(name).map(|time| time.as_f64().unwrap_or(f64::NAN));
    let now = NOW as f64;
    header["alg"] == "EdDSA"
        && header.get("crit").is_none()
        && claims["iss"] == ISSUER
        && is_or_holds(&claims["aud"], AUDIENCE)
        && time("exp").is_some_and(|end| end + LEEWAY > now)
        && time("nbf").is_none_or(|begin| begin <= now + LEEWAY + 1.0)
        && time("iat").is_none_or(|issued| issued <= now + LEEWAY + 1.0)
        && claims.get("cnf").is_none()
        && claims.get("sub").is_none_or(Value::is_string)
}

fn tree(segment: &str) -> Option<Value> {
    let json = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(segment).ok()?;
    serde_json::from_slice(&json).ok()
}

fn is_or_holds(value: &Value, text: &str) -> bool {
    value == text || value.as_array().is_some_and(|list| list.iter().any(|item| item == text))
}
