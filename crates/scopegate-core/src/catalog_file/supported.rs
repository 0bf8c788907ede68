//! What is supported, and what the format knows and is not supported yet.

use std::collections::BTreeSet;

use super::reader::{Node, Text};
use super::seen::Seen;
use crate::catalog::ClientAuth;
use crate::client_auth::METHODS;
use crate::grants::GRANTS;
use crate::spelling::{Instead, Quoted};

const LATER_METHODS: [&str; 3] =
    ["client_secret_jwt", "self_signed_tls_client_auth", "tls_client_auth"];

/// Reads a list of grant types.
pub(super) fn read_grant_types(node: Node<'_>) -> Option<BTreeSet<String>> {
    let known = GRANTS.iter().map(|grant| grant.grant_type());
    let mut seen = Seen::default();
    let names = node.some_texts("[\"client_credentials\"]")?.into_iter();
    let read: Vec<Option<String>> = names
        .map(|name| {
            seen.once("grant type", name);
            let found = known.clone().find(|known| *known == name.text);
            if found.is_none() {
                refuse(name, "grant type", known.clone(), &[]);
            }
            found.map(str::to_owned)
        })
        .collect();
    read.into_iter().collect()
}

/// Reads a client authentication method.
pub(super) fn read_auth(name: Text<'_>) -> Option<ClientAuth> {
    let known = METHODS.iter().map(|method| method.auth());
    let found = known.clone().find(|known| known.as_str() == name.text);
    if found.is_none() {
        refuse(name, "authentication method", known.map(ClientAuth::as_str), &LATER_METHODS);
    }
    found
}

fn refuse<'k>(
    name: Text<'_>,
    what: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    later: &[&str],
) {
    let shown = Quoted(name.text);
    if later.contains(&name.text) {
        // Whatever it resembles, one of the others is meant to take its place: list them.
        let instead = Instead { of: "", known };
        name.refuse(format_args!("the {what} {shown} is not supported yet: {instead}"));
    } else {
        let instead = Instead { of: name.text, known };
        name.refuse(format_args!("unknown {what} {shown}: {instead}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_supported_now_is_not_announced_for_later() {
        for method in METHODS {
            assert!(!LATER_METHODS.contains(&method.auth().as_str()));
        }
    }
}
