//! The key that was revoked, and what is right to answer to its tokens.

use std::time::{Duration, Instant};

use crate::verifiers::Kind;

/// How long the nodes may take to follow the command.
pub(crate) const NODES_FOLLOW: Duration = Duration::from_secs(5);

pub(crate) struct Revocation {
    pub(crate) kid: String,
    /// The command was started.
    pub(crate) begun: Instant,
    /// The command has ended.
    pub(crate) done: Instant,
    /// How long caches that follow `Cache-Control` may keep the key, as the command said.
    pub(crate) cached: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Accepted,
    Refused,
    Either,
}

impl Revocation {
    /// What a verifier may answer if it was asked in this time.
    pub(crate) fn expects(&self, kind: Kind, asked: Instant, answered: Instant) -> Expected {
        if answered < self.begun {
            Expected::Accepted
        } else if asked > self.done + NODES_FOLLOW + kind.keeps_keys_for(self.cached) {
            Expected::Refused
        } else {
            Expected::Either
        }
    }
}
