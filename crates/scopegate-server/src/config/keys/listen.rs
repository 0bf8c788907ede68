//! The keys of `[listen]`.

use std::net::SocketAddr;

use scopegate_core::spelling::Quoted;

use crate::config::form::Form;
use crate::config::key::Key;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "listen.public",
        meaning: "the address for clients",
        default: "127.0.0.1:9000",
        form: Form::ADDRESS,
        set: |draft, setting| {
            draft.listen.public = setting.parse(parse_address)?;
            Ok(())
        },
    },
    Key {
        path: "listen.admin",
        meaning: "the address for administrators",
        default: "127.0.0.1:9001",
        form: Form::ADDRESS,
        set: |draft, setting| {
            draft.listen.admin = setting.parse(parse_address)?;
            Ok(())
        },
    },
];

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{} is no address: write an IP address and a port, such as \"127.0.0.1:9000\"",
            Quoted(text)
        )
    })
}
