//! The issuers that a layer trusts.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Issuer, UnixTime};
use scopegate_jose::{JoseError, UnverifiedJws};

use crate::keys::IssuerReadiness;
use crate::tenants::{TenantStatus, Tenants};
use crate::trust::Trust;
use crate::{ConfigError, Readiness, meter};

/// The longest `iss`, in bytes, that the resolver is asked about.
const MAX_ISSUER_LEN: usize = 2048;

/// The issuers of a layer.
#[derive(Debug)]
pub(crate) struct Issuers {
    /// Sorted by name; names are unique.
    fixed: Box<[Arc<Trust>]>,
    tenants: Option<Arc<Tenants>>,
}

/// The issuer whose rules and keys verify a token.
pub(crate) enum TrustRef<'a> {
    Fixed(&'a Arc<Trust>),
    Tenant(Arc<Trust>),
}

/// Why no issuer was found.
#[derive(Debug)]
pub(crate) enum IssuerError {
    /// No trusted issuer has this name, or the token is malformed.
    InvalidToken(JoseError),
    /// The resolver must be asked.
    Unresolved(Issuer),
    /// The resolver failed recently; it is not asked again for this long.
    RecentlyFailed(Duration),
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

    /// The issuers that were named at the start.
    pub(crate) fn fixed(&self) -> &[Arc<Trust>] {
        &self.fixed
    }

    /// The issuers that are resolved at run time, if there is a resolver.
    pub(crate) fn tenants(&self) -> Option<&Arc<Tenants>> {
        self.tenants.as_ref()
    }

    /// Finds the one issuer that must verify a token. Several are never tried in turn.
    ///
    /// If there are several, the token's own `iss` selects one. The `iss` is not verified at this
    /// point; the issuer's rules require the same `iss` after the signature check.
    pub(crate) fn of(
        &self,
        jws: &UnverifiedJws<'_>,
        now: UnixTime,
    ) -> Result<TrustRef<'_>, IssuerError> {
        if let ([only], None) = (&*self.fixed, &self.tenants) {
            return Ok(TrustRef::Fixed(only));
        }
        let issuer = jws.unverified_issuer()?;
        if let Ok(at) = self.fixed.binary_search_by(|trust| trust.name().cmp(&issuer)) {
            return Ok(TrustRef::Fixed(&self.fixed[at]));
        }
        let untrusted = || {
            let names: Vec<_> = self.fixed.iter().map(|trust| trust.name()).collect();
            IssuerError::InvalidToken(JoseError::wrong_issuer(&names.join(", "), &issuer))
        };
        let Some(tenants) = &self.tenants else { return Err(untrusted()) };
        match tenants.find(&issuer, now) {
            TenantStatus::Trusted(trust) => Ok(TrustRef::Tenant(trust)),
            TenantStatus::Unknown => Err(untrusted()),
            TenantStatus::RecentlyFailed(rest) => Err(IssuerError::RecentlyFailed(rest)),
            TenantStatus::NotAsked if issuer.len() > MAX_ISSUER_LEN => Err(untrusted()),
            // The resolver is not asked about a text that is not an issuer URL.
            TenantStatus::NotAsked => {
                Err(Issuer::parse(&issuer).map_or_else(|_| untrusted(), IssuerError::Unresolved))
            }
        }
    }

    /// The state of the keys. Keys that were never read start to be read.
    pub(crate) fn readiness(&self, now: UnixTime) -> Readiness {
        let of = |trust: &Arc<Trust>| {
            trust.keys.wake(now);
            IssuerReadiness::of(trust.name(), &trust.keys, now)
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

    /// Refreshes keys that are due, without waiting. Keys of tenants are refreshed when the tenant
    /// is found.
    pub(crate) fn refresh_if_due(&self, now: UnixTime) {
        for trust in &self.fixed {
            trust.keys.refresh_if_due(now);
        }
    }
}

impl TrustRef<'_> {
    pub(crate) fn share(&self) -> Arc<Trust> {
        match self {
            Self::Fixed(trust) => Arc::clone(trust),
            Self::Tenant(trust) => Arc::clone(trust),
        }
    }
}

impl Deref for TrustRef<'_> {
    type Target = Trust;

    fn deref(&self) -> &Trust {
        match self {
            Self::Fixed(trust) => trust,
            Self::Tenant(trust) => trust,
        }
    }
}

impl From<JoseError> for IssuerError {
    fn from(error: JoseError) -> Self {
        Self::InvalidToken(error)
    }
}
