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

fn at(seconds: u64) -> UnixTime {
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

fn proof(members: Value) -> Proof {
    proof_by(&Arc::new(Standing::new(1, NOW + 86_400)), members)
}

fn proof_by(standing: &Arc<Standing>, members: Value) -> Proof {
    Proof::new(verified(members), Duration::from_secs(60), Arc::clone(standing), 1)
}

/// Different tokens, each of about 400 bytes with the overhead of the cache.
fn proofs() -> &'static [Proof] {
    static PROOFS: LazyLock<Vec<Proof>> = LazyLock::new(|| {
        let standing = Arc::new(Standing::new(1, NOW + 86_400));
        (0..5_000_u32).map(|n| proof_by(&standing, json!({ "sub": n.to_string() }))).collect()
    });
    &PROOFS
}

impl<S: BuildHasher> TokenCache<S> {
    fn remember(&self, proof: &Proof) {
        self.insert(&self.lookup(proof.token.token().as_bytes()), proof.clone());
    }

    fn recall(&self, token: &Verified, now: u64) -> Option<Arc<Verified>> {
        self.get(&self.lookup(token.token().as_bytes()), at(now))
    }

    fn len(&self) -> usize {
        self.tokens.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[test]
fn tokens_with_equal_hashes_are_not_confused() {
    let cache = colliding();
    let [ours, theirs] = ["ours", "theirs"].map(|sub| proof(json!({ "sub": sub })));
    cache.remember(&ours);
    let token = ours.token.token();
    for other in
        [&token[1..], &token[..token.len() - 1], "", &format!("{token}A"), &token.replace('.', "x")]
    {
        assert!(cache.get(&cache.lookup(other.as_bytes()), at(NOW)).is_none(), "{other}");
    }
    assert!(cache.recall(&theirs.token, NOW).is_none());
    cache.remember(&theirs);
    for Proof { token, .. } in [&ours, &theirs] {
        assert!(Arc::ptr_eq(&cache.recall(token, NOW).unwrap(), token));
    }
}

#[test]
fn new_keys_invalidate_tokens_verified_with_old_ones() {
    let cache = TokenCache::new(SIZE).unwrap();
    let before = proof(json!({}));
    cache.remember(&before);
    assert!(cache.recall(&before.token, NOW).is_some());
    before.standing.renew(2);
    assert!(cache.recall(&before.token, NOW).is_none());
    assert_eq!(cache.len(), 0, "the entry is removed");
    // Verified again with the new keys.
    cache.remember(&Proof { generation: 2, ..before.clone() });
    assert!(cache.recall(&before.token, NOW).is_some());
    before.standing.end();
    assert!(cache.recall(&before.token, NOW).is_none(), "the issuer is no longer trusted");
}

#[test]
fn a_token_verified_again_replaces_its_old_entry() {
    let cache = TokenCache::new(SIZE).unwrap();
    let before = proof(json!({}));
    cache.remember(&before);
    before.standing.renew(2);
    cache.remember(&Proof { generation: 2, ..before.clone() });
    assert_eq!(cache.len(), 1);
    assert!(cache.recall(&before.token, NOW).is_some());
}

#[test]
fn a_cached_token_is_invalid_once_its_keys_are_too_old() {
    let cache = TokenCache::new(SIZE).unwrap();
    let long = proof(json!({ "exp": NOW + 200_000 }));
    cache.remember(&long);
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
        cache.remember(&proof);
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
        one.remember(proof);
        assert_eq!(one.len(), 1);
    }
    let too_small = TokenCache::new(CacheSize { entries: 100, bytes: 100 }).unwrap();
    too_small.remember(&proofs()[0]);
    assert_eq!(too_small.len(), 0);
}

#[test]
fn both_cache_limits_are_kept() {
    for size in [
        CacheSize { entries: 100, bytes: 1 << 30 },
        CacheSize { entries: 1 << 20, bytes: 1 << 18 },
        CacheSize { entries: 2000, bytes: 1 << 20 },
    ] {
        let cache = TokenCache::new(size).unwrap();
        let mut held = 0;
        for proof in proofs() {
            cache.remember(proof);
            held = held.max(cache.len());
            assert!(cache.len() <= size.entries);
        }
        let least = cache.len() * (proofs()[0].token.footprint() + size_of::<Proof>());
        let counted = cache.bytes();
        assert!(least <= counted && counted <= size.bytes, "{least}, {counted} of {size:?}");
        let room = size.entries.min(size.bytes / (counted / cache.len()));
        assert!(held >= room * 9 / 10, "{held} of {room}: nearly all of the room is used");
    }
}

#[test]
fn ten_times_as_many_tokens_do_not_exceed_the_limit() {
    let size = CacheSize { entries: 500, bytes: 256 << 20 };
    let cache = TokenCache::new(size).unwrap();
    for proof in proofs() {
        cache.remember(proof);
        assert!(cache.len() <= size.entries);
    }
    assert!(cache.len() > 480, "{}", cache.len());
}

#[test]
fn tokens_seen_once_do_not_evict_tokens_seen_again() {
    let cache = TokenCache::new(CacheSize { entries: 2000, bytes: 1 << 24 }).unwrap();
    let (regulars, strangers) = proofs().split_at(500);
    for regular in regulars {
        cache.remember(regular);
    }
    for (n, stranger) in strangers.iter().enumerate() {
        cache.remember(stranger);
        cache.recall(&regulars[n % regulars.len()].token, NOW);
    }
    let stayed = regulars.iter().filter(|one| cache.recall(&one.token, NOW).is_some()).count();
    assert!(stayed > 450, "{stayed}");
}

#[test]
fn invalid_entries_are_removed_and_free_their_room() {
    let cache = TokenCache::new(CacheSize { entries: 100, bytes: 1 << 24 }).unwrap();
    for round in 0..20 {
        for proof in &proofs()[..200] {
            let ends = if round % 2 == 0 { proof.lifetime.end } else { at(NOW) };
            cache.remember(&Proof { lifetime: at(0)..ends, ..proof.clone() });
        }
        for Proof { token, .. } in proofs()[..200].iter().rev() {
            assert!(round % 2 == 0 || cache.recall(token, NOW).is_none());
        }
    }
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
}

#[test]
fn debug_shows_no_token() {
    let cache = TokenCache::new(SIZE).unwrap();
    let proof = proof(json!({ "sub": "ann" }));
    cache.remember(&proof);
    let shown = format!("{cache:?} {:?}", cache.recall(&proof.token, NOW));
    assert!(!shown.contains(proof.token.token()) && !shown.contains("ann"), "{shown}");
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
    /// For any sequence of steps, a token is found only as itself, with current keys, in its
    /// lifetime.
    #[test]
    fn a_hit_is_always_a_valid_token(steps in proptest::collection::vec(step(), 0..80)) {
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
                    cache.remember(&Proof { standing, generation, ..proofs[at].clone() });
                    verified_at[at] = generation;
                }
                Step::Recall(n) => {
                    let at = usize::from(n);
                    let good = verified_at[at] == generation && now < NOW + 100 * u64::from(n) + 60;
                    let recalled = cache.recall(&proofs[at].token, now);
                    prop_assert_eq!(recalled.is_some(), good);
                    if let Some(recalled) = recalled {
                        prop_assert!(Arc::ptr_eq(&recalled, &proofs[at].token));
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
