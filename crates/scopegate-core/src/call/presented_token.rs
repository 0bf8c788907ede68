//! A token that a client sends back to its issuer, for introspection or revocation.

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use crate::authority::Authority;
use crate::catalog::AuthorizationServer;
use crate::store::FamilyId;
use crate::token::{self, RefreshToken};

/// A token that this server issued. Only the storage can tell whether it was revoked.
///
/// The text of a token shows its kind, so `token_type_hint` (RFC 7009 §2.1, RFC 7662 §2.1) is ignored.
/// Wrong and unknown hints do no harm.
#[derive(Debug)]
pub(crate) enum PresentedToken {
    /// An access token that has not expired.
    Access(Box<Verified>),
    /// A refresh token, by the family and the generation from which it is derived.
    Refresh { family: FamilyId, generation: u32 },
}

impl Authority {
    /// The token that a text is. `None` if this server did not issue it, or if it has expired.
    pub(crate) fn presented_token(
        &self,
        text: &str,
        server: &AuthorizationServer,
        now: UnixTime,
    ) -> Option<PresentedToken> {
        if let Some((family, generation)) = RefreshToken::read(text, &self.master_key) {
            return Some(PresentedToken::Refresh { family, generation });
        }
        let keys = self.keys.verifying(&server.id)?;
        let verified = token::verify_own(text, server, &keys, now).ok()?;
        Some(PresentedToken::Access(Box::new(verified)))
    }
}
