//! The keys that name trusted proxies.

use crate::config::form::Form;
use crate::config::key::Key;
use crate::trusted_proxies::{ForwardingHeader, TrustedProxies};

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "trusted_proxies",
        meaning: "addresses and networks of proxies that say from where a request comes",
        default: "none",
        form: Form::NETWORKS,
        set: |draft, setting| {
            // Each entry is parsed alone first, so that a complaint has the place of its entry.
            let entries = setting.entries()?;
            let networks = entries
                .iter()
                .map(|entry| entry.parse(|text| TrustedProxies::parse([text]).map(|_| text)));
            let networks = networks.collect::<Result<Vec<_>, _>>()?;
            let proxies = TrustedProxies::parse(networks);
            draft.trusted_proxies = proxies.map_err(|error| setting.refuse(error.to_string()))?;
            Ok(())
        },
    },
    Key {
        path: "forwarding_header",
        meaning: "the header in which they say it: \"x-forwarded-for\" or \"forwarded\"",
        default: "x-forwarded-for",
        form: Form::OneOf(&["x-forwarded-for", "forwarded"]),
        set: |draft, setting| {
            draft.forwarding_header = setting.one_of(&[
                ("x-forwarded-for", ForwardingHeader::XForwardedFor),
                ("forwarded", ForwardingHeader::Forwarded),
            ])?;
            Ok(())
        },
    },
];
