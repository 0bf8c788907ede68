//! Whether a request is let in: a plain function of its head, the keys held, and the time.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use scopegate_claims::{Clock, Issuer, UnixTime};
use scopegate_jose::{
    Authenticated, ChallengeSettings, ExtraClaims, JoseError, KeySet, RefusalCause, UnverifiedJws,
    Verified,
};

use crate::cache::{Proof, TokenCache};
use crate::credentials::{Credentials, is_b64token};
use crate::issuers::{Issuers, Trust, Unfound};
use crate::keys::{Outcome, Refresh};
use crate::tenants::SOON;
use crate::{ProtectedResource, meter};

/// Stands in for keys that were never had or are too old.
static NO_KEYS: KeySet = KeySet::empty();

/// Everything that a layer decides by; its clones share it.
///
/// It begins with a cache line of its own, lest each thread that counts a clone takes it from the others.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Gate {
    pub(crate) issuers: Issuers,
    pub(crate) cache: Option<TokenCache>,
    pub(crate) extra: Option<ReadExtraClaims>,
    pub(crate) settings: Arc<ChallengeSettings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) resource: Option<ProtectedResource>,
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
    /// That is not known yet.
    Wait(Need),
}

/// What has to be found out about a request.
#[derive(Debug)]
pub(crate) enum Need {
    /// Whether its issuer is trusted.
    Issuer(Issuer),
    /// Newer keys; without them it is refused for this.
    Keys(Arc<Trust>, JoseError),
}

/// Why a token is not verified.
enum Doubt {
    /// For good.
    Token(JoseError),
    /// Unless something is found out.
    Need(Need),
    /// Nobody can tell for so long.
    Unclear(Duration),
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
        match self.prove(token, now) {
            Ok(token) => {
                let settings = Arc::clone(&self.settings);
                Decision::Admit(Authenticated::new(token, settings).at(now))
            }
            // A token that was verified has no odd characters; only a failure needs to look for them.
            Err(_) if !is_b64token(token) => {
                Decision::Refuse(RefusalCause::InvalidRequest("The bearer token is malformed"))
            }
            Err(Doubt::Need(need)) => Decision::Wait(need),
            Err(Doubt::Unclear(retry_after)) => {
                Decision::Refuse(RefusalCause::KeysUnavailable { retry_after })
            }
            Err(Doubt::Token(error)) => Decision::Refuse(RefusalCause::InvalidToken(error)),
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

    /// Verifies a token, or finds that it was verified before.
    fn prove(&self, token: &[u8], now: UnixTime) -> Result<Arc<Verified>, Doubt> {
        let Some(cache) = &self.cache else { return Ok(self.verify(token, now)?.token) };
        let sought = cache.sought(token);
        if let Some(token) = cache.get(&sought, now) {
            meter::cache("hit");
            return Ok(token);
        }
        meter::cache("miss");
        let proof = self.verify(token, now)?;
        let token = Arc::clone(&proof.token);
        cache.insert(&sought, proof);
        Ok(token)
    }

    fn verify(&self, token: &[u8], now: UnixTime) -> Result<Proof, Doubt> {
        let jws = UnverifiedJws::parse(token)?;
        let trust = self.issuers.of(&jws, now)?;
        let held = trust.keys.held(now);
        // Without keys the cheap checks still refuse what no key could make good.
        let (keys, generation) =
            held.as_ref().map_or((&NO_KEYS, 0), |held| (&held.keys, held.generation));
        let token = trust.rules.verify(&jws, keys, now).map_err(|error| match error {
            JoseError::UnknownKey { ref kid } if trust.keys.may_bring(kid.as_deref(), now) => {
                Doubt::Need(Need::Keys(trust.share(), error))
            }
            error => Doubt::Token(error),
        })?;
        let token = match self.extra {
            Some(read) => {
                let extra = read(&token)?;
                token.with_extra(extra)
            }
            None => token,
        };
        let standing = Arc::clone(trust.keys.standing());
        Ok(Proof::new(token, trust.rules.leeway(), standing, generation))
    }
}

impl Need {
    /// Begins to find it out, or joins those who do.
    pub(crate) fn begin(&self, gate: &Gate, now: UnixTime) -> Result<Refresh, Outcome> {
        match self {
            Self::Issuer(issuer) => match gate.issuers.tenants() {
                Some(tenants) => tenants.ask(issuer, now),
                None => Err(Outcome::Failed),
            },
            Self::Keys(trust, error) => trust.keys.refresh_for_request(error.kid(), now),
        }
    }

    /// Why a request is refused for which it was not found out.
    pub(crate) fn refusal(self, outcome: Outcome, now: UnixTime) -> RefusalCause {
        match self {
            // It was let go of at once, or there are too many questions.
            Self::Issuer(_) => RefusalCause::KeysUnavailable { retry_after: SOON },
            Self::Keys(trust, error) => trust.keys.refusal(outcome, error, now),
        }
    }

    /// Whether the other is a further step, and not the same one again.
    pub(crate) fn leads_to(&self, next: &Self) -> bool {
        matches!((self, next), (Self::Issuer(_), Self::Keys(..)))
    }
}

impl From<Unfound> for Doubt {
    fn from(unfound: Unfound) -> Self {
        match unfound {
            Unfound::Ask(issuer) => Self::Need(Need::Issuer(issuer)),
            Unfound::Token(error) => Self::Token(error),
            Unfound::Unclear(rest) => Self::Unclear(rest),
        }
    }
}

impl From<JoseError> for Doubt {
    fn from(error: JoseError) -> Self {
        Self::Token(error)
    }
}

#[cfg(test)]
mod tests;
