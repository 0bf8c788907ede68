//! A token that is shown to the server that issued it, to be looked into or to be revoked.

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use crate::authority::Authority;
use crate::catalog::AuthorizationServer;
use crate::store::FamilyId;
use crate::token;
use crate::token::RefreshToken;

/// A token that the server itself made. Whether it still stands is for the storage to say.
///
/// Which kind it is shows in its text, so that `token_type_hint` (RFC 7009 §2.1, RFC 7662 §2.1) has
/// nothing to add: a wrong hint does no harm, and an unknown one neither.
#[derive(Debug)]
pub(crate) enum PresentedToken {
    /// An access token that has not expired.
    Access(Box<Verified>),
    /// A refresh token, by what it is derived from.
    Refresh { family: FamilyId, generation: u32 },
}

impl Authority {
    /// What a text is to a server: none for whatever it did not make, and for what has expired.
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
