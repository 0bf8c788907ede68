//! Random sequences of requests by two clients, with random pauses.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;
use scopegate_claims::{Clock, UnixTime};
use scopegate_core::error::CallError;
use scopegate_core::store::Records;
use scopegate_core::token::RefreshToken;
use scopegate_tests::{LIFETIME, WINDOW};

use crate::refresh_families::in_memory::InMemory;

/// The clients and their leeways in seconds. Each client has its own family.
const CLIENTS: [(&str, u64); 2] = [("portal", 30), ("strict", 0)];

#[derive(Clone, Debug)]
enum Step {
    /// A number of seconds passes.
    Wait(u64),
    /// The client `by` uses a token of a family that is `before` generations older than the newest
    /// one.
    Use { family: usize, before: usize, by: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let window = WINDOW.as_secs();
    let wait = select(vec![1, 29, 30, 31, 3600, window - 1, window]);
    let before = prop_oneof![6 => Just(0_usize), 3 => Just(1), 1 => 2..4_usize];
    let by_another = prop_oneof![4 => Just(0), 1 => Just(1)];
    let used = (0..CLIENTS.len(), before, by_another).prop_map(|(family, before, shift)| {
        Step::Use { family, before, by: (family + shift) % CLIENTS.len() }
    });
    prop_oneof![3 => used, 1 => wait.prop_map(Step::Wait)]
}

/// The expected state of a family.
struct Expected {
    /// All issued tokens, the oldest first.
    tokens: Vec<String>,
    rotated_at: UnixTime,
    idle_ends_at: UnixTime,
    ends_at: UnixTime,
    is_ended: bool,
}

/// The expected result of a use.
#[derive(Debug, Eq, PartialEq)]
enum Outcome {
    AnotherToken,
    TheNewestAgain,
    Refused,
}

impl Expected {
    fn beginning(token: String, now: UnixTime) -> Self {
        let (idle_ends_at, ends_at) = (now.plus(WINDOW), now.plus(LIFETIME));
        Self { tokens: vec![token], rotated_at: now, idle_ends_at, ends_at, is_ended: false }
    }

    fn newest(&self) -> &String {
        self.tokens.last().unwrap()
    }

    fn on_use(&mut self, before: usize, leeway: u64, now: UnixTime) -> Outcome {
        let is_in_time = now.since(self.rotated_at).as_secs() <= leeway && leeway > 0;
        if before > 1 || (before == 1 && !is_in_time) {
            self.is_ended = true;
        }
        if self.is_ended || now >= self.idle_ends_at {
            return Outcome::Refused;
        }
        self.idle_ends_at = now.plus(WINDOW).min(self.ends_at);
        if before == 1 {
            return Outcome::TheNewestAgain;
        }
        self.rotated_at = now;
        Outcome::AnotherToken
    }
}

async fn play(steps: Vec<Step>) {
    let at = InMemory::start().await;
    let mut families = Vec::new();
    for (client, _) in CLIENTS {
        families.push(Expected::beginning(at.begin(client).await, at.clock.now()));
    }
    let mut child_of: HashMap<String, String> = HashMap::new();
    for step in steps {
        let (family, before, by) = match step {
            Step::Wait(seconds) => {
                at.clock.advance(std::time::Duration::from_secs(seconds));
                continue;
            }
            Step::Use { family, before, by } => (family, before, by),
        };
        let expected = &mut families[family];
        let before = before.min(expected.tokens.len() - 1);
        let shown = expected.tokens[expected.tokens.len() - 1 - before].clone();
        let outcome = match by == family {
            true => expected.on_use(before, CLIENTS[family].1, at.clock.now()),
            false => Outcome::Refused,
        };
        match at.refresh(CLIENTS[by].0, &shown).await {
            Err(error) => {
                assert!(matches!(error, CallError::InvalidGrant(_)), "{error}");
                assert_eq!(outcome, Outcome::Refused);
            }
            Ok(child) => {
                assert_eq!(by, family, "a token must work only for its client");
                match outcome {
                    Outcome::AnotherToken => {
                        assert!(!expected.tokens.contains(&child));
                        expected.tokens.push(child.clone());
                    }
                    Outcome::TheNewestAgain => assert_eq!(child, *expected.newest()),
                    Outcome::Refused => {
                        unreachable!("{child} was issued for a token that must be refused")
                    }
                }
                let known = child_of.entry(shown).or_insert_with(|| child.clone());
                assert_eq!(*known, child, "a token must have only one child");
            }
        }
        let (id, generation) = RefreshToken::read(expected.newest(), &at.master_key).unwrap();
        let row = at.store.family(&id).await.unwrap().unwrap();
        assert_eq!(row.generation, generation, "only one token must be alive");
        assert_eq!(row.revoked, expected.is_ended);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_token_has_one_child_and_works_only_for_its_client(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
