//! The rules that give a scope, found without trying each user and each circumstance.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use scopegate_claims::ScopeSet;

use super::circumstance::{Chance, Required, SignIn, chance, sentence};
use super::people::People;
use super::user_set::UserSet;
use crate::catalog::{AuthorizationServer, Candidate, Effect, Policy, Rule};
use crate::expression::Work;
use crate::policy::condition::{CONDITIONS, Case, Condition};
use crate::policy::{self, Facts};

/// Maximum number of earlier rules that are listed for a rule.
const MAX_UNLESS: usize = 100;

/// A rule that gives the scope.
#[derive(Clone, Debug)]
pub(super) struct Winner {
    /// The groups that the rule names.
    pub(super) groups: BTreeSet<String>,
    /// Whether the rule names users or groups. If it does not, it is for all users.
    pub(super) names_users: bool,
    /// The policy and the rule, as `policy/rule`.
    pub(super) name: String,
    /// The users to whom it can give the scope.
    pub(super) users: Rc<UserSet>,
    /// What must hold, as sentences.
    pub(super) conditions: Vec<String>,
    /// Earlier rules that win under some circumstances, for some of the users.
    pub(super) unless: Vec<String>,
    /// Whether there are more of them than are listed.
    pub(super) has_more: bool,
}

/// A kind of request: all its facts except the user and the circumstances.
#[derive(Debug)]
pub(super) struct Kind<'f, 'c> {
    pub(super) server: &'c AuthorizationServer,
    pub(super) grant_type: &'static str,
    /// The facts. The user is any user, if one takes part, and there are no circumstances.
    pub(super) facts: Facts<'f>,
    /// The scope that is looked for.
    pub(super) scope: &'f str,
    pub(super) sign_in: SignIn,
}

impl<'c> Kind<'_, 'c> {
    /// The rules that can give the scope to some of the candidates, in the order in which they are tried.
    ///
    /// A candidate is lost as soon as a rule matches for each of their requests.
    pub(super) fn winners(&self, people: &People<'_>, candidates: &UserSet) -> Vec<Winner> {
        let Kind { facts, .. } = self;
        let Ok(requested) = policy::requested_scopes(facts) else { return Vec::new() };
        let (mut left, mut earlier) = (candidates.clone(), Earlier::default());
        let mut winners = Vec::new();
        let rules = self.server.rules_for(facts.client.id.as_str(), self.grant_type);
        for Candidate { policy, rule, .. } in rules {
            if left.is_empty() {
                break;
            }
            let case = Case { facts, policy, rule, requested: &requested, work: &Work::new() };
            let Some(Match { users, sometimes }) = self.matching(&case, people, &left) else {
                continue;
            };
            let required = Required::by(rule, &sometimes);
            let users = earlier.without_covered(required.as_ref(), users);
            if users.is_empty() {
                continue;
            }
            if rule.spec.effect == Effect::Allow && self.is_given(&case) {
                let (unless, has_more) = earlier.that_may_win(&users);
                winners.push(Winner {
                    groups: rule.spec.groups.clone(),
                    names_users: !rule.spec.users.is_empty() || !rule.spec.groups.is_empty(),
                    name: name(policy, rule),
                    conditions: sometimes.iter().map(|it| sentence(*it, &case)).collect(),
                    users: Rc::new(users.clone()),
                    unless,
                    has_more,
                });
            }
            match sometimes.is_empty() {
                true => left = left.difference(&users),
                false => earlier.add(policy, rule, required, users),
            }
        }
        winners
    }

    /// Whether the rule gives the scope if it matches.
    fn is_given(&self, case: &Case<'_>) -> bool {
        let given: ScopeSet = case.scopes_given();
        given.contains(self.scope) && policy::check_given(&self.facts, &given).is_ok()
    }

    /// The users for whom the rule can match. `None` if it never matches.
    fn matching(&self, case: &Case<'_>, people: &People<'_>, left: &UserSet) -> Option<Match> {
        let (mut sometimes, mut by_user) = (Vec::new(), Vec::new());
        for &condition in CONDITIONS.iter().filter(|condition| condition.is_written(case.rule)) {
            match chance(condition, case, self.sign_in) {
                Chance::Always => {}
                Chance::ByUser => by_user.push(condition),
                Chance::Never => return None,
                Chance::Sometimes => sometimes.push(condition),
            }
        }
        let mut users = left.clone();
        for condition in by_user {
            users = users.intersection(&match condition.name() {
                "groups" => people.for_whom(&case.rule.spec.users, &case.rule.spec.groups),
                _ => checked_one_by_one(condition, case, people, &users),
            });
        }
        (!users.is_empty()).then_some(Match { users, sometimes })
    }
}

/// The users for whom a condition lets the rule match.
fn checked_one_by_one(
    condition: &dyn Condition,
    case: &Case<'_>,
    people: &People<'_>,
    users: &UserSet,
) -> UserSet {
    let mut found = people.none();
    for (place, user) in people.at(users) {
        let facts = Facts { user: Some(user), ..*case.facts };
        let work = Work::new();
        let case = Case { facts: &facts, work: &work, ..*case };
        if condition.check(&case).lets_match(case.rule.spec.effect) {
            found.insert(place);
        }
    }
    found
}

/// A rule that can match.
struct Match {
    users: UserSet,
    /// The conditions that depend on the circumstances. If there are none, it always matches.
    sometimes: Vec<&'static dyn Condition>,
}

/// The earlier rules that match under some circumstances.
#[derive(Default)]
struct Earlier<'c> {
    /// Each rule, with the index of its users in `sets`.
    rules: Vec<(&'c Policy, &'c Rule, usize)>,
    /// The sets of users, each once. Most rules share their users with others.
    sets: Vec<Rc<UserSet>>,
    /// The indexes of the sets.
    indexes: HashMap<Rc<UserSet>, usize>,
    /// The users of all these rules.
    all: Option<UserSet>,
    /// The users of these rules, by the circumstances.
    covered: HashMap<Required<'c>, UserSet>,
}

impl<'c> Earlier<'c> {
    /// The users for whom no earlier rule matches under the same circumstances.
    fn without_covered(&self, required: Option<&Required<'c>>, users: UserSet) -> UserSet {
        match required.and_then(|required| self.covered.get(required)) {
            None => users,
            Some(covered) => users.difference(covered),
        }
    }

    fn add(
        &mut self,
        policy: &'c Policy,
        rule: &'c Rule,
        required: Option<Required<'c>>,
        users: UserSet,
    ) {
        if let Some(required) = required {
            let covered = self.covered.entry(required);
            covered.and_modify(|covered| _ = covered.add(&users)).or_insert_with(|| users.clone());
        }
        match &mut self.all {
            None => self.all = Some(users.clone()),
            Some(all) => _ = all.add(&users),
        }
        let users = Rc::new(users);
        let index = *self.indexes.entry(Rc::clone(&users)).or_insert_with(|| {
            self.sets.push(users);
            self.sets.len() - 1
        });
        self.rules.push((policy, rule, index));
    }

    /// The rules that may win for some of these users, at most [`MAX_UNLESS`], and whether there are more.
    fn that_may_win(&self, users: &UserSet) -> (Vec<String>, bool) {
        if !self.all.as_ref().is_some_and(|all| all.intersects(users)) {
            return (Vec::new(), false);
        }
        let mut known: Vec<Option<bool>> = vec![None; self.sets.len()];
        let mut winning = self.rules.iter().filter(|(.., index)| {
            *known[*index].get_or_insert_with(|| self.sets[*index].intersects(users))
        });
        let listed = winning.by_ref().take(MAX_UNLESS);
        (listed.map(|(policy, rule, _)| name(policy, rule)).collect(), winning.next().is_some())
    }
}

fn name(policy: &Policy, rule: &Rule) -> String {
    [policy.name.as_str(), "/", &rule.name].concat()
}
