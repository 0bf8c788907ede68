//! Changes that may help a refused inquiry.

mod of_deny_rule;
mod of_parties;
mod of_rule;
mod of_scopes;

use std::sync::Arc;

use scopegate_claims::ScopeSet;

use super::inquiry::Inquiry;
use super::refusal::{Cause, Refusal};
use crate::catalog::{Edit, Entity, EntityKey, Owner, Spec};
use crate::directory::User;
use crate::policy::Outcome;

/// A change that may help.
pub(super) struct Fix {
    /// What to do, in one sentence without a full stop.
    pub(super) says: String,
    /// What it changes.
    pub(super) changes: Changes,
    /// The policy and the name of the rule that it is for.
    pub(super) rule: Option<(String, String)>,
    /// The inquiry after the change.
    pub(super) inquiry: Inquiry,
}

/// What is changed. A change that others notice less comes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Changes {
    /// The request, or the sign-in of the user.
    Request,
    /// The user.
    User,
    /// A client, a server, a policy or a rule.
    Catalog,
    /// A deny rule, which no longer protects anything.
    DenyRule,
}

/// The changes that may help, the most promising first. If a rule was changed before, only that rule is changed.
pub(super) fn all(
    inquiry: &Inquiry,
    refusal: &Refusal,
    rule: Option<&(String, String)>,
) -> Vec<Fix> {
    match &refusal.cause {
        Cause::Policies(Outcome::NoMatch) => {
            let mut fixes = of_rule::of_tried_rules(inquiry, rule);
            fixes.extend(of_scopes::without_one(inquiry));
            fixes
        }
        Cause::Policies(Outcome::Deny { .. }) => {
            let mut fixes = of_scopes::without_one(inquiry);
            fixes.extend(of_deny_rule::changes(inquiry, rule));
            fixes
        }
        Cause::Policies(Outcome::Malformed(malformed)) | Cause::Scope(malformed) => {
            of_scopes::of_malformed(inquiry, *malformed)
        }
        Cause::SignInScopes => of_scopes::without_one(inquiry),
        _ => of_parties::of(inquiry, &refusal.cause),
    }
}

impl Inquiry {
    /// The inquiry with another catalog, in which an entity is replaced.
    fn with_entity(&self, key: &EntityKey, spec: Spec) -> Self {
        let owner = self.catalog.entity(key).map_or(Owner::Api, |entity| entity.owner);
        let edit = Edit::Put(Entity { key: key.clone(), owner, spec });
        let catalog = Arc::new(self.catalog.edited(self.catalog.version(), vec![edit]));
        Self { catalog, ..self.clone() }
    }

    /// The inquiry with a changed user.
    fn with_user(&self, change: impl FnOnce(&mut User)) -> Self {
        let user = self.user.as_ref().map(|user| {
            let mut user = user.as_ref().clone();
            change(&mut user);
            Arc::new(user)
        });
        Self { user, ..self.clone() }
    }

    /// The inquiry for other scopes. For a grant that names none, they become the maximum.
    fn with_scopes(&self, scopes: &ScopeSet) -> Self {
        match (&self.scope, &self.at_most) {
            (None, Some(_)) => Self { at_most: Some(scopes.clone()), ..self.clone() },
            _ => Self { scope: Some(scopes.to_string()), ..self.clone() },
        }
    }
}
