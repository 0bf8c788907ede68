//! Tokens that were verified before.
//!
//! 1. Only a token that passed every check comes in, so that nobody fills the cache with junk.
//! 2. It is found by a seeded hash and compared whole: equal hashes admit nobody.
//! 3. It counts while the keys that verified it are the issuer's and its time has not passed; both are
//!    looked at on every hit. What no longer counts is forgotten and verified anew.
//! 4. Tokens that come again stay when room is needed, those that came once go first.
//! 5. No lock is held while a token is verified; a hit takes one for reading, for a comparison.
//! 6. A token's hash leads to one small set, and what comes takes the place of what was there before:
//!    what costs is memory that the processor does not have at hand, so as little as can be is touched.

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

/// So much of a token's end is hashed.
const HASHED: usize = 64;

/// The verified tokens of a layer.
pub(crate) struct TokenCache<S = SeedableRandomState> {
    /// Twice the places that can be taken, so that there is room wherever a hash leads.
    sets: Box<[RwLock<Set>]>,
    hasher: S,
    size: CacheSize,
    tokens: AtomicUsize,
    bytes: AtomicUsize,
    /// The set that gives way next, for what has no room in its own.
    next: AtomicUsize,
}

/// A token that is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Sought<'a> {
    token: &'a [u8],
    hash: u64,
}

impl TokenCache {
    /// A cache of this size, unless that is none.
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

    pub(crate) fn sought<'a>(&self, token: &'a [u8]) -> Sought<'a> {
        // The end of a token is of its signature, in which one differs from another most. It is secret
        // enough: who can choose it has the issuer's key.
        let end = token.len().saturating_sub(HASHED);
        let mut hasher = self.hasher.build_hasher();
        hasher.write(&token[end..]);
        Sought { token, hash: hasher.finish() }
    }

    /// The token, if it was found good before and is good now.
    pub(crate) fn get(&self, sought: &Sought<'_>, now: UnixTime) -> Option<Arc<Verified>> {
        // Who panicked was dropping claims of a service; the tokens themselves are as they should be.
        let set = self.set(sought.hash).read().unwrap_or_else(PoisonError::into_inner);
        match set.find(sought, now) {
            Found::Nothing => None,
            Found::Good(token) => Some(token),
            Found::Ended => {
                drop(set);
                self.forget(sought, now);
                None
            }
        }
    }

    /// Forgets a token, unless it was verified again since it was found ended.
    #[cold]
    fn forget(&self, sought: &Sought<'_>, now: UnixTime) {
        let ended = write(self.set(sought.hash)).forget(sought, now);
        self.release(ended);
    }

    /// Remembers the token that was sought.
    pub(crate) fn insert(&self, sought: &Sought<'_>, proof: Proof) {
        let weight = proof.weight;
        if weight > self.size.bytes {
            return;
        }
        let bytes = self.bytes.fetch_add(weight, Ordering::Relaxed) + weight;
        let tokens = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        let full = bytes > self.size.bytes || tokens > self.size.entries;
        let gone = write(self.set(sought.hash)).insert(sought, proof, full);
        self.release(gone);
        while self.is_beyond_its_size() {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % self.sets.len();
            let gone = write(&self.sets[next]).give_way();
            self.release(gone);
        }
    }

    fn is_beyond_its_size(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.size.bytes
            || self.tokens.load(Ordering::Relaxed) > self.size.entries
    }

    /// Counts what went as gone. Not under a lock: it may hold a service's own claims.
    fn release(&self, gone: Option<Proof>) {
        if let Some(proof) = gone {
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

/// Shows how much is remembered; tokens are secrets.
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
