//! One part of the cache, behind one lock.

use std::collections::VecDeque;
use std::collections::hash_map::{self, HashMap};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::FixedState;
use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use super::{CacheSize, Lookup, Proof};

/// Entries in the order of their insertion. The first is evicted next, but one that was hit goes to
/// the end of the queue once (FIFO with second chance).
pub(super) struct Shard {
    limit: CacheSize,
    /// By the hash of the token. If two tokens have the same hash, the later one is kept. The keys
    /// are seeded hashes already, so they need no second seed.
    entries: HashMap<u64, Entry, FixedState>,
    /// The keys of all entries, each once.
    queue: VecDeque<u64>,
    /// The memory of all entries, in bytes.
    bytes: usize,
}

/// A cached token.
pub(super) struct Entry {
    proof: Proof,
    /// The memory, in bytes, that the entry takes; approximate, not much less than the real value.
    bytes: usize,
    was_hit: AtomicBool,
}

impl Shard {
    pub(super) fn new(limit: CacheSize) -> Self {
        Self { limit, entries: HashMap::default(), queue: VecDeque::new(), bytes: 0 }
    }

    /// The token, if it is cached and still valid.
    pub(super) fn get(&self, lookup: &Lookup<'_>, now: UnixTime) -> Option<Arc<Verified>> {
        let entry = self.entries.get(&lookup.hash)?;
        let token = &entry.proof.token;
        if token.as_bytes() != lookup.token || !entry.proof.holds(now) {
            return None;
        }
        // Written only once, so that threads with the same token do not contend for the cache line.
        if !entry.was_hit.load(Ordering::Relaxed) {
            entry.was_hit.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(token))
    }

    /// Inserts a token, and returns the entries that it replaced or evicted.
    pub(super) fn insert(&mut self, hash: u64, proof: Proof) -> Vec<Entry> {
        let entry = Entry::new(proof);
        let mut removed = Vec::new();
        if entry.bytes > self.limit.bytes {
            return removed;
        }
        while self.entries.len() >= self.limit.entries
            || self.bytes + entry.bytes > self.limit.bytes
        {
            removed.extend(self.evict());
        }
        self.bytes += entry.bytes;
        match self.entries.insert(hash, entry) {
            None => self.queue.push_back(hash),
            Some(before) => {
                self.bytes -= before.bytes;
                removed.push(before);
            }
        }
        removed
    }

    /// Removes the oldest entry that was not hit since its insertion or since it was spared.
    fn evict(&mut self) -> Option<Entry> {
        while let Some(hash) = self.queue.pop_front() {
            let hash_map::Entry::Occupied(mut entry) = self.entries.entry(hash) else { continue };
            if mem::take(entry.get_mut().was_hit.get_mut()) {
                self.queue.push_back(hash);
                continue;
            }
            let entry = entry.remove();
            self.bytes -= entry.bytes;
            return Some(entry);
        }
        None
    }
}

impl Entry {
    /// The overhead of an entry: up to 16/7 places of the table and two of the queue.
    const OVERHEAD: usize = 3 * size_of::<(u64, Self)>();

    fn new(proof: Proof) -> Self {
        let bytes = proof.token.footprint() + Self::OVERHEAD;
        Self { proof, bytes, was_hit: AtomicBool::new(false) }
    }
}

#[cfg(test)]
mod tests;
