//! Placeholder keys. An assertion with an unknown key is verified with one of them, so that the refusal takes
//! as long as that of a wrong signature. Otherwise the time would show which clients and keys exist.
//!
//! A signature by these keys authenticates no client.

use std::sync::LazyLock;

use scopegate_jose::{KeySet, UnverifiedJws};

/// One key for each algorithm. The RSA key has 2048 bits. A client's longer RSA key takes longer to verify.
const KEYS: &str = r#"{"keys":[
    {"kty":"RSA","e":"AQAB","n":"1cnfp3H9KT1jdDHDbaxakiuL3J-6TdOVFaZPb7o6FXqjW0mBkXxS0h8K9NXppisl_G1O-O4ZF2bDbwjSG-m4JaltmQKyXfWjKn1-FQD5NbUPMPZNfWFVtHwlRLa8P6LeL5c55NQSHN_vv4RlN8mKyyj8IdkuzzVPuyf1OGzkAkSOvZvADLYqglw-EA3T-3GZ3hFBlMltN3KP2-W7wmOUzQOpTWVVVc3x6aOldgF3iPMmgiGas65C9yH_qOO1VcdtF4YbHOpEfw1vvYqrjotncqbTtEuNcEUNLMCqfJTwFKbJfKIkCgf37yn1Tnsfa0WN-0BwvAfVo7NMipfFKyFHGQ"},
    {"kty":"EC","crv":"P-256","x":"s0AusdbhvmFMZULlMg4JOxZ3Sras834_UNJ291KH7Mo","y":"rP16_NAHH6oMxJfMuOi_rAk3GiBDJQISzxNhoEMEBNc"},
    {"kty":"EC","crv":"P-384","x":"6plbLgTOyEnJvUqbRvF3mwb3RPQudsfCdUe82j9RiD0eDjM8hFyddwejA7ezWUOI","y":"cz7DrY3z217hsXdvJcA0mbF1uLXWy6pEJGPoLW-KC_9SNtG6Gwv_1meZI6kpEeg-"},
    {"kty":"OKP","crv":"Ed25519","x":"rmM-6CtQs6ZfbV_Xw_lNUByBfw9YqGtGj6x5xpncl_0"}
]}"#;

static PLACEHOLDERS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::parse(KEYS.as_bytes()).expect("KEYS is a valid key set").keys);

/// Whether a placeholder key signed the token. It takes as long as verifying the token with a known key.
pub(super) fn signed(token: &UnverifiedJws<'_>) -> bool {
    let algorithm = token.header().algorithm();
    let fitting = PLACEHOLDERS.keys().iter().find(|key| key.algorithms().contains(algorithm));
    fitting.is_some_and(|key| token.is_signed_by(key))
}

#[cfg(test)]
mod tests {
    use scopegate_jose::Algorithm;

    use super::*;

    #[test]
    fn there_is_one_key_for_each_algorithm() {
        for &algorithm in Algorithm::SIGNING {
            let fits = |key: &&scopegate_jose::VerifyingKey| key.algorithms().contains(algorithm);
            assert_eq!(PLACEHOLDERS.keys().iter().filter(fits).count(), 1, "{algorithm}");
        }
    }

    #[test]
    fn a_token_of_another_key_is_not_signed_by_a_placeholder() {
        for &algorithm in Algorithm::SIGNING {
            let key = scopegate_jose::SigningKey::generate(algorithm).unwrap();
            let token = key.sign(scopegate_jose::TokenType::Jwt, &"x").unwrap();
            assert!(!signed(&UnverifiedJws::parse(&token).unwrap()), "{algorithm}");
        }
    }
}
