//! The rules for authorization servers.

use std::collections::HashMap;

use url::Url;

use super::{AudienceSpec, ServerId, ServerSpec};
use crate::catalog::audience_names::is_issuer;
use crate::catalog::check::{Field, Review};
use crate::catalog::{EntityKey, EntityKind, Resource};
use crate::spelling::Quoted;

/// Maximum length of a server's description, in characters.
const MAX_DESCRIPTION: usize = 1000;

/// Maximum length of a server's name, in characters.
const MAX_NAME: usize = 100;

/// Maximum length of an audience, in characters.
const MAX_AUDIENCE: usize = 256;

/// Maximum length of a resource, in characters.
const MAX_RESOURCE: usize = 1024;

/// Maximum number of audiences of a server.
const MAX_AUDIENCES: usize = 100;

/// Maximum number of resources of an audience.
const MAX_RESOURCES: usize = 100;

/// Maximum number of servers that a server trusts.
const MAX_TRUSTED: usize = 100;

impl ServerSpec {
    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        review.report(Field::of("id"), ServerId::parse(&review.key().name).map(drop));
        review.label(Field::of("name"), &self.name, MAX_NAME);
        review.length(Field::of("description"), &self.description, MAX_DESCRIPTION);
        self.check_audiences(review);
        if self.algorithms.is_empty() {
            let message = "\"algorithms\" is empty: write [\"RS256\"]";
            review.refuse(Field::of("algorithms"), format_args!("{message}"));
        }
        let algorithms: Vec<_> = self.algorithms.iter().map(|known| known.name()).collect();
        review
            .refuse_duplicates("algorithm", &algorithms, |place| Field::of("algorithms").at(place));
        self.check_trusted_servers(review);
        self.check_keys(review);
    }

    fn check_audiences(&self, review: &mut Review<'_, '_>) {
        let field = Field::of("audiences");
        if !(1..=MAX_AUDIENCES).contains(&self.audiences.len()) {
            return review.refuse(
                field,
                format_args!(
                    "a server has 1 to {MAX_AUDIENCES} audiences: write audiences = [{{ name = \"api://…\" }}]"
                ),
            );
        }
        let mut targets = Targets::default();
        for (place, AudienceSpec { name, resources }) in self.audiences.iter().enumerate() {
            let field = || Field::of("audiences").at(place);
            let name_field = field().key("name");
            targets.add(
                review,
                Target { place, is_name: true, written: name.as_str() },
                &name_field,
            );
            check_audience(review, name_field, name.as_str());
            if resources.len() > MAX_RESOURCES {
                let surplus = field().key("resources").at(MAX_RESOURCES);
                let message = "too many resources: write at most";
                review.refuse(surplus, format_args!("{message} {MAX_RESOURCES}"));
                continue;
            }
            for (index, resource) in resources.iter().enumerate() {
                let field = field().key("resources").at(index);
                targets.add(review, Target { place, is_name: false, written: resource }, &field);
                check_resource(review, field, resource);
            }
        }
    }

    /// Checks the servers whose tokens may be exchanged for tokens of this server.
    fn check_trusted_servers(&self, review: &mut Review<'_, '_>) {
        let field = || Field::of("trusted_servers");
        if self.trusted_servers.len() > MAX_TRUSTED {
            let message = format_args!("too many servers: write at most {MAX_TRUSTED}");
            return review.refuse(field(), message);
        }
        for id in &self.trusted_servers {
            let field = field().entry(id.as_str());
            if id.is_org() {
                let message = "tokens of the org server open no other API: leave it out";
                review.refuse(field, format_args!("{message}"));
            } else if id.as_str() == review.key().name {
                let message = "a server takes its own tokens anyway: leave it out";
                review.refuse(field, format_args!("{message}"));
            } else {
                review.reference(field, &EntityKey::server(id), "");
            }
        }
    }
}

/// Applies the rules of `audience_names` to an audience.
fn check_audience(review: &mut Review<'_, '_>, field: Field, name: &str) {
    if name.chars().nth(MAX_AUDIENCE).is_some() {
        return review.length(field, name, MAX_AUDIENCE);
    }
    let shown = Quoted(name);
    let client =
        EntityKey { kind: EntityKind::Client, parent: String::new(), name: name.to_owned() };
    if review.names().has(&client) {
        let message = format_args!("the audience {shown} is a client id: write another name");
        review.refuse(field, message);
    } else if review.view().base.is_some_and(|base| is_issuer(name, base)) {
        review.refuse(field, format_args!("the audience {shown} is an issuer: write another name"));
    }
}

/// A resource must be an absolute URI without fragment (RFC 8707 §2).
fn check_resource(review: &mut Review<'_, '_>, field: Field, text: &str) {
    if text.chars().nth(MAX_RESOURCE).is_some() {
        return review.length(field, text, MAX_RESOURCE);
    }
    let of_a_uri = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}#"#.contains(&byte);
    if !text.bytes().all(of_a_uri) || Url::parse(text).is_err() {
        let shown = Quoted(text);
        review.refuse(
            field,
            format_args!(
                "{shown} is no resource: write an absolute URL without fragment, such as \"https://api.example.com\""
            ),
        );
    }
}

/// The normalized names by which clients select the audiences of a server.
#[derive(Default)]
struct Targets<'s>(HashMap<String, (Target<'s>, Field)>);

/// A name, and the audience that it selects.
#[derive(Clone, Copy)]
struct Target<'s> {
    place: usize,
    is_name: bool,
    written: &'s str,
}

impl<'s> Targets<'s> {
    /// Reports a name that occurs a second time. An audience may list its own name as a resource.
    fn add(&mut self, review: &mut Review<'_, '_>, target: Target<'s>, field: &Field) {
        let compared = Resource::new(target.written).as_compared().to_owned();
        let Some((first, first_field)) = self.0.get(&compared) else {
            self.0.insert(compared, (target, field.clone()));
            return;
        };
        if first.place == target.place && first.is_name && !target.is_name {
            return;
        }
        let (shown, known) = (Quoted(target.written), Quoted(first.written));
        let what = if target.is_name { "audience" } else { "resource" };
        let (field, first_field) = (field.clone(), first_field.clone());
        match first.written == target.written && first.is_name == target.is_name {
            true => review.refuse_repeated(
                field,
                first_field,
                format_args!("duplicate {what} {shown}: write another or leave it out"),
            ),
            false => review.refuse_repeated(
                field,
                first_field,
                format_args!(
                    "the {what} {shown} selects the same as {known}: write another or leave it out"
                ),
            ),
        }
    }
}
