//! What is out of service on this node, because a row is not understood here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Affected, RowKey, UnreadableRow};

/// The rows that are not understood, and what they take out of service.
#[derive(Clone, Debug, Default)]
pub(super) struct OutOfService {
    of_catalog: BTreeMap<RowKey, Arc<UnreadableRow>>,
    of_keys: Vec<Arc<UnreadableRow>>,
    /// For each the first row that keeps it out.
    clients: HashMap<String, Arc<UnreadableRow>>,
    servers: HashMap<String, Arc<UnreadableRow>>,
}

impl OutOfService {
    pub(super) fn is_empty(&self) -> bool {
        self.of_catalog.is_empty() && self.of_keys.is_empty()
    }

    /// Takes note of rows of the catalog, of which some are understood or gone by now.
    pub(super) fn follow(
        &mut self,
        understood: impl Iterator<Item = RowKey>,
        unreadable: Vec<UnreadableRow>,
    ) {
        if self.of_catalog.is_empty() && unreadable.is_empty() {
            return;
        }
        understood.for_each(|key| drop(self.of_catalog.remove(&key)));
        let rows = unreadable.into_iter().map(|row| (row.key.clone(), Arc::new(row)));
        self.of_catalog.extend(rows);
        self.index();
    }

    /// Takes note of the signing keys that are not understood now.
    pub(super) fn follow_keys(&mut self, unreadable: Vec<Arc<UnreadableRow>>) {
        if self.of_keys != unreadable {
            self.of_keys = unreadable;
            self.index();
        }
    }

    fn index(&mut self) {
        self.clients.clear();
        self.servers.clear();
        for row in self.of_catalog.values().chain(&self.of_keys) {
            let (map, id) = match row.affected() {
                Affected::Client(id) => (&mut self.clients, id),
                Affected::Server(id) => (&mut self.servers, id),
                Affected::Nothing | Affected::User(_) => continue,
            };
            map.entry(id.to_owned()).or_insert_with(|| Arc::clone(row));
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<UnreadableRow>> {
        self.of_catalog.values().chain(&self.of_keys)
    }

    /// Refuses a client that is out of service.
    pub(super) fn check_client(&self, id: &str) -> Result<(), Arc<UnreadableRow>> {
        check(&self.clients, id)
    }

    /// Refuses a server that is out of service.
    pub(super) fn check_server(&self, id: &str) -> Result<(), Arc<UnreadableRow>> {
        check(&self.servers, id)
    }
}

fn check(map: &HashMap<String, Arc<UnreadableRow>>, id: &str) -> Result<(), Arc<UnreadableRow>> {
    // Mostly there is none, and then nothing is hashed.
    let row = if map.is_empty() { None } else { map.get(id) };
    row.map_or(Ok(()), |row| Err(Arc::clone(row)))
}
