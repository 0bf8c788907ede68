//! `[[server.scope]]`, and lists that name scopes.

use std::fmt;

use scopegate_claims::Scope;

use super::reader::{Node, Table, Text};
use super::seen::Seen;
use super::shape::Shape;
use crate::catalog::{
    Consent, Entity, EntityKey, EntityKind, Owner, RESERVED_SCOPES, STANDARD_SCOPES, ScopeSpec,
    ServerId, Spec,
};
use crate::spelling::{Instead, Quoted};

const MAX_NAME: usize = 128;
const MAX_DESCRIPTION: usize = 1000;

pub(super) const SCOPE: Shape =
    Shape { what: "a scope", keys: &["name", "description", "consent", "default"], ..Shape::NONE };

const CONSENT: [(&str, Consent); 3] = [
    ("IMPLICIT", Consent::Implicit),
    ("REQUIRED", Consent::Required),
    ("FLEXIBLE", Consent::Flexible),
];

/// The names of a server's scopes.
pub(super) fn names<'f>(scopes: &[Table<'f>]) -> Seen<'f> {
    let mut seen = Seen::default();
    for name in scopes.iter().filter_map(|scope| scope.required_text("name")) {
        seen.once("scope", name);
    }
    seen
}

/// Reads one scope. That it has a name was seen to when the names were collected.
pub(super) fn read(scope: Table<'_>, server: Option<&ServerId>) -> Option<Entity> {
    let name = scope.text_again("name").and_then(|name| name.parse(parse_name));
    let description = scope.optional_text("description");
    let consent = scope.optional_text("consent");
    let spec = ScopeSpec {
        description: description
            .and_then(|text| text.at_most(MAX_DESCRIPTION))
            .unwrap_or_default()
            .to_owned(),
        consent: consent.and_then(|text| text.one_of("consent", &CONSENT)).unwrap_or_default(),
        default: scope.optional("default").and_then(Node::boolean).unwrap_or_default(),
    };
    let key = EntityKey::of_server(EntityKind::Scope, server?, name?.as_str());
    Some(Entity { key, owner: Owner::File, spec: Spec::Scope(spec) })
}

/// Why a text cannot name a scope.
enum NameProblem<'a> {
    NoToken(&'a str),
    TooLong,
    Reserved(&'a str),
    Okta(&'a str),
    Brackets(&'a str),
}

impl fmt::Display for NameProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(name) => write!(
                f,
                "{} is no scope: write printable ASCII without space, `\"` and `\\`",
                Quoted(name)
            ),
            Self::TooLong => {
                write!(f, "the scope is too long: write at most {MAX_NAME} characters")
            }
            Self::Reserved(name) => {
                write!(f, "the scope {} is reserved: write another name", Quoted(name))
            }
            Self::Okta(name) => write!(
                f,
                "the scope {} is reserved for administration: write a name that does not begin with `okta.` or `okta:`",
                Quoted(name)
            ),
            Self::Brackets(name) => {
                write!(f, "{} is no scope: write `<` or `>`, not both", Quoted(name))
            }
        }
    }
}

fn parse_name(name: &str) -> Result<Scope, NameProblem<'_>> {
    let scope = Scope::parse(name).map_err(|_| NameProblem::NoToken(name))?;
    if name.len() > MAX_NAME {
        return Err(NameProblem::TooLong);
    }
    if name == "*" || RESERVED_SCOPES.contains(&name) {
        return Err(NameProblem::Reserved(name));
    }
    if name == "okta" || name.starts_with("okta.") || name.starts_with("okta:") {
        return Err(NameProblem::Okta(name));
    }
    if name.contains('<') && name.contains('>') {
        return Err(NameProblem::Brackets(name));
    }
    Ok(scope)
}

/// A scope that is named somewhere, once: one of the server's, or one of OpenID Connect, which each
/// server has.
pub(super) fn named<'f>(text: Text<'f>, scopes: &Seen<'_>, once: &mut Seen<'f>) -> Option<Scope> {
    once.once("scope", text);
    if !scopes.contains(text.text) && !STANDARD_SCOPES.contains(&text.text) {
        let instead = Instead { of: text.text, known: scopes.names() };
        text.refuse(format_args!("unknown scope {} of this server: {instead}", Quoted(text.text)));
        return None;
    }
    Scope::parse(text.text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_may_have_any_name_that_okta_takes() {
        for good in [
            "read:orders",
            "https://graph.example/.default",
            "okta_x",
            "Openid",
            "a<b",
            "a>b",
            "oktas.x",
            "**",
        ] {
            assert!(parse_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "é",
            "openid",
            "offline_access",
            "okta",
            "okta.x",
            "okta:x",
            "*",
            "<a>",
            "><",
            &"a".repeat(129),
        ] {
            assert!(parse_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_admin_scopes_are_refused() {
        for (name, _) in crate::catalog::admin_scopes::SCOPES {
            assert!(parse_name(name).is_err(), "{name}");
        }
    }
}
