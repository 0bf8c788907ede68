//! The secrets of a client: their SHA-256, or the name of an environment variable.
//!
//! No message quotes a value from this part of the file, because somebody may have written a secret there.

use scopegate_claims::UnixTime;

use super::context::CatalogContext;
use super::moment;
use crate::catalog::ClientSecret;
use crate::toml_reader::{Node, Shape, Text};

/// What to write instead of a secret.
pub(super) const INSTEAD: &str = "a secret never stands in the file: write \
    secrets = [{ sha256 = \"…\" }] with what `printf %s \"$SECRET\" | sha256sum` prints, \
    or secrets = [{ env = \"NAME\" }]";

const SECRET: Shape = Shape {
    what: "a secret",
    keys: &["sha256", "env", "expires"],
    instead: &[("plain", INSTEAD), ("secret", INSTEAD), ("value", INSTEAD)],
    ..Shape::NONE
};

/// Reads the secrets of a client.
pub(super) fn read_all(node: Node<'_>, context: &dyn CatalogContext) -> Option<Vec<ClientSecret>> {
    let entries = node.list()?;
    entries.map(|entry| read(entry, context)).collect()
}

fn read(entry: Node<'_>, context: &dyn CatalogContext) -> Option<ClientSecret> {
    if entry.value().is_str() {
        entry.refuse(format_args!("{INSTEAD}"));
        return None;
    }
    let secret = entry.table(&SECRET)?;
    let sha256 = match (secret.optional("sha256"), secret.optional("env")) {
        (Some(sha256), None) => read_sha256(sha256.text()?)?,
        (None, Some(name)) => read_variable(name.text()?, context)?,
        (Some(_), Some(_)) | (None, None) => {
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
    Some(ClientSecret::from_mac(context.secret_mac(&sha256)).until(expires_at))
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
    let shown = crate::spelling::Quoted(name.text);
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
