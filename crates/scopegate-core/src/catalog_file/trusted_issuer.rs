//! `[[server.trusted_issuer]]`: an issuer whose assertions a server accepts.

use super::draft::Draft;
use super::ids::BadIds;
use super::jwks;
use crate::catalog::{EntityKey, EntityKind, Spec, SubjectKind, TrustedIssuerSpec};
use crate::toml_reader::{Shape, Table};

pub(super) const TRUSTED_ISSUER: Shape = Shape {
    what: "a trusted issuer",
    keys: &["issuer", "jwks", "jwks_uri", "subject", "clients"],
    ..Shape::NONE
};

pub(super) const SUBJECTS: [(&str, SubjectKind); 2] =
    [("login", SubjectKind::Login), ("id", SubjectKind::Id)];

/// Reads the issuers whose assertions a server accepts.
pub(super) fn read_all<'f>(server: Table<'f>, id: &str, ids: &BadIds<'f>, draft: &mut Draft<'f>) {
    let issuers = server.tables("trusted_issuer", "[[server.trusted_issuer]]", &TRUSTED_ISSUER);
    for issuer in issuers {
        let (parent, name) = (id.to_owned(), draft.name(issuer, "issuer"));
        let key = EntityKey { kind: EntityKind::TrustedIssuer, parent, name };
        draft.read(issuer, key, || {
            let spec = read(issuer, ids)?;
            Some(Spec::TrustedIssuer(Box::new(spec)))
        });
    }
}

fn read(issuer: Table<'_>, ids: &BadIds<'_>) -> Option<TrustedIssuerSpec> {
    let clients = ids.clients(issuer);
    let subject = issuer.optional_text("subject");
    let subject = subject.map(|text| text.one_of("subject", &SUBJECTS));
    let jwks = jwks::read(issuer, "a trusted issuer");
    let jwks_uri = jwks::read_uri(issuer);
    Some(TrustedIssuerSpec {
        jwks: jwks?,
        jwks_uri: jwks_uri?,
        subject: subject.unwrap_or_else(|| Some(SubjectKind::default()))?,
        clients: clients?,
    })
}
