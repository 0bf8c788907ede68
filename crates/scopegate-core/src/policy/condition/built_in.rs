//! The rules of the org server: admin clients with a key, and users.

use super::{Case, Condition};
use crate::catalog::{BuiltIn, ClientAuth};
use crate::policy::Wanted;

/// The condition. It always holds for the rules of the catalog, which are not built in.
#[derive(Debug)]
pub(super) struct BuiltInRule;

impl Condition for BuiltInRule {
    fn name(&self) -> &'static str {
        "built_in"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        let facts = case.facts;
        match case.rule.built_in {
            None => true,
            Some(BuiltIn::AdminClients) => {
                facts.user.is_none()
                    && facts.client.spec.admin
                    && facts.client_auth == ClientAuth::PrivateKeyJwt
                    && matches!(facts.wanted, Wanted::Named(_))
            }
            Some(BuiltIn::Users) => facts.user.is_some(),
        }
    }
}
