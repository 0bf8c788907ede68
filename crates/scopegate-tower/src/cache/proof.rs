//! A verified token with what it hangs on.

use std::ops::Range;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use super::set::{Set, WAYS};
use crate::keys::Standing;

/// A token that was verified, and what has to stay as it is for it to be good again.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) token: Arc<Verified>,
    /// When it is good, by what its issuer's clock may differ.
    pub(crate) lifetime: Range<UnixTime>,
    pub(crate) standing: Arc<Standing>,
    /// The generation of the keys that verified it.
    pub(crate) generation: u64,
    /// The memory that it takes in the cache, not much less.
    pub(super) weight: usize,
}

impl Proof {
    pub(crate) fn new(
        token: Verified,
        leeway: Duration,
        standing: Arc<Standing>,
        generation: u64,
    ) -> Self {
        // Half of the places are free.
        let place = 2 * size_of::<Self>() + 2 * size_of::<RwLock<Set>>() / WAYS;
        let (lifetime, weight) = (token.lifetime(leeway), token.footprint() + place);
        Self { token: Arc::new(token), lifetime, standing, generation, weight }
    }

    /// Whether the token, were it verified again now, would be found good again.
    ///
    /// Signature, issuer, audience and type do not change; the keys and the time do.
    pub(crate) fn holds(&self, now: UnixTime) -> bool {
        self.lifetime.contains(&now) && self.standing.generation(now) == Some(self.generation)
    }
}
