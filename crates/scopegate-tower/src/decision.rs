//! Whether a request is admitted: a plain function of its headers and query, the keys held, and the
//! time.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use scopegate_bearer::{Authenticated, ChallengeSettings, RefusalCause};
use scopegate_claims::{Clock, Issuer, UnixTime};
use scopegate_jose::{ExtraClaims, JoseError, KeySet, UnverifiedJws, Verified};

use crate::cache::{Proof, TokenCache};
use crate::credentials::{Credentials, is_b64token};
use crate::issuers::{Issuers, NotFound};
use crate::keys::{Outcome, Refresh};
use crate::tenants::RETRY_SOON;
use crate::trust::Trust;
use crate::{ProtectedResource, meter};

/// Used when an issuer's keys were never read or are too old.
static NO_KEYS: KeySet = KeySet::empty();

/// Everything that a layer's decision depends on; clones of a layer share it.
///
/// Aligned to a cache line, so that the reference count of its `Arc` lies on another line. Otherwise
/// each thread that clones the layer would invalidate the line with these fields for all others.
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

/// Reads a service's extra claims from a token.
pub(crate) type ReadExtraClaims = fn(&Verified) -> Result<ExtraClaims, JoseError>;

/// Whether a request without a token is admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenRule {
    Optional,
    Required,
}

/// What happens to a request.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It is admitted, with a token or, if that is allowed, without one.
    Admit(Authenticated),
    /// It is refused; newer keys would not change that.
    Refuse(RefusalCause),
    /// Something must be found out first.
    Wait(Need),
}

/// What must be found out before a request can be decided.
#[derive(Debug)]
pub(crate) enum Need {
    /// Whether this issuer is trusted.
    Issuer(Issuer),
    /// Newer keys. If they do not help, the request is refused with this error.
    Keys(Arc<Trust>, JoseError),
}

/// Why a token was not verified.
enum Unverified {
    /// The token is invalid.
    Token(JoseError),
    /// Something must be found out first.
    Need(Need),
    /// The resolver failed recently; it is not asked again for this long.
    RecentlyFailed(Duration),
}

impl Gate {
    /// Decides about a request by its headers and query.
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
            // A verified token has only allowed characters, so this is checked only after a
            // failure.
            Err(_) if !is_b64token(token) => {
                Decision::Refuse(RefusalCause::InvalidRequest("The bearer token is malformed"))
            }
            Err(Unverified::Need(need)) => Decision::Wait(need),
            Err(Unverified::RecentlyFailed(retry_after)) => {
                Decision::Refuse(RefusalCause::KeysUnavailable { retry_after })
            }
            Err(Unverified::Token(error)) => Decision::Refuse(RefusalCause::InvalidToken(error)),
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

    /// Verifies a token, or finds it in the cache of verified tokens.
    fn prove(&self, token: &[u8], now: UnixTime) -> Result<Arc<Verified>, Unverified> {
        let Some(cache) = &self.cache else { return Ok(self.verify(token, now)?.token) };
        let lookup = cache.lookup(token);
        if let Some(token) = cache.get(&lookup, now) {
            meter::cache("hit");
            return Ok(token);
        }
        meter::cache("miss");
        let proof = self.verify(token, now)?;
        let token = Arc::clone(&proof.token);
        cache.offer(&lookup, proof);
        Ok(token)
    }

    fn verify(&self, token: &[u8], now: UnixTime) -> Result<Proof, Unverified> {
        let jws = UnverifiedJws::parse(token)?;
        let trust = self.issuers.of(&jws, now)?;
        let held = trust.keys.held(now);
        // Even without keys, the checks before the signature refuse tokens that no key could make
        // valid.
        let (keys, generation) =
            held.as_ref().map_or((&NO_KEYS, 0), |held| (&held.keys, held.generation));
        let token = trust.rules.verify(&jws, keys, now).map_err(|error| match error {
            JoseError::UnknownKey { ref kid } if trust.keys.may_bring(kid.as_deref(), now) => {
                Unverified::Need(Need::Keys(trust.share(), error))
            }
            error => {
                if error == JoseError::BadSignature {
                    trust.keys.signature_was_wrong(now);
                }
                Unverified::Token(error)
            }
        })?;
        let token = match self.extra {
            Some(read) => {
                let extra = read(&token)?;
                token.with_extra(extra)
            }
            None => token,
        };
        let key_status = Arc::clone(trust.keys.key_status());
        Ok(Proof::new(token, trust.rules.leeway(), key_status, generation))
    }
}

impl Need {
    /// Starts to find it out, or joins a task that already does.
    pub(crate) fn begin(&self, gate: &Gate, now: UnixTime) -> Result<Refresh, Outcome> {
        match self {
            Self::Issuer(issuer) => match gate.issuers.tenants() {
                Some(tenants) => tenants.ask(issuer, now),
                None => Err(Outcome::Failed),
            },
            Self::Keys(trust, error) => trust.keys.refresh_for_request(error.kid(), now),
        }
    }

    /// Why a request is refused if it could not be found out.
    pub(crate) fn refusal(self, outcome: Outcome, now: UnixTime) -> RefusalCause {
        match self {
            // The tenant was evicted at once, or the resolver's queue is full.
            Self::Issuer(_) => RefusalCause::KeysUnavailable { retry_after: RETRY_SOON },
            Self::Keys(trust, error) => trust.keys.refusal(outcome, error, now),
        }
    }

    /// Whether `next` is a further step and not the same one again.
    pub(crate) fn leads_to(&self, next: &Self) -> bool {
        matches!((self, next), (Self::Issuer(_), Self::Keys(..)))
    }
}

impl From<NotFound> for Unverified {
    fn from(error: NotFound) -> Self {
        match error {
            NotFound::Ask(issuer) => Self::Need(Need::Issuer(issuer)),
            NotFound::Token(error) => Self::Token(error),
            NotFound::RecentlyFailed(rest) => Self::RecentlyFailed(rest),
        }
    }
}

impl From<JoseError> for Unverified {
    fn from(error: JoseError) -> Self {
        Self::Token(error)
    }
}

#[cfg(test)]
mod tests;
