//! Whether a request is let in: a plain function of its head, the keys held, and the time.

use std::sync::Arc;

use http::HeaderMap;
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{
    Authenticated, ChallengeSettings, ExtraClaims, JoseError, KeySet, RefusalCause, UnverifiedJws,
    Verified,
};

use crate::ProtectedResource;
use crate::credentials::{Credentials, is_b64token};
use crate::issuers::{Issuers, Trust};
use crate::keys::Standing;

/// Stands in for keys that were never had or are too old.
static NO_KEYS: KeySet = KeySet::empty();

/// Everything that a layer decides by; its clones share it.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) issuers: Issuers,
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
    /// Newer keys may let it in; without them it is refused for this.
    NeedsKeys(Arc<Trust>, JoseError),
}

/// A token that was verified just now, and what has to stay as it is for it to be good again.
struct Proof {
    token: Arc<Verified>,
    extra: Option<ExtraClaims>,
    #[expect(dead_code, reason = "for whoever remembers verified tokens")]
    standing: Arc<Standing>,
    /// The generation of the keys that verified it.
    #[expect(dead_code, reason = "for whoever remembers verified tokens")]
    generation: u64,
}

/// Why a token is not verified.
enum Doubt {
    /// For good.
    Token(JoseError),
    /// Unless the issuer has newer keys.
    Key(Arc<Trust>, JoseError),
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
            Ok(Proof { token, extra, .. }) => {
                let settings = Arc::clone(&self.settings);
                Decision::Admit(Authenticated::new(token, extra, settings).at(now))
            }
            // A token that was verified has no odd characters; only a failure needs to look for them.
            Err(_) if !is_b64token(token) => {
                Decision::Refuse(RefusalCause::InvalidRequest("The bearer token is malformed"))
            }
            Err(Doubt::Key(trust, error)) => Decision::NeedsKeys(trust, error),
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

    fn verify(&self, token: &str, now: UnixTime) -> Result<Proof, Doubt> {
        let jws = UnverifiedJws::parse(token)?;
        let trust = self.issuers.of(&jws)?;
        let held = trust.keys.held(now);
        // Without keys the cheap checks still refuse what no key could make good.
        let (keys, generation) =
            held.as_ref().map_or((&NO_KEYS, 0), |held| (&held.keys, held.generation));
        let token = trust.rules.verify(&jws, keys, now).map_err(|error| match error {
            JoseError::UnknownKey { ref kid } if trust.keys.may_bring(kid.as_deref(), now) => {
                Doubt::Key(trust.share(), error)
            }
            error => Doubt::Token(error),
        })?;
        let extra = self.extra.map(|read| read(&token)).transpose()?;
        let standing = Arc::clone(trust.keys.standing());
        Ok(Proof { token: Arc::new(token), extra, standing, generation })
    }
}

impl From<JoseError> for Doubt {
    fn from(error: JoseError) -> Self {
        Self::Token(error)
    }
}

#[cfg(test)]
mod tests;
