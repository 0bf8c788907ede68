//! The secrets of a client: their SHA-256, the name of an environment variable, or the id of a stored one.
//!
//! No message quotes a value from this part of the file, because somebody may have written a secret there.

use scopegate_claims::UnixTime;

use super::context::CatalogContext;
use super::moment;
use crate::catalog::{ClientId, ClientSecret};
use crate::spelling::Quoted;
use crate::toml_reader::{Node, Shape, Text};

/// What to write instead of a secret.
pub(super) const INSTEAD: &str = "a secret never stands in the file: write \
    secrets = [{ sha256 = \"…\" }] with what `printf %s \"$SECRET\" | sha256sum` prints, \
    or secrets = [{ env = \"NAME\" }]";

pub(super) const SECRET: Shape = Shape {
    what: "a secret",
    keys: &["sha256", "env", "kept", "expires"],
    instead: &[("plain", INSTEAD), ("secret", INSTEAD), ("value", INSTEAD)],
    ..Shape::NONE
};

/// Reads the secrets of a client.
pub(super) fn read_all(
    node: Node<'_>,
    client: Option<&ClientId>,
    context: &dyn CatalogContext,
) -> Option<Vec<ClientSecret>> {
    let entries = node.list()?;
    entries.map(|entry| read(entry, client, context)).collect()
}

fn read(
    entry: Node<'_>,
    client: Option<&ClientId>,
    context: &dyn CatalogContext,
) -> Option<ClientSecret> {
    if entry.value().is_str() {
        entry.refuse(format_args!("{INSTEAD}"));
        return None;
    }
    let secret = entry.table(&SECRET)?;
    let of_sha256 = |sha256| ClientSecret::from_mac(context.secret_mac(&sha256));
    let written = ["sha256", "env", "kept"].map(|key| secret.optional(key));
    let found = match written {
        [Some(sha256), None, None] => of_sha256(read_sha256(sha256.text()?)?),
        [None, Some(name), None] => of_sha256(read_variable(name.text()?, context)?),
        [None, None, Some(id)] => read_kept(id.text()?, client, context)?,
        _ if secret.has_unknown_key() => return None,
        _ => {
            entry.refuse(format_args!(
                "write {{ sha256 = \"…\" }} or {{ env = \"NAME\" }}, one of them"
            ));
            return None;
        }
    };
    let expires_at: Option<UnixTime> = match secret.optional("expires") {
        None => None,
        Some(node) => Some(moment::read(node)?),
    };
    Some(found.until(expires_at))
}

/// Reads the id of a secret that the store has. An export writes it, because it has no secrets.
fn read_kept(
    id: Text<'_>,
    client: Option<&ClientId>,
    context: &dyn CatalogContext,
) -> Option<ClientSecret> {
    // A client with a wrong id is already reported.
    let client = client?;
    let found = context.kept_secret(client, id.text);
    if found.is_none() {
        let (client, id_text) = (Quoted(client.as_str()), Quoted(id.text));
        id.refuse(format_args!(
            "the client {client} has no secret {id_text} in this store: the file was exported from another \
             store, or the secret was replaced; write {{ sha256 = \"…\" }} or {{ env = \"NAME\" }}"
        ));
    }
    found
}

fn read_sha256(text: Text<'_>) -> Option<[u8; 32]> {
    let digest = decode_hex(text.text).or_else(|| {
        scopegate_jose::base64url::decode(text.text).ok().and_then(|bytes| bytes.try_into().ok())
    });
    if digest.is_none() {
        text.refuse(format_args!(
            "not a SHA-256: write the 64 hex digits that `printf %s \"$SECRET\" | sha256sum` prints, or 43 characters of base64url"
        ));
    }
    digest
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .take(65)
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 64).then_some(bytes)?.try_into().ok()
}

fn read_variable(name: Text<'_>, context: &dyn CatalogContext) -> Option<[u8; 32]> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.text.is_empty() || !name.text.bytes().all(allowed) {
        name.refuse(format_args!(
            "not the name of an environment variable: write letters, digits and `_`"
        ));
        return None;
    }
    let shown = Quoted(name.text);
    let Some(value) = context.variable(name.text) else {
        name.refuse(format_args!(
            "the environment variable {shown} is not set: set it to the secret"
        ));
        return None;
    };
    let least = ClientSecret::MIN_LENGTH;
    if value.chars().count() < least {
        name.refuse(format_args!(
            "the secret in the environment variable {shown} is too short: make one of {least} random characters or more"
        ));
        return None;
    }
    Some(scopegate_jose::sha256(value.as_bytes()))
}
