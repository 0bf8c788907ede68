//! What an administrator orders beside a running server.

use super::*;
use crate::audit::{Actor, What};
use crate::keys::KeyOrderError;
use crate::store::memory::MemoryStore;

/// A node, and a command that works on the same storage.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) server: AuthorizationServer,
    pub(super) node: KeyRing,
    pub(super) command: KeyRing,
    pub(super) store: MemoryStore,
    pub(super) actor: Actor,
}

impl World {
    pub(super) async fn new() -> Self {
        let (store, master_key) = (MemoryStore::default(), Arc::new(MasterKey::generate()));
        let clock = Arc::new(ManualClock::at(START));
        let open = async || {
            let (store, clock) = (Arc::new(store.clone()), Arc::clone(&clock) as Arc<dyn Clock>);
            KeyRing::open(store, Arc::clone(&master_key), clock).await.unwrap()
        };
        let (node, command) = (open().await, open().await);
        let server = servers().remove(0);
        node.ensure(&server).await.unwrap();
        let actor = Actor::cli("keys");
        Self { clock, server, node, command, store, actor }
    }

    pub(super) async fn signs_with(&self) -> String {
        self.node.reload().await.unwrap();
        self.node.signer(&self.server).await.unwrap().kid().to_owned()
    }

    /// The audit events of the command: the kind and the key.
    fn ordered(&self) -> Vec<(String, String)> {
        let of_actor = |event: &AuditEvent| match &event.what {
            What::KeyMoved { kid, actor: Some(actor), .. } if *actor == self.actor => {
                Some((event.kind_and_outcome().0.to_owned(), kid.clone()))
            }
            _ => None,
        };
        self.store.events().iter().filter_map(of_actor).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_announces_the_next_key_and_says_when_it_signs() {
    let world = World::new().await;
    let old = world.signs_with().await;
    let rotated = world.command.rotate(&world.server, None, &world.actor).await.unwrap();
    let [next] = &rotated[..] else { unreachable!("{rotated:?}") };
    assert!(!next.was_announced);
    assert_eq!(next.signs_from, START.plus(KeySchedule::DEFAULT_ANNOUNCE));
    let again = world.command.rotate(&world.server, None, &world.actor).await.unwrap();
    assert_eq!((again[0].was_announced, &again[0].kid), (true, &next.kid));
    assert_eq!(world.signs_with().await, old);
    pass(&world.clock, KeySchedule::DEFAULT_ANNOUNCE).await;
    world.node.ensure(&world.server).await.unwrap();
    assert_eq!(world.signs_with().await, next.kid);
    let announced = ("app.oauth2.as.key.announce".to_owned(), next.kid.clone());
    assert_eq!(world.ordered(), [announced]);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_another_algorithm_is_refused() {
    let world = World::new().await;
    let refused = world.command.rotate(&world.server, Some(Algorithm::EdDsa), &world.actor).await;
    assert!(matches!(refused, Err(KeyOrderError::NotAnAlgorithm(Algorithm::EdDsa))), "{refused:?}");
    assert_eq!(world.ordered(), []);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_gone_at_once_and_another_one_signs() {
    let world = World::new().await;
    let old = world.signs_with().await;
    let revoked = world.command.revoke(&world.server, &old, &world.actor).await.unwrap();
    let new = world.signs_with().await;
    assert_eq!(revoked.successor, Some(new.clone()));
    assert_ne!(new, old);
    assert_eq!(published(&world.node, &world.server), [new.as_str()]);
    assert_eq!(revoked.cached, Duration::from_secs(600));
    assert_eq!(revoked.longest, Duration::from_secs(3600));
    let kind = |kind: &str| format!("app.oauth2.as.key.{kind}");
    assert_eq!(world.ordered(), [(kind("revoke"), old.clone()), (kind("sign"), new)]);
    let again = world.command.revoke(&world.server, &old, &world.actor).await;
    assert!(matches!(again, Err(KeyOrderError::UnknownKey)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_followed_by_the_announced_one_which_caches_may_have() {
    let world = World::new().await;
    let old = world.signs_with().await;
    let next = world.command.rotate(&world.server, None, &world.actor).await.unwrap().remove(0);
    let revoked = world.command.revoke(&world.server, &old, &world.actor).await.unwrap();
    assert_eq!(revoked.successor, Some(next.kid.clone()));
    assert_eq!(world.signs_with().await, next.kid);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_that_does_not_sign_has_no_successor() {
    let world = World::new().await;
    let signs = world.signs_with().await;
    let next = world.command.rotate(&world.server, None, &world.actor).await.unwrap().remove(0);
    let revoked = world.command.revoke(&world.server, &next.kid, &world.actor).await.unwrap();
    assert_eq!((revoked.successor, revoked.phase), (None, KeyPhase::Announced));
    assert_eq!(world.signs_with().await, signs);
}

#[tokio::test(start_paused = true)]
async fn the_list_has_the_times_of_each_phase() {
    let world = World::new().await;
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
    let every = Rotation::of_server(&world.server).every.unwrap();
    world.command.reload().await.unwrap();
    let only = world.command.list(&catalog).remove(0);
    assert_eq!((only.phase, only.signs_from), (KeyPhase::Signing, Some(START)));
    assert_eq!(only.retires_at, Some(START.plus(every)));
    world.command.rotate(&world.server, None, &world.actor).await.unwrap();
    let listed = world.command.list(&catalog);
    let phases: Vec<_> = listed.iter().map(|key| key.phase).collect();
    assert_eq!(listed.len(), 2);
    let announced = phases.iter().position(|phase| *phase == KeyPhase::Announced).unwrap();
    let signs_from = START.plus(KeySchedule::DEFAULT_ANNOUNCE);
    assert_eq!(listed[announced].signs_from, Some(signs_from));
    assert_eq!(listed[announced].retires_at, Some(signs_from.plus(every)));
    assert_eq!(listed[1 - announced].retires_at, Some(signs_from));
    let dropped = signs_from.plus(Duration::from_secs(3600 + 100));
    assert_eq!(listed[1 - announced].drops_at, Some(dropped));
}

#[tokio::test(start_paused = true)]
async fn a_longer_token_is_recorded_before_it_is_signed() {
    let world = World::new().await;
    let longest = || {
        let held = world.command.held.load();
        held.stored(&world.server.id)[0].longest
    };
    world.command.reload().await.unwrap();
    assert_eq!(longest(), Some(Duration::from_secs(3600)));
    let lifetime = Duration::from_secs(7200);
    world.node.signer_for(&world.server, lifetime).await.unwrap();
    world.command.reload().await.unwrap();
    assert_eq!(longest(), Some(lifetime));
    let version = world.command.version();
    world.node.signer_for(&world.server, lifetime).await.unwrap();
    world.node.signer_for(&world.server, Duration::from_secs(60)).await.unwrap();
    world.command.reload().await.unwrap();
    assert_eq!(world.command.version(), version, "nothing more is written");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_away_reads_the_keys_before_it_signs() {
    let world = World::new().await;
    let old = world.signs_with().await;
    world.command.revoke(&world.server, &old, &world.actor).await.unwrap();
    pass(&world.clock, Duration::from_secs(20)).await;
    assert_eq!(world.node.signer(&world.server).await.unwrap().kid(), old, "a short time is fine");
    // The machine slept: only the system's clock has gone on.
    world.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    assert_ne!(world.node.signer(&world.server).await.unwrap().kid(), old);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_master_key_does_not_open_is_published_but_does_not_sign() {
    let world = World::new().await;
    let other = KeyRing::open(
        Arc::new(world.store.clone()),
        Arc::new(MasterKey::generate()),
        Arc::clone(&world.clock) as Arc<dyn Clock>,
    );
    let other = other.await.unwrap();
    let refused = other.signer(&world.server).await.unwrap_err();
    let CallError::Storage(StoreError::Unreadable(row)) = refused else { unreachable!() };
    assert!(row.why.contains("master key"), "{row}");
    assert_eq!(row.key.name, world.signs_with().await);
    assert_eq!(published(&other, &world.server), published(&world.node, &world.server));
    other.ensure(&world.server).await.unwrap();
    world.node.reload().await.unwrap();
    assert_eq!(published(&world.node, &world.server).len(), 1, "it makes no other key");
    // Another server, whose key this node has made itself, signs.
    let second = &servers()[1];
    other.signer(second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_master_key_that_is_wrong_for_half_of_the_keys_stops_only_their_servers_and_says_what_to_do()
 {
    let store = MemoryStore::default();
    let clock = Arc::new(ManualClock::at(START));
    let [one, other] = [MasterKey::generate(), MasterKey::generate()].map(Arc::new);
    let open = async |master_key: &Arc<MasterKey>| {
        let (store, clock) = (Arc::new(store.clone()), Arc::clone(&clock) as Arc<dyn Clock>);
        KeyRing::open(store, Arc::clone(master_key), clock).await.unwrap()
    };
    let servers = servers();
    open(&one).await.ensure(&servers[0]).await.unwrap();
    open(&other).await.ensure(&servers[1]).await.unwrap();

    let node = open(&one).await;
    node.signer(&servers[0]).await.unwrap();
    let refused = node.signer(&servers[1]).await.unwrap_err();
    let CallError::Storage(StoreError::Unreadable(row)) = refused else { unreachable!() };
    for part in ["restart with the master key that sealed it", "`scopegate keys revoke`"] {
        assert!(row.why.contains(part), "{row}");
    }
    // Both are published, so that tokens of other nodes are accepted.
    for server in &servers[..2] {
        assert_eq!(published(&node, server).len(), 1);
    }
    // What the message says helps: the key is revoked, and a new one signs.
    let lost = row.key.name.clone();
    node.revoke(&servers[1], &lost, &Actor::cli("keys")).await.unwrap();
    assert_ne!(node.signer(&servers[1]).await.unwrap().kid(), lost);
}

#[tokio::test]
async fn only_one_of_two_nodes_generates_an_rsa_key() {
    let (drawer, master_key) = (Arc::<Drawer>::default(), Arc::new(MasterKey::generate()));
    let (one, other) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
    let mut server = servers().remove(0);
    server.spec.algorithms = vec![Algorithm::Rs256];
    let (first, second) = tokio::join!(one.ensure(&server), other.ensure(&server));
    first.unwrap();
    second.unwrap();
    assert_eq!(published(&one, &server), published(&other, &server));
    assert_eq!(drawer.inserts.load(Ordering::SeqCst), 1, "no key was generated in vain");
}

#[tokio::test(start_paused = true)]
async fn the_claim_of_a_node_that_has_ended_ends() {
    let store = MemoryStore::default();
    let server = {
        let mut server = servers().remove(0);
        server.spec.algorithms = vec![Algorithm::Ps256];
        server
    };
    store.claim_key(&server.id, Algorithm::Ps256, "of a node that has ended", None).await.unwrap();
    let clock = Arc::new(ManualClock::at(START)) as Arc<dyn Clock>;
    let master_key = Arc::new(MasterKey::generate());
    let ring = KeyRing::open(Arc::new(store), master_key, clock).await.unwrap();
    ring.ensure(&server).await.unwrap();
    assert_eq!(published(&ring, &server).len(), 1);
}
