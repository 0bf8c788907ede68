//! The access policies of a server, in the order in which they are tried.

use std::collections::{BTreeMap, HashMap};

use super::rule::Rule;
use super::scope_filter::ScopeFilter;
use super::zones::Zones;
use crate::catalog::{ClientId, Clients, PolicySpec, RuleSpec};

/// An access policy with its rules.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The spec of the policy. `None` if the policy was deleted and only rules of it are left.
    pub spec: Option<PolicySpec>,
    /// All rules by name, active or not.
    pub(in crate::catalog) written: BTreeMap<String, RuleSpec>,
    /// The active rules, in the order in which they are tried.
    ordered: Vec<Rule>,
    by_grant: ByGrant<Vec<(u32, ScopeFilter)>>,
}

impl Policy {
    /// A policy without spec and rules.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            spec: None,
            written: BTreeMap::new(),
            ordered: Vec::new(),
            by_grant: ByGrant::default(),
        }
    }

    /// A policy that no catalog can change.
    pub(in crate::catalog) fn built_in(name: &str, spec: PolicySpec, rules: Vec<Rule>) -> Self {
        let mut policy = Self { spec: Some(spec), ordered: rules, ..Self::named(name) };
        policy.index();
        policy
    }

    /// Tells whether it applies to a client.
    pub fn applies_to(&self, client: &str) -> bool {
        match self.spec.as_ref().map(|spec| &spec.clients) {
            Some(Clients::All) => true,
            Some(Clients::Named(clients)) => clients.contains(client),
            None => false,
        }
    }

    /// The active rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.ordered
    }

    /// The active rules for a grant type, each with its index in [`rules`](Self::rules).
    pub(super) fn rules_for(
        &self,
        grant_type: &str,
    ) -> impl Iterator<Item = (u32, ScopeFilter, &Rule)> {
        let rules = self.by_grant.of(grant_type).map_or(&[][..], Vec::as_slice);
        rules.iter().map(|(place, filter)| (*place, *filter, &self.ordered[*place as usize]))
    }

    fn order(&mut self, zones: &Zones) {
        let active = self.written.iter().filter(|(_, rule)| rule.status.is_active());
        self.ordered = active.map(|(name, spec)| Rule::new(name, spec.clone(), zones)).collect();
        self.ordered.sort_by_key(|rule| rule.spec.priority);
        self.index();
    }

    fn index(&mut self) {
        self.by_grant = ByGrant::default();
        for (place, rule) in (0..).zip(&self.ordered) {
            for grant_type in rule.grant_types() {
                self.by_grant.entry(grant_type).push((place, ScopeFilter::of(&rule.spec)));
            }
        }
    }
}

/// The active policies of a server, and which of them have rules for a grant type and apply to a client.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderedPolicies {
    all: Vec<Policy>,
    by_grant: ByGrant<ByClient>,
}

/// Indexes of policies, in ascending order.
#[derive(Clone, Debug, Default)]
struct ByClient {
    for_all: Vec<u32>,
    named: HashMap<ClientId, Vec<u32>>,
}

impl OrderedPolicies {
    /// Orders the policies that are active, each with its active rules.
    pub(super) fn of(written: &BTreeMap<String, Policy>, zones: &Zones) -> Self {
        let is_active =
            |policy: &&Policy| policy.spec.as_ref().is_some_and(|spec| spec.status.is_active());
        let mut all: Vec<_> = written.values().filter(is_active).cloned().collect();
        all.sort_by_key(|policy| policy.spec.as_ref().map(|spec| spec.priority));
        all.iter_mut().for_each(|policy| policy.order(zones));
        Self::indexed(all)
    }

    /// Indexes policies that are already ordered.
    pub(super) fn indexed(all: Vec<Policy>) -> Self {
        let mut by_grant = ByGrant::<ByClient>::default();
        for (place, policy) in (0..).zip(&all) {
            for grant_type in policy.by_grant.names() {
                let entry = by_grant.entry(grant_type);
                match policy.spec.as_ref().map(|spec| &spec.clients) {
                    Some(Clients::All) => entry.for_all.push(place),
                    Some(Clients::Named(clients)) => {
                        for client in clients {
                            entry.named.entry(client.clone()).or_default().push(place);
                        }
                    }
                    None => {}
                }
            }
        }
        Self { all, by_grant }
    }

    /// All active policies, in their order.
    pub(super) fn all(&self) -> &[Policy] {
        &self.all
    }

    /// The policies that apply to a client and have rules for a grant type, each with its index among all.
    pub(super) fn policies_for(
        &self,
        client: &str,
        grant_type: &str,
    ) -> impl Iterator<Item = (u32, &Policy)> {
        let found = self.by_grant.of(grant_type);
        let for_all = found.map_or(&[][..], |found| &found.for_all);
        let own = found.and_then(|found| found.named.get(client)).map_or(&[][..], Vec::as_slice);
        let mut for_all = for_all.iter().copied().peekable();
        let mut own = own.iter().copied().peekable();
        std::iter::from_fn(move || match (for_all.peek(), own.peek()) {
            (Some(left), Some(right)) if left < right => for_all.next(),
            (Some(_), None) => for_all.next(),
            (_, _) => own.next(),
        })
        .map(|place| (place, &self.all[place as usize]))
    }
}

/// Values by the name of a grant type, or [`Rule::ANY_GRANT`]. There are few, so that a list is searched
/// faster than a map.
#[derive(Clone, Debug)]
struct ByGrant<T>(Vec<(Box<str>, T)>);

impl<T> Default for ByGrant<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> ByGrant<T> {
    /// The value for a grant type, or else for any grant type. Only the built-in policy has rules for any grant
    /// type, and it has no others.
    fn of(&self, grant_type: &str) -> Option<&T> {
        let is_for =
            |(name, _): &&(Box<str>, T)| **name == *grant_type || **name == *Rule::ANY_GRANT;
        self.0.iter().find(is_for).map(|(_, value)| value)
    }

    fn entry(&mut self, grant_type: &str) -> &mut T {
        let found = self.0.iter().position(|(name, _)| **name == *grant_type);
        let place = found.unwrap_or_else(|| {
            self.0.push((grant_type.into(), T::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}
