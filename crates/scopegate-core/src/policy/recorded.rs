//! What a refusal records of the facts and of the rules that were tried.

use super::{Facts, Trace, Wanted, evaluate, is_standard};
use crate::audit::{Basis, RefusedFacts, TriedRule, WantedKind};
use crate::catalog::{AuthorizationServer, Snapshot};
use crate::error::CallError;

impl Facts<'_> {
    /// What is stored with a refusal.
    ///
    /// If the policies refused, they are evaluated again for their trace. Only refusals pay for that.
    pub(crate) fn basis_of_refusal(&self, catalog: &Snapshot, error: Option<&CallError>) -> Basis {
        let is_of_policies = matches!(
            error,
            Some(
                CallError::ConsentRequired
                    | CallError::DeniedByRule(_)
                    | CallError::InvalidScope(_)
                    | CallError::NoMatchingRule
            )
        );
        let trace = is_of_policies.then(|| evaluate(self).trace);
        let facts = Some(self.recorded(trace.as_ref()));
        Basis { catalog: Some(catalog.version()), lifetime: None, facts, hooks: Vec::new() }
    }

    /// What is stored with a refusal. `trace` has the rules if the policies decided.
    pub(crate) fn recorded(&self, trace: Option<&Trace>) -> Box<RefusedFacts> {
        let server = self.server;
        let resources = self.resources.iter();
        let (known, unknown): (Vec<_>, Vec<_>) =
            resources.partition(|resource| server.audience(Some(resource)).is_some());
        let mut facts = RefusedFacts {
            grant_type: self.grant_type.to_owned(),
            resources: known.into_iter().map(|known| known.as_written().to_owned()).collect(),
            unknown_resources: unknown.len(),
            client_auth: self.client_auth.as_str().to_owned(),
            groups: self.user.map(|user| user.groups.clone()).unwrap_or_default(),
            acr: self.authentication.map(|auth| auth.acr.clone()),
            amr: self.authentication.map(|auth| auth.amr.clone()).unwrap_or_default(),
            auth_time: self.authentication.map(|auth| auth.at),
            tried: trace.map(|trace| tried(server, trace)).unwrap_or_default(),
            ..RefusedFacts::default()
        };
        self.wanted.record(server, &mut facts);
        Box::new(facts.cut())
    }
}

/// The names of the rules that were tried, and of the conditions that failed.
fn tried(server: &AuthorizationServer, trace: &Trace) -> Vec<TriedRule> {
    let named = trace.steps().iter().filter_map(|step| {
        let policy = server.policies().get(step.policy as usize)?;
        let rule = policy.rules().get(step.rule as usize)?;
        let failed = step.failed_condition().map(|condition| condition.name().to_owned());
        Some(TriedRule(policy.name.clone(), rule.name.clone(), failed))
    });
    named.collect()
}

impl Wanted {
    /// Records the scopes that the server has. The others are only counted, because they are unchecked input.
    fn record(&self, server: &AuthorizationServer, facts: &mut RefusedFacts) {
        let (kind, scopes) = match self {
            Self::AtMost(scopes) => (WantedKind::AtMost, scopes),
            Self::Default => return,
            Self::Named(scopes) => (WantedKind::Named, scopes),
        };
        let is_known = |name: &&str| {
            is_standard(name) || server.scopes.keys().any(|scope| scope.as_str() == *name)
        };
        let known: Vec<_> = scopes.iter().filter(is_known).collect();
        facts.wanted = kind;
        facts.unknown_scopes = scopes.len() - known.len();
        facts.scopes = known.join(" ");
    }
}
