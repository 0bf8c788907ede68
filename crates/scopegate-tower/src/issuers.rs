//! Whom a layer believes.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Issuer, UnixTime};
use scopegate_jose::{JoseError, Rules, UnverifiedJws};

use crate::keys::KeyRing;
use crate::tenants::{Known, Tenants};
use crate::{ConfigError, Readiness, meter};

/// The longest `iss` that a resolver is asked about.
const MAX_ISSUER_LEN: usize = 2048;

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
    tenants: Option<Arc<Tenants>>,
}

/// The issuer that a token must be verified by.
pub(crate) enum Found<'a> {
    Fixed(&'a Arc<Trust>),
    Tenant(Arc<Trust>),
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum Unfound {
    /// It is nobody's.
    Token(JoseError),
    /// The resolver knows.
    Ask(Issuer),
    /// Nobody can tell for so long.
    Unclear(Duration),
}

impl Issuers {
    pub(crate) fn new(
        mut fixed: Vec<Arc<Trust>>,
        tenants: Option<Tenants>,
    ) -> Result<Self, ConfigError> {
        if fixed.is_empty() && tenants.is_none() {
            return Err(ConfigError::NoIssuers);
        }
        fixed.sort_by(|left, right| left.name().cmp(right.name()));
        match fixed.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            Some(twice) => Err(ConfigError::DuplicateIssuer { issuer: twice[0].name().to_owned() }),
            None => Ok(Self { fixed: fixed.into(), tenants: tenants.map(Arc::new) }),
        }
    }

    /// The issuers that are known from the start.
    pub(crate) fn fixed(&self) -> &[Arc<Trust>] {
        &self.fixed
    }

    /// Who knows of others.
    pub(crate) fn tenants(&self) -> Option<&Arc<Tenants>> {
        self.tenants.as_ref()
    }

    /// Finds the one issuer that a token is to be verified by, never several in turn.
    ///
    /// Where there is a choice, the token's own `iss` makes it. That proves nothing; the rules of the
    /// issuer demand the same `iss` once the signature is checked.
    pub(crate) fn of(&self, jws: &UnverifiedJws<'_>, now: UnixTime) -> Result<Found<'_>, Unfound> {
        if let ([only], None) = (&*self.fixed, &self.tenants) {
            return Ok(Found::Fixed(only));
        }
        let issuer = jws.unverified_issuer()?;
        if let Ok(at) = self.fixed.binary_search_by(|trust| trust.name().cmp(&issuer)) {
            return Ok(Found::Fixed(&self.fixed[at]));
        }
        let nobody = Unfound::Token(JoseError::WrongIssuer);
        let Some(tenants) = &self.tenants else { return Err(nobody) };
        match tenants.find(&issuer, now) {
            Known::Trusted(trust) => Ok(Found::Tenant(trust)),
            Known::Unknown => Err(nobody),
            Known::Unclear(rest) => Err(Unfound::Unclear(rest)),
            Known::Nothing if issuer.len() > MAX_ISSUER_LEN => Err(nobody),
            // What is no issuer's URL need not be asked about.
            Known::Nothing => Err(Issuer::parse(&issuer).map_or(nobody, Unfound::Ask)),
        }
    }

    /// How the keys are doing; those that nobody asked for yet begin to be read.
    pub(crate) fn readiness(&self, now: UnixTime) -> Readiness {
        let of = |trust: &Arc<Trust>| {
            trust.keys.wake(now);
            trust.keys.readiness(trust.name(), now)
        };
        let fixed: Vec<_> = self.fixed.iter().map(of).collect();
        let tenants = self.tenants.as_ref().map(|tenants| tenants.readiness(now));
        let tenants = tenants.unwrap_or_default();
        for readiness in fixed.iter().chain(&tenants) {
            if let Some(age) = readiness.age() {
                meter::key_age(readiness.issuer(), age);
            }
        }
        Readiness::new(fixed, tenants)
    }

    /// Renews keys whose time has come, without waiting; those of tenants when they are found.
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
            Self::Tenant(trust) => Arc::clone(trust),
        }
    }
}

impl Deref for Found<'_> {
    type Target = Trust;

    fn deref(&self) -> &Trust {
        match self {
            Self::Fixed(trust) => trust,
            Self::Tenant(trust) => trust,
        }
    }
}

impl From<JoseError> for Unfound {
    fn from(error: JoseError) -> Self {
        Self::Token(error)
    }
}
