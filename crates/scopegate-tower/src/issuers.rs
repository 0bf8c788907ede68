//! Whom a layer believes.

use std::ops::Deref;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, Rules, UnverifiedJws};

use crate::keys::KeyRing;
use crate::{Readiness, meter};

/// An issuer whose tokens are believed, by which rules and keys.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) rules: Rules,
    pub(crate) keys: Arc<KeyRing>,
}

/// The issuers of a layer.
#[derive(Debug)]
pub(crate) struct Issuers {
    /// In the order of their names, of which none occurs twice.
    fixed: Box<[Arc<Trust>]>,
}

/// The issuer that a token must be verified by.
pub(crate) enum Found<'a> {
    Fixed(&'a Arc<Trust>),
}

impl Issuers {
    pub(crate) fn new(mut fixed: Vec<Arc<Trust>>) -> Self {
        fixed.sort_by(|left, right| left.name().cmp(right.name()));
        Self { fixed: fixed.into() }
    }

    /// The issuers that are known from the start.
    pub(crate) fn fixed(&self) -> &[Arc<Trust>] {
        &self.fixed
    }

    /// Finds the one issuer that a token is to be verified by, never several in turn.
    ///
    /// Where there is a choice, the token's own `iss` makes it. That proves nothing; the rules of the
    /// issuer demand the same `iss` once the signature is checked.
    pub(crate) fn of(&self, jws: &UnverifiedJws<'_>) -> Result<Found<'_>, JoseError> {
        if let [only] = &*self.fixed {
            return Ok(Found::Fixed(only));
        }
        let issuer = jws.unverified_issuer()?;
        match self.fixed.binary_search_by(|trust| trust.name().cmp(&issuer)) {
            Ok(at) => Ok(Found::Fixed(&self.fixed[at])),
            Err(_) => Err(JoseError::WrongIssuer),
        }
    }

    /// How the keys are doing; those that nobody asked for yet begin to be read.
    pub(crate) fn readiness(&self, now: UnixTime) -> Readiness {
        let of = |trust: &Arc<Trust>| {
            trust.keys.wake(now);
            let readiness = trust.keys.readiness(trust.name(), now);
            if let Some(age) = readiness.age() {
                meter::key_age(trust.name(), age);
            }
            readiness
        };
        Readiness::new(self.fixed.iter().map(of).collect(), Vec::new())
    }

    /// Renews keys whose time has come, without waiting.
    pub(crate) fn refresh_if_due(&self, now: UnixTime) {
        for trust in &self.fixed {
            trust.keys.refresh_if_due(now);
        }
    }
}

impl Trust {
    /// The issuer's name, the `iss` of its tokens.
    pub(crate) fn name(&self) -> &str {
        self.rules.issuer().as_str()
    }
}

impl Found<'_> {
    pub(crate) fn share(&self) -> Arc<Trust> {
        match self {
            Self::Fixed(trust) => Arc::clone(trust),
        }
    }
}

impl Deref for Found<'_> {
    type Target = Trust;

    fn deref(&self) -> &Trust {
        match self {
            Self::Fixed(trust) => trust,
        }
    }
}
