//! The few tokens that one hash leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use super::{Lookup, Proof};

/// The maximum number of tokens in a set.
pub(super) const WAYS: usize = 8;

/// A few tokens in a ring. The oldest is evicted first, unless it was hit since (the CLOCK
/// algorithm).
///
/// The lock and everything needed to see that a token is absent fit into one cache line of 64
/// bytes.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Set {
    /// 16 bits of each token's hash.
    tags: [u16; WAYS],
    /// How many more evictions each token survives because it was hit: two bits each.
    hits_left: AtomicU16,
    /// The position that is considered for eviction next.
    next: u8,
    proofs: Vec<Proof>,
}

pub(super) enum Found {
    Nothing,
    Good(Arc<Verified>),
    /// The token was found, but is no longer valid.
    Invalid,
}

impl Set {
    pub(super) fn find(&self, lookup: &Lookup<'_>, now: UnixTime) -> Found {
        let Some(way) = self.way(lookup) else { return Found::Nothing };
        let proof = &self.proofs[way];
        if !proof.holds(now) {
            return Found::Invalid;
        }
        // Written only if it changes, so that threads with the same token do not contend for the
        // cache line.
        if self.hits_left.load(Ordering::Relaxed) & bits(way) != bits(way) {
            self.hits_left.fetch_or(bits(way), Ordering::Relaxed);
        }
        Found::Good(Arc::clone(&proof.token))
    }

    /// Inserts a token and returns the one it replaced: the same token as verified earlier, or
    /// another one if the set has no free place or the cache is `full`. Never evicts a recently hit
    /// token while the set has a free place.
    pub(super) fn insert(
        &mut self,
        lookup: &Lookup<'_>,
        proof: Proof,
        full: bool,
    ) -> Option<Proof> {
        let way = match self.way(lookup) {
            Some(way) => way,
            // If all tokens were hit, each pass lowers their counts, so this ends after at most
            // four passes.
            None if self.proofs.len() == WAYS => loop {
                if let Some(way) = self.next_to_evict() {
                    break way;
                }
            },
            None if full => self.next_to_evict().unwrap_or(self.proofs.len()),
            None => self.proofs.len(),
        };
        self.tags[way] = tag(lookup.hash);
        *self.hits_left.get_mut() &= !bits(way);
        match self.proofs.get_mut(way) {
            Some(before) => Some(std::mem::replace(before, proof)),
            None => {
                self.proofs.push(proof);
                None
            }
        }
    }

    /// Evicts the next token, if there is one that was not hit recently.
    pub(super) fn evict_next(&mut self) -> Option<Proof> {
        self.next_to_evict().map(|way| self.take(way))
    }

    /// Removes a token, unless it is valid.
    pub(super) fn remove_invalid(&mut self, lookup: &Lookup<'_>, now: UnixTime) -> Option<Proof> {
        let way = self.way(lookup)?;
        if self.proofs[way].holds(now) { None } else { Some(self.take(way)) }
    }

    /// The next token to evict. `None` if all were hit; then each has survived one more eviction.
    fn next_to_evict(&mut self) -> Option<usize> {
        let len = self.proofs.len();
        let hits_left = self.hits_left.get_mut();
        for _ in 0..len {
            let way = usize::from(self.next) % len;
            self.next = way as u8 + 1;
            if *hits_left & bits(way) == 0 {
                return Some(way);
            }
            *hits_left -= 1 << (2 * way);
        }
        None
    }

    /// Removes one token; the last one moves into its place.
    fn take(&mut self, way: usize) -> Proof {
        let last = self.proofs.len() - 1;
        self.tags[way] = self.tags[last];
        let hits_left = self.hits_left.get_mut();
        let often = *hits_left >> (2 * last) & 0b11;
        *hits_left &= !(bits(way) | bits(last));
        if way != last {
            *hits_left |= often << (2 * way);
        }
        self.proofs.swap_remove(way)
    }

    fn way(&self, lookup: &Lookup<'_>) -> Option<usize> {
        let tag = tag(lookup.hash);
        let tags = self.tags[..self.proofs.len()].iter().enumerate();
        let mut ways = tags.filter(|(_, known)| **known == tag).map(|(way, _)| way);
        ways.find(|&way| self.proofs[way].token.as_bytes() == lookup.token)
    }
}

/// The bits of a hash that do not select the set.
fn tag(hash: u64) -> u16 {
    (hash >> 48) as u16
}

fn bits(way: usize) -> u16 {
    0b11 << (2 * way)
}
