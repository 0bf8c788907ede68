//! Audiences, and the resources that select them.

use scopegate_claims::Audience;
use url::Url;

use super::client::ClientNames;
use super::reader::{Node, Table, Text};
use super::seen::Seen;
use super::shape::Shape;
use super::suggest::Quoted;
use crate::audience_names::is_issuer;
use crate::catalog::AudienceSpec;

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
    let (mut audiences, mut resources) = (Seen::default(), Seen::default());
    let read: Vec<Option<AudienceSpec>> = entries
        .map(|entry| read_audience(entry, clients, &mut audiences, &mut resources))
        .collect();
    read.into_iter().collect()
}

fn read_audience<'f>(
    entry: Node<'f>,
    clients: &ClientNames<'_>,
    audiences: &mut Seen<'f>,
    resources: &mut Seen<'f>,
) -> Option<AudienceSpec> {
    let audience = entry.table(&AUDIENCE)?;
    let name = audience.required_text("name").and_then(|name| {
        audiences.once("audience", name);
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
            resources.once("resource", url);
            read_resource(url)
        })
        .collect();
    Some(AudienceSpec { name: name?, resources: urls.into_iter().collect::<Option<_>>()? })
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
