//! The open connections, and which of them is closed for a new one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use scopegate_core::limits::Network;
use tokio::task::{AbortHandle, Id};
use tokio::time::Instant;

use super::ListenLimits;
use super::activity::Activity;

/// How many connections are examined to find one to close. Searching all of them for the one that
/// has been waiting longest would take too long.
const SAMPLE: usize = 16;

/// How many connections may be closing at the same time. They still have their descriptors, in
/// addition to those that are open.
const CLOSING: usize = 4;

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct OpenConnections {
    limits: ListenLimits,
    connections: Vec<Open>,
    places: HashMap<Id, usize>,
    by_network: HashMap<Network, usize>,
    /// The index at which the next search begins.
    next: usize,
    closing: usize,
}

#[derive(Debug)]
struct Open {
    /// `None` for a trusted proxy: it has no limit and is never closed for another.
    address: Option<IpAddr>,
    activity: Arc<Activity>,
    task: AbortHandle,
    is_closing: bool,
}

/// Why a new connection is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// Its address has its maximum of connections.
    Address,
    /// There are `limits.connections`, and none of those examined is waiting for its client.
    Full,
}

impl OpenConnections {
    pub(super) fn new(limits: ListenLimits) -> Self {
        Self {
            limits,
            connections: Vec::new(),
            places: HashMap::new(),
            by_network: HashMap::new(),
            next: 0,
            closing: 0,
        }
    }

    /// Tells whether the next connection should wait until one of those that are closing has ended.
    pub(super) fn are_many_closing(&self) -> bool {
        self.closing >= CLOSING
    }

    /// Makes room for a connection of a peer.
    ///
    /// # Errors
    ///
    /// [`Refused`] if there is no room.
    pub(super) fn make_room(&mut self, peer: IpAddr) -> Result<(), Refused> {
        if let Some(address) = self.limited(peer) {
            let most = self.limits.connections_per_address;
            let is_full = networks(address).any(|(network, times)| {
                let open = self.by_network.get(&network).copied().unwrap_or(0);
                open >= most.saturating_mul(times)
            });
            if is_full {
                return Err(Refused::Address);
            }
        }
        let open = self.connections.len() - self.closing;
        if open < self.limits.connections || self.close_one() {
            return Ok(());
        }
        Err(Refused::Full)
    }

    /// Adds a connection for which room was made.
    pub(super) fn add(&mut self, peer: IpAddr, activity: Arc<Activity>, task: AbortHandle) {
        let address = self.limited(peer);
        for (network, _) in address.into_iter().flat_map(networks) {
            *self.by_network.entry(network).or_default() += 1;
        }
        self.places.insert(task.id(), self.connections.len());
        self.connections.push(Open { address, activity, task, is_closing: false });
    }

    /// Removes a connection that has ended.
    pub(super) fn remove(&mut self, task: Id) {
        let Some(place) = self.places.remove(&task) else { return };
        let ended = self.connections.swap_remove(place);
        if let Some(moved) = self.connections.get(place) {
            self.places.insert(moved.task.id(), place);
        }
        self.closing -= usize::from(ended.is_closing);
        for (network, _) in ended.address.into_iter().flat_map(networks) {
            if let Some(open) = self.by_network.get_mut(&network) {
                *open -= 1;
                if *open == 0 {
                    self.by_network.remove(&network);
                }
            }
        }
    }

    /// Of the next `SAMPLE` connections, closes the one that has been waiting longest for its
    /// client. Returns whether there was one.
    pub(super) fn close_one(&mut self) -> bool {
        if self.are_many_closing() {
            return false;
        }
        let total = self.connections.len();
        let places = (0..SAMPLE.min(total)).map(|step| (self.next + step) % total);
        let waiting = places.filter_map(|place| Some((self.waiting_since(place)?, place)));
        let longest = waiting.min().map(|(_, place)| place);
        self.next = (self.next + SAMPLE) % total.max(1);
        let Some(place) = longest else { return false };
        let connection = &mut self.connections[place];
        connection.is_closing = true;
        connection.task.abort();
        self.closing += 1;
        true
    }

    fn waiting_since(&self, place: usize) -> Option<Instant> {
        let connection = &self.connections[place];
        let may_close = connection.address.is_some() && !connection.is_closing;
        connection.activity.waiting_since().filter(|_| may_close)
    }

    /// The address whose limit the connection counts towards, if it has one.
    fn limited(&self, peer: IpAddr) -> Option<IpAddr> {
        (!self.limits.trusted_proxies.trusts(peer)).then_some(peer)
    }
}

/// The networks whose limits an address counts towards, and by what factor each limit is greater.
fn networks(address: IpAddr) -> impl Iterator<Item = (Network, usize)> {
    let network = Network::of(address);
    let site = network.site().map(|site| (site, Network::SUBNETS as usize));
    std::iter::once((network, 1)).chain(site)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Version;
    use tokio::task::JoinSet;

    use super::super::activity::RunningRequest;
    use super::*;
    use crate::trusted_proxies::TrustedProxies;

    struct World {
        open: OpenConnections,
        tasks: JoinSet<()>,
    }

    impl World {
        fn new(connections: usize, connections_per_address: usize) -> Self {
            let trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
            let limits = ListenLimits {
                connections,
                connections_per_address,
                trusted_proxies,
                ..ListenLimits::for_descriptors(0)
            };
            Self { open: OpenConnections::new(limits), tasks: JoinSet::new() }
        }

        fn connect(&mut self, peer: &str) -> Result<(Id, Arc<Activity>), Refused> {
            let peer = peer.parse().unwrap();
            self.open.make_room(peer)?;
            let activity = Arc::new(Activity::new());
            let task = self.tasks.spawn(std::future::pending());
            let id = task.id();
            self.open.add(peer, Arc::clone(&activity), task);
            Ok((id, activity))
        }

        fn refusal(&mut self, peer: &str) -> Option<Refused> {
            self.connect(peer).err()
        }

        /// Waits until this many connections are closed, and returns their ids.
        async fn closed(&mut self, number: usize) -> Vec<Id> {
            let mut closed = Vec::new();
            for _ in 0..number {
                let id = self.tasks.join_next_with_id().await.unwrap().unwrap_err().id();
                self.open.remove(id);
                closed.push(id);
            }
            closed
        }
    }

    fn busy(activity: &Arc<Activity>) -> RunningRequest {
        activity.begin_request(Version::HTTP_11)
    }

    #[tokio::test]
    async fn an_address_has_its_limit_and_a_proxy_has_none() {
        let mut world = World::new(100, 2);
        let (first, _) = world.connect("192.0.2.1").unwrap();
        assert_eq!(world.refusal("::ffff:192.0.2.1"), None, "the same in another notation");
        assert_eq!(world.refusal("192.0.2.1"), Some(Refused::Address));
        assert_eq!(world.refusal("192.0.2.2"), None, "another address");
        world.open.remove(first);
        assert_eq!(world.refusal("192.0.2.1"), None, "one has ended");
        for _ in 0..20 {
            assert_eq!(world.refusal("10.0.0.1"), None, "a trusted proxy");
        }
    }

    #[tokio::test]
    async fn ipv6_counts_by_64_bits_and_16_times_by_48() {
        let mut world = World::new(1000, 2);
        for _ in 0..2 {
            assert_eq!(world.refusal("2001:db8:1:1::1"), None);
        }
        assert_eq!(world.refusal("2001:db8:1:1:ffff::2"), Some(Refused::Address));
        let taken = (2..1000).filter(|subnet| {
            let peer = format!("2001:db8:1:{subnet:x}::1");
            world.refusal(&peer).is_none()
        });
        assert_eq!(taken.count(), 30);
        assert_eq!(world.refusal("2001:db8:2:1::1"), None, "another /48");
    }

    #[tokio::test]
    async fn the_count_of_a_network_is_removed_with_its_last_connection() {
        let mut world = World::new(1000, 2);
        let open: Vec<_> = (0..100)
            .map(|subnet| world.connect(&format!("2001:db8:{subnet:x}:1::1")).unwrap().0)
            .collect();
        for id in open {
            world.open.remove(id);
        }
        assert!(world.open.by_network.is_empty() && world.open.places.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_that_waits_longest_is_closed_and_no_running_request_is() {
        let mut world = World::new(4, 4);
        let (busy_one, activity) = world.connect("192.0.2.1").unwrap();
        let running = busy(&activity);
        tokio::time::advance(Duration::from_secs(1)).await;
        let (longest, _) = world.connect("192.0.2.2").unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let (shorter, _) = world.connect("192.0.2.3").unwrap();
        let (proxy, _) = world.connect("10.0.0.1").unwrap();

        tokio::time::advance(Duration::from_secs(1)).await;
        let (newest, activity) = world.connect("192.0.2.4").unwrap();
        let _newest_running = busy(&activity);
        assert_eq!(world.closed(1).await, [longest]);
        world.connect("192.0.2.5").unwrap();
        assert_eq!(world.closed(1).await, [shorter]);
        let (last, activity) = world.connect("192.0.2.6").unwrap();
        let _last_running = busy(&activity);
        world.closed(1).await;
        assert_eq!(world.open.connections.len(), 4);

        assert_eq!(world.refusal("192.0.2.7"), Some(Refused::Full), "all others are busy");
        assert!(
            [busy_one, proxy, newest, last].iter().all(|id| world.open.places.contains_key(id))
        );
        drop(running);
        assert_eq!(world.refusal("192.0.2.7"), None);
        assert_eq!(world.closed(1).await, [busy_one]);
    }

    #[tokio::test]
    async fn few_connections_are_closing_at_a_time() {
        let mut world = World::new(100, 100);
        for _ in 0..100 {
            assert_eq!(world.refusal("192.0.2.1"), None);
        }
        assert!(!world.open.are_many_closing());
        let let_in = (0..50).filter(|_| world.refusal("192.0.2.2").is_none()).count();
        assert_eq!((let_in, world.open.connections.len()), (CLOSING, 100 + CLOSING));
        assert!(world.open.are_many_closing());
        world.closed(CLOSING).await;
        assert_eq!(world.refusal("192.0.2.2"), None);
    }
}
