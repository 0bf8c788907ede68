//! Keys that the tests share, and tokens with arbitrary headers and payloads.

use std::sync::OnceLock;

use crate::{Algorithm, KeySet, SigningKey, base64url};

/// One key per algorithm that can sign. They are shared because generating an RSA key for each test would be
/// slow.
pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: [OnceLock<SigningKey>; Algorithm::ALL.len()] =
        [const { OnceLock::new() }; Algorithm::ALL.len()];
    KEYS[algorithm as usize].get_or_init(|| SigningKey::generate(algorithm).unwrap())
}

pub(crate) fn keys(algorithms: &[Algorithm]) -> KeySet {
    algorithms.iter().map(|algorithm| key(*algorithm).verifying_key().unwrap()).collect()
}

/// Signs exactly this header and payload.
pub(crate) fn token(key: &SigningKey, header: &str, payload: &[u8]) -> String {
    let signed = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload));
    let signature = key.sign_bytes(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url::encode(&signature))
}

/// Changes the segments of a token.
pub(crate) fn altered(token: &str, alter: impl FnOnce(&mut Vec<String>)) -> String {
    let mut segments = token.split('.').map(str::to_owned).collect();
    alter(&mut segments);
    segments.join(".")
}
