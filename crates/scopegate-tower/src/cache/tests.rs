use std::hash::BuildHasherDefault;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use scopegate_claims::{Audience, Issuer};
use scopegate_jose::{
    Algorithm, AudienceRule, ExtraClaims, KeySet, Rules, SigningKey, TokenType, Verified,
    verify_access_token,
};
use serde_json::{Value, json};

use super::*;
use crate::keys::KeyStatus;
use crate::test_issuer::{AUDIENCE, ISSUER, NOW};

const SIZE: CacheSize = CacheSize { entries: 1000, bytes: 1 << 20 };

/// A hasher for which all tokens collide.
#[derive(Default)]
struct Zero;

impl Hasher for Zero {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, _: &[u8]) {}
}

type Colliding = TokenCache<BuildHasherDefault<Zero>>;

fn colliding() -> Colliding {
    TokenCache::with_hasher(SIZE, BuildHasherDefault::default())
}

pub(super) fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn verified(members: Value) -> Verified {
    static KEY: LazyLock<SigningKey> =
        LazyLock::new(|| SigningKey::generate(Algorithm::EdDsa).unwrap());
    let mut claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "iat": NOW });
    let Value::Object(members) = members else { unreachable!() };
    claims.as_object_mut().unwrap().extend(members);
    let token = KEY.sign(TokenType::AccessToken, &claims).unwrap();
    let audience = AudienceRule::any_of([Audience::parse(AUDIENCE).unwrap()]);
    let rules = Rules::new(Issuer::parse(ISSUER).unwrap(), audience);
    let keys = KeySet::from_keys([KEY.verifying_key().unwrap()]);
    verify_access_token(&token, &keys, &rules, at(NOW)).unwrap()
}

pub(super) fn proof(members: Value) -> Proof {
    proof_by(&Arc::new(KeyStatus::new(1, NOW + 86_400)), members)
}

fn proof_by(key_status: &Arc<KeyStatus>, members: Value) -> Proof {
    Proof::new(verified(members), Duration::from_secs(60), Arc::clone(key_status), 1)
}

/// Different tokens, each of less than 1 KiB with the overhead of the cache.
pub(super) fn proofs() -> &'static [Proof] {
    static PROOFS: LazyLock<Vec<Proof>> = LazyLock::new(|| {
        let key_status = Arc::new(KeyStatus::new(1, NOW + 86_400));
        (0..5_000_u32).map(|n| proof_by(&key_status, json!({ "sub": n.to_string() }))).collect()
    });
    &PROOFS
}

impl<S: BuildHasher> TokenCache<S> {
    fn verified_once(&self, proof: &Proof) {
        self.offer(&self.lookup(proof.token.as_bytes()), proof.clone());
    }

    fn verified_twice(&self, proof: &Proof) {
        self.verified_once(proof);
        self.verified_once(proof);
    }

    fn recall(&self, token: &Verified, now: u64) -> Option<Arc<Verified>> {
        self.get(&self.lookup(token.as_bytes()), at(now))
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap().len()).sum()
    }

    fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap().bytes()).sum()
    }
}

#[test]
fn a_token_enters_the_cache_when_it_is_verified_for_the_second_time() {
    let cache = TokenCache::new(SIZE).unwrap();
    let proof = proof(json!({}));
    cache.verified_once(&proof);
    assert!(cache.recall(&proof.token, NOW).is_none());
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
    cache.verified_once(&proof);
    assert!(Arc::ptr_eq(&cache.recall(&proof.token, NOW).unwrap(), &proof.token));
    assert_eq!(cache.len(), 1);
}

#[test]
fn tokens_with_equal_hashes_are_not_confused() {
    let cache = colliding();
    let [ours, theirs] = ["ours", "theirs"].map(|sub| proof(json!({ "sub": sub })));
    cache.verified_twice(&ours);
    let token = ours.token.token();
    for other in
        [&token[1..], &token[..token.len() - 1], "", &format!("{token}A"), &token.replace('.', "x")]
    {
        assert!(cache.get(&cache.lookup(other.as_bytes()), at(NOW)).is_none(), "{other}");
    }
    assert!(cache.recall(&theirs.token, NOW).is_none());
    assert!(Arc::ptr_eq(&cache.recall(&ours.token, NOW).unwrap(), &ours.token));
    cache.verified_twice(&theirs);
    assert!(cache.recall(&ours.token, NOW).is_none(), "the later one is kept");
    assert!(Arc::ptr_eq(&cache.recall(&theirs.token, NOW).unwrap(), &theirs.token));
    assert_eq!(cache.len(), 1);
}

#[test]
fn tokens_that_differ_in_one_of_the_last_bytes_have_different_hashes() {
    let cache = TokenCache::new(SIZE).unwrap();
    let token = [b'A'; 200];
    for place in [200 - HASHED, 199] {
        let mut other = token;
        other[place] = b'B';
        assert_ne!(cache.lookup(&token).hash, cache.lookup(&other).hash, "{place}");
    }
    assert_ne!(cache.lookup(b"A").hash, cache.lookup(b"B").hash, "a short one is hashed, too");
}

#[test]
fn new_keys_invalidate_tokens_verified_with_old_ones() {
    let cache = TokenCache::new(SIZE).unwrap();
    let before = proof(json!({}));
    cache.verified_twice(&before);
    assert!(cache.recall(&before.token, NOW).is_some());
    before.key_status.renew(2);
    assert!(cache.recall(&before.token, NOW).is_none());
    // Verified again with the new keys. This is not its first use.
    cache.verified_once(&Proof { generation: 2, ..before.clone() });
    assert!(cache.recall(&before.token, NOW).is_some());
    assert_eq!(cache.len(), 1, "the old entry is replaced");
    before.key_status.end();
    assert!(cache.recall(&before.token, NOW).is_none(), "the issuer is no longer trusted");
}

#[test]
fn a_cached_token_is_invalid_once_its_keys_are_too_old() {
    let cache = TokenCache::new(SIZE).unwrap();
    let long = proof(json!({ "exp": NOW + 200_000 }));
    cache.verified_twice(&long);
    assert!(cache.recall(&long.token, NOW + 86_399).is_some());
    assert!(cache.recall(&long.token, NOW + 86_400).is_none());
}

#[test]
fn a_cache_hit_checks_the_lifetime() {
    for (now, good) in
        [(NOW - 161, false), (NOW - 160, true), (NOW + 659, true), (NOW + 660, false)]
    {
        let cache = TokenCache::new(SIZE).unwrap();
        let proof = proof(json!({ "nbf": NOW - 100, "iat": NOW - 100 }));
        cache.verified_twice(&proof);
        assert_eq!(cache.recall(&proof.token, now).is_some(), good, "{now}");
    }
}

#[test]
fn a_size_of_zero_disables_the_cache() {
    for size in [CacheSize { entries: 0, ..SIZE }, CacheSize { bytes: 0, ..SIZE }] {
        assert!(TokenCache::new(size).is_none());
    }
    let one = TokenCache::new(CacheSize { entries: 1, bytes: 1 << 16 }).unwrap();
    for proof in [&proofs()[0], &proofs()[1], &proofs()[0]] {
        one.verified_twice(proof);
        assert!(one.recall(&proof.token, NOW).is_some());
        assert_eq!(one.len(), 1);
    }
    let no_token = TokenCache::new(CacheSize { entries: 1, bytes: 1 }).unwrap();
    no_token.verified_twice(&proofs()[0]);
    assert_eq!(no_token.len(), 0);
    let too_small = TokenCache::new(CacheSize { entries: 100, bytes: 100 }).unwrap();
    too_small.verified_twice(&proofs()[0]);
    assert_eq!(too_small.len(), 0);
}

#[test]
fn both_cache_limits_are_kept() {
    for size in [
        CacheSize { entries: 100, bytes: 1 << 30 },
        CacheSize { entries: 1 << 20, bytes: 1 << 18 },
        CacheSize { entries: 2000, bytes: 1 << 20 },
        CacheSize { entries: 2000, bytes: 1 << 30 },
    ] {
        let cache = TokenCache::new(size).unwrap();
        for proof in proofs() {
            cache.verified_twice(proof);
            assert!(cache.len() <= size.entries && cache.bytes() <= size.bytes);
        }
        let room = size.entries.min(size.bytes / (cache.bytes() / cache.len()));
        assert!(cache.len() >= room * 95 / 100, "{} of {room}: the room is used", cache.len());
    }
}

#[test]
fn tokens_seen_once_do_not_evict_tokens_seen_again() {
    let cache = TokenCache::new(CacheSize { entries: 500, bytes: 1 << 24 }).unwrap();
    let (regulars, strangers) = proofs().split_at(200);
    regulars.iter().for_each(|regular| cache.verified_twice(regular));
    strangers.iter().for_each(|stranger| cache.verified_once(stranger));
    assert!(regulars.iter().all(|regular| cache.recall(&regular.token, NOW).is_some()));
}

#[test]
fn tokens_sent_in_turns_enter_the_cache() {
    let cache = TokenCache::new(CacheSize { entries: 2000, bytes: 1 << 24 }).unwrap();
    for _ in 0..2 {
        proofs()[..1500].iter().for_each(|proof| cache.verified_once(proof));
    }
    assert!(cache.len() > 1400, "{}", cache.len());
}

#[test]
fn threads_keep_the_limits_together() {
    let size = CacheSize { entries: 600, bytes: 1 << 18 };
    let cache = TokenCache::new(size).unwrap();
    thread::scope(|scope| {
        for start in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for proof in proofs().iter().skip(start * 200).take(1000) {
                    cache.verified_twice(proof);
                    cache.recall(&proof.token, NOW);
                }
            });
        }
    });
    assert!(cache.len() <= size.entries && cache.bytes() <= size.bytes);
    for shard in &cache.shards {
        shard.read().unwrap().assert_consistent();
    }
}

/// Extra claims that panic when they are dropped, if a test wants that.
#[derive(serde::Deserialize)]
struct Fragile {}

static FRAGILE: AtomicBool = AtomicBool::new(false);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!FRAGILE.load(Ordering::Relaxed), "dropped");
    }
}

#[test]
fn extra_claims_that_panic_when_dropped_do_not_harm_the_cache() {
    let cache = TokenCache::new(CacheSize { entries: 1, ..SIZE }).unwrap();
    let token = verified(json!({ "sub": "fragile" }));
    let extra = ExtraClaims::of::<Fragile>(&token).unwrap();
    let key_status = Arc::new(KeyStatus::new(1, u64::MAX));
    let fragile = Proof::new(token.with_extra(extra), Duration::ZERO, key_status, 1);
    cache.verified_twice(&fragile);
    drop(fragile);

    let other = proof(json!({ "sub": "other" }));
    FRAGILE.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| cache.verified_twice(&other))).is_err());
    assert!(!cache.shards[0].is_poisoned(), "it was dropped after the lock");
    assert!(cache.recall(&other.token, NOW).is_some());
}

#[test]
fn a_poisoned_lock_is_still_used() {
    let cache = TokenCache::new(CacheSize { entries: 1, ..SIZE }).unwrap();
    let poison = || {
        let _guard = cache.shards[0].write().unwrap();
        panic!("poison the lock");
    };
    assert!(catch_unwind(AssertUnwindSafe(poison)).is_err());
    assert!(cache.shards[0].is_poisoned());
    let proof = proof(json!({}));
    cache.verified_twice(&proof);
    assert!(cache.recall(&proof.token, NOW).is_some());
}

#[test]
fn debug_shows_no_token() {
    let cache = TokenCache::new(SIZE).unwrap();
    let proof = proof(json!({ "sub": "ann" }));
    cache.verified_twice(&proof);
    let shown = format!("{cache:?} {:?}", cache.recall(&proof.token, NOW).unwrap());
    assert!(!shown.contains(proof.token.token()) && !shown.contains("ann"), "{shown}");
}

#[derive(Clone, Debug)]
enum Step {
    Verify(u8),
    Recall(u8),
    Rotate,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u8>().prop_map(|n| Step::Verify(n % 8)),
        8 => any::<u8>().prop_map(|n| Step::Recall(n % 8)),
        1 => Just(Step::Rotate),
        1 => (0..300_u16).prop_map(Step::Wait),
    ]
}

proptest! {
    /// For any sequence of steps, a token is found only as itself, with current keys, in its
    /// lifetime.
    #[test]
    fn a_hit_is_always_a_valid_token(steps in proptest::collection::vec(step(), 0..80)) {
        let cache = TokenCache::new(SIZE).unwrap();
        let proofs: Vec<Proof> = (0..8)
            .map(|n: u8| proof(json!({ "sub": n.to_string(), "exp": NOW + 100 * u64::from(n) })))
            .collect();
        let key_status = Arc::new(KeyStatus::new(1, u64::MAX));
        let (mut generation, mut now) = (1, NOW);
        let mut verified_at = [0; 8];
        for step in steps {
            match step {
                Step::Verify(n) => {
                    let at = usize::from(n);
                    let key_status = Arc::clone(&key_status);
                    cache.verified_twice(&Proof { key_status, generation, ..proofs[at].clone() });
                    verified_at[at] = generation;
                }
                Step::Recall(n) => {
                    let at = usize::from(n);
                    let good = verified_at[at] == generation && now < NOW + 100 * u64::from(n) + 60;
                    let recalled = cache.recall(&proofs[at].token, now);
                    prop_assert_eq!(recalled.is_some(), good);
                    if let Some(recalled) = recalled {
                        prop_assert!(Arc::ptr_eq(&recalled, &proofs[at].token));
                    }
                }
                Step::Rotate => {
                    generation += 1;
                    key_status.renew(generation);
                }
                Step::Wait(seconds) => now += u64::from(seconds),
            }
        }
    }
}
