//! The phases of keys, step by step.

use scopegate_jose::Jwk;

use super::*;
use crate::catalog::{KeyRotation, ServerId};

/// RFC 8037 appendix A.2.
const PUBLIC: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const START: UnixTime = UnixTime::from_seconds(1_800_000_000);
const ES256: [Algorithm; 1] = [Algorithm::Es256];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const LIFETIME: u64 = 10 * MINUTE;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn after(passed: u64) -> UnixTime {
    START.plus(seconds(passed))
}

fn manual() -> Rotation {
    Rotation { every: None, announce: seconds(HOUR) }
}

fn each(every: u64) -> Rotation {
    Rotation { every: Some(seconds(every)), ..manual() }
}

fn wanted(algorithms: &[Algorithm], rotation: Rotation) -> Wanted<'_> {
    Wanted { algorithms, rotation, longest: seconds(LIFETIME) }
}

/// The keys of a server on one node, with the times by two clocks.
#[derive(Default)]
struct Keys {
    /// Each key, and when this node learned of its phase, in seconds since the start.
    stored: Vec<(StoredKey, u64)>,
    dropped: Vec<StoredKey>,
    /// Seconds since the start, by the clock that is never set.
    passed: u64,
    /// What the system's clock shows more than that.
    ahead: i64,
}

impl Keys {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(after(self.passed).as_seconds().wrapping_add_signed(self.ahead))
    }

    fn due(&self, wanted: &Wanted<'_>) -> Vec<KeyStep> {
        let known =
            |(key, since): &'_ (StoredKey, u64)| (key.clone(), seconds(self.passed - since));
        let keys: Vec<_> = self.stored.iter().map(known).collect();
        let known = |(key, known_for)| KnownKey { key, known_for };
        let keys: Vec<_> = keys.iter().map(|(key, known_for)| known((key, *known_for))).collect();
        due(wanted, &keys, self.now())
    }

    /// Applies the steps that are due at a time, and returns them.
    fn at(&mut self, passed: u64, wanted: &Wanted<'_>) -> Vec<KeyStep> {
        self.passed = passed;
        let steps = self.due(wanted);
        steps.iter().for_each(|step| self.apply(step, wanted));
        steps
    }

    fn apply(&mut self, step: &KeyStep, wanted: &Wanted<'_>) {
        match step {
            KeyStep::Make { algorithm, phase } => self.make(*algorithm, *phase, wanted),
            KeyStep::Cover { kid } => self.key(kid).0.longest = Some(wanted.longest),
            KeyStep::Sign { kid } => self.enter(kid, KeyPhase::Announced, KeyPhase::Signing),
            KeyStep::Retire { kid } => self.enter(kid, KeyPhase::Signing, KeyPhase::Retiring),
            KeyStep::Drop { kid, from } => {
                self.enter(kid, *from, KeyPhase::Dropped);
                let place = self.stored.iter().position(|(key, _)| key.kid == *kid).unwrap();
                self.dropped.push(self.stored.remove(place).0);
            }
        }
    }

    fn make(&mut self, algorithm: Algorithm, phase: KeyPhase, wanted: &Wanted<'_>) {
        let mut key = StoredKey {
            server: ServerId::default_server(),
            kid: format!("k{}", self.stored.len() + self.dropped.len()),
            algorithm,
            phase: KeyPhase::Announced,
            created: self.now(),
            signs_from: None,
            retired_at: None,
            longest: Some(wanted.longest),
            cached: Some(wanted.rotation.cached()),
            public: Jwk::parse(PUBLIC).unwrap(),
            sealed: vec![1],
        };
        key.enter(phase, self.now());
        self.stored.push((key, self.passed));
    }

    fn key(&mut self, kid: &str) -> &mut (StoredKey, u64) {
        self.stored.iter_mut().find(|(key, _)| key.kid == kid).unwrap()
    }

    fn enter(&mut self, kid: &str, from: KeyPhase, to: KeyPhase) {
        let (now, passed) = (self.now(), self.passed);
        let (key, since) = self.key(kid);
        assert_eq!(key.phase, from, "{kid}");
        key.enter(to, now);
        *since = passed;
    }

    /// A server whose first key signs since the start.
    fn with_first_key(wanted: &Wanted<'_>) -> Self {
        let mut keys = Self::default();
        keys.at(0, wanted);
        keys
    }

    /// The process ends and starts again.
    fn restart(&mut self) {
        let passed = self.passed;
        self.stored.iter_mut().for_each(|(_, since)| *since = passed);
    }
}

fn sign(kid: &str) -> KeyStep {
    KeyStep::Sign { kid: kid.to_owned() }
}

fn retire(kid: &str) -> KeyStep {
    KeyStep::Retire { kid: kid.to_owned() }
}

fn drop_key(kid: &str) -> KeyStep {
    KeyStep::Drop { kid: kid.to_owned(), from: KeyPhase::Retiring }
}

fn make(algorithm: Algorithm, phase: KeyPhase) -> KeyStep {
    KeyStep::Make { algorithm, phase }
}

fn announce() -> KeyStep {
    make(Algorithm::Es256, KeyPhase::Announced)
}

#[test]
fn the_first_key_of_each_algorithm_signs_at_once() {
    let algorithms = [Algorithm::Rs256, Algorithm::Es256];
    let wanted = wanted(&algorithms, manual());
    let mut keys = Keys::default();
    let steps = keys.at(0, &wanted);
    assert_eq!(steps.len(), 2);
    assert!(algorithms.iter().all(|one| steps.contains(&make(*one, KeyPhase::Signing))));
    assert_eq!(keys.at(u64::from(u32::MAX), &wanted), []);
}

#[test]
fn an_announced_key_signs_at_once_only_if_it_is_the_first() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::default();
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    assert_eq!(keys.at(0, &wanted), [sign("k0")]);
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    assert_eq!(keys.at(10, &wanted), []);
}

#[test]
fn a_rotation_that_an_administrator_starts_is_completed() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    keys.passed = DAY;
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    let signs_at = DAY + HOUR;
    assert_eq!(keys.at(signs_at - 1, &wanted), []);
    assert_eq!(keys.at(signs_at, &wanted), [retire("k0"), sign("k1")]);
    assert_eq!(keys.key("k0").0.retired_at, Some(after(signs_at)));
    assert_eq!(keys.key("k1").0.signs_from, Some(after(signs_at)));
    let drops_at = signs_at + LIFETIME + LEEWAY.as_secs();
    assert_eq!(keys.at(drops_at - 1, &wanted), []);
    assert_eq!(keys.at(drops_at, &wanted), [drop_key("k0")]);
    assert!(keys.dropped[0].sealed.is_empty(), "the private key is erased");
    assert_eq!(keys.at(drops_at + 1000 * DAY, &wanted), []);
}

#[test]
fn a_scheduled_rotation_announces_early_enough_to_sign_in_time() {
    let wanted = wanted(&ES256, each(30 * DAY));
    let mut keys = Keys::with_first_key(&wanted);
    assert_eq!(keys.at(30 * DAY - HOUR - 1, &wanted), []);
    assert_eq!(keys.at(30 * DAY - HOUR, &wanted), [announce()]);
    assert_eq!(keys.at(30 * DAY - 1, &wanted), []);
    assert_eq!(keys.at(30 * DAY, &wanted), [retire("k0"), sign("k1")]);
}

#[test]
fn the_rotations_of_different_servers_are_spread_over_a_tenth_of_the_interval() {
    let id = |number: u32| ServerId::parse(&format!("s{number}")).unwrap();
    let spread = |rotation: Rotation, number| rotation.spread_for(&id(number));
    let day = |number| {
        let every = spread(each(90 * DAY), number).every.unwrap();
        assert!(every <= seconds(90 * DAY) && every >= seconds(81 * DAY), "{every:?}");
        every.as_secs() / DAY
    };
    let mut servers_of_day = std::collections::BTreeMap::<u64, u32>::new();
    for number in 0..1000 {
        *servers_of_day.entry(day(number)).or_default() += 1;
    }
    assert_eq!(servers_of_day.len(), 9, "{servers_of_day:?}");
    assert!(servers_of_day.values().all(|count| *count < 200), "{servers_of_day:?}");
    assert_eq!(spread(each(90 * DAY), 1), spread(each(90 * DAY), 1), "each node has the same");
    assert_eq!(spread(each(90 * DAY), 1).announce, seconds(HOUR));
}

#[test]
fn a_short_a_manual_and_a_long_announced_rotation_are_not_spread() {
    let long = Rotation { every: Some(seconds(DAY)), announce: seconds(DAY) };
    for number in 0..100 {
        let id = ServerId::parse(&format!("s{number}")).unwrap();
        for kept in [each(60), each(DAY - 1), manual(), long] {
            assert_eq!(kept.spread_for(&id), kept);
        }
        let spread = Rotation { every: Some(seconds(100 * DAY)), announce: seconds(95 * DAY) };
        assert!(spread.spread_for(&id).every.unwrap() >= seconds(95 * DAY));
    }
}

#[test]
fn keys_can_change_every_minute() {
    let schedule = KeySchedule {
        rotation: KeyRotation::Auto,
        every: seconds(60),
        announce: Some(seconds(45)),
    };
    let wanted = wanted(&ES256, Rotation::of(&schedule));
    assert_eq!(wanted.rotation.cached(), seconds(35));
    let mut keys = Keys::with_first_key(&wanted);
    for round in 1..100_u64 {
        let began = (round - 1) * 60;
        assert_eq!(keys.at(began + 14, &wanted), []);
        let made = keys.at(began + 15, &wanted);
        assert!(made.contains(&announce()), "{round}: {made:?}");
        keys.at(began + 59, &wanted);
        let (old, new) = (format!("k{}", round - 1), format!("k{round}"));
        let steps = keys.at(began + 60, &wanted);
        assert!(steps.starts_with(&[retire(&old), sign(&new)]), "{round}: {steps:?}");
    }
    let kept = (LIFETIME + LEEWAY.as_secs()) / 60 + 3;
    assert!(keys.stored.len() as u64 <= kept, "{} keys are published", keys.stored.len());
}

#[test]
fn a_cache_that_was_filled_under_an_earlier_schedule_is_waited_for() {
    let before = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&before);
    let hurried = wanted(&ES256, Rotation { every: Some(seconds(60)), announce: seconds(45) });
    keys.passed = DAY;
    keys.make(Algorithm::Es256, KeyPhase::Announced, &hurried);
    assert_eq!(keys.at(DAY + 609, &hurried), [], "caches keep the earlier set for 600 s");
    assert_eq!(keys.at(DAY + 610, &hurried), [retire("k0"), sign("k1")]);
}

#[test]
fn a_key_of_a_new_algorithm_is_announced_while_another_one_signs() {
    let mut keys = Keys::with_first_key(&wanted(&[Algorithm::EdDsa], manual()));
    let both = wanted(&[Algorithm::EdDsa, Algorithm::Es256], manual());
    assert_eq!(keys.at(1, &both), [announce()]);
    assert_eq!(keys.at(HOUR, &both), []);
    assert_eq!(keys.at(HOUR + 1, &both), [sign("k1")]);
}

#[test]
fn an_algorithm_that_left_the_catalog_retires_its_key_once_another_one_signs() {
    let mut keys = Keys::with_first_key(&wanted(&[Algorithm::EdDsa], manual()));
    let changed = wanted(&ES256, manual());
    assert_eq!(keys.at(1, &changed), [announce()]);
    assert_eq!(keys.at(HOUR + 1, &changed), [sign("k1")]);
    assert_eq!(keys.at(HOUR + 1, &changed), [retire("k0")]);
    let drops_at = HOUR + 1 + LIFETIME + LEEWAY.as_secs();
    assert_eq!(keys.at(drops_at, &changed), [drop_key("k0")]);
}

#[test]
fn an_announced_key_whose_algorithm_left_the_catalog_is_dropped() {
    let es256 = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&es256);
    keys.make(Algorithm::EdDsa, KeyPhase::Announced, &es256);
    let step = KeyStep::Drop { kid: "k1".to_owned(), from: KeyPhase::Announced };
    assert_eq!(keys.at(1, &es256), [step]);
}

#[test]
fn a_key_is_kept_for_the_longest_token_that_it_may_have_signed() {
    let short = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&short);
    let long = Wanted { longest: seconds(5 * HOUR), ..short };
    assert_eq!(keys.at(1, &long), [KeyStep::Cover { kid: "k0".to_owned() }]);
    assert_eq!(keys.at(2, &long), []);
    assert_eq!(keys.at(3, &short), [], "a key never becomes shorter");
    keys.apply(&retire("k0"), &short);
    let drops_at = 3 + 5 * HOUR + LEEWAY.as_secs();
    assert!(!keys.at(drops_at - 1, &short).contains(&drop_key("k0")));
    assert!(keys.at(drops_at, &short).contains(&drop_key("k0")));
}

#[test]
fn a_key_of_an_earlier_version_is_kept_for_a_day() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    keys.key("k0").0.longest = None;
    keys.apply(&retire("k0"), &wanted);
    let drops_at = DAY + LEEWAY.as_secs();
    assert!(!keys.at(drops_at - 1, &wanted).contains(&drop_key("k0")));
    assert!(keys.at(drops_at, &wanted).contains(&drop_key("k0")));
}

#[test]
fn a_clock_that_is_set_forward_neither_lets_a_key_sign_nor_drops_one() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    keys.ahead = 6 * DAY as i64;
    assert_eq!(keys.at(609, &wanted), []);
    assert_eq!(keys.at(610, &wanted), [retire("k0"), sign("k1")], "all caches have it by now");
    assert_eq!(keys.at(610 + LIFETIME + LEEWAY.as_secs() - 1, &wanted), []);
    keys.ahead = 0;
    assert_eq!(keys.at(610 + LIFETIME + LEEWAY.as_secs(), &wanted), [drop_key("k0")]);
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_a_rotation() {
    let wanted = wanted(&ES256, each(30 * DAY));
    let mut keys = Keys::with_first_key(&wanted);
    keys.ahead = -400 * DAY as i64;
    assert_eq!(keys.at(30 * DAY - HOUR - 1, &wanted), []);
    assert_eq!(keys.at(30 * DAY - HOUR, &wanted), [announce()]);
    assert_eq!(keys.at(30 * DAY, &wanted), [retire("k0"), sign("k1")]);
}

#[test]
fn a_process_that_often_restarts_continues_a_week_later() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    let week = 7 * DAY;
    for passed in [HOUR, DAY, week + 609] {
        keys.restart();
        keys.passed = passed;
        keys.restart();
        assert_eq!(keys.at(passed, &wanted), [], "{passed}");
    }
    assert_eq!(keys.at(week + 610, &wanted), [retire("k0"), sign("k1")]);
}

#[test]
fn a_cache_may_not_keep_the_keys_for_longer_than_an_unknown_key_is_announced() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    let age = |keys: &Keys, rotation: &Rotation, unconfirmed| {
        let stored = keys.stored.iter().map(|(key, _)| key);
        max_age(rotation, stored, seconds(unconfirmed)).as_secs()
    };
    for (unconfirmed, expected) in [(0, 600), (5, 600), (6, 599), (604, 1), (605, 0), (9999, 0)] {
        assert_eq!(age(&keys, &manual(), unconfirmed), expected, "{unconfirmed}");
    }
    let hurried = Rotation { every: Some(seconds(60)), announce: seconds(45) };
    assert_eq!(age(&keys, &hurried, 0), 35, "the catalog asks for less");
    keys.key("k0").0.cached = Some(seconds(35));
    assert_eq!(age(&keys, &manual(), 0), 35, "the next key may sign after 45 seconds");
    assert_eq!(age(&keys, &manual(), 15), 25);
}

#[test]
fn the_times_of_a_key_are_known_in_advance() {
    let wanted = wanted(&ES256, manual());
    let mut keys = Keys::with_first_key(&wanted);
    keys.make(Algorithm::Es256, KeyPhase::Announced, &wanted);
    let stored: Vec<_> = keys.stored.iter().map(|(key, _)| key).collect();
    assert_eq!(signs_at(stored[1], &stored, &manual()), after(HOUR));
    let hurried = Rotation { announce: seconds(45), ..manual() };
    assert_eq!(signs_at(stored[1], &stored, &hurried), after(610));
    assert_eq!(drops_at(stored[0]), None);
    keys.apply(&retire("k0"), &wanted);
    assert_eq!(drops_at(&keys.stored[0].0), Some(after(LIFETIME + LEEWAY.as_secs())));
}
