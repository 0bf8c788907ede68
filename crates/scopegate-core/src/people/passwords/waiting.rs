//! Who waits for a thread: how many, whose, and who is next.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits::Network;

/// The most jobs that wait.
pub(super) const MAX_WAITING: usize = 64;

/// The most of them that belong to strangers: the other 16 are kept for browsers that are known.
pub(super) const MAX_OF_STRANGERS: usize = 48;

/// The most that belong to one address: an IPv4 address, or an IPv6 /64.
pub(super) const MAX_OF_NETWORK: usize = 8;

/// The most that belong to one IPv6 /48. Sixteen times as many as for a /64 would be all of them.
pub(super) const MAX_OF_SITE: usize = 24;

/// Who waits for a password to be hashed.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "each has a bound of its own")]
pub enum Caller {
    /// An administrator, or the program that runs the server. They belong to no address.
    Operator,
    /// Somebody at an address. All whose address is not known count as one address.
    Stranger(Option<IpAddr>),
    /// A browser with a valid device cookie, at an address.
    KnownBrowser(Option<IpAddr>),
}

/// Jobs that wait. Networks take turns: each has one job done, then the next network.
pub(super) struct Waiting<J> {
    jobs: BTreeMap<Place, Waits<J>>,
    /// The round of the job that was begun last.
    round: u64,
    /// How many jobs ever waited.
    pushed: u64,
}

/// When a job's turn comes: in each round every network has at most one.
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

    /// Lets a job wait, or gives it back if there is no place for it.
    ///
    /// Where a network has all places that it may have, a known browser takes that of a stranger in the
    /// same network, whose job is given back too.
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

    /// The job whose turn it is.
    pub(super) fn pop(&mut self) -> Option<J> {
        let (place, waits) = self.jobs.pop_first()?;
        self.round = place.round;
        Some(waits.job)
    }

    /// Takes a job away, if it waits still.
    pub(super) fn remove(&mut self, place: Place) -> Option<J> {
        self.jobs.remove(&place).map(|waits| waits.job)
    }

    pub(super) fn clear(&mut self) {
        self.jobs.clear();
    }

    /// The group of the owner that has all places that it may have.
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

/// Jobs that share a bound.
#[derive(Clone, Copy)]
enum Group {
    /// Those of one address.
    Network(Owner),
    /// Those of one IPv6 /48.
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

/// What became of a job.
pub(super) enum Pushed<J> {
    /// It waits at a place; a stranger's job may have lost its own.
    Waits { place: Place, displaced: Option<J> },
    /// There is no place for it.
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

    fn is_taken<J>(waiting: &mut Waiting<J>, caller: Caller, job: J) -> bool {
        matches!(waiting.push(caller, job), Pushed::Waits { displaced: None, .. })
    }

    /// A line in which strangers have all places that they may have.
    fn full_of_strangers() -> Waiting<u8> {
        let mut waiting = Waiting::default();
        for network in 0..6 {
            for _ in 0..MAX_OF_NETWORK {
                assert!(is_taken(&mut waiting, Caller::Stranger(v4(network)), network));
            }
        }
        waiting
    }

    #[test]
    fn an_address_has_8_places() {
        for address in [v4(1), None, subnet(1)] {
            let mut waiting = Waiting::default();
            for _ in 0..MAX_OF_NETWORK {
                assert!(is_taken(&mut waiting, Caller::Stranger(address), ()));
            }
            assert!(!is_taken(&mut waiting, Caller::Stranger(address), ()));
            assert!(is_taken(&mut waiting, Caller::Stranger(v4(2)), ()), "others have theirs");
            waiting.pop();
            assert!(is_taken(&mut waiting, Caller::Stranger(address), ()), "one has begun");
        }
    }

    #[test]
    fn known_browsers_have_8_at_an_address_too() {
        let mut waiting = Waiting::default();
        for _ in 0..MAX_OF_NETWORK {
            assert!(is_taken(&mut waiting, Caller::KnownBrowser(v4(1)), ()));
        }
        assert!(!is_taken(&mut waiting, Caller::KnownBrowser(v4(1)), ()));
        assert!(!is_taken(&mut waiting, Caller::Stranger(v4(1)), ()));
    }

    #[test]
    fn a_site_of_ipv6_has_24_places_however_many_networks_it_has() {
        let mut waiting = Waiting::default();
        let taken = (0..1000).filter(|&number| {
            is_taken(&mut waiting, Caller::Stranger(subnet(number)), ()) //
        });
        assert_eq!(taken.count(), MAX_OF_SITE);
        assert!(is_taken(&mut waiting, Caller::Stranger(v4(1)), ()));
        // A known browser of the site takes the place of a stranger.
        let pushed = waiting.push(Caller::KnownBrowser(subnet(2000)), ());
        assert!(matches!(pushed, Pushed::Waits { displaced: Some(()), .. }));
    }

    #[test]
    fn sixteen_places_are_kept_for_known_browsers() {
        let mut waiting = full_of_strangers();
        assert!(!is_taken(&mut waiting, Caller::Stranger(v4(100)), 100));
        for number in 0..16 {
            assert!(is_taken(&mut waiting, Caller::KnownBrowser(v4(100 + number)), number));
        }
        assert!(!is_taken(&mut waiting, Caller::KnownBrowser(v4(200)), 0));
        assert!(!is_taken(&mut waiting, Caller::Operator, 0));
        // What strangers leave free is for all.
        waiting.pop();
        assert!(is_taken(&mut waiting, Caller::KnownBrowser(v4(200)), 0));
        assert!(!is_taken(&mut waiting, Caller::Stranger(v4(100)), 0));
    }

    #[test]
    fn a_known_browser_takes_the_place_of_a_stranger_at_its_own_address_only() {
        let mut waiting = full_of_strangers();
        let pushed = waiting.push(Caller::KnownBrowser(v4(3)), 200);
        assert!(matches!(pushed, Pushed::Waits { displaced: Some(3), .. }));
        let pushed = waiting.push(Caller::KnownBrowser(v4(100)), 201);
        assert!(
            matches!(pushed, Pushed::Waits { displaced: None, .. }),
            "it has a place of the 16"
        );
    }

    #[test]
    fn an_operator_is_held_by_the_places_only() {
        let mut waiting = Waiting::default();
        let taken = (0..100).filter(|_| is_taken(&mut waiting, Caller::Operator, ()));
        assert_eq!(taken.count(), MAX_WAITING);
    }

    #[test]
    fn networks_take_turns() {
        let mut waiting = Waiting::default();
        let mut push = |network, job| {
            assert!(is_taken(&mut waiting, Caller::Stranger(v4(network)), job));
        };
        for job in ["a1", "a2", "a3", "a4"] {
            push(1, job);
        }
        push(2, "b1");
        push(3, "c1");
        push(2, "b2");
        let mut order = vec![waiting.pop(), waiting.pop()];
        // Who comes later has its turn in the next round, and not before those who wait for it.
        assert!(is_taken(&mut waiting, Caller::Stranger(v4(4)), "d1"));
        order.extend(std::iter::from_fn(|| waiting.pop()).map(Some));
        let order: Vec<_> = order.into_iter().flatten().collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "d1", "a3", "a4"]);
    }

    #[test]
    fn a_network_that_always_comes_again_keeps_nobody_waiting() {
        let mut waiting = Waiting::default();
        for _ in 0..2 {
            assert!(is_taken(&mut waiting, Caller::Stranger(v4(1)), "patient"));
        }
        assert!(is_taken(&mut waiting, Caller::Stranger(v4(2)), "eager"));
        let mut order = Vec::new();
        while let Some(job) = waiting.pop() {
            order.push(job);
            if job == "eager" && order.len() < 8 {
                assert!(is_taken(&mut waiting, Caller::Stranger(v4(2)), "eager"));
            }
        }
        assert_eq!(order[..4], ["patient", "eager", "patient", "eager"]);
    }

    #[test]
    fn what_is_taken_away_leaves_its_place_at_once() {
        let mut waiting = full_of_strangers();
        let Pushed::Waits { place, .. } = waiting.push(Caller::KnownBrowser(v4(100)), 100) else {
            panic!("there is room");
        };
        assert_eq!(waiting.remove(place), Some(100));
        assert_eq!(waiting.remove(place), None);
        assert!(is_taken(&mut waiting, Caller::KnownBrowser(v4(100)), 101));
    }
}
