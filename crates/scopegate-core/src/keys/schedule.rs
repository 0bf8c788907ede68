//! When a signing key enters its next phase.
//!
//! A key is announced before it signs, so that every cache of `/keys` has it in time. When it
//! starts to sign, the previous key retires. A retiring key stays published until no token that it
//! signed can be valid. Then it is dropped. [`due`] compares the keys of a server with this plan
//! and returns the steps that are due. It changes nothing: [`KeyRing`](super::KeyRing) applies the
//! steps.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::Algorithm;

use crate::catalog::RuleSpec;
use crate::store::{KeyPhase, StoredKey};

/// The times of a key rotation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// How long a key signs before the next one takes over. `None`: an administrator starts each
    /// rotation.
    pub every: Option<Duration>,
    /// How long a key is published before it signs: at least as long as a cache may keep `/keys`.
    pub announce: Duration,
    /// How long a key stays published after it last signed: at least the longest lifetime of a
    /// token plus the leeway of its verification.
    pub retire: Duration,
}

impl Rotation {
    /// 15 minutes. `/keys` may be cached for 10 minutes; a node learns of a new key within seconds.
    pub const ANNOUNCE: Duration = Duration::from_secs(15 * 60);

    /// 25 hours. An access token is valid for at most 24 hours. The additional hour covers the
    /// leeway of verifiers, and nodes that learn late that a key has retired.
    pub const RETIRE: Duration =
        RuleSpec::MAX_ACCESS_TOKEN_LIFETIME.saturating_add(Duration::from_secs(60 * 60));

    /// An administrator starts each rotation.
    pub const fn manual() -> Self {
        Self { every: None, announce: Self::ANNOUNCE, retire: Self::RETIRE }
    }

    /// A new key starts to sign after each interval.
    pub const fn every(interval: Duration) -> Self {
        Self { every: Some(interval), ..Self::manual() }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self::manual()
    }
}

/// A step for the keys of a server.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the code that applies steps must handle all of them")]
pub enum KeyStep {
    /// Generates a key.
    Make {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// The first phase of the key: announced, or signing if it is the first key.
        phase: KeyPhase,
    },
    /// The announced key starts to sign.
    Sign {
        /// The id of the key.
        kid: String,
    },
    /// The signing key stops signing, and stays published.
    Retire {
        /// The id of the key.
        kid: String,
    },
    /// The retiring key is no longer published.
    Drop {
        /// The id of the key.
        kid: String,
    },
}

/// The steps that are due for the keys of one server, in the order in which they must be applied.
///
/// `algorithms` are the algorithms that the server signs with. Keys of other algorithms stay in
/// their phases, except that retiring keys are dropped in time.
pub fn due(
    algorithms: &[Algorithm],
    keys: &[StoredKey],
    rotation: &Rotation,
    now: UnixTime,
) -> Vec<KeyStep> {
    let mut steps = Vec::new();
    for &algorithm in Algorithm::SIGNING.iter().filter(|known| algorithms.contains(known)) {
        add_successor(algorithm, keys, rotation, now, &mut steps);
    }
    let spent = keys.iter().filter(|key| is_spent(key, rotation, now));
    steps.extend(spent.map(|key| KeyStep::Drop { kid: key.kid.clone() }));
    steps
}

/// Adds the steps for the next signing key of an algorithm.
fn add_successor(
    algorithm: Algorithm,
    keys: &[StoredKey],
    rotation: &Rotation,
    now: UnixTime,
    steps: &mut Vec<KeyStep>,
) {
    let in_phase = |phase| {
        let mut of_algorithm = keys.iter().filter(|key| key.algorithm == algorithm);
        of_algorithm.find(|key| key.phase == phase)
    };
    let (announced, signing) = (in_phase(KeyPhase::Announced), in_phase(KeyPhase::Signing));
    // No cache has another key of the algorithm, and no token can be issued until this key signs.
    let is_first = signing.is_none() && in_phase(KeyPhase::Retiring).is_none();
    match (announced, signing) {
        (Some(next), current) => {
            if is_first || now.since(next.created) >= rotation.announce {
                // Retire the old key first: a server never has two signing keys of one algorithm.
                steps.extend(current.map(|key| KeyStep::Retire { kid: key.kid.clone() }));
                steps.push(KeyStep::Sign { kid: next.kid.clone() });
            }
        }
        (None, Some(current)) => {
            if needs_successor(current, rotation, now) {
                steps.push(KeyStep::Make { algorithm, phase: KeyPhase::Announced });
            }
        }
        (None, None) => {
            let phase = if is_first { KeyPhase::Signing } else { KeyPhase::Announced };
            steps.push(KeyStep::Make { algorithm, phase });
        }
    }
}

/// Tells whether the next key must be announced now to sign in time.
fn needs_successor(current: &StoredKey, rotation: &Rotation, now: UnixTime) -> bool {
    let signs_for = now.since(current.signs_from.unwrap_or(current.created));
    rotation.every.is_some_and(|every| signs_for.saturating_add(rotation.announce) >= every)
}

/// Tells whether no token that the key signed can be valid any more.
fn is_spent(key: &StoredKey, rotation: &Rotation, now: UnixTime) -> bool {
    let retired_at = key.retired_at.filter(|_| key.phase == KeyPhase::Retiring);
    retired_at.is_some_and(|at| now.since(at) >= rotation.retire)
}

#[cfg(test)]
mod tests;
