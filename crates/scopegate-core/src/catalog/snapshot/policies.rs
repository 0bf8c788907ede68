//! The access policies of a server, in the order in which they are tried.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::{BuiltIn, ClientId, Clients, PolicySpec, RuleSpec};

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
}

/// A rule of an access policy.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The spec of the rule.
    pub spec: RuleSpec,
    /// Which clients and users it applies to, if it is a built-in rule of the org server.
    pub built_in: Option<BuiltIn>,
}

impl Policy {
    /// A policy without spec and rules.
    pub(super) fn named(name: &str) -> Self {
        let (written, ordered) = (BTreeMap::new(), Vec::new());
        Self { name: name.to_owned(), spec: None, written, ordered }
    }

    /// A policy that no catalog can change.
    pub(in crate::catalog) fn built_in(name: &str, spec: PolicySpec, rules: Vec<Rule>) -> Self {
        Self { spec: Some(spec), ordered: rules, ..Self::named(name) }
    }

    /// The active rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.ordered
    }

    fn order(&mut self) {
        let active = self.written.iter().filter(|(_, rule)| rule.status.is_active());
        let rule = |(name, spec): (&String, &RuleSpec)| Rule {
            name: name.clone(),
            spec: spec.clone(),
            built_in: None,
        };
        self.ordered = active.map(rule).collect();
        self.ordered.sort_by_key(|rule| rule.spec.priority);
    }
}

/// The active policies of a server, and which of them name a client.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderedPolicies {
    all: Vec<Policy>,
    for_all: Vec<u32>,
    by_client: HashMap<ClientId, Vec<u32>>,
}

impl OrderedPolicies {
    /// Orders the policies that are active, each with its active rules.
    pub(super) fn of(written: &BTreeMap<String, Policy>) -> Self {
        let is_active =
            |policy: &&Policy| policy.spec.as_ref().is_some_and(|spec| spec.status.is_active());
        let mut all: Vec<_> = written.values().filter(is_active).cloned().collect();
        all.sort_by_key(|policy| policy.spec.as_ref().map(|spec| spec.priority));
        all.iter_mut().for_each(Policy::order);
        Self::indexed(all)
    }

    /// Indexes policies that are already ordered.
    pub(super) fn indexed(all: Vec<Policy>) -> Self {
        let mut ordered = Self { all, ..Self::default() };
        for (place, policy) in (0..).zip(&ordered.all) {
            match policy.spec.as_ref().map(|spec| &spec.clients) {
                Some(Clients::All) => ordered.for_all.push(place),
                Some(Clients::Named(clients)) => {
                    for client in clients {
                        ordered.by_client.entry(client.clone()).or_default().push(place);
                    }
                }
                None => {}
            }
        }
        ordered
    }

    /// All active policies, in their order.
    pub(super) fn all(&self) -> &[Policy] {
        &self.all
    }

    /// The policies that apply to a client, each with its index among all.
    pub(super) fn for_client(&self, client: &str) -> impl Iterator<Item = (u32, &Policy)> {
        let mut all = self.for_all.iter().copied().peekable();
        let own = self.by_client.get(client).map_or(&[][..], Vec::as_slice);
        let mut own = own.iter().copied().peekable();
        std::iter::from_fn(move || match (all.peek(), own.peek()) {
            (Some(left), Some(right)) if left < right => all.next(),
            (Some(_), None) => all.next(),
            (_, _) => own.next(),
        })
        .map(|place| (place, &self.all[place as usize]))
    }
}
