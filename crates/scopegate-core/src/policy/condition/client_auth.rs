//! `client_auth`: the rule lists the client's authentication method.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{ClientAuth, Rule};

/// The condition. A client has one method, and it is stored.
#[derive(Debug)]
pub(super) struct ClientAuthIsListed;

impl Condition for ClientAuthIsListed {
    fn name(&self) -> &'static str {
        "client_auth"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.client_auth.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        Verdict::of(case.rule.spec.client_auth.contains(&case.facts.client_auth))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        shown::list(case.rule.spec.client_auth.iter().copied().map(ClientAuth::as_str), "none")
    }

    fn found(&self, case: &Case<'_>) -> String {
        case.facts.client_auth.as_str().to_owned()
    }
}
