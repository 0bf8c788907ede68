//! The queue of jobs that wait for a thread: its bounds, and its order.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits::Network;

/// The maximum number of waiting jobs.
pub(super) const MAX_WAITING: usize = 64;

/// The maximum number of waiting jobs of unknown browsers. The other 16 places are reserved for
/// known browsers and operators.
pub(super) const MAX_OF_STRANGERS: usize = 48;

/// The maximum number of waiting jobs of one IPv4 address or one IPv6 /64.
pub(super) const MAX_OF_NETWORK: usize = 8;

/// The maximum number of waiting jobs of one IPv6 /48. Other limits use 16 times the bound of a
/// /64, but here that would be more than all places.
pub(super) const MAX_OF_SITE: usize = 24;

/// The caller that waits for a password to be hashed or checked.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "each has a bound of its own")]
pub enum Caller {
    /// An administrator, or the server itself. They have no address, so no limit per address
    /// applies.
    Operator,
    /// An unknown browser, at an address. All callers without an address count as one address.
    Stranger(Option<IpAddr>),
    /// A browser with a valid device cookie, at an address.
    KnownBrowser(Option<IpAddr>),
}

/// Waiting jobs. Networks take turns: one job of each network is started before the second of any.
pub(super) struct Waiting<J> {
    jobs: BTreeMap<Place, Waits<J>>,
    /// The round of the job that was started last.
    round: u64,
    /// The number of jobs that were ever queued.
    pushed: u64,
}

/// The order of a job in the queue. In each round every network has at most one job.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    round: u64,
    number: u64,
}

struct Waits<J> {
    owner: Owner,
    is_stranger: bool,
    job: J,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Owner {
    Operator,
    Network(Option<Network>),
}

impl<J> Default for Waiting<J> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), round: 0, pushed: 0 }
    }
}

impl<J> Waiting<J> {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Queues a job, or returns it if there is no place for it.
    ///
    /// If the network has reached its bound, a known browser displaces the last job of an unknown
    /// browser of the same network. The displaced job is returned too.
    pub(super) fn push(&mut self, caller: Caller, job: J) -> Pushed<J> {
        let (owner, is_stranger) = match caller {
            Caller::Operator => (Owner::Operator, false),
            Caller::Stranger(address) => (Owner::at(address), true),
            Caller::KnownBrowser(address) => (Owner::at(address), false),
        };
        let strangers = self.count(|waits| waits.is_stranger);
        let displaced = match self.full_group(owner) {
            Some(group) if !is_stranger => match self.last_stranger(group) {
                Some(place) => self.remove(place),
                None => return Pushed::Refused(job),
            },
            Some(_) => return Pushed::Refused(job),
            None if is_stranger && strangers >= MAX_OF_STRANGERS => return Pushed::Refused(job),
            None if self.jobs.len() >= MAX_WAITING => return Pushed::Refused(job),
            None => None,
        };
        let own = self.jobs.iter().filter(|(_, waits)| waits.owner == owner);
        let last = own.map(|(place, _)| place.round).max().unwrap_or(self.round);
        self.pushed += 1;
        let place = Place { round: last + 1, number: self.pushed };
        self.jobs.insert(place, Waits { owner, is_stranger, job });
        Pushed::Waits { place, displaced }
    }

    /// Takes the next job.
    pub(super) fn pop(&mut self) -> Option<J> {
        let (place, waits) = self.jobs.pop_first()?;
        self.round = place.round;
        Some(waits.job)
    }

    /// Removes a job if it is still waiting.
    pub(super) fn remove(&mut self, place: Place) -> Option<J> {
        self.jobs.remove(&place).map(|waits| waits.job)
    }

    pub(super) fn clear(&mut self) {
        self.jobs.clear();
    }

    /// A group of the owner that has reached its bound.
    fn full_group(&self, owner: Owner) -> Option<Group> {
        let groups = owner.groups().into_iter().flatten();
        let mut full = groups.filter(|group| {
            self.count(|waits| group.holds(waits.owner)) >= group.most() //
        });
        full.next()
    }

    fn last_stranger(&self, group: Group) -> Option<Place> {
        let mut jobs = self.jobs.iter().rev();
        jobs.find(|(_, waits)| waits.is_stranger && group.holds(waits.owner))
            .map(|(place, _)| *place)
    }

    fn count(&self, is_meant: impl Fn(&Waits<J>) -> bool) -> usize {
        self.jobs.values().filter(|waits| is_meant(waits)).count()
    }
}

impl Owner {
    fn at(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(Network::of))
    }

    fn site(self) -> Option<Network> {
        match self {
            Self::Network(network) => network.and_then(Network::site),
            Self::Operator => None,
        }
    }

    fn groups(self) -> [Option<Group>; 2] {
        match self {
            Self::Operator => [None, None],
            Self::Network(_) => [Some(Group::Network(self)), self.site().map(Group::Site)],
        }
    }
}

/// A group of jobs with a common bound.
#[derive(Clone, Copy)]
enum Group {
    /// The jobs of one address, or of all callers without an address.
    Network(Owner),
    /// The jobs of one IPv6 /48.
    Site(Network),
}

impl Group {
    fn holds(self, owner: Owner) -> bool {
        match self {
            Self::Network(network) => owner == network,
            Self::Site(site) => owner.site() == Some(site),
        }
    }

    const fn most(self) -> usize {
        match self {
            Self::Network(_) => MAX_OF_NETWORK,
            Self::Site(_) => MAX_OF_SITE,
        }
    }
}

/// The result of queueing a job.
pub(super) enum Pushed<J> {
    /// The job waits. It may have displaced the job of an unknown browser.
    Waits { place: Place, displaced: Option<J> },
    /// There is no place for the job.
    Refused(J),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn subnet(number: u16) -> Option<IpAddr> {
        Some(IpAddr::from([0x2001, 0xdb8, 1, number, 0, 0, 0, 1]))
    }

    fn is_queued<J>(waiting: &mut Waiting<J>, caller: Caller, job: J) -> bool {
        matches!(waiting.push(caller, job), Pushed::Waits { displaced: None, .. })
    }

    /// A queue in which unknown browsers have reached their bound.
    fn full_of_strangers() -> Waiting<u8> {
        let mut waiting = Waiting::default();
        for network in 0..6 {
            for _ in 0..MAX_OF_NETWORK {
                assert!(is_queued(&mut waiting, Caller::Stranger(v4(network)), network));
            }
        }
        waiting
    }

    #[test]
    fn an_address_has_8_places() {
        for address in [v4(1), None, subnet(1)] {
            let mut waiting = Waiting::default();
            for _ in 0..MAX_OF_NETWORK {
                assert!(is_queued(&mut waiting, Caller::Stranger(address), ()));
            }
            assert!(!is_queued(&mut waiting, Caller::Stranger(address), ()));
            assert!(
                is_queued(&mut waiting, Caller::Stranger(v4(2)), ()),
                "another address has its own places"
            );
            waiting.pop();
            assert!(is_queued(&mut waiting, Caller::Stranger(address), ()), "one job was started");
        }
    }

    #[test]
    fn known_browsers_have_8_places_at_an_address_too() {
        let mut waiting = Waiting::default();
        for _ in 0..MAX_OF_NETWORK {
            assert!(is_queued(&mut waiting, Caller::KnownBrowser(v4(1)), ()));
        }
        assert!(!is_queued(&mut waiting, Caller::KnownBrowser(v4(1)), ()));
        assert!(!is_queued(&mut waiting, Caller::Stranger(v4(1)), ()));
    }

    #[test]
    fn an_ipv6_48_has_24_places_in_all() {
        let mut waiting = Waiting::default();
        let queued = (0..1000).filter(|&number| {
            is_queued(&mut waiting, Caller::Stranger(subnet(number)), ()) //
        });
        assert_eq!(queued.count(), MAX_OF_SITE);
        assert!(is_queued(&mut waiting, Caller::Stranger(v4(1)), ()));
        // A known browser of the same /48 displaces the job of an unknown browser.
        let pushed = waiting.push(Caller::KnownBrowser(subnet(2000)), ());
        assert!(matches!(pushed, Pushed::Waits { displaced: Some(()), .. }));
    }

    #[test]
    fn sixteen_places_are_reserved_for_known_browsers() {
        let mut waiting = full_of_strangers();
        assert!(!is_queued(&mut waiting, Caller::Stranger(v4(100)), 100));
        for number in 0..16 {
            assert!(is_queued(&mut waiting, Caller::KnownBrowser(v4(100 + number)), number));
        }
        assert!(!is_queued(&mut waiting, Caller::KnownBrowser(v4(200)), 0));
        assert!(!is_queued(&mut waiting, Caller::Operator, 0));
        // Places that unknown browsers do not use are open to all.
        waiting.pop();
        assert!(is_queued(&mut waiting, Caller::KnownBrowser(v4(200)), 0));
        assert!(!is_queued(&mut waiting, Caller::Stranger(v4(100)), 0));
    }

    #[test]
    fn a_known_browser_displaces_an_unknown_one_at_its_own_address_only() {
        let mut waiting = full_of_strangers();
        let pushed = waiting.push(Caller::KnownBrowser(v4(3)), 200);
        assert!(matches!(pushed, Pushed::Waits { displaced: Some(3), .. }));
        let pushed = waiting.push(Caller::KnownBrowser(v4(100)), 201);
        assert!(
            matches!(pushed, Pushed::Waits { displaced: None, .. }),
            "it has one of the 16 reserved places"
        );
    }

    #[test]
    fn for_an_operator_only_the_total_bound_applies() {
        let mut waiting = Waiting::default();
        let queued = (0..100).filter(|_| is_queued(&mut waiting, Caller::Operator, ()));
        assert_eq!(queued.count(), MAX_WAITING);
    }

    #[test]
    fn networks_take_turns() {
        let mut waiting = Waiting::default();
        let mut push = |network, job| {
            assert!(is_queued(&mut waiting, Caller::Stranger(v4(network)), job));
        };
        for job in ["a1", "a2", "a3", "a4"] {
            push(1, job);
        }
        push(2, "b1");
        push(3, "c1");
        push(2, "b2");
        let mut order = vec![waiting.pop(), waiting.pop()];
        // A network that comes later has its turn in the next round, after the networks that
        // already wait for that round.
        assert!(is_queued(&mut waiting, Caller::Stranger(v4(4)), "d1"));
        order.extend(std::iter::from_fn(|| waiting.pop()).map(Some));
        let order: Vec<_> = order.into_iter().flatten().collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "d1", "a3", "a4"]);
    }

    #[test]
    fn a_network_that_always_comes_again_does_not_delay_others() {
        let mut waiting = Waiting::default();
        for _ in 0..2 {
            assert!(is_queued(&mut waiting, Caller::Stranger(v4(1)), "patient"));
        }
        assert!(is_queued(&mut waiting, Caller::Stranger(v4(2)), "eager"));
        let mut order = Vec::new();
        while let Some(job) = waiting.pop() {
            order.push(job);
            if job == "eager" && order.len() < 8 {
                assert!(is_queued(&mut waiting, Caller::Stranger(v4(2)), "eager"));
            }
        }
        assert_eq!(order[..4], ["patient", "eager", "patient", "eager"]);
    }

    #[test]
    fn a_job_that_is_removed_frees_its_place_at_once() {
        let mut waiting = full_of_strangers();
        let Pushed::Waits { place, .. } = waiting.push(Caller::KnownBrowser(v4(100)), 100) else {
            panic!("there is room");
        };
        assert_eq!(waiting.remove(place), Some(100));
        assert_eq!(waiting.remove(place), None);
        assert!(is_queued(&mut waiting, Caller::KnownBrowser(v4(100)), 101));
    }
}
