use std::hash::BuildHasherDefault;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;
use scopegate_claims::{Audience, Issuer};
use scopegate_jose::{
    Algorithm, AudienceRule, KeySet, Rules, SigningKey, TokenType, Verified, verify_access_token,
};
use serde_json::{Value, json};

use super::*;
use crate::keys::Standing;
use crate::test_issuer::{AUDIENCE, ISSUER, NOW};

const SIZE: CacheSize = CacheSize { entries: 1000, bytes: 1 << 20 };

/// Gives everything the same hash.
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

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn verified(members: Value) -> Arc<Verified> {
    static KEY: LazyLock<SigningKey> =
        LazyLock::new(|| SigningKey::generate(Algorithm::EdDsa).unwrap());
    let mut claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "iat": NOW });
    let Value::Object(members) = members else { unreachable!() };
    claims.as_object_mut().unwrap().extend(members);
    let token = KEY.sign(TokenType::AccessToken, &claims).unwrap();
    let audience = AudienceRule::any_of([Audience::parse(AUDIENCE).unwrap()]);
    let rules = Rules::new(Issuer::parse(ISSUER).unwrap(), audience);
    let keys = KeySet::from_keys([KEY.verifying_key().unwrap()]);
    Arc::new(verify_access_token(&token, &keys, &rules, at(NOW)).unwrap())
}

fn proof(members: Value) -> Proof {
    Proof {
        token: verified(members),
        extra: None,
        standing: Arc::new(Standing::new(1, NOW + 86_400)),
        generation: 1,
        leeway: Duration::from_secs(60),
    }
}

impl<S: BuildHasher> TokenCache<S> {
    fn remember(&self, token: &str, proof: &Proof) {
        self.insert(&self.sought(token.as_bytes()), proof.clone());
    }

    fn recall(&self, token: &str, now: u64) -> Option<Proof> {
        self.get(&self.sought(token.as_bytes()), at(now))
    }
}

#[test]
fn equal_hashes_admit_nobody() {
    let cache = colliding();
    let [ours, theirs] = ["ours", "theirs"].map(|sub| proof(json!({ "sub": sub })));
    cache.remember("a.b.c", &ours);
    for other in ["a.b.d", "a.b.", "a.b.cc", "", "A.b.c"] {
        assert!(cache.recall(other, NOW).is_none(), "{other}");
    }
    cache.remember("a.b.d", &theirs);
    for (token, of) in [("a.b.c", &ours), ("a.b.d", &theirs)] {
        assert!(Arc::ptr_eq(&cache.recall(token, NOW).unwrap().token, &of.token));
    }
}

#[test]
fn other_keys_end_what_the_old_ones_verified() {
    let cache = TokenCache::new(SIZE).unwrap();
    let before = proof(json!({}));
    cache.remember("t", &before);
    assert!(cache.recall("t", NOW).is_some());
    before.standing.renew(2);
    assert!(cache.recall("t", NOW).is_none());
    assert_eq!(cache.proofs.len(), 0, "it is forgotten");
    // Verified again with the new keys.
    cache.remember("t", &Proof { generation: 2, ..before.clone() });
    assert!(cache.recall("t", NOW).is_some());
    before.standing.end();
    assert!(cache.recall("t", NOW).is_none(), "the issuer is no longer trusted");
}

#[test]
fn keys_that_are_too_old_end_it_too() {
    let cache = TokenCache::new(SIZE).unwrap();
    let long = proof(json!({ "exp": NOW + 200_000 }));
    cache.remember("t", &long);
    assert!(cache.recall("t", NOW + 86_399).is_some());
    assert!(cache.recall("t", NOW + 86_400).is_none());
}

#[test]
fn a_hit_looks_at_the_clock() {
    let cache = TokenCache::new(SIZE).unwrap();
    cache.remember("t", &proof(json!({ "nbf": NOW - 100, "iat": NOW - 100 })));
    for (now, good) in
        [(NOW - 161, false), (NOW - 160, true), (NOW + 659, true), (NOW + 660, false)]
    {
        let cache = TokenCache::new(SIZE).unwrap();
        cache.remember("t", &proof(json!({ "nbf": NOW - 100, "iat": NOW - 100 })));
        assert_eq!(cache.recall("t", now).is_some(), good, "{now}");
    }
}

#[test]
fn no_size_is_no_cache() {
    for size in [CacheSize { entries: 0, ..SIZE }, CacheSize { bytes: 0, ..SIZE }] {
        assert!(TokenCache::new(size).is_none());
    }
    let one = TokenCache::new(CacheSize { entries: 1, bytes: 1 << 16 }).unwrap();
    let proof = proof(json!({}));
    for token in ["a", "b", "a"] {
        one.remember(token, &proof);
        assert!(one.proofs.len() <= 1);
    }
}

#[test]
fn both_bounds_hold() {
    let proof = proof(json!({}));
    for size in [
        CacheSize { entries: 100, bytes: 1 << 30 },
        CacheSize { entries: 1 << 20, bytes: 1 << 18 },
        CacheSize { entries: 5000, bytes: 1 << 20 },
    ] {
        let cache = TokenCache::new(size).unwrap();
        let mut held = 0;
        for n in 0..20_000 {
            cache.remember(&format!("{n:0500}"), &proof);
            held = held.max(cache.proofs.len());
            assert!(cache.proofs.len() <= size.entries);
        }
        assert!(cache.proofs.weight() <= size.bytes as u64 + SHARDS as u64);
        let bytes = cache.proofs.len() * (500 + proof.footprint());
        assert!(bytes <= size.bytes, "{bytes} of {size:?}");
        let room = size.entries.min(size.bytes / (bytes / cache.proofs.len()));
        assert!(held >= room / 2, "{held} of {room}: the room is used");
    }
}

#[test]
fn ten_times_its_size_leaves_no_more_than_was_said() {
    let size = CacheSize { entries: 20_000, bytes: 256 << 20 };
    let (cache, proof) = (TokenCache::new(size).unwrap(), proof(json!({})));
    for n in 0..200_000_u32 {
        cache.remember(&n.to_string(), &proof);
        assert!(n % 1000 != 0 || cache.proofs.len() <= size.entries);
    }
    assert!((16_000..=20_000).contains(&cache.proofs.len()), "{}", cache.proofs.len());
    // What the cache keeps beside the tokens: places in it, and hashes of those that went.
    let beside = cache.proofs.memory_used().total();
    assert!(beside < size.entries * 600, "{beside}");
}

#[test]
fn who_comes_once_does_not_drive_out_who_comes_again() {
    let cache = TokenCache::new(CacheSize { entries: 2000, bytes: 1 << 24 }).unwrap();
    let proof = proof(json!({}));
    let regulars: Vec<String> = (0..500).map(|n| format!("regular {n}")).collect();
    for regular in &regulars {
        cache.remember(regular, &proof);
    }
    for n in 0..20_000 {
        cache.remember(&format!("stranger {n}"), &proof);
        cache.recall(&regulars[n % regulars.len()], NOW);
    }
    let stayed = regulars.iter().filter(|token| cache.recall(token, NOW).is_some()).count();
    assert!(stayed > 450, "{stayed}");
}

#[test]
fn debug_shows_no_token() {
    let cache = TokenCache::new(SIZE).unwrap();
    cache.remember("secret", &proof(json!({ "sub": "ann" })));
    let shown = format!("{cache:?} {:?}", cache.recall("secret", NOW));
    assert!(!shown.contains("secret") && !shown.contains("ann"), "{shown}");
}

#[derive(Clone, Debug)]
enum Step {
    Remember(u8),
    Recall(u8),
    Rotate,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u8>().prop_map(|n| Step::Remember(n % 8)),
        8 => any::<u8>().prop_map(|n| Step::Recall(n % 8)),
        1 => Just(Step::Rotate),
        1 => (0..300_u16).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens, a token is recalled only as itself, by the keys in use, in its time.
    #[test]
    fn what_is_recalled_is_good(steps in proptest::collection::vec(step(), 0..80)) {
        let cache = colliding();
        let proofs: Vec<Proof> = (0..8)
            .map(|n: u8| proof(json!({ "sub": n.to_string(), "exp": NOW + 100 * u64::from(n) })))
            .collect();
        let standing = Arc::new(Standing::new(1, u64::MAX));
        let (mut generation, mut now) = (1, NOW);
        let mut verified_at = [0; 8];
        for step in steps {
            match step {
                Step::Remember(n) => {
                    let at = usize::from(n);
                    let standing = Arc::clone(&standing);
                    cache.remember(&n.to_string(), &Proof { standing, generation, ..proofs[at].clone() });
                    verified_at[at] = generation;
                }
                Step::Recall(n) => {
                    let at = usize::from(n);
                    let good = verified_at[at] == generation && now < NOW + 100 * u64::from(n) + 60;
                    let recalled = cache.recall(&n.to_string(), now);
                    prop_assert_eq!(recalled.is_some(), good);
                    if let Some(recalled) = recalled {
                        prop_assert!(Arc::ptr_eq(&recalled.token, &proofs[at].token));
                    } else {
                        verified_at[at] = 0;
                    }
                }
                Step::Rotate => {
                    generation += 1;
                    standing.renew(generation);
                }
                Step::Wait(seconds) => now += u64::from(seconds),
            }
        }
    }
}
