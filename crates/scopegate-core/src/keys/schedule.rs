//! When a signing key enters its next phase.
//!
//! A key is announced before it signs, so that every cache of `/keys` has it in time. When it
//! starts to sign, the previous key retires. A retiring key stays published until no token that it
//! signed can be valid. Then it is dropped. [`due`] compares the keys of a server with this plan
//! and returns the steps that are due. It changes nothing: [`KeyRing`](super::KeyRing) applies the
//! steps.
//!
//! A clock can be wrong, and it can be set. So a key signs or is dropped only after this process
//! has itself known it in its phase for long enough, by a clock that is never set. After a restart
//! this time begins again. To continue even so, a step that is late by a week is applied without it.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, sha256};

use crate::catalog::{AuthorizationServer, KeySchedule, Policy, RuleSpec, ServerId};
use crate::store::{KeyPhase, StoredKey};

/// How long a node may sign and publish by what it last read from the storage.
///
/// It is less than the minimum time of an announcement. So a key that this node does not know yet
/// does not sign.
pub(super) const MAX_UNCONFIRMED: Duration = Duration::from_secs(20);

/// How long a retiring key stays published after its last token has expired: the leeway of
/// verifiers (60 s), the time in which a node may still sign with it, and as much again.
const LEEWAY: Duration = Duration::from_secs(60 + 2 * MAX_UNCONFIRMED.as_secs());

/// The time for all nodes to publish a new key, and for the answers of `/keys` to arrive.
const SETTLE: Duration = Duration::from_secs(10);

/// The largest error of a clock that the schedule allows for: a week.
const MAX_CLOCK_ERROR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Schedules shorter than this are not spread: a key every few minutes is for tests, which count on the times.
const MIN_SPREAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The times of a key rotation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// How long a key signs before the next one takes over. `None`: an administrator starts each
    /// rotation.
    pub every: Option<Duration>,
    /// How long a key is published before it signs.
    pub announce: Duration,
}

impl Rotation {
    /// The rotation that a catalog asks for.
    pub fn of(schedule: &KeySchedule) -> Self {
        Self { every: schedule.interval(), announce: schedule.announce() }
    }

    /// The rotation of one server: its keys sign for up to 10 % less than the catalog asks for, by the id of the
    /// server. Otherwise the keys of servers that were made together would be made together for ever.
    pub fn of_server(server: &AuthorizationServer) -> Self {
        Self::of(&server.spec.keys).spread_for(&server.id)
    }

    fn spread_for(self, server: &ServerId) -> Self {
        let spread = |every: Duration| {
            // 0 to 65,535, the same on all nodes.
            let [high, low, ..] = sha256(server.as_str().as_bytes());
            let less =
                every / 10 * u32::from(u16::from_be_bytes([high, low])) / u32::from(u16::MAX);
            // The next key is announced while this one signs.
            every.saturating_sub(less).max(self.announce)
        };
        let every = self.every.map(|it| if it < MIN_SPREAD { it } else { spread(it) });
        Self { every, ..self }
    }

    /// How long a cache may keep `/keys`: 10 seconds less than the time of the announcement, and at
    /// most 10 minutes.
    pub fn cached(&self) -> Duration {
        StoredKey::MAX_CACHED.min(self.announce.saturating_sub(SETTLE))
    }
}

/// What the catalog asks for the keys of a server.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Wanted<'a> {
    /// The algorithms that the server signs with.
    pub algorithms: &'a [Algorithm],
    /// The times of a rotation.
    pub rotation: Rotation,
    /// The longest lifetime of a token.
    pub longest: Duration,
}

impl<'a> Wanted<'a> {
    /// What the catalog asks for a server. Tokens live for at least `lifetime`.
    pub fn of(server: &'a AuthorizationServer, lifetime: Duration) -> Self {
        let rules = server.policies().iter().flat_map(Policy::rules);
        let longest = rules.map(|rule| rule.spec.access_token_lifetime).max();
        let longest = longest.unwrap_or(RuleSpec::MIN_ACCESS_TOKEN_LIFETIME).max(lifetime);
        let rotation = Rotation::of_server(server);
        Self { algorithms: &server.spec.algorithms, rotation, longest }
    }
}

/// A stored key, and how long this process has known it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct KnownKey<'a> {
    /// The key.
    pub key: &'a StoredKey,
    /// How long this process has known it in its phase, by a clock that is never set.
    pub known_for: Duration,
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
    /// The signing key may sign tokens with a longer lifetime.
    Cover {
        /// The id of the key.
        kid: String,
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
    /// The key is no longer published.
    Drop {
        /// The id of the key.
        kid: String,
        /// The phase that it leaves.
        from: KeyPhase,
    },
}

/// The steps that are due for the keys of one server, in the order in which they must be applied.
pub fn due(wanted: &Wanted<'_>, keys: &[KnownKey<'_>], now: UnixTime) -> Vec<KeyStep> {
    let mut steps = Vec::new();
    for &algorithm in Algorithm::SIGNING.iter().filter(|known| wanted.algorithms.contains(known)) {
        add_successor(algorithm, wanted, keys, now, &mut steps);
    }
    add_surplus(wanted, keys, &mut steps);
    let may_sign_longer = |known: &&KnownKey<'_>| {
        let retires = KeyStep::Retire { kid: known.key.kid.clone() };
        known.key.phase == KeyPhase::Signing
            && known.key.longest_token() < wanted.longest
            && !steps.contains(&retires)
    };
    let covered: Vec<_> = keys.iter().filter(may_sign_longer).collect();
    steps.extend(covered.iter().map(|known| KeyStep::Cover { kid: known.key.kid.clone() }));
    let spent = keys.iter().filter(|known| is_spent(known, now));
    steps.extend(spent.map(|known| drop_step(known.key)));
    steps
}

/// When an announced key starts to sign, at the earliest.
pub(super) fn signs_at(key: &StoredKey, keys: &[&StoredKey], rotation: &Rotation) -> UnixTime {
    key.created.plus(rotation.announce.max(published_before_signing(keys.iter().copied())))
}

/// When a retiring key is dropped, at the earliest.
pub(super) fn drops_at(key: &StoredKey) -> Option<UnixTime> {
    Some(key.retired_at?.plus(key.longest_token()).plus(LEEWAY))
}

/// How long a cache may keep `/keys`, if this process read the keys from the storage some time ago.
///
/// A key that is not known here is younger than that. It does not sign before
/// [`published_before_signing`] has passed.
pub(super) fn max_age<'a>(
    rotation: &Rotation,
    keys: impl Iterator<Item = &'a StoredKey> + Clone,
    unconfirmed: Duration,
) -> Duration {
    let newest = keys.clone().filter(|key| is_current(key)).map(StoredKey::cached_for).min();
    let promised = newest.unwrap_or_default().min(rotation.cached());
    // Half of the time is for the answer to arrive.
    let unknown_key_signs_after = published_before_signing(keys).saturating_sub(SETTLE / 2);
    promised.min(unknown_key_signs_after.saturating_sub(unconfirmed))
}

/// How long a key is published before it signs: longer than any cache keeps a set without it.
fn published_before_signing<'a>(keys: impl Iterator<Item = &'a StoredKey>) -> Duration {
    let cached = keys.filter(|key| is_current(key)).map(StoredKey::cached_for).max();
    cached.unwrap_or(StoredKey::MAX_CACHED).saturating_add(SETTLE)
}

/// Tells whether a key is announced or signs.
fn is_current(key: &StoredKey) -> bool {
    matches!(key.phase, KeyPhase::Announced | KeyPhase::Signing)
}

/// Adds the steps for the next signing key of an algorithm.
fn add_successor(
    algorithm: Algorithm,
    wanted: &Wanted<'_>,
    keys: &[KnownKey<'_>],
    now: UnixTime,
    steps: &mut Vec<KeyStep>,
) {
    let in_phase = |phase| {
        let mut of_algorithm = keys.iter().filter(|known| known.key.algorithm == algorithm);
        of_algorithm.find(|known| known.key.phase == phase)
    };
    let published = published_before_signing(keys.iter().map(|known| known.key));
    match (in_phase(KeyPhase::Announced), in_phase(KeyPhase::Signing)) {
        (Some(next), current) => {
            // Without another key there is no cache that lacks this one, and no token until it signs.
            let is_first = keys.iter().all(|known| known.key.phase == KeyPhase::Announced);
            if is_first || may_sign(next, published, &wanted.rotation, now) {
                // Retire the old key first: a server never has two signing keys of one algorithm.
                steps.extend(current.map(|known| KeyStep::Retire { kid: known.key.kid.clone() }));
                steps.push(KeyStep::Sign { kid: next.key.kid.clone() });
            }
        }
        (None, Some(current)) => {
            if needs_successor(current, published, &wanted.rotation, now) {
                steps.push(KeyStep::Make { algorithm, phase: KeyPhase::Announced });
            }
        }
        (None, None) => {
            let phase = if keys.is_empty() { KeyPhase::Signing } else { KeyPhase::Announced };
            steps.push(KeyStep::Make { algorithm, phase });
        }
    }
}

/// Adds the steps for keys of algorithms that left the catalog. A signing key signs until a key of
/// a wanted algorithm does.
fn add_surplus(wanted: &Wanted<'_>, keys: &[KnownKey<'_>], steps: &mut Vec<KeyStep>) {
    let is_wanted = |key: &StoredKey| wanted.algorithms.contains(&key.algorithm);
    let signs = |known: &KnownKey<'_>| known.key.phase == KeyPhase::Signing;
    let another_signs = keys.iter().any(|known| is_wanted(known.key) && signs(known));
    for KnownKey { key, .. } in keys.iter().filter(|known| !is_wanted(known.key)) {
        match key.phase {
            KeyPhase::Announced => steps.push(drop_step(key)),
            KeyPhase::Signing if another_signs => {
                steps.push(KeyStep::Retire { kid: key.kid.clone() });
            }
            KeyPhase::Signing | KeyPhase::Retiring | KeyPhase::Dropped => {}
        }
    }
}

/// Tells whether every cache of `/keys` has the announced key.
fn may_sign(next: &KnownKey<'_>, published: Duration, rotation: &Rotation, now: UnixTime) -> bool {
    let by_clock = now.since(next.key.created);
    has_surely_passed(published, next.known_for, by_clock)
        && by_clock.max(next.known_for) >= rotation.announce
}

/// Tells whether the next key must be announced now to sign in time.
fn needs_successor(
    current: &KnownKey<'_>,
    published: Duration,
    rotation: &Rotation,
    now: UnixTime,
) -> bool {
    let by_clock = now.since(current.key.signs_from.unwrap_or(current.key.created));
    let signs_for = by_clock.max(current.known_for);
    let announce = rotation.announce.max(published);
    rotation.every.is_some_and(|every| signs_for.saturating_add(announce) >= every)
}

/// Tells whether no token that the key signed can be valid any more.
fn is_spent(known: &KnownKey<'_>, now: UnixTime) -> bool {
    let KnownKey { key, known_for } = known;
    let retired_at = key.retired_at.filter(|_| key.phase == KeyPhase::Retiring);
    let kept = key.longest_token().saturating_add(LEEWAY);
    retired_at.is_some_and(|at| has_surely_passed(kept, *known_for, now.since(at)))
}

/// Tells whether a time has passed, even if the clock is wrong by up to a week.
fn has_surely_passed(time: Duration, known_for: Duration, by_clock: Duration) -> bool {
    known_for >= time || by_clock >= time.saturating_add(MAX_CLOCK_ERROR)
}

fn drop_step(key: &StoredKey) -> KeyStep {
    KeyStep::Drop { kid: key.kid.clone(), from: key.phase }
}

#[cfg(test)]
mod tests;
