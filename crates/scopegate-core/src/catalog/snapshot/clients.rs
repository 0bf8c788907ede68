//! The clients of a catalog in memory, by their ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Whether the client has sent its secret without the required form encoding. All states of the
    /// catalog share this flag until the client is changed.
    has_sent_unencoded: Arc<AtomicBool>,
}

impl Client {
    /// A client owned by the API that was not read from a storage.
    pub(crate) fn new(id: ClientId, spec: ClientSpec) -> Self {
        let keys = usable_keys(&spec.jwks);
        Self { id, keys, owner: Owner::Api, record: None, spec, has_sent_unencoded: Arc::default() }
    }

    /// Records that the client sent its secret unencoded. Returns true the first time.
    pub(crate) fn is_first_unencoded_secret(&self) -> bool {
        !self.has_sent_unencoded.swap(true, Ordering::Relaxed)
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
