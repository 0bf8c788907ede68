//! The code verifier proves that the party that redeems a code is the one that requested it (RFC 7636 §4.6).

use scopegate_jose::{base64url, constant_time_eq, sha256};

use crate::error::CallError;

/// Compares a verifier with the challenge of the code.
///
/// A verifier for a code without a challenge is refused, because an attacker may have removed the challenge
/// from the authorization request (RFC 9700 §2.1.1, PKCE downgrade).
pub(super) fn check(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), CallError> {
    let refuse = |reason| Err(CallError::InvalidGrant(reason));
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => refuse("there is a code verifier, but the code has no challenge"),
        (Some(_), None) => refuse("the code verifier is missing"),
        (Some(_), Some(verifier)) if !is_verifier(verifier) => {
            refuse("the code verifier is malformed")
        }
        (Some(challenge), Some(verifier)) => {
            match constant_time_eq(challenge_of(verifier).as_bytes(), challenge.as_bytes()) {
                true => Ok(()),
                false => refuse("the code verifier does not match"),
            }
        }
    }
}

/// The challenge of a verifier (RFC 7636 §4.2, S256).
pub(super) fn challenge_of(verifier: &str) -> String {
    base64url::encode(&sha256(verifier.as_bytes()))
}

/// Whether a text has 43 to 128 unreserved characters (RFC 7636 §4.1).
fn is_verifier(text: &str) -> bool {
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn s4_6_the_verifier_must_hash_to_the_challenge() {
        assert!(check(Some(CHALLENGE), Some(VERIFIER)).is_ok());
        assert!(check(None, None).is_ok());
        for (challenge, verifier) in [
            (Some(CHALLENGE), None),
            (None, Some(VERIFIER)),
            (Some(CHALLENGE), Some(CHALLENGE)),
            (Some(CHALLENGE), Some(&VERIFIER[1..])),
            (Some(CHALLENGE), Some("")),
            (Some(VERIFIER), Some(VERIFIER)),
        ] {
            assert!(matches!(check(challenge, verifier), Err(CallError::InvalidGrant(_))));
        }
    }

    #[test]
    fn s4_1_a_verifier_has_43_to_128_unreserved_characters() {
        for good in ["a".repeat(43), "~".repeat(128)] {
            assert!(is_verifier(&good));
        }
        for bad in ["a".repeat(42), "a".repeat(129), "+".repeat(43), "é".repeat(30)] {
            assert!(!is_verifier(&bad));
            assert!(
                check(Some(&challenge_of(&bad)), Some(&bad)).is_err(),
                "though it hashes to it"
            );
        }
    }
}
