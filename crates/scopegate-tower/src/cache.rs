//! The cache of verified tokens.
//!
//! 1. A token enters the cache when it is verified for the second time. Many tokens are sent only
//!    once, and memory for them would be wasted. Only a token that passed every check counts, so
//!    nobody can fill the cache with junk.
//! 2. An entry is found by a seeded hash, then the whole token is compared: an equal hash is not
//!    enough.
//! 3. An entry is valid while the issuer still has the keys that verified it and its lifetime has
//!    not ended. Both are checked on every hit. If it is invalid, the token is verified anew.
//! 4. When room is needed, the oldest entry is evicted, unless it was hit since.
//! 5. No lock is held while a token is verified. A hit takes one read lock for one comparison.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use scopegate_claims::UnixTime;
use scopegate_jose::{Verified, random_bytes};

mod first_uses;
mod proof;
mod shard;
mod size;

use self::first_uses::FirstUses;
pub(crate) use self::proof::Proof;
use self::shard::Shard;
pub use self::size::CacheSize;

/// How many bytes at the end of a token are hashed.
const HASHED: usize = 64;

/// The verified tokens of a layer.
pub(crate) struct TokenCache<S = SeedableRandomState> {
    hasher: S,
    first_uses: Mutex<FirstUses>,
    /// A token's hash selects the shard. Each has a lock of its own, so that a thread rarely waits
    /// for another.
    shards: Box<[RwLock<Shard>]>,
}

/// A token that is looked up.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    token: &'a [u8],
    hash: u64,
}

impl TokenCache {
    /// A cache of this size, or `None` if the size is zero.
    pub(crate) fn new(size: CacheSize) -> Option<Self> {
        let seed = u64::from_ne_bytes(random_bytes());
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_random());
        (!size.is_none()).then(|| Self::with_hasher(size, hasher))
    }
}

impl<S: BuildHasher> TokenCache<S> {
    fn with_hasher(size: CacheSize, hasher: S) -> Self {
        let shards = size.shards();
        let share = CacheSize { entries: size.entries / shards, bytes: size.bytes / shards };
        Self {
            hasher,
            first_uses: Mutex::new(FirstUses::of(size.tokens())),
            shards: (0..shards).map(|_| RwLock::new(Shard::new(share))).collect(),
        }
    }

    pub(crate) fn lookup<'a>(&self, token: &'a [u8]) -> Lookup<'a> {
        // The end of a token is part of its signature, where tokens differ most. It is hard to
        // choose: to force collisions an attacker would need the issuer's key.
        let end = token.len().saturating_sub(HASHED);
        let mut hasher = self.hasher.build_hasher();
        hasher.write(&token[end..]);
        Lookup { token, hash: hasher.finish() }
    }

    /// The token, if it is cached and still valid.
    pub(crate) fn get(&self, lookup: &Lookup<'_>, now: UnixTime) -> Option<Arc<Verified>> {
        let shard = self.shard(lookup).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(lookup, now)
    }

    /// Offers a token that was verified. It enters the cache when it is offered the second time.
    pub(crate) fn offer(&self, lookup: &Lookup<'_>, proof: Proof) {
        let mut first_uses = self.first_uses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = first_uses.note(lookup.hash);
        drop(first_uses);
        if is_first {
            return;
        }
        let mut shard = self.shard(lookup).write().unwrap_or_else(PoisonError::into_inner);
        let removed = shard.insert(lookup.hash, proof);
        drop(shard);
        // Dropped without the lock, because this drops a service's extra claims, which may panic.
        drop(removed);
    }

    fn shard(&self, lookup: &Lookup<'_>) -> &RwLock<Shard> {
        &self.shards[lookup.hash as usize % self.shards.len()]
    }
}

/// Shows no entry, because tokens are secrets.
impl<S> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
