//! Audiences, and the resources that select them.

use std::collections::HashMap;

use scopegate_claims::Audience;
use url::Url;

use super::client::ClientNames;
use super::reader::{Node, Table, Text};
use super::shape::Shape;
use crate::catalog::audience_names::is_issuer;
use crate::catalog::{AudienceSpec, Resource};
use crate::spelling::Quoted;

const MAX_AUDIENCE: usize = 256;
const MAX_RESOURCE: usize = 1024;
const MAX_NUMBER: usize = 100;

const AUDIENCE: Shape = Shape { what: "an audience", keys: &["name", "resources"], ..Shape::NONE };

/// Reads the audiences of a server.
pub(super) fn read_audiences(
    server: Table<'_>,
    clients: &ClientNames<'_>,
) -> Option<Vec<AudienceSpec>> {
    let node = server.required("audiences")?;
    let entries = node.list()?;
    if !(1..=MAX_NUMBER).contains(&entries.len()) {
        node.refuse(format_args!(
            "a server has 1 to {MAX_NUMBER} audiences: write audiences = [{{ name = \"api://…\" }}]"
        ));
        return None;
    }
    let mut targets = Targets::default();
    let read: Vec<Option<AudienceSpec>> = entries
        .zip(0..)
        .map(|(entry, place)| read_audience(entry, place, clients, &mut targets))
        .collect();
    read.into_iter().collect()
}

fn read_audience<'f>(
    entry: Node<'f>,
    place: usize,
    clients: &ClientNames<'_>,
    targets: &mut Targets<'f>,
) -> Option<AudienceSpec> {
    let audience = entry.table(&AUDIENCE)?;
    let name = audience.required_text("name").and_then(|name| {
        targets.once(name, Target { place, is_name: true, written: name.text, at: name.at });
        read_name(name, clients)
    });
    let urls = audience.optional("resources").and_then(Node::texts).unwrap_or_default();
    if let Some(surplus) = urls.get(MAX_NUMBER) {
        surplus.refuse(format_args!("too many resources: write at most {MAX_NUMBER}"));
        return None;
    }
    let urls: Vec<Option<String>> = urls
        .into_iter()
        .map(|url| {
            targets.once(url, Target { place, is_name: false, written: url.text, at: url.at });
            read_resource(url)
        })
        .collect();
    Some(AudienceSpec { name: name?, resources: urls.into_iter().collect::<Option<_>>()? })
}

/// The names by which clients select the audiences of a server, as they are compared.
#[derive(Default)]
struct Targets<'f>(HashMap<String, Target<'f>>);

/// A name, and which audience it selects.
#[derive(Clone, Copy)]
struct Target<'f> {
    place: usize,
    is_name: bool,
    written: &'f str,
    at: usize,
}

impl<'f> Targets<'f> {
    /// Notes a name; the second time it is a problem. That an audience lists its own name does no
    /// harm.
    fn once(&mut self, text: Text<'f>, target: Target<'f>) {
        let compared = Resource::new(text.text).as_compared().to_owned();
        let Some(first) = self.0.get(&compared) else {
            self.0.insert(compared, target);
            return;
        };
        if first.place == target.place && first.is_name && !target.is_name {
            return;
        }
        let (shown, known) = (Quoted(text.text), Quoted(first.written));
        let what = if target.is_name { "audience" } else { "resource" };
        match first.written == target.written && first.is_name == target.is_name {
            true => text.problems.refuse_repeated(
                text.at,
                first.at,
                format_args!("duplicate {what} {shown}: write another or leave it out"),
            ),
            false => text.problems.refuse_repeated(
                text.at,
                first.at,
                format_args!(
                    "the {what} {shown} selects the same as {known}: write another or leave it out"
                ),
            ),
        }
    }
}

fn read_name(name: Text<'_>, clients: &ClientNames<'_>) -> Option<Audience> {
    let shown = Quoted(name.text);
    let Ok(audience) = Audience::parse(name.at_most(MAX_AUDIENCE)?) else {
        name.refuse(format_args!("{shown} is no audience: write a text such as \"api://orders\""));
        return None;
    };
    // The rule of `audience_names`, told with the place in the file.
    if clients.contains(name.text) {
        name.refuse(format_args!("the audience {shown} is a client id: write another name"));
        return None;
    }
    if clients.context().issuer_base().is_some_and(|base| is_issuer(name.text, base)) {
        name.refuse(format_args!("the audience {shown} is an issuer: write another name"));
        return None;
    }
    Some(audience)
}

/// An absolute URI without fragment (RFC 8707 §2).
fn read_resource(resource: Text<'_>) -> Option<String> {
    let text = resource.at_most(MAX_RESOURCE)?;
    let of_a_uri = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}#"#.contains(&byte);
    if !text.bytes().all(of_a_uri) || Url::parse(text).is_err() {
        let shown = Quoted(text);
        resource.refuse(format_args!(
            "{shown} is no resource: write an absolute URL without fragment, such as \"https://api.example.com\""
        ));
        return None;
    }
    Some(text.to_owned())
}
