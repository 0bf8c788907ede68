//! The users for whom a client can have tokens.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::user_set::UserSet;
use crate::catalog::{Client, ClientId, ServerId};

/// Who can have tokens of which client, by the server that issues them.
pub(super) type Tokens<'c> = BTreeMap<ServerId, Holders<'c>>;

/// What each client holds, for those that hold anything.
pub(super) type Holders<'c> = HashMap<&'c ClientId, Held>;

/// What a token exchange needs to know of a token for a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TokenKind {
    /// It says when and how the user signed in.
    pub(super) has_sign_in: bool,
    /// Only its own client may exchange it: it came from a token that named this client in `may_act`.
    pub(super) is_bound: bool,
}

impl TokenKind {
    pub(super) const ALL: [Self; 4] = [
        Self { has_sign_in: false, is_bound: false },
        Self { has_sign_in: false, is_bound: true },
        Self { has_sign_in: true, is_bound: false },
        Self { has_sign_in: true, is_bound: true },
    ];

    fn index(self) -> usize {
        usize::from(self.has_sign_in) * 2 + usize::from(self.is_bound)
    }

    /// Whether `may_act` of a token for a user (RFC 8693 §4.4) lets a client exchange it.
    pub(super) fn admits(self, of: &Client, by: &Client) -> bool {
        match &of.spec.may_act {
            Some(named) => *named == by.id,
            None => !self.is_bound || of.id == by.id,
        }
    }

    /// The kind of the token that `by` gets for such a token of `of`. If the settings of `by` name no actor, the
    /// new token keeps `may_act` of the old one, which names `by`.
    pub(super) fn exchanged(self, of: &Client, by: &Client) -> Self {
        let had_may_act = self.is_bound || of.spec.may_act.is_some();
        Self { is_bound: had_may_act && by.spec.may_act.is_none(), ..self }
    }
}

/// The users for whom a client can have a token, by the kind of the token.
///
/// The sets are shared: many clients hold the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    by_kind: [Option<Rc<UserSet>>; 4],
    /// Whether it can have a token for itself.
    pub(super) without_user: bool,
}

impl Held {
    /// The users for whom it can have a token of a kind. `None` if there is no user.
    pub(super) fn users(&self, kind: TokenKind) -> Option<&Rc<UserSet>> {
        self.by_kind[kind.index()].as_ref()
    }

    /// The users for whom it can have a token of any kind.
    pub(super) fn all_users(&self) -> Option<Rc<UserSet>> {
        let mut all: Option<Rc<UserSet>> = None;
        for users in self.by_kind.iter().flatten() {
            add(&mut all, users);
        }
        all
    }

    /// Adds users. Returns whether any of them is new.
    pub(super) fn add(&mut self, kind: TokenKind, users: &Rc<UserSet>) -> bool {
        add(&mut self.by_kind[kind.index()], users)
    }

    /// Adds what another one holds. Returns whether anything is new.
    pub(super) fn add_all(&mut self, other: &Self) -> bool {
        let mut is_new = other.without_user && !self.without_user;
        self.without_user |= other.without_user;
        for kind in TokenKind::ALL {
            is_new |= other.users(kind).is_some_and(|users| self.add(kind, users));
        }
        is_new
    }
}

fn add(to: &mut Option<Rc<UserSet>>, users: &Rc<UserSet>) -> bool {
    match to {
        _ if users.is_empty() => false,
        None => {
            *to = Some(Rc::clone(users));
            true
        }
        Some(own) => !users.is_subset(own) && Rc::make_mut(own).add(users),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ClientSpec;

    fn client(id: &str, may_act: Option<&str>) -> Client {
        let may_act = may_act.map(|id| ClientId::parse(id).unwrap());
        Client::new(ClientId::parse(id).unwrap(), ClientSpec { may_act, ..ClientSpec::default() })
    }

    #[test]
    fn s4_4_a_token_is_exchanged_by_the_client_that_its_client_names() {
        let free = TokenKind { has_sign_in: true, is_bound: false };
        let bound = TokenKind { is_bound: true, ..free };
        let (open, limited) = (client("open", None), client("limited", Some("gateway")));
        let (gateway, other) = (client("gateway", None), client("other", None));
        assert!(free.admits(&open, &gateway) && free.admits(&open, &other));
        assert!(free.admits(&limited, &gateway) && !free.admits(&limited, &other));
        assert!(!free.admits(&limited, &limited), "not even its own client");
        assert!(bound.admits(&gateway, &gateway) && !bound.admits(&gateway, &other));
        // The new token keeps the limit of the old one, unless its client has a setting of its own.
        assert_eq!(free.exchanged(&open, &gateway), free);
        assert_eq!(free.exchanged(&limited, &gateway), bound);
        assert_eq!(bound.exchanged(&gateway, &gateway), bound);
        assert_eq!(bound.exchanged(&gateway, &client("gateway", Some("other"))), free);
    }
}
