//! Tests from decisions that happened.

use std::collections::HashSet;
use std::fmt::Write;

use toml::Value;

use crate::audit::{AuditEvent, ClientDecision, DecisionKind, Outcome};
use crate::explain::show_time;
use crate::grants;

/// The refusals that the catalog decides. Others depend on codes, tokens and credentials.
const DECIDED_BY_CATALOG: [&str; 3] = ["access_denied", "invalid_scope", "unauthorized_client"];

/// Tests from decisions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// The content of a file of tests.
    pub text: String,
    /// The number of tests.
    pub count: usize,
    /// The number of decisions of users who are gone.
    pub without_user: usize,
}

/// Writes a test for each different decision, in the order of the events. `login` finds the login of a user by
/// their id.
///
/// The request of a granted token is not stored, so that the test asks for the granted scopes by name.
pub fn recorded<'e>(
    events: impl Iterator<Item = &'e AuditEvent>,
    login: &dyn Fn(&str) -> Option<String>,
) -> Recorded {
    let (mut recorded, mut seen) = (Recorded::default(), HashSet::new());
    for event in events {
        let Some(decision) = event.decision().filter(|decision| is_of_catalog(decision)) else {
            continue;
        };
        let ClientDecision { server, client, grant_type, scope, rule, user, outcome, .. } =
            decision;
        let key = (server, client, grant_type, scope, rule, user, outcome.as_str());
        if !seen.insert(key) {
            continue;
        }
        let user = match user.as_deref().map(login) {
            None => None,
            Some(Some(login)) => Some(login),
            Some(None) => {
                recorded.without_user += 1;
                continue;
            }
        };
        recorded.count += 1;
        if !recorded.text.is_empty() {
            recorded.text.push('\n');
        }
        write(&mut recorded.text, event, decision, user.as_deref());
    }
    recorded
}

/// Whether the catalog decided, with what is stored of the request.
fn is_of_catalog(decision: &ClientDecision) -> bool {
    let has_kind = matches!(
        decision.kind,
        DecisionKind::TokenGrant | DecisionKind::AuthorizationCode | DecisionKind::DeviceApproval
    );
    let grant = decision.grant_type.as_deref().and_then(grants::grant);
    let has_grant = grant.is_some_and(|grant| {
        !grant.continues_family() && (!grant.needs_user() || decision.user.is_some())
    });
    let is_decided = match &decision.outcome {
        Outcome::Allow => decision.rule.is_some(),
        Outcome::Refused(error) => DECIDED_BY_CATALOG.contains(&&**error),
    };
    has_kind && has_grant && is_decided
}

fn write(text: &mut String, event: &AuditEvent, decision: &ClientDecision, user: Option<&str>) {
    let ClientDecision { server, client, grant_type, scope, rule, outcome, .. } = decision;
    let scopes: Vec<_> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    let asked = if scopes.is_empty() { "the default scopes".to_owned() } else { scopes.join(" ") };
    let for_user = user.map(|user| format!(" for {user}")).unwrap_or_default();
    let (verb, expect) = match outcome {
        Outcome::Allow => {
            let rule = quoted(rule.as_deref().unwrap_or_default());
            ("gets", format!("{{ scopes = {}, rule = {rule} }}", list(&scopes)))
        }
        Outcome::Refused(error) => ("is refused", format!("{{ error = {} }}", quoted(error))),
    };
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key} = {value}");
    };
    let name = format!("{client} {verb} {asked}{for_user}");
    let header = "[[test]]\nname";
    line(header, &quoted(&name));
    line("server", &quoted(server));
    line("client", &quoted(client));
    if let Some(user) = user {
        line("user", &quoted(user));
    }
    line("grant_type", &quoted(grant_type.as_deref().unwrap_or_default()));
    if !scopes.is_empty() {
        line("scopes", &list(&scopes));
    }
    line("at", &show_time(event.at));
    if let Some(address) = &event.address {
        line("address", &quoted(address));
    }
    line("expect", &expect);
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn list(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}
