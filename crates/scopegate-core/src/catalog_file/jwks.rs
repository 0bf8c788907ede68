//! The public keys of a client or an issuer: inline, or where it publishes them.

use scopegate_jose::{Jwk, KeyProblem, VerifyingKey};
use url::{Host, Url};

use super::CatalogContext;
use super::json;
use super::reader::{Node, Table};
use super::seen::Seen;
use super::shape::Shape;

const MAX_NUMBER: usize = 16;

/// The longest URL.
const MAX_URL: usize = 1024;

const JWKS: Shape = Shape { what: "a key set", keys: &["keys"], ..Shape::NONE };

/// Reads the key set of `owner` (RFC 7517 §5). A key that cannot be used is a problem, since somebody
/// will use it.
pub(super) fn read(node: Node<'_>, owner: &str) -> Option<Vec<Jwk>> {
    let keys = node.table(&JWKS)?.required("keys")?;
    let entries = keys.list()?;
    let number = entries.len();
    if !(1..=MAX_NUMBER).contains(&number) {
        keys.refuse(format_args!(
            "{owner} has 1 to {MAX_NUMBER} keys: write keys = [{{ kty = \"EC\", … }}]"
        ));
        return None;
    }
    let mut kids = Seen::default();
    let read: Vec<Option<Jwk>> = entries
        .map(|entry| {
            let jwk = read_key(entry)?;
            match entry.entries()?.find(|(name, _)| name.text == "kid") {
                Some((_, kid)) => kids.once("kid", kid.text()?),
                None if number > 1 => {
                    let message = "missing key \"kid\": each of several keys needs one";
                    entry.refuse(format_args!("{message}"));
                }
                None => {}
            }
            Some(jwk)
        })
        .collect();
    read.into_iter().collect()
}

/// Sees to it that the keys are in one place, and not in two (RFC 7591 §2): nobody would know which of
/// them holds.
pub(super) fn check_one_place(owner: Table<'_>, needed_by: &str) {
    match (owner.optional("jwks"), owner.optional("jwks_uri")) {
        (None, None) => owner.refuse_missing("jwks", needed_by),
        (Some(_), Some(url)) => url
            .refuse(format_args!("\"jwks_uri\" does not go with \"jwks\": leave one of them out")),
        (_, _) => {}
    }
}

/// Reads where keys are published.
///
/// Keys that came over plain http could be anybody's, except on the machine itself; and only a server
/// that runs for that machine asks it.
pub(super) fn read_uri(node: Node<'_>, context: &dyn CatalogContext) -> Option<String> {
    let is_of_the_machine = context.issuer_base().is_none_or(scopegate_claims::Issuer::is_loopback);
    node.text()?.parse(|text| match place_of_keys(text) {
        Some(Place::Https) => Ok(text.to_owned()),
        Some(Place::ThisMachine) if is_of_the_machine => Ok(text.to_owned()),
        _ => Err("not a place of keys: write an https URL without user name and fragment, such as \"https://client.example/jwks.json\""),
    })
}

/// Where keys can be.
enum Place {
    Https,
    /// By http or https.
    ThisMachine,
}

fn place_of_keys(text: &str) -> Option<Place> {
    let is_printable = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| is_printable)?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    match url.scheme() {
        "http" | "https" if is_loopback && is_bare => Some(Place::ThisMachine),
        "https" if is_bare => Some(Place::Https),
        _ => None,
    }
}

fn read_key(entry: Node<'_>) -> Option<Jwk> {
    if !entry.value().is_table() {
        entry.refuse(format_args!("a key must be a table in braces: write {{ kty = \"EC\", … }}"));
        return None;
    }
    let json = json::convert(entry)?.to_string();
    let checked = Jwk::parse(&json).and_then(|jwk| VerifyingKey::from_jwk(&jwk).map(|_| jwk));
    checked.map_err(|problem| refuse(entry, problem)).ok()
}

fn refuse(entry: Node<'_>, problem: KeyProblem) {
    let instead = match problem {
        KeyProblem::PrivateMaterial => {
            "keep it with the client, and write its public members only (RSA: kty, n, e; EC: kty, crv, x, y; OKP: kty, crv, x)"
        }
        _ => {
            "write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
        }
    };
    entry.refuse(format_args!("{problem}: {instead}"));
}
