//! What must be found out before a token can be verified.

use std::sync::Arc;

use scopegate_bearer::RefusalCause;
use scopegate_claims::{Issuer, UnixTime};
use scopegate_jose::JoseError;

use crate::issuers::Issuers;
use crate::keys::{Outcome, Refresh};
use crate::tenants::RETRY_SOON;
use crate::trust::Trust;

/// What must be found out before a token can be verified.
#[derive(Debug)]
pub(crate) enum WaitFor {
    /// Whether this issuer is trusted.
    Issuer(Issuer),
    /// Newer keys. If they do not help, the token is refused with this error.
    Keys(Arc<Trust>, JoseError),
}

impl WaitFor {
    /// Starts to find it out, or joins a task that already does.
    ///
    /// # Errors
    ///
    /// The outcome, if there is nothing to wait for.
    pub(crate) fn begin(&self, issuers: &Issuers, now: UnixTime) -> Result<Refresh, Outcome> {
        match self {
            Self::Issuer(issuer) => match issuers.tenants() {
                Some(tenants) => tenants.ask(issuer, now),
                None => Err(Outcome::Failed),
            },
            Self::Keys(trust, error) => trust.keys.refresh_for_request(error.kid(), now),
        }
    }

    /// Why a token is refused if it could not be found out.
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
