//! `clients`: the policy is for all clients, or it names the client.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{Clients, Rule};

/// The condition.
#[derive(Debug)]
pub(super) struct ClientIsNamed;

impl Condition for ClientIsNamed {
    fn name(&self) -> &'static str {
        "clients"
    }

    fn is_written(&self, _: &Rule) -> bool {
        true
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        Verdict::of(case.policy.applies_to(case.facts.client.id.as_str()))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        match clients(case) {
            Some(Clients::All) => "any client".to_owned(),
            Some(Clients::Named(clients)) => {
                shown::list(clients.iter().map(|id| id.as_str()), "none")
            }
            None => "no client: the policy was deleted".to_owned(),
        }
    }

    fn found(&self, case: &Case<'_>) -> String {
        case.facts.client.id.to_string()
    }
}

fn clients<'a>(case: &Case<'a>) -> Option<&'a Clients> {
    case.policy.spec.as_ref().map(|spec| &spec.clients)
}
