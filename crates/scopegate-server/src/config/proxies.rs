//! The proxies that are believed.

use super::key::Key;
use crate::{ForwardingHeader, TrustedProxies};

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "trusted_proxies",
        meaning: "addresses and networks of proxies that say from where a request comes",
        default: "none",
        set: |draft, setting| {
            let entries = setting.entries()?;
            let networks = entries.iter().map(|entry| {
                entry.parse(|text| TrustedProxies::parse([text]).map(|_| text.to_owned()))
            });
            draft.trusted_proxies = networks.collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    Key {
        path: "forwarding_header",
        meaning: "the header in which they say it: \"x-forwarded-for\" or \"forwarded\"",
        default: "x-forwarded-for",
        set: |draft, setting| {
            draft.forwarding_header = setting.one_of(&[
                ("x-forwarded-for", ForwardingHeader::XForwardedFor),
                ("forwarded", ForwardingHeader::Forwarded),
            ])?;
            Ok(())
        },
    },
];

/// Networks that were parsed one by one, each with its place.
pub(super) fn parse(networks: &[String]) -> TrustedProxies {
    TrustedProxies::parse(networks.iter().map(String::as_str)).expect("each one was parsed before")
}
