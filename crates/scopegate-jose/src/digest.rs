//! Digests, random values and the comparison of secrets.

use aws_lc_rs::{constant_time, digest, rand};

use crate::{Algorithm, base64url};

/// The SHA-256 digest.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    bytes
}

/// The left half of a text's digest, in base64url: what an ID token says of the access token and the
/// code that came with it (OpenID Connect Core §3.1.3.6).
///
/// The digest is the one of the algorithm that signs the ID token; for EdDSA it is SHA-512.
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let algorithm = match algorithm {
        Algorithm::Es256 | Algorithm::Ps256 | Algorithm::Rs256 => &digest::SHA256,
        Algorithm::Es384 => &digest::SHA384,
        Algorithm::EdDsa => &digest::SHA512,
    };
    let whole = digest::digest(algorithm, text.as_bytes());
    base64url::encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

/// Whether two secrets are equal, in a time that depends on their length only.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Random bytes, fit for keys and tokens.
///
/// # Panics
///
/// When the system has no randomness to give: nothing that follows could be safe.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A random text of so many bytes in base64url: a code, a session, a client secret.
///
/// ```
/// use scopegate_jose::random_token;
///
/// assert_eq!(random_token(32).len(), 43);
/// ```
///
/// # Panics
///
/// As [`random_bytes`].
pub fn random_token(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rand::fill(&mut random).expect("the system gives random bytes");
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
    fn a_half_hash_is_that_of_openid_connect_core_a_3() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Algorithm::Es384, token).len(), 32);
        assert_eq!(half_hash(Algorithm::EdDsa, token).len(), 43);
    }

    #[test]
    fn secrets_are_equal_in_every_byte_or_not_at_all() {
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
