use scopegate_jose::base64url;
use serde_json::json;

use super::*;
use crate::cache::tests::{at, proof, proofs};
use crate::test_issuer::NOW;

impl Shard {
    pub(in crate::cache) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(in crate::cache) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(in crate::cache) fn assert_consistent(&self) {
        assert_eq!(self.bytes, self.entries.values().map(|entry| entry.bytes).sum::<usize>());
        let mut keys: Vec<u64> = self.entries.keys().copied().collect();
        let mut queued: Vec<u64> = self.queue.iter().copied().collect();
        keys.sort_unstable();
        queued.sort_unstable();
        assert_eq!(keys, queued);
    }

    /// Inserts the token of this number; the number is also its hash.
    fn put(&mut self, number: u64) {
        self.insert(number, proofs()[number as usize].clone());
        self.assert_consistent();
    }

    fn hit(&self, number: u64) -> bool {
        let token = proofs()[number as usize].token.as_bytes();
        self.get(&Lookup { token, hash: number }, at(NOW)).is_some()
    }

    /// The numbers of the tokens that it holds. Does not count as a hit.
    fn held(&self) -> Vec<u64> {
        let mut held: Vec<u64> = self.entries.keys().copied().collect();
        held.sort_unstable();
        held
    }
}

fn of_entries(entries: usize) -> Shard {
    Shard::new(CacheSize { entries, bytes: 1 << 30 })
}

fn of_bytes(bytes: usize) -> Shard {
    Shard::new(CacheSize { entries: 1 << 30, bytes })
}

fn bytes_of(number: u64) -> usize {
    Entry::new(proofs()[number as usize].clone()).bytes
}

#[test]
fn the_oldest_entry_is_evicted_first() {
    let mut shard = of_entries(3);
    for (number, held) in
        [(1, &[1][..]), (2, &[1, 2]), (3, &[1, 2, 3]), (4, &[2, 3, 4]), (5, &[3, 4, 5])]
    {
        shard.put(number);
        assert_eq!(shard.held(), held);
    }
}

#[test]
fn an_entry_that_was_hit_is_spared_once() {
    let mut shard = of_entries(3);
    [1, 2, 3].into_iter().for_each(|number| shard.put(number));
    assert!(shard.hit(1) && shard.hit(1), "a second hit spares it no longer");
    shard.put(4);
    assert_eq!(shard.held(), [1, 3, 4]);
    shard.put(5);
    assert_eq!(shard.held(), [1, 4, 5]);
    shard.put(6);
    assert_eq!(shard.held(), [4, 5, 6], "it was not hit again");
}

#[test]
fn the_oldest_entry_is_evicted_if_all_were_hit() {
    let mut shard = of_entries(3);
    [1, 2, 3].into_iter().for_each(|number| shard.put(number));
    assert!(shard.hit(1) && shard.hit(2) && shard.hit(3));
    shard.put(4);
    assert_eq!(shard.held(), [2, 3, 4]);
}

#[test]
fn a_lookup_without_a_hit_spares_nothing() {
    let mut shard = of_entries(2);
    [1, 2].into_iter().for_each(|number| shard.put(number));
    let expired = Lookup { token: proofs()[1].token.as_bytes(), hash: 1 };
    assert!(shard.get(&expired, at(NOW + 10_000)).is_none());
    assert!(shard.get(&Lookup { token: b"another", hash: 1 }, at(NOW)).is_none());
    assert!(!shard.hit(3), "it was never inserted");
    shard.put(4);
    assert_eq!(shard.held(), [2, 4]);
}

#[test]
fn bytes_are_used_up_to_the_limit() {
    let two = bytes_of(1) + bytes_of(2);
    for (limit, held) in [(two, &[1, 2][..]), (two - 1, &[2])] {
        let mut shard = of_bytes(limit);
        shard.put(1);
        shard.put(2);
        assert_eq!(shard.held(), held);
        assert!(shard.bytes() <= limit);
    }
}

#[test]
fn a_token_larger_than_the_limit_evicts_nothing() {
    let mut shard = of_bytes(bytes_of(1));
    shard.put(1);
    assert_eq!(shard.held(), [1], "it fits exactly");
    let large = proof(json!({ "note": base64url::encode(&[0; 1000]) }));
    assert!(shard.insert(2, large.clone()).is_empty());
    assert_eq!(shard.held(), [1]);

    let mut shard = of_bytes(Entry::new(large.clone()).bytes);
    [1, 2].into_iter().for_each(|number| shard.put(number));
    let removed = shard.insert(3, large);
    assert!(removed.len() >= 2, "as many as necessary");
    assert_eq!(shard.held(), [3]);
    shard.assert_consistent();
}

#[test]
fn a_token_inserted_again_replaces_its_entry() {
    let mut shard = of_entries(2);
    shard.put(1);
    let again = proofs()[2].clone();
    let removed = shard.insert(1, again.clone());
    assert_eq!(removed.len(), 1);
    assert!(Arc::ptr_eq(&removed[0].proof.token, &proofs()[1].token));
    assert_eq!((shard.held(), shard.bytes()), (vec![1], Entry::new(again).bytes));
    shard.assert_consistent();
}

#[test]
fn an_entry_is_charged_for_all_its_memory() {
    let shared = proof(json!({}));
    let mut shard = of_entries(1 << 20);
    for number in 0..3000 {
        shard.insert(number, shared.clone());
        // hashbrown fills at most 7/8 of its buckets. Each has a control byte.
        let buckets = shard.entries.capacity() * 8 / 7;
        let table = buckets * (size_of::<(u64, Entry)>() + 1);
        let queue = shard.queue.capacity() * size_of::<u64>();
        let needed = shard.len() * shared.token.footprint() + table + queue;
        assert!(number < 16 || shard.bytes() >= needed, "{} of {needed}", shard.bytes());
    }
    assert_eq!(shard.bytes(), 3000 * Entry::new(shared).bytes);
}

#[test]
fn an_entry_dies_with_its_lifetime_or_its_keys() {
    let mut shard = of_entries(2);
    let proof = Proof { lifetime: at(10)..at(20), ..proof(json!({})) };
    shard.insert(1, proof.clone());
    let lookup = Lookup { token: proof.token.as_bytes(), hash: 1 };
    for (now, good) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(shard.get(&lookup, at(now)).is_some(), good, "{now}");
    }
    proof.key_status.renew(2);
    assert!(shard.get(&lookup, at(15)).is_none());
}
