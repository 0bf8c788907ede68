//! The rules of the org server: admin clients with a key, and users.

use super::{Case, Condition, Dependence, Verdict};
use crate::catalog::{BuiltIn, ClientAuth, Rule};
use crate::policy::Wanted;

/// The condition of the rules that are built in.
#[derive(Debug)]
pub(super) struct BuiltInRule;

impl Condition for BuiltInRule {
    fn name(&self) -> &'static str {
        "built_in"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        rule.built_in.is_some()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let facts = case.facts;
        Verdict::of(match case.rule.built_in {
            None => true,
            Some(BuiltIn::AdminClients) => {
                facts.user.is_none()
                    && facts.client.spec.admin
                    && facts.client_auth == ClientAuth::PrivateKeyJwt
                    && matches!(facts.wanted, Wanted::Named(_))
            }
            Some(BuiltIn::Users) => facts.user.is_some(),
        })
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        let wanted = match case.rule.built_in {
            None => "anything",
            Some(BuiltIn::AdminClients) => {
                "an admin client with private_key_jwt that names its scopes, without a user"
            }
            Some(BuiltIn::Users) => "a user",
        };
        wanted.to_owned()
    }

    fn found(&self, case: &Case<'_>) -> String {
        let facts = case.facts;
        let client = if facts.client.spec.admin { "an admin client" } else { "a client" };
        let user = if facts.user.is_some() { "a user" } else { "no user" };
        let scopes = match facts.wanted {
            Wanted::Named(_) => "named scopes",
            Wanted::AtMost(_) | Wanted::Default => "no named scopes",
        };
        format!("{client} with {}, {user}, {scopes}", facts.client_auth.as_str())
    }
}
