//! `[[server.scope]]`

use super::draft::Draft;
use crate::catalog::{Consent, EntityKey, EntityKind, MetadataPublish, ScopeSpec, Spec};
use crate::toml_reader::{Node, Shape, Table};

pub(super) const SCOPE: Shape = Shape {
    what: "a scope",
    keys: &["name", "display_name", "description", "consent", "default", "metadata_publish"],
    ..Shape::NONE
};

const PUBLISH: [(&str, MetadataPublish); 2] =
    [("ALL_CLIENTS", MetadataPublish::AllClients), ("NO_CLIENTS", MetadataPublish::NoClients)];

const CONSENT: [(&str, Consent); 3] = [
    ("IMPLICIT", Consent::Implicit),
    ("REQUIRED", Consent::Required),
    ("FLEXIBLE", Consent::Flexible),
];

/// Reads one scope of a server.
pub(super) fn read<'f>(scope: Table<'f>, server: &str, draft: &mut Draft<'f>) {
    let (parent, name) = (server.to_owned(), draft.name(scope, "name"));
    let key = EntityKey { kind: EntityKind::Scope, parent, name };
    draft.read(scope, key, || {
        let display_name = scope.optional_text("display_name");
        let publish = scope.optional_text("metadata_publish");
        let description = scope.optional_text("description");
        let consent = scope.optional_text("consent");
        Some(Spec::Scope(ScopeSpec {
            display_name: display_name.map(|text| text.text.to_owned()).unwrap_or_default(),
            description: description.map(|text| text.text.to_owned()).unwrap_or_default(),
            consent: consent.and_then(|text| text.one_of("consent", &CONSENT)).unwrap_or_default(),
            default: scope.optional("default").and_then(Node::boolean).unwrap_or_default(),
            metadata_publish: publish
                .and_then(|text| text.one_of("metadata_publish", &PUBLISH))
                .unwrap_or_default(),
        }))
    });
}
