//! PKCE verifiers and challenges (RFC 7636).

use scopegate_jose::{base64url, random_token, sha256};

/// A verifier and its challenge.
#[derive(Clone, Debug)]
pub struct Pkce {
    /// The `code_verifier`, which is sent with the code.
    pub verifier: String,
    /// The `code_challenge`, which is sent in the authorization request.
    pub challenge: String,
}

impl Pkce {
    /// A new pair (RFC 7636 §4.1, §4.2).
    pub fn generate() -> Self {
        Self::of(&random_token(32))
    }

    /// The pair of a verifier.
    pub fn of(verifier: &str) -> Self {
        let challenge = base64url::encode(&sha256(verifier.as_bytes()));
        Self { verifier: verifier.to_owned(), challenge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
