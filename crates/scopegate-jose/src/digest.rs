//! Digests, random values and the comparison of secrets.

use aws_lc_rs::{constant_time, digest, hmac, rand};

use crate::{Algorithm, base64url};

/// The SHA-256 digest.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    bytes
}

/// The HMAC-SHA-256 of some data (RFC 2104).
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// The SHA-384 digest.
pub fn sha384(data: &[u8]) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes.copy_from_slice(digest::digest(&digest::SHA384, data).as_ref());
    bytes
}

/// The left half of the digest of a string, in base64url: the `at_hash` or `c_hash` of an ID token
/// (OpenID Connect Core §3.1.3.6).
///
/// The hash function is that of the algorithm that signs the ID token. For EdDSA it is SHA-512.
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let algorithm = match algorithm {
        Algorithm::Es256 | Algorithm::Ps256 | Algorithm::Rs256 => &digest::SHA256,
        Algorithm::Es384 | Algorithm::Ps384 | Algorithm::Rs384 => &digest::SHA384,
        Algorithm::EdDsa | Algorithm::Es512 | Algorithm::Ps512 | Algorithm::Rs512 => {
            &digest::SHA512
        }
    };
    let whole = digest::digest(algorithm, text.as_bytes());
    base64url::encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

/// Whether two secrets are equal. The time taken depends only on their length.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Cryptographically secure random bytes for keys and tokens.
///
/// # Panics
///
/// If the operating system provides no random bytes. Continuing without them would not be safe.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// A number of random bytes in base64url, such as a code, a session id or a client secret.
///
/// ```
/// use scopegate_jose::random_token;
///
/// assert_eq!(random_token(32).len(), 43);
/// ```
///
/// # Panics
///
/// Like [`random_bytes`].
pub fn random_token(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rand::fill(&mut random).expect("the operating system provides random bytes");
    base64url::encode(&random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc() {
        let expected = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        assert_eq!(base64url::encode(&sha256(b"abc")), expected);
    }

    #[test]
    fn the_hmac_of_rfc_4231_4_3() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(base64url::encode(&mac), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    }

    #[test]
    fn the_half_hash_of_openid_connect_core_a_3() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        use Algorithm::{EdDsa, Es384, Es512, Ps384, Ps512, Rs384, Rs512};
        for (algorithms, len) in
            [(&[Es384, Ps384, Rs384][..], 32), (&[EdDsa, Es512, Ps512, Rs512], 43)]
        {
            for algorithm in algorithms {
                assert_eq!(half_hash(*algorithm, token).len(), len, "{algorithm}");
            }
        }
    }

    #[test]
    fn secrets_are_equal_only_if_every_byte_is_equal() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"secret", b"secret"));
        for other in [&b"Secret"[..], b"secreT", b"secre", b"secret ", b""] {
            assert!(!constant_time_eq(b"secret", other));
        }
    }

    #[test]
    fn random_values_do_not_repeat() {
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
        assert_ne!(random_token(16), random_token(16));
    }
}
