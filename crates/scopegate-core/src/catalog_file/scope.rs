//! `[[server.scope]]`

use super::draft::Draft;
use crate::catalog::{Consent, EntityKey, EntityKind, ScopeSpec, Spec};
use crate::toml_reader::{Node, Shape, Table};

pub(super) const SCOPE: Shape =
    Shape { what: "a scope", keys: &["name", "description", "consent", "default"], ..Shape::NONE };

pub(super) const CONSENT: [(&str, Consent); 3] = [
    ("IMPLICIT", Consent::Implicit),
    ("REQUIRED", Consent::Required),
    ("FLEXIBLE", Consent::Flexible),
];

/// Reads one scope of a server.
pub(super) fn read<'f>(scope: Table<'f>, server: &str, draft: &mut Draft<'f>) {
    let (parent, name) = (server.to_owned(), draft.name(scope, "name"));
    let key = EntityKey { kind: EntityKind::Scope, parent, name };
    draft.read(scope, key, || {
        let description = scope.optional_text("description");
        let consent = scope.optional_text("consent");
        Some(Spec::Scope(ScopeSpec {
            description: description.map(|text| text.text.to_owned()).unwrap_or_default(),
            consent: consent.and_then(|text| text.one_of("consent", &CONSENT)).unwrap_or_default(),
            default: scope.optional("default").and_then(Node::boolean).unwrap_or_default(),
        }))
    });
}
