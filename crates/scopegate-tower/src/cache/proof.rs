//! A verified token and what its validity depends on.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use crate::keys::KeyStatus;

/// A token that was verified, with the conditions under which it is still valid.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) token: Arc<Verified>,
    /// The token's lifetime, extended by the allowed clock difference of its issuer.
    pub(crate) lifetime: Range<UnixTime>,
    pub(crate) key_status: Arc<KeyStatus>,
    /// The generation of the keys that verified it.
    pub(crate) generation: u64,
}

impl Proof {
    pub(crate) fn new(
        token: Verified,
        leeway: Duration,
        key_status: Arc<KeyStatus>,
        generation: u64,
    ) -> Self {
        let lifetime = token.lifetime(leeway);
        Self { token: Arc::new(token), lifetime, key_status, generation }
    }

    /// Whether the token would be accepted again if it were verified now.
    ///
    /// Signature, issuer, audience and type do not change. Only the keys and the time do.
    pub(crate) fn holds(&self, now: UnixTime) -> bool {
        self.lifetime.contains(&now) && self.key_status.generation(now) == Some(self.generation)
    }
}
