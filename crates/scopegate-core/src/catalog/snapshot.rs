//! The catalog in memory, which requests read.

mod clients;
mod groups;
pub(super) mod policies;
pub(super) mod rule;
mod scope_filter;
mod zones;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scopegate_claims::{Audience, Issuer, Scope, ScopeSet};
use scopegate_jose::{Algorithm, Rules};

pub use self::clients::Client;
use self::clients::{ClientMap, Origins};
use self::groups::Groups;
use self::policies::OrderedPolicies;
pub use self::policies::Policy;
pub use self::rule::Rule;
pub use self::scope_filter::{RequestedBits, ScopeFilter};
pub use self::zones::Networks;
use self::zones::Zones;
use super::out_of_service::OutOfService;
use super::placement::Place;
use super::resource::{Resource, Targets};
use super::{
    Affected, AudienceSpec, CatalogChanges, ClaimSource, ClaimSpec, ClientId, Edit, Entity,
    EntityKey, EntityKind, EntityRecord, Owner, PolicySpec, RowKey, RuleSpec, ScopeSpec, ServerId,
    ServerSpec, Spec, Status, TrustedIssuer, UnreadableRow, Versions, admin_scopes, built_in,
    own_tokens,
};
use crate::expression::Root;

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
            // The last readable state of a client is removed, so that its origins are refused, and that of a
            // zone, so that no rule matches because of it.
            let replaced = unreadable.iter().filter_map(|row| match row.affected() {
                Affected::Client(id) => Some(EntityKey::client(&ClientId::parse(id).ok()?)),
                Affected::Nothing if row.key.kind == EntityKind::Zone.as_str() => {
                    Some(EntityKey::zone(&row.key.name))
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

    /// The keys of all entities of a kind in a server. For the kinds zone, server and client, all keys.
    pub fn keys_in(&self, kind: EntityKind, server: &str) -> Vec<EntityKey> {
        match kind.place() {
            Place::Catalog if kind == EntityKind::Group => return self.groups.keys(),
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

    /// Tells whether an active client has registered this web origin.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }
}

/// An authorization server with its scopes, claims, trusted issuers and policies.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    /// Its id.
    pub id: ServerId,
    /// Its issuer.
    pub issuer: Issuer,
    /// The spec of the server itself.
    pub spec: ServerSpec,
    /// Its scopes.
    pub scopes: BTreeMap<Scope, ScopeSpec>,
    /// Its claims. The name of a claim is in its key.
    pub claims: BTreeMap<EntityKey, ClaimSpec>,
    /// The issuers whose assertions it accepts, by their `iss`.
    pub trusted_issuers: BTreeMap<String, TrustedIssuer>,
    policies: BTreeMap<String, Policy>,
    /// The scopes of a request without `scope` parameter.
    pub default_scopes: ScopeSet,
    ordered_policies: OrderedPolicies,
    own_tokens: Rules,
    targets: Targets,
    is_written: bool,
    /// The owner, the id and the times of the server and of each entity that belongs to it.
    rows: BTreeMap<EntityKey, (Owner, Option<EntityRecord>)>,
}

/// An active rule for a client and a grant type.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "only the server constructs it")]
pub struct Candidate<'s> {
    /// The index of the policy in [`AuthorizationServer::policies`].
    pub policy_place: u32,
    /// The policy.
    pub policy: &'s Policy,
    /// The index of the rule in [`Policy::rules`].
    pub rule_place: u32,
    /// The rule.
    pub rule: &'s Rule,
    /// The bits of the rule's scopes.
    pub filter: ScopeFilter,
}

impl AuthorizationServer {
    /// The org server. Its scopes are the admin scopes, and its audience is its own issuer.
    fn org(base: &Issuer) -> Self {
        let scopes = admin_scopes::SCOPES.iter().filter_map(|(name, description)| {
            let spec = ScopeSpec { description: (*description).to_owned(), ..ScopeSpec::default() };
            Some((Scope::parse(name).ok()?, spec))
        });
        let mut org = Self {
            spec: ServerSpec {
                name: "Organisation".to_owned(),
                description: String::new(),
                audiences: vec![AudienceSpec {
                    name: Audience::parse(base.as_str()).expect("an issuer is printable"),
                    resources: Vec::new(),
                }],
                dialect: Default::default(),
                algorithms: vec![Algorithm::Rs256],
                trusted_servers: Default::default(),
                keys: Default::default(),
                status: Status::Active,
            },
            scopes: scopes.collect(),
            is_written: true,
            issuer: base.clone(),
            ..Self::custom(base, &ServerId::org())
        };
        org.index(&Zones::default());
        org.ordered_policies = OrderedPolicies::indexed(vec![built_in::org_policy()]);
        org
    }

    /// A custom server that the catalog does not define yet. `default` exists even so.
    fn custom(base: &Issuer, id: &ServerId) -> Self {
        let issuer = Self::issuer(base, id);
        let spec = ServerSpec::unwritten();
        Self {
            id: id.clone(),
            own_tokens: own_tokens::own_rules(&issuer, &spec.audiences),
            targets: Targets::of(&spec.audiences),
            issuer,
            spec,
            scopes: BTreeMap::new(),
            claims: BTreeMap::new(),
            trusted_issuers: BTreeMap::new(),
            policies: BTreeMap::new(),
            default_scopes: ScopeSet::empty(),
            ordered_policies: OrderedPolicies::default(),
            is_written: id.is_default(),
            rows: BTreeMap::new(),
        }
    }

    fn issuer(base: &Issuer, id: &ServerId) -> Issuer {
        let issuer = format!("{}/oauth2/{id}", base.as_str().trim_end_matches('/'));
        Issuer::parse(&issuer).expect("a base URL with a path is an issuer")
    }

    /// Tells whether neither the server nor any entity of it is written.
    fn is_blank(&self) -> bool {
        let is_childless = self.scopes.is_empty()
            && self.claims.is_empty()
            && self.trusted_issuers.is_empty()
            && self.policies.is_empty();
        !self.is_written && is_childless
    }

    /// The URL of an endpoint, by the last part of its path.
    pub fn endpoint(&self, name: &str) -> String {
        let issuer = self.issuer.as_str().trim_end_matches('/');
        let below = if self.id.is_org() { "/oauth2" } else { "" };
        format!("{issuer}{below}/v1/{name}")
    }

    /// The active policies, in the order in which they are tried.
    pub fn policies(&self) -> &[Policy] {
        self.ordered_policies.all()
    }

    /// The active policies that apply to a client, each with its index in [`policies`](Self::policies).
    pub fn policies_for(&self, client: &str) -> impl Iterator<Item = (u32, &Policy)> {
        let policies = (0..).zip(self.policies());
        policies.filter(move |(_, policy)| policy.applies_to(client))
    }

    /// The active rules for a client and a grant type, in the order in which they are tried.
    pub fn rules_for<'s>(
        &'s self,
        client: &str,
        grant_type: &'s str,
    ) -> impl Iterator<Item = Candidate<'s>> {
        let policies = self.ordered_policies.policies_for(client, grant_type);
        policies.flat_map(move |(policy_place, policy)| {
            policy.rules_for(grant_type).map(move |(rule_place, filter, rule)| Candidate {
                policy_place,
                policy,
                rule_place,
                rule,
                filter,
            })
        })
    }

    /// Tells whether a claim has an expression that reads this name.
    pub(crate) fn claims_read(&self, root: Root) -> bool {
        self.claims.values().any(|claim| match &claim.value {
            ClaimSource::Expression(expression) => expression.text.reads().contains(&root),
            _ => false,
        })
    }

    /// The audience of a token, by the `resource` parameter of the request (RFC 8707).
    ///
    /// The name of an audience also selects it. Without the parameter it is the first audience.
    pub fn audience(&self, resource: Option<&Resource<'_>>) -> Option<&Audience> {
        let place = match resource {
            None => 0,
            Some(resource) => self.targets.selected(resource)?,
        };
        self.spec.audiences.get(place).map(|audience| &audience.name)
    }

    /// The rules that verify this server's own access tokens.
    pub(crate) fn own_tokens(&self) -> &Rules {
        &self.own_tokens
    }

    fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
        match edit {
            Edit::Delete(key) => {
                self.rows.remove(&key);
                key.kind.delete(&key, self);
            }
            Edit::Put(Entity { key, owner, spec }) => {
                spec.put(&key, self);
                self.rows.insert(key, (owner, record));
            }
        }
    }

    /// Sets the spec of the server itself.
    pub(super) fn write(&mut self, spec: ServerSpec) {
        self.spec = spec;
        self.is_written = true;
    }

    /// Resets the spec of the server itself.
    pub(super) fn unwrite(&mut self) {
        self.write(ServerSpec::unwritten());
        self.is_written = self.id.is_default();
    }

    /// The spec of the server itself, if it is written.
    pub(super) fn written(&self) -> Option<&ServerSpec> {
        self.is_written.then_some(&self.spec)
    }

    /// The policy with this name, if there is one.
    pub(super) fn known_policy(&self, name: &str) -> Option<&Policy> {
        self.policies.get(name)
    }

    /// All policies with their rules, active or not.
    pub fn written_policies(
        &self,
    ) -> impl Iterator<Item = (&str, Option<&PolicySpec>, &BTreeMap<String, RuleSpec>)> {
        let policies = self.policies.iter();
        policies.map(|(name, policy)| (name.as_str(), policy.spec.as_ref(), &policy.written))
    }

    /// The policy with this name, which is added if there is none.
    pub(super) fn policy(&mut self, name: &str) -> &mut Policy {
        self.policies.entry(name.to_owned()).or_insert_with(|| Policy::named(name))
    }

    fn uses_zones(&self) -> bool {
        let mut rules = self.policies.values().flat_map(|policy| policy.written.values());
        rules.any(|rule| !rule.zones.is_empty() || !rule.not_zones.is_empty())
    }

    /// Rebuilds the values that are derived from the specs, for fast lookups.
    fn index(&mut self, zones: &Zones) {
        self.own_tokens = own_tokens::own_rules(&self.issuer, &self.spec.audiences);
        self.targets = Targets::of(&self.spec.audiences);
        self.policies.retain(|_, policy| policy.spec.is_some() || !policy.written.is_empty());
        let defaults = self.scopes.iter().filter(|(_, spec)| spec.default).map(|(name, _)| name);
        self.default_scopes = ScopeSet::from_tokens(defaults).expect("they are scopes");
        self.ordered_policies = OrderedPolicies::of(&self.policies, zones);
    }
}

#[cfg(test)]
mod tests;
