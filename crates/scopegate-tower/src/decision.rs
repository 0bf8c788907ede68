//! Whether a request is admitted: a plain function of its head, the keys held, and the time.

use std::sync::Arc;
use std::time::Duration;

use scopegate_bearer::{ChallengeSettings, RefusalCause};
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{ExtraClaims, JoseError, KeySet, UnverifiedJws, Verified};

use crate::cache::{Proof, TokenCache};
use crate::credentials::{Credentials, HeadRef, is_b64token};
use crate::issuers::{IssuerError, Issuers};
use crate::token_source::Source;
use crate::wait_for::WaitFor;
use crate::{ProtectedResource, meter};

/// Used when an issuer's keys were never read or are too old.
static NO_KEYS: KeySet = KeySet::empty();

/// Everything that a layer's decision depends on; clones of a layer share it.
#[derive(Debug)]
pub(crate) struct Authenticator {
    pub(crate) issuers: Issuers,
    pub(crate) source: Source,
    pub(crate) cache: Option<TokenCache>,
    pub(crate) extra: Option<ReadExtraClaims>,
    pub(crate) settings: Arc<ChallengeSettings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) resource: Option<ProtectedResource>,
    /// Whether the token's subject, client and scopes are recorded on the current span.
    pub(crate) records_on_span: bool,
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
    Admit(Admitted),
    /// It is refused; newer keys would not change that.
    Refuse(RefusalCause),
    /// It is refused although its token is verified: the layer cannot read the extra claims.
    RefuseVerified(JoseError, Arc<Verified>),
    /// Something must be found out first.
    Wait(WaitFor),
}

/// An admitted request: with a token, unless the layer admits requests without one.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) token: Option<Arc<Verified>>,
    /// When it was decided.
    pub(crate) at: UnixTime,
}

/// A refused request, with its token if that is verified, for the log.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) cause: RefusalCause,
    pub(crate) token: Option<Arc<Verified>>,
}

impl Refused {
    /// A verified token whose extra claims cannot be read.
    pub(crate) fn verified(error: JoseError, token: Arc<Verified>) -> Self {
        Self { cause: RefusalCause::InvalidToken(error), token: Some(token) }
    }
}

impl From<RefusalCause> for Refused {
    fn from(cause: RefusalCause) -> Self {
        Self { cause, token: None }
    }
}

/// Why a token was not accepted.
enum VerifyError {
    /// The token is verified, but its extra claims cannot be read.
    ExtraClaims(JoseError, Arc<Verified>),
    /// The token is invalid.
    Invalid(JoseError),
    /// Something must be found out first.
    WaitFor(WaitFor),
    /// The resolver failed recently; it is not asked again for this long.
    RecentlyFailed(Duration),
}

impl Authenticator {
    /// Decides about a request.
    pub(crate) fn decide(&self, head: HeadRef<'_>, rule: TokenRule, now: UnixTime) -> Decision {
        match Credentials::read(&self.source, head) {
            Credentials::Absent => decide_without_token(rule, now),
            Credentials::Malformed(how) => Decision::Refuse(RefusalCause::InvalidRequest(how)),
            Credentials::CrossOrigin => Decision::Refuse(RefusalCause::CrossOrigin),
            Credentials::Token(token) => self.decide_token(&token, now),
        }
    }

    /// Decides about a token.
    pub(crate) fn decide_token(&self, token: &[u8], now: UnixTime) -> Decision {
        match self.verify(token, now) {
            Ok(token) => Decision::Admit(Admitted { token: Some(token), at: now }),
            // A verified token has only allowed characters, so this is checked only after a
            // failure.
            Err(_) if !is_b64token(token) => {
                Decision::Refuse(RefusalCause::InvalidRequest("The bearer token is malformed"))
            }
            Err(VerifyError::WaitFor(wait_for)) => Decision::Wait(wait_for),
            Err(VerifyError::RecentlyFailed(retry_after)) => {
                Decision::Refuse(RefusalCause::KeysUnavailable { retry_after })
            }
            Err(VerifyError::Invalid(error)) => Decision::Refuse(RefusalCause::InvalidToken(error)),
            Err(VerifyError::ExtraClaims(error, token)) => Decision::RefuseVerified(error, token),
        }
    }

    /// Verifies a token, or finds it in the cache of verified tokens.
    fn verify(&self, token: &[u8], now: UnixTime) -> Result<Arc<Verified>, VerifyError> {
        let Some(cache) = &self.cache else { return Ok(self.verify_anew(token, now)?.token) };
        let lookup = cache.lookup(token);
        if let Some(token) = cache.get(&lookup, now) {
            meter::cache("hit");
            return Ok(token);
        }
        meter::cache("miss");
        let proof = self.verify_anew(token, now)?;
        let token = Arc::clone(&proof.token);
        cache.offer(&lookup, proof);
        Ok(token)
    }

    fn verify_anew(&self, token: &[u8], now: UnixTime) -> Result<Proof, VerifyError> {
        let jws = UnverifiedJws::parse(token)?;
        let trust = self.issuers.of(&jws, now)?;
        let held = trust.keys.held(now);
        // Even without keys, the checks before the signature refuse tokens that no key could make
        // valid.
        let (keys, generation) =
            held.as_ref().map_or((&NO_KEYS, 0), |held| (&held.keys, held.generation));
        let token = trust.rules.verify(&jws, keys, now).map_err(|error| match error {
            JoseError::UnknownKey { ref kid } if trust.keys.may_bring(kid.as_deref(), now) => {
                VerifyError::WaitFor(WaitFor::Keys(trust.share(), error))
            }
            error => {
                if error == JoseError::BadSignature {
                    trust.keys.signature_was_wrong(now);
                }
                VerifyError::Invalid(error)
            }
        })?;
        let token = match self.extra {
            Some(read) => match read(&token) {
                Ok(extra) => token.with_extra(extra),
                Err(error) => return Err(VerifyError::ExtraClaims(error, Arc::new(token))),
            },
            None => token,
        };
        let key_status = Arc::clone(trust.keys.key_status());
        Ok(Proof::new(token, trust.rules.leeway(), key_status, generation))
    }
}

fn decide_without_token(rule: TokenRule, now: UnixTime) -> Decision {
    match rule {
        TokenRule::Optional => Decision::Admit(Admitted { token: None, at: now }),
        TokenRule::Required => Decision::Refuse(RefusalCause::NoToken),
    }
}

impl From<IssuerError> for VerifyError {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Unresolved(issuer) => Self::WaitFor(WaitFor::Issuer(issuer)),
            IssuerError::InvalidToken(error) => Self::Invalid(error),
            IssuerError::RecentlyFailed(rest) => Self::RecentlyFailed(rest),
        }
    }
}

impl From<JoseError> for VerifyError {
    fn from(error: JoseError) -> Self {
        Self::Invalid(error)
    }
}

#[cfg(test)]
mod tests;
