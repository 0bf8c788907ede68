//! `clients`: the policy is for all clients, or it names the client.

use super::{Case, Condition};
use crate::catalog::Clients;

/// The condition.
#[derive(Debug)]
pub(super) struct ClientIsNamed;

impl Condition for ClientIsNamed {
    fn name(&self) -> &'static str {
        "clients"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        match case.policy.spec.as_ref().map(|spec| &spec.clients) {
            Some(Clients::All) => true,
            Some(Clients::Named(clients)) => clients.contains(&case.facts.client.id),
            None => false,
        }
    }
}
