//! The cache of verified tokens.
//!
//! 1. Only a token that passed every check is inserted, so nobody can fill the cache with junk.
//! 2. An entry is found by a seeded hash, then the whole token is compared: an equal hash is not
//!    enough.
//! 3. An entry is valid while the issuer still has the keys that verified it and its lifetime has
//!    not ended. Both are checked on every hit. An invalid entry is removed and the token verified
//!    anew.
//! 4. When room is needed, tokens that were sent only once are evicted before those that were sent
//!    again.
//! 5. No lock is held while a token is verified. A hit takes one read lock for one comparison.
//! 6. A token's hash selects one small set, and a new token replaces another one of the same set.
//!    This keeps the number of cache lines touched small: cache misses of the processor are what
//!    costs time here.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use scopegate_claims::UnixTime;
use scopegate_jose::{Verified, random_bytes};

mod proof;
mod set;
mod size;

pub(crate) use self::proof::Proof;
use self::set::{Found, Set, WAYS};
pub use self::size::CacheSize;

/// How many bytes at the end of a token are hashed.
const HASHED: usize = 64;

/// The verified tokens of a layer.
pub(crate) struct TokenCache<S = SeedableRandomState> {
    /// Together the sets have twice as many places as `size.entries`, so that most sets have a free
    /// place.
    sets: Box<[RwLock<Set>]>,
    hasher: S,
    size: CacheSize,
    tokens: AtomicUsize,
    bytes: AtomicUsize,
    /// The set to evict from next, when the cache is full and a token's own set has nothing to
    /// evict.
    next: AtomicUsize,
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
        let sets = (2 * size.entries).div_ceil(WAYS);
        Self {
            sets: std::iter::repeat_with(RwLock::default).take(sets).collect(),
            hasher,
            size,
            tokens: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
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

    /// The token, if it was verified before and is still valid.
    pub(crate) fn get(&self, lookup: &Lookup<'_>, now: UnixTime) -> Option<Arc<Verified>> {
        // A lock is poisoned only if dropping a service's extra claims panicked; the set itself is
        // intact.
        let set = self.set(lookup.hash).read().unwrap_or_else(PoisonError::into_inner);
        match set.find(lookup, now) {
            Found::Nothing => None,
            Found::Good(token) => Some(token),
            Found::Invalid => {
                drop(set);
                self.remove_invalid(lookup, now);
                None
            }
        }
    }

    /// Removes a token, unless it was verified again since it was found to be invalid.
    #[cold]
    fn remove_invalid(&self, lookup: &Lookup<'_>, now: UnixTime) {
        let removed = write(self.set(lookup.hash)).remove_invalid(lookup, now);
        self.subtract(removed);
    }

    /// Remembers the token that was looked up.
    pub(crate) fn insert(&self, lookup: &Lookup<'_>, proof: Proof) {
        let weight = proof.weight;
        if weight > self.size.bytes {
            return;
        }
        let bytes = self.bytes.fetch_add(weight, Ordering::Relaxed) + weight;
        let tokens = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        let full = bytes > self.size.bytes || tokens > self.size.entries;
        let evicted = write(self.set(lookup.hash)).insert(lookup, proof, full);
        self.subtract(evicted);
        while self.is_over_its_limits() {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % self.sets.len();
            let evicted = write(&self.sets[next]).evict_next();
            self.subtract(evicted);
        }
    }

    fn is_over_its_limits(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.size.bytes
            || self.tokens.load(Ordering::Relaxed) > self.size.entries
    }

    /// Subtracts an evicted token from the totals. Called without a lock, because dropping the
    /// token drops a service's extra claims.
    fn subtract(&self, evicted: Option<Proof>) {
        if let Some(proof) = evicted {
            self.bytes.fetch_sub(proof.weight, Ordering::Relaxed);
            self.tokens.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn set(&self, hash: u64) -> &RwLock<Set> {
        &self.sets[hash as usize % self.sets.len()]
    }
}

fn write(set: &RwLock<Set>) -> RwLockWriteGuard<'_, Set> {
    set.write().unwrap_or_else(PoisonError::into_inner)
}

/// Shows only totals, because tokens are secrets.
impl<S> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("tokens", &self.tokens)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
