//! The catalog in memory, which requests read.

mod clients;
mod groups;
mod hooks;
pub(super) mod policies;
pub(super) mod rule;
mod scope_filter;
mod server;
mod zones;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scopegate_claims::Issuer;

pub use self::clients::Client;
use self::clients::{ClientMap, Origins};
use self::groups::Groups;
pub use self::hooks::Hook;
use self::hooks::Hooks;
pub use self::policies::Policy;
pub use self::rule::Rule;
pub use self::scope_filter::{RequestedBits, ScopeFilter};
pub use self::server::{AuthorizationServer, Candidate};
pub use self::zones::Networks;
use self::zones::Zones;
use super::out_of_service::OutOfService;
use super::placement::Place;
use super::{
    Affected, CatalogChanges, ClientId, Edit, Entity, EntityKey, EntityKind, EntityRecord, RowKey,
    ServerId, Spec, UnreadableRow, Versions,
};

/// One state of the whole catalog.
///
/// Its parts are shared. [`edited`](Self::edited) makes the next state, which copies only the changed parts
/// and shares the rest.
///
/// If this version cannot read a row, the client or server of that row is out of service. A lookup returns
/// an error, because its last readable state may allow too much.
#[derive(Clone, Debug)]
pub struct Snapshot {
    versions: Versions,
    base: Issuer,
    zones: Zones,
    hooks: Hooks,
    groups: Groups,
    org: Arc<AuthorizationServer>,
    servers: HashMap<ServerId, Arc<AuthorizationServer>>,
    clients: ClientMap,
    origins: Origins,
    out_of_service: Arc<OutOfService>,
}

/// The rows that a decision has read: those of a client and of a server, at a version of the catalog.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages compare each field")]
pub struct CatalogState {
    /// The client.
    pub client: ClientId,
    /// The server.
    pub server: ServerId,
    /// The version of the catalog that the decision has read.
    pub version: u64,
}

impl Snapshot {
    /// The empty catalog: it has only the org server and the `default` server.
    pub fn empty(base: &Issuer) -> Self {
        let default = ServerId::default_server();
        let server = AuthorizationServer::custom(base, &default);
        Self {
            versions: Versions::default(),
            base: base.clone(),
            zones: Zones::default(),
            hooks: Hooks::default(),
            groups: Groups::default(),
            org: Arc::new(AuthorizationServer::org(base)),
            servers: HashMap::from([(default, Arc::new(server))]),
            clients: ClientMap::default(),
            origins: Origins::default(),
            out_of_service: Arc::default(),
        }
    }

    /// The next state, after changes that were read from a storage.
    #[must_use]
    pub fn after(&self, changes: CatalogChanges) -> Self {
        let CatalogChanges { version, mut edits, mut records, unreadable, gone } = changes;
        let mut out_of_service = Arc::clone(&self.out_of_service);
        if !unreadable.is_empty() || !out_of_service.is_empty() {
            let resolved = edits.iter().map(|edit| edit.key().into()).chain(gone);
            let resolved: Vec<RowKey> = resolved.collect();
            // The last readable state of a client is removed, so that its origins are refused, that of a zone,
            // so that no rule matches because of it, and that of a hook, so that it fails.
            let replaced = unreadable.iter().filter_map(|row| match row.affected() {
                Affected::Client(id) => Some(EntityKey::client(&ClientId::parse(id).ok()?)),
                Affected::Nothing if row.key.kind == EntityKind::Zone.as_str() => {
                    Some(EntityKey::zone(&row.key.name))
                }
                Affected::Nothing if row.key.kind == EntityKind::Hook.as_str() => {
                    Some(EntityKey::hook(&row.key.name))
                }
                Affected::Nothing | Affected::Server(_) | Affected::User(_) => None,
            });
            edits.extend(replaced.map(Edit::Delete));
            Arc::make_mut(&mut out_of_service).follow(resolved.into_iter(), unreadable);
        }
        let with_record = |edit: Edit| {
            let record = records.remove(edit.key());
            (edit, record)
        };
        let edits = edits.into_iter().map(with_record).collect();
        Self { out_of_service, ..self.edited_with(version, edits) }
    }

    /// The same catalog with another version of the signing keys, and those that cannot be read.
    #[must_use]
    pub fn with_keys(mut self, version: u64, unreadable: Vec<Arc<UnreadableRow>>) -> Self {
        self.versions.keys = version;
        if !unreadable.is_empty() || !self.out_of_service.is_empty() {
            Arc::make_mut(&mut self.out_of_service).follow_keys(unreadable);
        }
        self
    }

    /// The next state, after changes that are all readable.
    #[must_use]
    pub fn edited(&self, version: u64, edits: Vec<Edit>) -> Self {
        self.edited_with(version, edits.into_iter().map(|edit| (edit, None)).collect())
    }

    fn edited_with(&self, version: u64, edits: Vec<(Edit, Option<EntityRecord>)>) -> Self {
        let versions = Versions { catalog: version, ..self.versions };
        let mut next = Self { versions, ..self.clone() };
        let mut by_server: BTreeMap<ServerId, Vec<_>> = BTreeMap::new();
        let mut has_other_zones = false;
        for (edit, record) in edits {
            if edit.key().kind == EntityKind::Zone {
                next.zones.edit(edit, record);
                has_other_zones = true;
                continue;
            }
            if edit.key().kind == EntityKind::Hook {
                next.hooks.edit(edit, record);
                continue;
            }
            if edit.key().kind == EntityKind::Group {
                next.groups.edit(edit, record);
                continue;
            }
            match edit.key().server_id().map(ServerId::parse) {
                Some(Ok(server)) => by_server.entry(server).or_default().push((edit, record)),
                // No request can look up a server with such an id, so the edit has no effect.
                Some(Err(_)) => {}
                None => {
                    let id = edit.key().name.clone();
                    let before = next.known_client(&id).map(Arc::clone);
                    next.clients.edit(edit, record);
                    let after = next.known_client(&id).map(Arc::clone);
                    next.origins.replace(before.as_deref(), after.as_deref());
                }
            }
        }
        if has_other_zones {
            let uses_zones = |server: &&Arc<AuthorizationServer>| server.uses_zones();
            for server in next.servers.values().filter(uses_zones) {
                by_server.entry(server.id.clone()).or_default();
            }
        }
        for (id, edits) in by_server {
            let mut server = match next.servers.get(&id) {
                Some(server) => AuthorizationServer::clone(server),
                None => AuthorizationServer::custom(&self.base, &id),
            };
            edits.into_iter().for_each(|(edit, record)| server.edit(edit, record));
            server.index(&next.zones);
            // A server without its own row is kept if it has scopes, claims or policies: its own row may
            // only be unreadable at the moment.
            match server.is_blank() {
                false => next.servers.insert(id, Arc::new(server)),
                true => next.servers.remove(&id),
            };
        }
        next
    }

    /// The version of its newest change.
    pub fn version(&self) -> u64 {
        self.versions.catalog
    }

    /// The version of its newest change, and the version of the signing keys.
    pub fn versions(&self) -> Versions {
        self.versions
    }

    /// The rows that this version cannot read.
    pub fn unreadable_rows(&self) -> impl Iterator<Item = &Arc<UnreadableRow>> {
        self.out_of_service.rows()
    }

    /// The org authorization server, even if it is out of service.
    pub fn org(&self) -> &Arc<AuthorizationServer> {
        &self.org
    }

    /// An authorization server, active or not. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The row that takes it out of service on this node.
    pub fn server(
        &self,
        id: &ServerId,
    ) -> Result<Option<&Arc<AuthorizationServer>>, Arc<UnreadableRow>> {
        self.out_of_service.check_server(id.as_str())?;
        let server = if id.is_org() { Some(&self.org) } else { self.servers.get(id) };
        Ok(server.filter(|server| server.is_written))
    }

    /// A custom authorization server by an id that is not parsed yet.
    ///
    /// # Errors
    ///
    /// As [`server`](Self::server).
    pub fn custom_server(
        &self,
        id: &str,
    ) -> Result<Option<&Arc<AuthorizationServer>>, Arc<UnreadableRow>> {
        match ServerId::parse(id) {
            Ok(id) => self.server(&id),
            // A newer version may allow other ids.
            Err(_) if id == ServerId::ORG => Ok(None),
            Err(_) => self.out_of_service.check_server(id).map(|()| None),
        }
    }

    /// A readable entity. `None` if it was not written.
    pub fn entity(&self, key: &EntityKey) -> Option<Entity> {
        let (owner, spec) = match key.server_id() {
            None if key.kind == EntityKind::Zone => {
                let zone = self.zones.find(&key.name)?;
                (zone.owner, Spec::Zone(zone.spec.clone()))
            }
            None if key.kind == EntityKind::Hook => {
                let hook = self.hooks.find(&key.name)?;
                (hook.owner, Spec::Hook(Box::new(hook.spec.clone())))
            }
            None if key.kind == EntityKind::Group => {
                let group = self.groups.find(&key.name)?;
                (group.owner, Spec::Group(group.spec.clone()))
            }
            None => {
                let client = self.known_client(&key.name)?;
                (client.owner, client.spec.clone().into())
            }
            Some(server) => {
                let server = self.servers.get(&ServerId::parse(server).ok()?)?;
                (server.rows.get(key)?.0, Spec::find(key, server)?)
            }
        };
        Some(Entity { key: key.clone(), owner, spec })
    }

    /// The id and the times of an entity. `None` if it was not read from a storage.
    pub fn record(&self, key: &EntityKey) -> Option<&EntityRecord> {
        match key.server_id() {
            None if key.kind == EntityKind::Zone => self.zones.find(&key.name)?.record.as_ref(),
            None if key.kind == EntityKind::Hook => self.hooks.find(&key.name)?.record.as_ref(),
            None if key.kind == EntityKind::Group => self.groups.find(&key.name)?.record.as_ref(),
            None => self.known_client(&key.name)?.record.as_ref(),
            Some(server) => {
                let server = self.servers.get(&ServerId::parse(server).ok()?)?;
                server.rows.get(key)?.1.as_ref()
            }
        }
    }

    /// Tells whether an entity exists, readable or not.
    pub(super) fn has(&self, key: &EntityKey) -> bool {
        self.entity(key).is_some() || self.out_of_service.rows().any(|row| row.key == key.into())
    }

    /// The keys of all entities of a kind in a server. For the kinds zone, group, hook, server and client, all keys.
    pub fn keys_in(&self, kind: EntityKind, server: &str) -> Vec<EntityKey> {
        match kind.place() {
            Place::Catalog if kind == EntityKind::Group => return self.groups.keys(),
            Place::Catalog if kind == EntityKind::Hook => return self.hooks.keys(),
            Place::Catalog => return self.zones.keys(),
            Place::Client => return self.clients().map(|it| EntityKey::client(&it.id)).collect(),
            Place::Server => {
                let custom = self.servers().filter(|server| !server.id.is_org());
                return custom.map(|server| EntityKey::server(&server.id)).collect();
            }
            Place::InServer | Place::InPolicy => {}
        }
        let server = ServerId::parse(server).ok().and_then(|id| self.servers.get(&id));
        server.map_or_else(Vec::new, |server| kind.keys_in(server))
    }

    /// A hook, active or not. `None` if it does not exist, or cannot be read by this version.
    pub fn hook(&self, name: &str) -> Option<&Arc<Hook>> {
        self.hooks.find(name)
    }

    /// All hooks, active or not, in the order of their names.
    pub fn hooks(&self) -> impl Iterator<Item = &Arc<Hook>> {
        self.hooks.all()
    }

    /// The issuer of a server, whether or not the server exists.
    pub fn issuer_of(&self, id: &ServerId) -> Issuer {
        if id.is_org() { self.base.clone() } else { AuthorizationServer::issuer(&self.base, id) }
    }

    /// All authorization servers that are in service, the org server first.
    pub fn servers(&self) -> impl Iterator<Item = &Arc<AuthorizationServer>> {
        let all = std::iter::once(&self.org).chain(self.servers.values());
        let in_service = |id: &ServerId| self.out_of_service.check_server(id.as_str()).is_ok();
        all.filter(move |server| server.is_written && in_service(&server.id))
    }

    /// A client, active or not. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The row that takes it out of service on this node.
    pub fn client(&self, id: &str) -> Result<Option<&Arc<Client>>, Arc<UnreadableRow>> {
        self.out_of_service.check_client(id)?;
        Ok(self.known_client(id))
    }

    /// Tells whether the rows of a client are readable.
    pub(crate) fn is_client_in_service(&self, id: &str) -> bool {
        self.out_of_service.check_client(id).is_ok()
    }

    fn known_client(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.find(id)
    }

    /// The state of a client and a server, which a commit compares with the stored catalog.
    pub(crate) fn state_of(&self, client: &Client, server: &AuthorizationServer) -> CatalogState {
        let (client, server) = (client.id.clone(), server.id.clone());
        CatalogState { client, server, version: self.version() }
    }

    /// All clients, active or not, in no particular order.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.all()
    }

    /// The catalog as it would be if the holds of all clients were lifted. `None` if no client is on hold.
    pub fn without_holds(&self) -> Option<Self> {
        let held = self.clients().filter(|client| client.spec.is_on_hold());
        let edits = held.map(|client| {
            let (key, spec) = (EntityKey::client(&client.id), client.spec.clone().without_hold());
            Edit::Put(Entity { key, owner: client.owner, spec: spec.into() })
        });
        let edits: Vec<_> = edits.collect();
        (!edits.is_empty()).then(|| self.edited(self.version(), edits))
    }

    /// Tells whether an active client has registered this web origin.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }
}

#[cfg(test)]
mod tests;
