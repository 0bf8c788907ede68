//! `[[server.trusted_issuer]]`, and the keys of issuers and clients.

use scopegate_jose::Jwk;
use serde_json::{Value, json};

use super::field::{Fields, name_of};
use super::policy;
use crate::catalog::{SubjectKind, TrustedIssuerSpec};
use crate::catalog_file::trusted_issuer::SUBJECTS;

pub(super) fn trusted_issuer(spec: &TrustedIssuerSpec) -> Fields {
    let TrustedIssuerSpec { jwks, jwks_uri, subject, clients } = spec;
    let subject_name = |subject| name_of(&SUBJECTS, subject);
    Fields::default()
        .if_some("jwks", key_set(jwks))
        .if_some("jwks_uri", jwks_uri.as_ref())
        .unless(&subject_name(&SubjectKind::default()), "subject", &subject_name(subject))
        .with("clients", policy::names(clients))
}

/// Public keys as a key set (RFC 7517 §5).
pub(super) fn key_set(jwks: &[Jwk]) -> Option<Value> {
    (!jwks.is_empty()).then(|| json!({ "keys": jwks }))
}
