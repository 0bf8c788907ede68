//! Refusals of clients that did not authenticate: the first ones are recorded, the rest are
//! counted.
//!
//! Anyone who knows the id of a public client can send any number of requests for it that are
//! refused. So only the first refusals in a minute are recorded one by one. For the others there is
//! one row per minute, client and address, with their number.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;

use crate::audit::{AuditEvent, DecisionId, What};
use crate::catalog::ClientId;
use crate::limits::{AddressCounters, Bound, Counters, Network};
use crate::store::Change;

const MINUTE: Duration = Duration::from_secs(60);

/// The refusals of a client from an address that are recorded one by one.
const OF_CLIENT_AT_ADDRESS: Bound = Bound { most: 60, window: MINUTE };

/// All refusals that one process records one by one.
const OF_ALL: Bound = Bound { most: 6000, window: MINUTE };

/// How often the reuse of one token is recorded.
const OF_REUSE: Bound = Bound { most: 1, window: MINUTE };

/// Room for this many pairs of a client and an address. [`OF_ALL`] keeps their number below this.
const ROOM: usize = 16_384;

/// The maximum number of rows with a count per minute. One more row counts all other refusals.
pub(crate) const MOST_ROWS: usize = 1000;

/// The names of two rows: for refusals of unknown clients, and for the refusals beyond
/// [`MOST_ROWS`]. They contain a space, which no client id does.
const UNKNOWN: &str = "unknown client";
const REST: &str = "other clients";

/// The refusals of clients that did not authenticate.
pub(crate) struct Refusals {
    recorded: AddressCounters,
    of_all: Counters,
    reused: Counters,
    counted: Mutex<BTreeMap<Key, Count>>,
}

/// The client and the network that are counted together.
type Key = (String, Option<String>);

struct Count {
    id: DecisionId,
    since: UnixTime,
    number: u64,
}

/// How a refusal is recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Remembered {
    /// In its own row.
    Recorded,
    /// In the row with this id, together with others.
    Counted(DecisionId),
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            recorded: AddressCounters::with_room_for(ROOM),
            of_all: Counters::with_room_for(1),
            reused: Counters::with_room_for(ROOM),
            counted: Mutex::default(),
        }
    }
}

impl Refusals {
    /// Notes the refusal of a client that did not authenticate.
    pub(crate) fn of_client(
        &self,
        client: &ClientId,
        address: Option<IpAddr>,
        now: UnixTime,
    ) -> Remembered {
        // Without addresses, all callers count as one address.
        let source = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let is_within_bound =
            self.recorded.admit_for(client, source, OF_CLIENT_AT_ADDRESS, now).is_ok();
        if is_within_bound && self.of_all.admit(&(), OF_ALL, now).is_ok() {
            return Remembered::Recorded;
        }
        Remembered::Counted(self.count(client.as_str(), address, now))
    }

    /// Notes a refusal without a known client. The client id in the request is not recorded,
    /// because anything can be written there.
    pub(crate) fn of_unknown(&self, now: UnixTime) {
        self.count(UNKNOWN, None, now);
    }

    /// Tells whether a change that comes with a counted refusal is written.
    ///
    /// Revocations are always written. The reuse of a token is recorded once a minute, so that a
    /// flood of other refusals cannot hide it.
    pub(crate) fn keeps(&self, change: &Change, now: UnixTime) -> bool {
        match change {
            Change::Audit(AuditEvent { what: What::Decision(decision), .. }) => {
                let reused = (&decision.family, &decision.token_id);
                self.reused.admit(&reused, OF_REUSE, now).is_ok()
            }
            _ => true,
        }
    }

    fn count(&self, client: &str, address: Option<IpAddr>, now: UnixTime) -> DecisionId {
        let mut counted = self.lock();
        let network = address.map(|address| Network::of(address).to_string());
        let mut key = (client.to_owned(), network);
        if counted.len() >= MOST_ROWS && !counted.contains_key(&key) {
            key = (REST.to_owned(), None);
        }
        let new = || Count { id: DecisionId::at(now), since: now, number: 0 };
        let count = counted.entry(key).or_insert_with(new);
        count.number += 1;
        count.id
    }

    /// Tells whether there is anything to [`take`](Self::take).
    pub(crate) fn has_counted(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Takes the count of one client and address, as an event to write.
    pub(crate) fn take(&self) -> Option<AuditEvent> {
        let ((client, address), count) = self.lock().pop_first()?;
        Some(count.event(client, address))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Count>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn event(self, client: String, address: Option<String>) -> AuditEvent {
        let (id, at, count) = (self.id, self.since, self.number);
        let what = match client.as_str() {
            UNKNOWN => What::ClientAuthenticationFailed { count },
            _ => What::RefusalsCounted { client, count },
        };
        AuditEvent { id, at, address, what }
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").field("rows", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Basis, ClientDecision, DecisionKind, Outcome};

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(1_800_000_000 + seconds)
    }

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    fn address(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(0x0a00_0000 + number).into())
    }

    fn take_all(refusals: &Refusals) -> Vec<AuditEvent> {
        std::iter::from_fn(|| refusals.take()).collect()
    }

    #[test]
    fn sixty_refusals_a_minute_are_recorded_and_the_rest_is_counted_in_one_row() {
        let (refusals, tv) = (Refusals::default(), client("tv"));
        let refused = |last, seconds| refusals.of_client(&tv, address(last), at(seconds));
        for _ in 0..60 {
            assert_eq!(refused(1, 0), Remembered::Recorded);
        }
        let Remembered::Counted(id) = refused(1, 5) else { unreachable!() };
        assert_eq!(refused(1, 59), Remembered::Counted(id));
        assert_eq!(refused(2, 59), Remembered::Recorded, "another address");
        assert_eq!(refusals.of_client(&client("app"), address(1), at(59)), Remembered::Recorded);
        assert_eq!(refused(1, 60), Remembered::Recorded, "a new minute");

        let [event] = &take_all(&refusals)[..] else { unreachable!() };
        assert_eq!((event.id, event.at, event.count()), (id, at(5), Some(2)));
        assert_eq!(
            (event.server_and_client().1, event.address.as_deref()),
            ("tv", Some("10.0.0.1"))
        );
        assert!(!refusals.has_counted());
    }

    #[test]
    fn ipv6_is_counted_by_64_bits() {
        let (refusals, tv) = (Refusals::default(), client("tv"));
        for number in 0..80u128 {
            let address = std::net::Ipv6Addr::from((0x2001_0db8 << 96) + number);
            refusals.of_client(&tv, Some(address.into()), at(0));
        }
        let [event] = &take_all(&refusals)[..] else { unreachable!() };
        assert_eq!((event.address.as_deref(), event.count()), (Some("2001:db8::/64"), Some(20)));
    }

    #[test]
    fn refusals_of_unknown_clients_are_counted_under_a_name_that_no_client_can_have() {
        let refusals = Refusals::default();
        for second in 0..10 {
            refusals.of_unknown(at(second));
        }
        let [event] = &take_all(&refusals)[..] else { unreachable!() };
        assert_eq!(event.what, What::ClientAuthenticationFailed { count: 10 });
        assert_eq!(event.address, None);
        assert!(ClientId::parse(UNKNOWN).is_err() && ClientId::parse(REST).is_err());
    }

    #[test]
    fn a_flood_from_many_networks_leaves_a_bounded_number_of_rows() {
        let (refusals, tv) = (Refusals::default(), client("tv"));
        let networks = 3000;
        let mut recorded = 0;
        for network in 0..networks {
            for _ in 0..70 {
                let remembered = refusals.of_client(&tv, address(network), at(0));
                recorded += usize::from(remembered == Remembered::Recorded);
            }
        }
        assert_eq!(recorded, 6000);
        let events = take_all(&refusals);
        assert_eq!(events.len(), MOST_ROWS + 1);
        let counted: u64 = events.iter().filter_map(AuditEvent::count).sum();
        assert_eq!(counted, u64::from(networks) * 70 - 6000, "none is lost");
        assert_eq!(events.iter().filter(|event| event.server_and_client().1 == REST).count(), 1);
    }

    #[test]
    fn the_reuse_of_a_token_is_recorded_once_a_minute() {
        let refusals = Refusals::default();
        let of = |family: &str| {
            let decision = ClientDecision {
                kind: DecisionKind::TokenReuse,
                server: "default".to_owned(),
                client: "tv".to_owned(),
                grant_type: None,
                outcome: Outcome::Refused("invalid_grant".into()),
                reason: None,
                scope: String::new(),
                rule: None,
                token_id: None,
                user: None,
                family: Some(family.to_owned()),
                basis: Basis::default(),
            };
            let what = What::Decision(Box::new(decision));
            Change::Audit(AuditEvent { id: DecisionId::at(at(0)), at: at(0), address: None, what })
        };
        assert!(refusals.keeps(&of("a"), at(0)));
        assert!(!refusals.keeps(&of("a"), at(59)));
        assert!(refusals.keeps(&of("b"), at(59)));
        assert!(refusals.keeps(&of("a"), at(60)));
        let ends = Change::RevokeToken { jti: "AT.x".to_owned(), expires_at: at(600) };
        assert!(refusals.keeps(&ends, at(0)) && refusals.keeps(&ends, at(0)));
    }
}
