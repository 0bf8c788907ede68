mod brute;
mod examples;
mod random;
mod speed;

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;

use self::brute::{Brute, Got, Rules};
use self::random::SCOPES;
use super::*;
use crate::testing::Dice;

/// What rows say, one by one.
fn spelt_out(row: &Row, users: &[User]) -> Vec<Got> {
    let active = || users.iter().filter(|user| user.status.is_active());
    let is_meant = |user: &&User| match &row.users {
        Users::Any => true,
        Users::These(logins) => {
            logins.contains(&user.login) || row.groups.iter().any(|it| user.groups.contains(it))
        }
    };
    let has_user = row.users != Users::These(Vec::new()) || !row.groups.is_empty();
    let users: Vec<_> = match has_user {
        true => active().filter(is_meant).map(|user| Some(user.login.clone())).collect(),
        false => vec![None],
    };
    let grant_type = random::GRANTS.into_iter().find(|name| *name == row.grant_type).unwrap();
    let got = |user| Got {
        client: row.client.clone(),
        grant_type,
        rule: row.rule.clone(),
        user,
        through: row.through.clone(),
    };
    users.into_iter().map(got).collect()
}

fn agrees_with_trying_everything(seed: u64, has_circumstances: bool) {
    let mut dice = Dice::of(seed);
    let catalog = random::catalog(&mut dice, has_circumstances);
    let users = random::users(&mut dice);
    let reach = Reach::new(&catalog, &users);
    let mut circumstances = brute::circumstances();
    circumstances.truncate(if has_circumstances { usize::MAX } else { 1 });
    let brute = |rules| {
        let (circumstances, tried) = (circumstances.clone(), RefCell::default());
        Brute { catalog: &catalog, users: &users, rules, circumstances, tried }.everything()
    };
    let (winning, matching) = (brute(Rules::Winning), brute(Rules::Matching));
    for scope in SCOPES.into_iter().chain(["openid", "profile"]) {
        let rows = match reach.who_can(&ServerId::default_server(), scope) {
            Err(ReachError::UnknownServer(_)) => Vec::new(),
            rows => rows.unwrap(),
        };
        let found: BTreeSet<_> = rows.iter().flat_map(|row| spelt_out(row, &users)).collect();
        for (_, got) in winning.iter().filter(|(of, _)| *of == scope) {
            assert!(found.contains(got), "seed {seed}: {scope}: {got:?} is missing in {rows:#?}");
        }
        for row in &rows {
            let is_sure = !has_circumstances || row.unless.is_empty() && row.through.is_none();
            let expected = if is_sure { &winning } else { &matching };
            for got in spelt_out(row, &users) {
                let is_right = expected.contains(&(scope, got.clone()));
                assert!(is_right, "seed {seed}: {scope}: {got:?} is too much: {row:#?}");
            }
        }
    }
}

/// Found by chance: each needs a request for two scopes.
#[test]
fn it_finds_what_a_request_for_more_scopes_reaches() {
    for seed in [8_924_404_113_970_257_055, 8_926_583_455_634_230_255] {
        agrees_with_trying_everything(seed, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_trying_each_combination_finds(seed: u64) {
        agrees_with_trying_everything(seed, false);
    }

    #[test]
    fn it_finds_what_some_circumstances_allow(seed: u64) {
        agrees_with_trying_everything(seed, true);
    }
}
