//! A verified token with what it hangs on.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{ExtraClaims, Verified};

use crate::keys::Standing;

/// A token that was verified, and what has to stay as it is for it to be good again.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) token: Arc<Verified>,
    pub(crate) extra: Option<ExtraClaims>,
    pub(crate) standing: Arc<Standing>,
    /// The generation of the keys that verified it.
    pub(crate) generation: u64,
    /// By how much the issuer's clock may differ.
    pub(crate) leeway: Duration,
}

impl Proof {
    /// Whether the token, were it verified again now, would be found good again.
    ///
    /// Signature, issuer, audience and type do not change; the keys and the time do.
    pub(crate) fn holds(&self, now: UnixTime) -> bool {
        self.standing.generation(now) == Some(self.generation)
            && self.token.is_current(self.leeway, now)
    }

    /// The memory it takes, not much less.
    pub(crate) fn footprint(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |_| self.token.payload_len());
        size_of::<Self>() + self.token.footprint() + extra
    }
}
