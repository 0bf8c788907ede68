//! Telling access tokens from the other tokens of an issuer, by their claims.

use super::ACCESS_TOKEN;
use crate::Verified;

/// Whether the claims are those of an ID token, a logout token or another security event. Many
/// issuers sign these with the same header as access tokens, and the audience may be the same (RFC
/// 8725 §3.12).
///
/// A `nonce` alone is not enough to tell, because some issuers copy it into access tokens. Those
/// access tokens also hold scopes or name their kind, which ID tokens with a `nonce` do not.
pub(super) fn is_another_kind(token: &Verified, allows_at_hash: bool) -> bool {
    let claims = token.claims();
    let names_no_kind = claims.token_kind().is_none() && claims.token_use().is_none();
    // `Claims` gives a `token_use` that is not a string as the empty string.
    matches!(claims.token_use(), Some("id" | ""))
        || claims.has_id_token_hash() && (!allows_at_hash || token.has_code_hash())
        || claims.has_events()
        || claims.has_nonce() && names_no_kind && claims.scopes().is_empty()
}

/// Whether a token with this claim `typ` can be an access token.
///
/// No standard defines the claim. Issuers that write it have one value for each kind of token:
/// Keycloak writes `ID`, `Refresh`, `Offline` and `Logout`. So an unknown value means another kind
/// of token.
pub(super) fn is_access_kind(kind: Option<&str>) -> bool {
    const WORDS: [&str; 6] =
        ["Bearer", "JWT", "access", "access_token", "application/at+jwt", ACCESS_TOKEN];
    kind.is_none_or(|kind| WORDS.iter().any(|word| word.eq_ignore_ascii_case(kind)))
}
