//! The phases of keys, step by step and with random times.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scopegate_jose::Jwk;

use super::*;
use crate::catalog::ServerId;

/// RFC 8037 appendix A.2.
const PUBLIC: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const START: UnixTime = UnixTime::from_seconds(1_800_000_000);
const ES256: [Algorithm; 1] = [Algorithm::Es256];
const HOUR: u64 = 60 * 60;

fn after(seconds: u64) -> UnixTime {
    START.plus(Duration::from_secs(seconds))
}

/// A new key.
fn new_key(kid: &str, algorithm: Algorithm, phase: KeyPhase, now: UnixTime) -> StoredKey {
    let mut key = StoredKey {
        server: ServerId::default_server(),
        kid: kid.to_owned(),
        algorithm,
        phase: KeyPhase::Announced,
        created: now,
        signs_from: None,
        retired_at: None,
        public: Jwk::parse(PUBLIC).unwrap(),
        sealed: vec![1],
    };
    key.enter(phase, now);
    key
}

/// The keys of a server on one node, with all keys that were ever dropped.
#[derive(Default)]
struct Keys {
    stored: Vec<StoredKey>,
    dropped: Vec<StoredKey>,
}

impl Keys {
    fn apply(&mut self, step: &KeyStep, now: UnixTime) {
        match step {
            KeyStep::Make { algorithm, phase } => {
                let kid = format!("k{}", self.stored.len() + self.dropped.len());
                self.stored.push(new_key(&kid, *algorithm, *phase, now));
            }
            KeyStep::Sign { kid } => self.enter(kid, KeyPhase::Announced, KeyPhase::Signing, now),
            KeyStep::Retire { kid } => self.enter(kid, KeyPhase::Signing, KeyPhase::Retiring, now),
            KeyStep::Drop { kid } => {
                self.enter(kid, KeyPhase::Retiring, KeyPhase::Dropped, now);
                let place = self.stored.iter().position(|key| key.kid == *kid).unwrap();
                self.dropped.push(self.stored.remove(place));
            }
        }
        self.assert_one_of_each();
    }

    fn enter(&mut self, kid: &str, from: KeyPhase, to: KeyPhase, now: UnixTime) {
        let key = self.stored.iter_mut().find(|key| key.kid == kid).unwrap();
        assert_eq!(key.phase, from, "{kid}");
        key.enter(to, now);
    }

    /// What the storage enforces after each step.
    fn assert_one_of_each(&self) {
        for &algorithm in Algorithm::SIGNING {
            for phase in KeyPhase::ALL.into_iter().filter(|phase| phase.is_of_one_key()) {
                assert!(self.count(algorithm, phase) <= 1, "{algorithm} {phase:?}");
            }
        }
    }

    fn count(&self, algorithm: Algorithm, phase: KeyPhase) -> usize {
        let is_meant = |key: &&StoredKey| key.algorithm == algorithm && key.phase == phase;
        self.stored.iter().filter(is_meant).count()
    }

    /// Applies the steps that are due, and returns them.
    fn apply_due(
        &mut self,
        algorithms: &[Algorithm],
        rotation: &Rotation,
        now: UnixTime,
    ) -> Vec<KeyStep> {
        let steps = due(algorithms, &self.stored, rotation, now);
        steps.iter().for_each(|step| self.apply(step, now));
        steps
    }

    fn announce(&mut self, algorithm: Algorithm, now: UnixTime) {
        self.apply(&KeyStep::Make { algorithm, phase: KeyPhase::Announced }, now);
    }
}

fn sign(kid: &str) -> KeyStep {
    KeyStep::Sign { kid: kid.to_owned() }
}

fn retire(kid: &str) -> KeyStep {
    KeyStep::Retire { kid: kid.to_owned() }
}

fn drop_key(kid: &str) -> KeyStep {
    KeyStep::Drop { kid: kid.to_owned() }
}

#[test]
fn the_first_key_of_each_algorithm_signs_at_once() {
    let mut keys = Keys::default();
    let phase = KeyPhase::Signing;
    let algorithms = [Algorithm::Rs256, Algorithm::Es256];
    let steps = keys.apply_due(&algorithms, &Rotation::manual(), START);
    let make = |algorithm| KeyStep::Make { algorithm, phase };
    assert_eq!(steps.len(), 2);
    assert!(algorithms.iter().all(|algorithm| steps.contains(&make(*algorithm))));
    assert_eq!(keys.apply_due(&algorithms, &Rotation::manual(), after(u64::from(u32::MAX))), []);
    let steps = keys.apply_due(&[Algorithm::EdDsa], &Rotation::manual(), after(1));
    assert_eq!(steps, [make(Algorithm::EdDsa)], "an algorithm that is added later");
}

#[test]
fn an_announced_key_signs_at_once_only_if_it_is_the_first() {
    let (mut keys, rotation) = (Keys::default(), Rotation::manual());
    keys.announce(Algorithm::Es256, START);
    assert_eq!(keys.apply_due(&ES256, &rotation, START), [sign("k0")]);
    keys.announce(Algorithm::Es256, after(10));
    assert_eq!(keys.apply_due(&ES256, &rotation, after(10)), []);
}

#[test]
fn a_rotation_that_an_administrator_starts_is_completed() {
    let (mut keys, rotation) = (Keys::default(), Rotation::manual());
    keys.apply_due(&ES256, &rotation, START);
    keys.announce(Algorithm::Es256, after(HOUR));
    let signs_at = HOUR + 15 * 60;
    assert_eq!(keys.apply_due(&ES256, &rotation, after(signs_at - 1)), []);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(signs_at)), [retire("k0"), sign("k1")]);
    assert_eq!(keys.stored[0].retired_at, Some(after(signs_at)));
    assert_eq!(keys.stored[1].signs_from, Some(after(signs_at)));
    let drops_at = signs_at + 25 * HOUR;
    assert_eq!(keys.apply_due(&ES256, &rotation, after(drops_at - 1)), []);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(drops_at)), [drop_key("k0")]);
    assert!(keys.dropped[0].sealed.is_empty(), "the private key is erased");
    assert_eq!(keys.apply_due(&ES256, &rotation, after(drops_at + 1000 * HOUR)), []);
}

#[test]
fn a_scheduled_rotation_announces_early_enough_to_sign_in_time() {
    let day = 24 * HOUR;
    let (mut keys, rotation) = (Keys::default(), Rotation::every(Duration::from_secs(30 * day)));
    keys.apply_due(&ES256, &rotation, START);
    let announced_at = 30 * day - 15 * 60;
    assert_eq!(keys.apply_due(&ES256, &rotation, after(announced_at - 1)), []);
    let next = KeyStep::Make { algorithm: Algorithm::Es256, phase: KeyPhase::Announced };
    assert_eq!(keys.apply_due(&ES256, &rotation, after(announced_at)), [next]);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(30 * day - 1)), []);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(30 * day)), [retire("k0"), sign("k1")]);
}

#[test]
fn a_successor_of_a_retired_key_is_announced_first() {
    let (mut keys, rotation) = (Keys::default(), Rotation::manual());
    keys.apply_due(&ES256, &rotation, START);
    keys.apply(&retire("k0"), after(1));
    let make = KeyStep::Make { algorithm: Algorithm::Es256, phase: KeyPhase::Announced };
    assert_eq!(keys.apply_due(&ES256, &rotation, after(1)), [make]);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(15 * 60)), []);
    assert_eq!(keys.apply_due(&ES256, &rotation, after(15 * 60 + 1)), [sign("k1")]);
}

#[test]
fn keys_of_removed_algorithms_stay_except_retiring_ones() {
    let (mut keys, rotation) = (Keys::default(), Rotation::every(Duration::from_secs(HOUR)));
    keys.apply_due(&[Algorithm::Rs256, Algorithm::Es256], &rotation, START);
    let of_rs256 = keys.stored.iter().find(|key| key.algorithm == Algorithm::Rs256);
    let kid = of_rs256.unwrap().kid.clone();
    let steps = keys.apply_due(&ES256, &rotation, after(100 * HOUR));
    assert_eq!(steps, [KeyStep::Make { algorithm: Algorithm::Es256, phase: KeyPhase::Announced }]);
    keys.apply(&retire(&kid), after(100 * HOUR));
    let steps = keys.apply_due(&ES256, &rotation, after(125 * HOUR));
    assert!(steps.contains(&drop_key(&kid)), "{steps:?}");
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_due() {
    let (mut keys, rotation) = (Keys::default(), Rotation::manual());
    keys.apply_due(&ES256, &rotation, after(HOUR));
    keys.announce(Algorithm::Es256, after(HOUR));
    assert_eq!(keys.apply_due(&ES256, &rotation, START), []);
    assert_eq!(keys.apply_due(&ES256, &rotation, UnixTime::from_seconds(0)), []);
}

/// An event of a random course.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The steps that are due are applied.
    Applied,
    /// An administrator announces a key, unless one is announced.
    Announced(Algorithm),
}

fn event() -> impl Strategy<Value = Event> {
    let algorithm = prop_oneof![Just(Algorithm::Es256), Just(Algorithm::EdDsa)];
    prop_oneof![3 => Just(Event::Applied), 1 => algorithm.prop_map(Event::Announced)]
}

proptest! {
    #[test]
    fn the_rules_hold_however_time_passes(
        every in proptest::option::of(1_u64..5_000),
        announce in 1_u64..1_000,
        retire in 1_u64..5_000,
        course in proptest::collection::vec((0_u64..2_000, event()), 1..60),
    ) {
        let [announce, retire] = [announce, retire].map(Duration::from_secs);
        let rotation = Rotation { every: every.map(Duration::from_secs), announce, retire };
        let algorithms = [Algorithm::Es256, Algorithm::EdDsa];
        let (mut keys, mut now) = (Keys::default(), START);
        // For each key that signed, the time until which a token that it signed may be valid.
        let mut tokens: BTreeMap<String, UnixTime> = BTreeMap::new();
        keys.apply_due(&algorithms, &rotation, now);
        for (passes, event) in course {
            // Each signing key signs until the next step.
            now = now.plus(Duration::from_secs(passes));
            for key in keys.stored.iter().filter(|key| key.phase == KeyPhase::Signing) {
                tokens.insert(key.kid.clone(), now.plus(retire));
            }
            match event {
                Event::Announced(algorithm) => {
                    if keys.count(algorithm, KeyPhase::Announced) == 0 {
                        keys.announce(algorithm, now);
                    }
                    continue;
                }
                Event::Applied => drop(keys.apply_due(&algorithms, &rotation, now)),
            }
            for algorithm in algorithms {
                prop_assert_eq!(keys.count(algorithm, KeyPhase::Signing), 1);
            }
            for key in keys.stored.iter().chain(&keys.dropped) {
                let Some(signs_from) = key.signs_from else { continue };
                let is_first = ["k0", "k1"].contains(&key.kid.as_str());
                prop_assert!(is_first || signs_from.since(key.created) >= announce);
            }
            for key in &keys.dropped {
                prop_assert!(tokens[&key.kid] <= now, "a valid token lost its key");
            }
            for key in &keys.stored {
                let is_late = |at: UnixTime| now.since(at) >= retire;
                prop_assert!(!key.retired_at.is_some_and(is_late), "a key is dropped in time");
                let is_late = key.phase == KeyPhase::Announced && now.since(key.created) >= announce;
                prop_assert!(!is_late, "an announced key signs in time");
            }
            if let Some(every) = rotation.every {
                // If a key has signed for the whole interval, its successor is at least announced.
                let is_old = |key: &&StoredKey| {
                    key.phase == KeyPhase::Signing && now.since(key.signs_from.unwrap()) >= every
                        && now > key.signs_from.unwrap()
                };
                for key in keys.stored.iter().filter(is_old) {
                    prop_assert_eq!(keys.count(key.algorithm, KeyPhase::Announced), 1);
                }
            }
        }
        // A step is not due again after it was applied. Apply twice, because a successor may be due
        // at once.
        keys.apply_due(&algorithms, &rotation, now);
        keys.apply_due(&algorithms, &rotation, now);
        prop_assert_eq!(due(&algorithms, &keys.stored, &rotation, now), []);
    }
}
