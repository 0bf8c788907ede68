//! Tokens that were verified before.
//!
//! 1. Only a token that passed every check comes in, so that nobody fills the cache with junk.
//! 2. It is found by a seeded hash and compared whole: equal hashes admit nobody.
//! 3. It counts while the keys that verified it are the issuer's and its time has not passed; both are
//!    looked at on every hit. What no longer counts is forgotten and verified anew.
//! 4. Tokens that come again stay when room is needed, those that came once go first.
//! 5. No lock is held while a token is verified, and one is held for a lookup at most.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use scopegate_claims::UnixTime;
use scopegate_jose::random_bytes;

mod proof;
mod size;

pub(crate) use self::proof::Proof;
pub use self::size::CacheSize;

/// Small shards: each has its own lock, and what is done under it takes time by their size.
const SHARDS: usize = 64;

/// Places that are made ready from the start, as far as there may be so many.
const MADE_READY: usize = 10_000;

/// The verified tokens of a layer.
pub(crate) struct TokenCache<S = SeedableRandomState> {
    proofs: Cache<Key, Proof, Weight, HashAsIs>,
    hasher: S,
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
        let [entries, bytes] = [size.entries, size.bytes].map(|bound| bound as u64);
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(size.entries)
            .weight_capacity(bytes)
            .build()
            .expect("both capacities are set");
        // Small tokens count for more than they are, so that the weight bounds their number too.
        let weight = Weight { least: bytes.div_ceil(entries) };
        let proofs = Cache::with_options(options, weight, HashAsIs, DefaultLifecycle::default());
        // So that nothing has to move while it fills.
        proofs.reserve(size.entries.min(MADE_READY));
        Self { proofs, hasher }
    }

    pub(crate) fn sought<'a>(&self, token: &'a [u8]) -> Sought<'a> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(token);
        Sought { token, hash: hasher.finish() }
    }

    /// The proof that this token is good now, if it was found good before.
    pub(crate) fn get(&self, sought: &Sought<'_>, now: UnixTime) -> Option<Proof> {
        let proof = self.proofs.get(sought)?;
        if proof.holds(now) {
            return Some(proof);
        }
        self.forget(sought, now);
        None
    }

    #[cold]
    fn forget(&self, sought: &Sought<'_>, now: UnixTime) {
        // It may have been verified again since.
        self.proofs.remove_if(sought, |proof| !proof.holds(now));
    }

    /// Remembers a token.
    pub(crate) fn insert(&self, sought: &Sought<'_>, proof: Proof) {
        let key = Key::new(sought, &proof);
        self.proofs.insert(key, proof);
    }
}

/// A token that is remembered.
struct Key {
    token: Box<[u8]>,
    hash: u64,
    weight: u64,
}

impl Key {
    fn new(sought: &Sought<'_>, proof: &Proof) -> Self {
        // The place among the others, and half of one more for what is remembered of those that went.
        let place = size_of::<(Self, Proof, u64)>() * 3 / 2;
        let weight = (place + sought.token.len() + proof.footprint()) as u64;
        Self { token: sought.token.into(), hash: sought.hash, weight }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.token == *key.token
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Counts the bytes of an entry.
#[derive(Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Key, Proof> for Weight {
    fn weight(&self, key: &Key, _: &Proof) -> u64 {
        key.weight.max(self.least)
    }
}

/// Takes the hash that a key carries, so that nothing is hashed again under a lock.
#[derive(Clone)]
struct HashAsIs;

impl BuildHasher for HashAsIs {
    type Hasher = Carried;

    fn build_hasher(&self) -> Carried {
        Carried(0)
    }
}

struct Carried(u64);

impl Hasher for Carried {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a key writes its hash as one number")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Shows how much is remembered; tokens are secrets.
impl<S> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("tokens", &self.proofs.len())
            .field("bytes", &self.proofs.weight())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
