//! The clients of a catalog in memory, by their ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use scopegate_claims::UnixTime;

use crate::catalog::{ClientId, ClientSpec, Edit, EntityRecord, Owner, Spec, usable_keys};

/// Number of parts that the clients are divided into. A change of one client copies only one part.
const CLIENT_PARTS: usize = 1024;

/// A client with its id.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Who may change it.
    pub owner: Owner,
    /// Its id and times in the storage. `None` if it was not read from a storage.
    pub record: Option<EntityRecord>,
    /// Its spec.
    pub spec: ClientSpec,
    /// Its public keys, ready to verify an assertion with.
    pub keys: scopegate_jose::KeySet,
    /// All states of the catalog share these marks until the client is changed.
    marks: Arc<Marks>,
}

/// What this process has noticed about a client.
#[derive(Debug, Default)]
struct Marks {
    /// Whether the client has sent its secret without the required form encoding.
    has_sent_unencoded: AtomicBool,
    /// When the client was last authenticated, in seconds. 0: not in this process.
    used_at: AtomicU64,
    /// The last use that was recorded in the storage, in seconds.
    recorded_at: AtomicU64,
}

impl Client {
    /// A client owned by the API that was not read from a storage.
    pub(crate) fn new(id: ClientId, spec: ClientSpec) -> Self {
        let keys = usable_keys(&spec.jwks);
        Self { id, keys, owner: Owner::Api, record: None, spec, marks: Arc::default() }
    }

    /// Records that the client sent its secret unencoded. Returns true the first time.
    pub(crate) fn is_first_unencoded_secret(&self) -> bool {
        !self.marks.has_sent_unencoded.swap(true, Ordering::Relaxed)
    }

    /// Notes that the client was authenticated. The storage learns of it later, because one row for each
    /// request would be too many.
    pub(crate) fn note_use(&self, now: UnixTime) {
        self.marks.used_at.fetch_max(now.as_seconds(), Ordering::Relaxed);
    }

    /// The last use in this process, if the storage does not know of one within `accuracy` seconds of it.
    pub(crate) fn unrecorded_use(&self, accuracy: u64) -> Option<UnixTime> {
        let used = self.marks.used_at.load(Ordering::Relaxed);
        let recorded = self.marks.recorded_at.load(Ordering::Relaxed);
        (used > recorded.saturating_add(if recorded == 0 { 0 } else { accuracy }))
            .then(|| UnixTime::from_seconds(used))
    }

    /// Notes that the storage knows of a use.
    pub(crate) fn use_is_recorded(&self, at: UnixTime) {
        self.marks.recorded_at.fetch_max(at.as_seconds(), Ordering::Relaxed);
    }
}

/// The clients, divided into parts by a seeded hash of their ids.
#[derive(Clone, Debug)]
pub(super) struct ClientMap {
    hasher: RandomState,
    parts: Vec<Arc<HashMap<ClientId, Arc<Client>>>>,
}

impl Default for ClientMap {
    fn default() -> Self {
        Self { hasher: RandomState::new(), parts: vec![Arc::default(); CLIENT_PARTS] }
    }
}

impl ClientMap {
    fn place_of(&self, id: &str) -> usize {
        self.hasher.hash_one(id) as usize % self.parts.len()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Arc<Client>> {
        self.parts[self.place_of(id)].get(id)
    }

    /// All clients, in no particular order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.parts.iter().flat_map(|part| part.values())
    }

    pub(super) fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
        let place = self.place_of(&edit.key().name);
        let part = Arc::make_mut(&mut self.parts[place]);
        match edit {
            Edit::Delete(key) => {
                part.remove(key.name.as_str());
            }
            Edit::Put(entity) => {
                if let (Ok(id), Spec::Client(spec)) =
                    (ClientId::parse(&entity.key.name), entity.spec)
                {
                    let client = Client::new(id.clone(), *spec);
                    part.insert(id, Arc::new(Client { owner: entity.owner, record, ..client }));
                }
            }
        }
    }
}

/// The web origins of active clients, and the number of clients that have each.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Arc<HashMap<String, u32>>);

impl Origins {
    pub(super) fn replace(&mut self, before: Option<&Client>, after: Option<&Client>) {
        if Self::of(before).chain(Self::of(after)).next().is_none() {
            return;
        }
        let counts = Arc::make_mut(&mut self.0);
        for origin in Self::of(after) {
            *counts.entry(origin.clone()).or_default() += 1;
        }
        for origin in Self::of(before) {
            match counts.get_mut(origin) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(counts.remove(origin)),
            }
        }
    }

    pub(super) fn contains(&self, origin: &str) -> bool {
        self.0.contains_key(origin)
    }

    fn of(client: Option<&Client>) -> impl Iterator<Item = &String> {
        let active = client.filter(|client| client.spec.status.is_active());
        active.into_iter().flat_map(|client| &client.spec.origins)
    }
}
