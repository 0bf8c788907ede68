//! `[[server.trusted_issuer]]`: of whom a server takes assertions.

use super::client::ClientNames;
use super::reader::{Table, Text};
use super::seen::Seen;
use super::shape::Shape;
use super::{jwks, policy};
use crate::catalog::audience_names::is_issuer;
use crate::catalog::{
    Entity, EntityKey, EntityKind, Owner, ServerId, Spec, SubjectKind, TrustedIssuerSpec,
};
use crate::spelling::Quoted;

/// The longest name of an issuer.
const MAX_ISSUER: usize = 1024;

/// The most issuers or servers that a server trusts.
const MAX_NUMBER: usize = 100;

const TRUSTED_ISSUER: Shape = Shape {
    what: "a trusted issuer",
    keys: &["issuer", "jwks", "jwks_uri", "subject", "clients"],
    ..Shape::NONE
};

const SUBJECTS: [(&str, SubjectKind); 2] = [("login", SubjectKind::Login), ("id", SubjectKind::Id)];

/// Reads the issuers whose assertions a server takes.
pub(super) fn read_all(
    server: Table<'_>,
    id: Option<&ServerId>,
    clients: &ClientNames<'_>,
) -> Vec<Entity> {
    let mut names = Seen::default();
    let issuers = server.tables("trusted_issuer", "[[server.trusted_issuer]]", &TRUSTED_ISSUER);
    if let Some(surplus) = issuers.get(MAX_NUMBER) {
        surplus.refuse(format_args!("too many trusted issuers: write at most {MAX_NUMBER}"));
    }
    issuers.into_iter().filter_map(|issuer| read(issuer, id, clients, &mut names)).collect()
}

fn read<'f>(
    issuer: Table<'f>,
    server: Option<&ServerId>,
    clients: &ClientNames<'_>,
    names: &mut Seen<'f>,
) -> Option<Entity> {
    let name = issuer.required_text("issuer").and_then(|name| {
        names.once("trusted issuer", name);
        read_name(name, clients)
    });
    let applies_to = issuer.required("clients");
    let applies_to = applies_to.and_then(|node| policy::read_clients(node, clients));
    let subject = issuer.optional_text("subject");
    let subject = subject.map(|text| text.one_of("subject", &SUBJECTS));
    let inline = issuer.optional("jwks").map(|node| jwks::read(node, "a trusted issuer"));
    let url = issuer.optional("jwks_uri").map(|node| jwks::read_uri(node, clients.context()));
    jwks::check_one_place(issuer, "a trusted issuer");
    let spec = TrustedIssuerSpec {
        jwks: inline.unwrap_or_else(|| Some(Vec::new()))?,
        jwks_uri: url.map_or(Some(None), |url| url.map(Some))?,
        subject: subject.unwrap_or_else(|| Some(SubjectKind::default()))?,
        clients: applies_to?,
    };
    let key = EntityKey::of_server(EntityKind::TrustedIssuer, server?, name?);
    Some(Entity { key, owner: Owner::File, spec: Spec::TrustedIssuer(Box::new(spec)) })
}

/// The `iss` of its assertions: most often a URL, but it need not be one (RFC 7519 §4.1.1).
fn read_name<'f>(name: Text<'f>, clients: &ClientNames<'_>) -> Option<&'f str> {
    let text = name.at_most(MAX_ISSUER)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let shown = Quoted(text);
        name.refuse(format_args!(
            "{shown} is no issuer: write the `iss` of its assertions, such as \"https://id.example.com\""
        ));
        return None;
    }
    if clients.context().issuer_base().is_some_and(|base| is_issuer(text, base)) {
        name.refuse(format_args!(
            "{} is a server of this process: name it in \"trusted_servers\"",
            Quoted(text)
        ));
        return None;
    }
    Some(text)
}
