//! The policy of the org authorization server. It is built in: no catalog can change it.
//!
//! The org server issues admin scopes to admin clients, and the scopes of OpenID Connect for users. The
//! audience of its tokens is the org server itself, so they give no access to a custom API.

use std::time::Duration;

use scopegate_claims::ScopeSet;

use super::{
    Clients, Policy, PolicySpec, Rule, RuleSpec, STANDARD_SCOPES, Scopes, Status, admin_scopes,
};

/// Which clients and users a built-in rule applies to. A rule of a catalog names grant types, users and
/// groups instead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "these are the rules of the org server")]
pub enum BuiltIn {
    /// Clients marked `admin` that authenticate with `private_key_jwt` and act for themselves.
    AdminClients,
    /// Every user who signs in.
    Users,
}

/// Refresh tokens of the org server expire after 90 days.
const REFRESH_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The policy `org` with its rules `admin` and `sign-in`.
pub(super) fn org_policy() -> Policy {
    let admin = admin_scopes::SCOPES.iter().map(|(name, _)| *name);
    let rules = [
        rule("admin", BuiltIn::AdminClients, ScopeSet::from_tokens(admin)),
        rule("sign-in", BuiltIn::Users, ScopeSet::from_tokens(STANDARD_SCOPES)),
    ];
    let spec = PolicySpec {
        priority: 1,
        description: String::new(),
        clients: Clients::All,
        status: Status::Active,
    };
    Policy::built_in("org", spec, rules.into())
}

fn rule<E: std::fmt::Debug>(name: &str, built_in: BuiltIn, scopes: Result<ScopeSet, E>) -> Rule {
    let spec = RuleSpec {
        scopes: Scopes::Named(scopes.expect("the names are scope tokens")),
        refresh_token_lifetime: Some(REFRESH_LIFETIME),
        ..RuleSpec::default()
    };
    Rule::built_in(name, spec, built_in)
}
