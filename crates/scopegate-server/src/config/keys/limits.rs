//! The keys of `[limits]` that are about connections.

use crate::config::form::Form;
use crate::config::key::Key;

pub(in crate::config) const CONNECTIONS: &str = "limits.connections";
pub(in crate::config) const PER_ADDRESS: &str = "limits.connections_per_address";

/// No system has a million file descriptors to spare, so that a larger number is a mistake.
const MOST_CONNECTIONS: u64 = 1_000_000;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: CONNECTIONS,
        meaning: "the most connections of the public listener at once",
        default: "80 % of the files that the process may open, 20000 at most",
        form: Form::Number(1, MOST_CONNECTIONS),
        set: |draft, setting| {
            draft.limits.connections = Some(count(setting.number(1..=MOST_CONNECTIONS)?));
            Ok(())
        },
    },
    Key {
        path: PER_ADDRESS,
        meaning: "the most of them from one address (IPv6: from a /64); trusted proxies have no limit",
        default: "a quarter of limits.connections",
        form: Form::Number(1, MOST_CONNECTIONS),
        set: |draft, setting| {
            let most = count(setting.number(1..=MOST_CONNECTIONS)?);
            draft.limits.connections_per_address = Some(most);
            Ok(())
        },
    },
    Key {
        path: "limits.write_timeout",
        meaning: "how long a client may take none of an answer before it is cut off",
        default: "30s",
        form: Form::Duration,
        set: |draft, setting| {
            draft.limits.write_timeout = setting.duration("1s"..="10m")?;
            Ok(())
        },
    },
    Key {
        path: "limits.idle_timeout",
        meaning: "how long a connection may be without a request before it is closed",
        default: "75s",
        form: Form::Duration,
        set: |draft, setting| {
            draft.limits.idle_timeout = setting.duration("1s"..="1h")?;
            Ok(())
        },
    },
];

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
