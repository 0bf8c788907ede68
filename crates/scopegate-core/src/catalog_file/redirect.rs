//! Where a client gets its answers, and from where its scripts may ask.

use std::collections::BTreeSet;

use url::Url;

use super::reader::{Node, Table, Text};
use super::seen::Seen;
use crate::catalog::{ClientType, RedirectUri};

/// The most entries of a list.
const MAX_NUMBER: usize = 100;

/// Reads a list of redirect URIs.
pub(super) fn read_uris(
    client: Table<'_>,
    key: &'static str,
    client_type: Option<ClientType>,
) -> Vec<RedirectUri> {
    read_list(client.optional(key), "redirect URI", |text| {
        let uri = text.parse(RedirectUri::parse)?;
        if uri.is_private_use() && client_type != Some(ClientType::Native) {
            text.refuse(format_args!(
                "only a program on a device has a scheme of its own: write type = \"native\" or an https URL"
            ));
            return None;
        }
        Some(uri)
    })
}

/// Reads the web origins of a client.
pub(super) fn read_origins(client: Table<'_>) -> BTreeSet<String> {
    let origins = read_list(client.optional("origins"), "origin", |text| {
        text.parse(|origin| match is_origin(origin) {
            true => Ok(origin.to_owned()),
            false => Err("not an origin: write a scheme, a host and perhaps a port in lower case, such as \"https://app.example\""),
        })
    });
    origins.into_iter().collect()
}

fn read_list<'f, T>(
    node: Option<Node<'f>>,
    what: &str,
    read: impl Fn(Text<'f>) -> Option<T>,
) -> Vec<T> {
    let entries = node.and_then(Node::texts).unwrap_or_default();
    if let Some(surplus) = entries.get(MAX_NUMBER) {
        surplus.refuse(format_args!("too many entries: write at most {MAX_NUMBER}"));
    }
    let mut seen = Seen::default();
    let read = entries.into_iter().filter_map(|entry| {
        seen.once(what, entry);
        read(entry)
    });
    read.collect()
}

/// Tells whether a text is what a browser sends as `Origin` (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for good in ["https://app.example", "http://127.0.0.1:8080", "https://app.example:8443"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "https://app.example/path",
            "com.example.app:/",
            "file:///etc",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
