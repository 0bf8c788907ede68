//! Random courses of two nodes whose clocks are set, as verifiers with caches see them.

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::catalog::KeyRotation;
use crate::store::memory::MemoryStore;

/// The lifetime of the tokens. Each node may also sign longer ones.
const LIFETIMES: [u64; 2] = [300, 2000];

/// An event of a course.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Seconds pass, and live nodes follow the storage.
    Passes(u64),
    /// Seconds pass for a node that does not reach the storage meanwhile. The other one does.
    Away(usize, u64),
    /// The clock of a node is set. It is wrong by up to 3 days, in seconds.
    Set(usize, i64),
    /// A node ends and starts again.
    Restarts(usize),
    /// A node signs a token with one of the lifetimes.
    Signs(usize, usize),
    /// A verifier whose cache has expired fetches the keys from a node.
    Fetches(usize, usize),
    /// An administrator starts a rotation.
    Rotates(usize),
    /// The catalog changes: the keys change every so many seconds, and are announced for 45 s.
    Every(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let days = 3 * 24 * 3600_i64;
    prop_oneof![
        8 => (1_u64..90).prop_map(Event::Passes),
        1 => (0_usize..2, 1_u64..500).prop_map(|(node, time)| Event::Away(node, time)),
        1 => (0_usize..2, -days..days).prop_map(|(node, time)| Event::Set(node, time)),
        1 => (0_usize..2).prop_map(Event::Restarts),
        8 => (0_usize..2, 0_usize..2).prop_map(|(node, long)| Event::Signs(node, long)),
        8 => (0_usize..3, 0_usize..2).prop_map(|(verifier, node)| Event::Fetches(verifier, node)),
        1 => (0_usize..2).prop_map(Event::Rotates),
        1 => (60_u64..7200).prop_map(Event::Every),
    ]
}

/// A set of keys in a cache.
#[derive(Default)]
struct Cache {
    kids: Vec<String>,
    /// When it expires. `None`: it was never filled.
    ends: Option<Instant>,
}

struct World {
    store: MemoryStore,
    master_key: Arc<MasterKey>,
    began: Instant,
    clocks: [Arc<ManualClock>; 2],
    nodes: Vec<KeyRing>,
    server: AuthorizationServer,
    caches: [Cache; 3],
    /// The key of each token, and when the token expires.
    tokens: Vec<(String, Instant)>,
}

impl World {
    async fn new() -> Self {
        let mut server = servers().remove(0);
        server.spec.algorithms = vec![Algorithm::EdDsa];
        let clocks = [START, START].map(|at| Arc::new(ManualClock::at(at)));
        let master_key = Arc::new(MasterKey::generate());
        let (store, caches) = (MemoryStore::default(), Default::default());
        let (nodes, tokens) = (Vec::new(), Vec::new());
        let began = Instant::now();
        let mut world = Self { store, master_key, began, clocks, nodes, server, caches, tokens };
        for node in 0..2 {
            let opened = world.open(node).await;
            world.nodes.push(opened);
        }
        world.follow(&[0, 1]).await;
        world
    }

    async fn open(&self, node: usize) -> KeyRing {
        let clock = Arc::clone(&self.clocks[node]) as Arc<dyn Clock>;
        let store = Arc::new(self.store.clone());
        KeyRing::open(store, Arc::clone(&self.master_key), clock).await.unwrap()
    }

    /// Each of these nodes does what it does every few seconds.
    async fn follow(&self, nodes: &[usize]) {
        for &node in nodes {
            self.nodes[node].reload().await.unwrap();
            self.nodes[node].ensure(&self.server).await.unwrap();
        }
    }

    /// Lets time pass in steps of 3 seconds, in which these nodes follow the storage.
    async fn passes(&self, mut left: u64, nodes: &[usize]) {
        while left > 0 {
            let step = left.min(3);
            left -= step;
            tokio::time::advance(Duration::from_secs(step)).await;
            self.clocks.iter().for_each(|clock| clock.advance(Duration::from_secs(step)));
            self.follow(nodes).await;
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Passes(time) => self.passes(time, &[0, 1]).await,
            Event::Away(node, time) => self.passes(time, &[1 - node]).await,
            Event::Set(node, by) => {
                let now = START.plus(self.began.elapsed()).as_seconds().saturating_add_signed(by);
                self.clocks[node].set(UnixTime::from_seconds(now));
            }
            Event::Restarts(node) => self.nodes[node] = self.open(node).await,
            Event::Signs(node, long) => self.signs(node, LIFETIMES[long]).await,
            Event::Fetches(verifier, node) => self.fetches(verifier, node).await,
            Event::Rotates(node) => {
                let actor = crate::audit::Actor::cli("keys rotate");
                self.nodes[node].rotate(&self.server, None, &actor).await.unwrap();
            }
            Event::Every(every) => {
                let announce = Some(Duration::from_secs(45));
                let every = Duration::from_secs(every);
                self.server.spec.keys =
                    KeySchedule { rotation: KeyRotation::Auto, every, announce };
            }
        }
    }

    async fn signs(&mut self, node: usize, lifetime: u64) {
        let lifetime = Duration::from_secs(lifetime);
        let key = self.nodes[node].signer_for(&self.server, lifetime).await.unwrap();
        let now = Instant::now();
        for Cache { kids, ends } in &self.caches {
            if ends.is_some_and(|ends| now < ends) {
                assert!(kids.iter().any(|kid| kid == key.kid()), "a cache lacks the signing key");
            }
        }
        self.tokens.push((key.kid().to_owned(), now + lifetime));
    }

    async fn fetches(&mut self, verifier: usize, node: usize) {
        let now = Instant::now();
        if self.caches[verifier].ends.is_some_and(|ends| now < ends) {
            return;
        }
        let ring = &self.nodes[node];
        let max_age = ring.published(&self.server).await.unwrap().max_age;
        let kids = published(ring, &self.server);
        for (kid, ends) in &self.tokens {
            assert!(
                *ends <= now || kids.contains(kid),
                "the key of a valid token is not published"
            );
        }
        self.caches[verifier] = Cache { kids, ends: Some(now + max_age) };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The storage itself refuses two signing keys of an algorithm.
    #[test]
    fn every_token_can_be_verified_with_a_cache_of_the_keys(
        course in proptest::collection::vec(event(), 1..120),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let mut world = World::new().await;
            for event in course {
                world.happens(event).await;
            }
        });
    }
}
