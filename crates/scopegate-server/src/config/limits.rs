//! What strangers may take: connections, and time.

use std::time::Duration;

use scopegate_core::catalog_file::Quoted;

use super::draft::Draft;
use super::key::Key;
use super::problem::Complaint;
use crate::{ListenLimits, TrustedProxies};

const CONNECTIONS: &str = "limits.connections";
const PER_ADDRESS: &str = "limits.connections_per_address";

/// What strangers may take; what is not set depends on how many descriptors the process may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// The most connections of the public listener.
    pub connections: Option<usize>,
    /// The most of them from one address.
    pub connections_per_address: Option<usize>,
    /// How long a client may take none of an answer.
    pub write_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let usual = ListenLimits::for_descriptors(0);
        Self {
            connections: None,
            connections_per_address: None,
            write_timeout: usual.write_timeout,
            idle_timeout: usual.idle_timeout,
        }
    }
}

impl LimitsConfig {
    /// The limits of the listeners of a process that may have so many descriptors, some of them for
    /// connections to a database.
    pub(super) fn for_listeners(
        &self,
        descriptors: u64,
        database_connections: u32,
        trusted_proxies: &TrustedProxies,
    ) -> ListenLimits {
        let reserve = ListenLimits::reserve(database_connections);
        let usual = ListenLimits::usual_connections(descriptors, reserve);
        let mut limits = ListenLimits::for_descriptors(descriptors);
        limits.connections = self.connections.unwrap_or(usual);
        let usual = ListenLimits::usual_per_address(limits.connections);
        limits.connections_per_address = self.connections_per_address.unwrap_or(usual);
        limits.write_timeout = self.write_timeout;
        limits.idle_timeout = self.idle_timeout;
        limits.trusted_proxies = trusted_proxies.clone();
        limits
    }
}

/// Nobody has a million descriptors to spare by mistake.
const MOST_CONNECTIONS: u64 = 1_000_000;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: CONNECTIONS,
        meaning: "the most connections of the public listener at once",
        default: "80 % of the files that the process may open, 20000 at most",
        set: |draft, setting| {
            draft.limits.connections = Some(count(setting.number(1..=MOST_CONNECTIONS)?));
            Ok(())
        },
    },
    Key {
        path: PER_ADDRESS,
        meaning: "the most of them from one address (IPv6: from a /64); trusted proxies have no limit",
        default: "a quarter of limits.connections",
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
        set: |draft, setting| {
            draft.limits.write_timeout = setting.duration("1s"..="10m")?;
            Ok(())
        },
    },
    Key {
        path: "limits.idle_timeout",
        meaning: "how long a connection may be without a request before it is closed",
        default: "75s",
        set: |draft, setting| {
            draft.limits.idle_timeout = setting.duration("1s"..="1h")?;
            Ok(())
        },
    },
];

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// More connections than descriptors, or more from one address than there are.
pub(super) fn contradiction(draft: &Draft) -> Option<Complaint> {
    let LimitsConfig { connections, connections_per_address, .. } = draft.limits;
    if let (Some(connections), Some(descriptors)) = (connections, draft.descriptors) {
        let reserve = ListenLimits::reserve(draft.store.database_connections());
        let most = descriptors.saturating_sub(reserve).max(1);
        if connections as u64 > most {
            let message = format!(
                "{} is out of range: the process may open {descriptors} files, and {reserve} of them \
                 are for other things: write a whole number from 1 to {most}, or raise the limit of \
                 open files",
                Quoted(CONNECTIONS)
            );
            return draft.refuse(CONNECTIONS, message);
        }
    }
    let (connections, per_address) = (connections?, connections_per_address?);
    if per_address > connections {
        let message = format!(
            "{} is more than {}: write a whole number from 1 to {connections}",
            Quoted(PER_ADDRESS),
            Quoted(CONNECTIONS)
        );
        return draft.refuse(PER_ADDRESS, message);
    }
    None
}
