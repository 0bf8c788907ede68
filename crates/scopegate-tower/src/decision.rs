//! Whether a request is let in: a plain function of its head, the keys held, and the time.

use std::sync::Arc;

use http::HeaderMap;
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{
    Authenticated, ChallengeSettings, ExtraClaims, JoseError, KeySet, RefusalCause, Rules,
    Verified, verify_access_token,
};

use crate::ProtectedResource;
use crate::credentials::{Credentials, is_b64token};
use crate::keys::KeyRing;

/// Stands in for keys that were never had or are too old.
static NO_KEYS: KeySet = KeySet::empty();

/// Everything that a layer decides by; its clones share it.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) trust: Trust,
    pub(crate) extra: Option<ReadExtraClaims>,
    pub(crate) settings: Arc<ChallengeSettings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) resource: Option<ProtectedResource>,
}

/// An issuer whose tokens are believed, by which rules and keys.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) rules: Rules,
    pub(crate) keys: Arc<KeyRing>,
}

/// Reads the claims that a service adds.
pub(crate) type ReadExtraClaims = fn(&Verified) -> Result<ExtraClaims, JoseError>;

/// Whether a request may come without a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenRule {
    Optional,
    Required,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It passes, with a token or, where that is allowed, without one.
    Admit(Authenticated),
    /// It does not pass, whatever keys there may be.
    Refuse(RefusalCause),
    /// Newer keys may let it in; without them it is refused for this.
    NeedsKeys(Arc<KeyRing>, JoseError),
}

impl Gate {
    /// Decides on a request by its headers and query.
    pub(crate) fn decide(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        rule: TokenRule,
        now: UnixTime,
    ) -> Decision {
        let token = match Credentials::read(headers, query) {
            Credentials::Absent => return self.without_token(rule),
            Credentials::Malformed(how) => {
                return Decision::Refuse(RefusalCause::InvalidRequest(how));
            }
            Credentials::Token(token) => token,
        };
        match self.verify(token, now) {
            Ok(authenticated) => Decision::Admit(authenticated),
            // A token that was verified has no odd characters; only a failure needs to look for them.
            Err(_) if !is_b64token(token) => {
                Decision::Refuse(RefusalCause::InvalidRequest("The bearer token is malformed"))
            }
            Err(error @ JoseError::UnknownKey { .. }) if self.trust.keys.is_refreshable() => {
                Decision::NeedsKeys(Arc::clone(&self.trust.keys), error)
            }
            Err(error) => Decision::Refuse(RefusalCause::InvalidToken(error)),
        }
    }

    fn without_token(&self, rule: TokenRule) -> Decision {
        match rule {
            TokenRule::Optional => {
                Decision::Admit(Authenticated::anonymous(Arc::clone(&self.settings)))
            }
            TokenRule::Required => Decision::Refuse(RefusalCause::NoToken),
        }
    }

    fn verify(&self, token: &str, now: UnixTime) -> Result<Authenticated, JoseError> {
        let Trust { rules, keys } = &self.trust;
        let held = keys.held(now);
        // Without keys the cheap checks still refuse what no key could make good.
        let keys = held.as_ref().map_or(&NO_KEYS, |held| &held.keys);
        let verified = verify_access_token(token, keys, rules, now)?;
        let extra = self.extra.map(|read| read(&verified)).transpose()?;
        Ok(Authenticated::new(Arc::new(verified), extra, Arc::clone(&self.settings)))
    }
}

#[cfg(test)]
mod tests;
