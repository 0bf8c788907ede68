//! The clients and servers that are out of service on this node, because it cannot read a row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Affected, RowKey, UnreadableRow};

/// The rows that this version cannot read, and the clients and servers that are out of service.
#[derive(Clone, Debug, Default)]
pub(super) struct OutOfService {
    of_catalog: BTreeMap<RowKey, Arc<UnreadableRow>>,
    of_keys: Vec<Arc<UnreadableRow>>,
    /// For each client that is out of service, the first unreadable row.
    clients: HashMap<String, Arc<UnreadableRow>>,
    /// The same for servers.
    servers: HashMap<String, Arc<UnreadableRow>>,
}

impl OutOfService {
    pub(super) fn is_empty(&self) -> bool {
        self.of_catalog.is_empty() && self.of_keys.is_empty()
    }

    /// Follows a change of the catalog. The `resolved` rows are now readable or deleted.
    pub(super) fn follow(
        &mut self,
        resolved: impl Iterator<Item = RowKey>,
        unreadable: Vec<UnreadableRow>,
    ) {
        if self.of_catalog.is_empty() && unreadable.is_empty() {
            return;
        }
        resolved.for_each(|key| drop(self.of_catalog.remove(&key)));
        let rows = unreadable.into_iter().map(|row| (row.key.clone(), Arc::new(row)));
        self.of_catalog.extend(rows);
        self.index();
    }

    /// Replaces the list of unreadable signing keys.
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
    // The map is nearly always empty. Then the id need not be hashed.
    let row = if map.is_empty() { None } else { map.get(id) };
    row.map_or(Ok(()), |row| Err(Arc::clone(row)))
}
