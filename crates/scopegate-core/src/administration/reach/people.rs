//! The active users, found by group and by login.

use std::collections::{BTreeSet, HashMap};

use super::user_set::UserSet;
use crate::directory::{LoginMatch, User};

/// The active users, in the order in which they are shown.
#[derive(Debug)]
pub(super) struct People<'u> {
    users: Vec<&'u User>,
    by_group: HashMap<&'u str, UserSet>,
    /// By [`User::exact_login_key`].
    by_exact_key: HashMap<String, Vec<usize>>,
    /// By [`User::login_key`]. A user who signs in by the exact login only is not here.
    by_key: HashMap<String, Vec<usize>>,
}

impl<'u> People<'u> {
    /// The active ones of these users. Others cannot sign in, nor get a token otherwise.
    pub(super) fn of(users: &'u [User]) -> Self {
        let mut users: Vec<_> = users.iter().filter(|user| user.status.is_active()).collect();
        users.sort_by(|a, b| a.login.cmp(&b.login));
        let mut people = Self {
            by_group: HashMap::new(),
            by_exact_key: HashMap::new(),
            by_key: HashMap::new(),
            users,
        };
        for (place, user) in people.users.iter().enumerate() {
            for group in &user.groups {
                let members = people.by_group.entry(group);
                members.or_insert_with(|| UserSet::empty(people.users.len())).insert(place);
            }
            let exact = people.by_exact_key.entry(User::exact_login_key(&user.login));
            exact.or_default().push(place);
            if user.login_match == LoginMatch::Key {
                people.by_key.entry(User::login_key(&user.login)).or_default().push(place);
            }
        }
        people
    }

    /// All users.
    pub(super) fn all(&self) -> UserSet {
        UserSet::all(self.users.len())
    }

    /// A user, if there is one.
    pub(super) fn first(&self) -> Option<&'u User> {
        self.users.first().copied()
    }

    /// No user.
    pub(super) fn none(&self) -> UserSet {
        UserSet::empty(self.users.len())
    }

    /// The users at these places, in order.
    pub(super) fn at(&self, places: &UserSet) -> impl Iterator<Item = (usize, &'u User)> {
        places.iter().map(|place| (place, self.users[place]))
    }

    /// The users of a group.
    pub(super) fn group(&self, name: &str) -> Option<&UserSet> {
        self.by_group.get(name)
    }

    /// The names of all groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'u str> {
        self.by_group.keys().copied()
    }

    /// The users that a client or a rule is for, as [`User::is_among`] decides. All users, if it names no
    /// user and no group.
    pub(super) fn for_whom(&self, logins: &BTreeSet<String>, groups: &BTreeSet<String>) -> UserSet {
        if logins.is_empty() && groups.is_empty() {
            return self.all();
        }
        let mut found = self.none();
        for members in groups.iter().filter_map(|group| self.group(group)) {
            found.add(members);
        }
        for login in logins {
            let mut insert = |places: Option<&Vec<usize>>| {
                places.into_iter().flatten().for_each(|place| found.insert(*place));
            };
            insert(self.by_exact_key.get(login));
            insert(self.by_key.get(login));
            if !login.is_ascii() {
                insert(self.by_key.get(&User::login_key(login)));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Status, UserId};
    use crate::testing;

    fn user(login: &str, login_match: LoginMatch, groups: &BTreeSet<String>) -> User {
        let (id, login, groups) = (UserId::generate(), login.to_owned(), groups.clone());
        User { id, login, login_match, groups, ..testing::alice() }
    }

    #[test]
    fn only_active_users_count() {
        let inactive = User { status: Status::Inactive, ..testing::alice() };
        assert!(People::of(&[inactive]).all().is_empty());
        assert!(!People::of(&[testing::alice()]).all().is_empty());
    }

    proptest! {
        #[test]
        fn users_are_found_as_a_rule_finds_them(
            users in prop::collection::vec(
                ("[aAéE]\u{301}?|jos(é|e\u{301}|e)", any::<bool>(), prop::collection::btree_set("[gh]", 0..2)),
                0..5,
            ),
            logins in prop::collection::btree_set("[aé]\u{301}?|jos(é|e\u{301}|e)", 0..3),
            groups in prop::collection::btree_set("[ghi]", 0..2),
        ) {
            let logins: BTreeSet<_> = logins.iter().map(|login| User::exact_login_key(login)).collect();
            let users: Vec<_> = users
                .iter()
                .map(|(login, is_exact, groups)| {
                    let matched = if *is_exact { LoginMatch::Exact } else { LoginMatch::Key };
                    user(login, matched, groups)
                })
                .collect();
            let people = People::of(&users);
            let found = people.for_whom(&logins, &groups);
            let is_for_all = logins.is_empty() && groups.is_empty();
            for (place, user) in people.at(&people.all()) {
                let is_among = is_for_all || user.is_among(&logins, &groups);
                prop_assert_eq!(found.contains(place), is_among, "{}", user.login);
            }
        }
    }
}
