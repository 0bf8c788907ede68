//! An authorization server as requests read it.

use std::collections::BTreeMap;

use scopegate_claims::{Audience, Issuer, Scope, ScopeSet};
use scopegate_jose::{Algorithm, Rules};

use super::policies::{OrderedPolicies, Policy};
use super::rule::Rule;
use super::scope_filter::ScopeFilter;
use super::zones::Zones;
use crate::catalog::resource::{Resource, Targets};
use crate::catalog::{
    AudienceSpec, ClaimSource, ClaimSpec, Edit, Entity, EntityKey, EntityRecord, Owner, PolicySpec,
    RuleSpec, ScopeSpec, ServerId, ServerSpec, Status, TrustedIssuer, admin_scopes, built_in,
    own_tokens,
};
use crate::expression::Root;

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
    pub(super) is_written: bool,
    /// The owner, the id and the times of the server and of each entity that belongs to it.
    pub(super) rows: BTreeMap<EntityKey, (Owner, Option<EntityRecord>)>,
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
    pub(super) fn org(base: &Issuer) -> Self {
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
    pub(super) fn custom(base: &Issuer, id: &ServerId) -> Self {
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

    pub(super) fn issuer(base: &Issuer, id: &ServerId) -> Issuer {
        let issuer = format!("{}/oauth2/{id}", base.as_str().trim_end_matches('/'));
        Issuer::parse(&issuer).expect("a base URL with a path is an issuer")
    }

    /// Tells whether neither the server nor any entity of it is written.
    pub(super) fn is_blank(&self) -> bool {
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

    pub(super) fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
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
    pub(in crate::catalog) fn write(&mut self, spec: ServerSpec) {
        self.spec = spec;
        self.is_written = true;
    }

    /// Resets the spec of the server itself.
    pub(in crate::catalog) fn unwrite(&mut self) {
        self.write(ServerSpec::unwritten());
        self.is_written = self.id.is_default();
    }

    /// The spec of the server itself, if it is written.
    pub(in crate::catalog) fn written(&self) -> Option<&ServerSpec> {
        self.is_written.then_some(&self.spec)
    }

    /// The policy with this name, if there is one.
    pub(in crate::catalog) fn known_policy(&self, name: &str) -> Option<&Policy> {
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
    pub(in crate::catalog) fn policy(&mut self, name: &str) -> &mut Policy {
        self.policies.entry(name.to_owned()).or_insert_with(|| Policy::named(name))
    }

    pub(super) fn uses_zones(&self) -> bool {
        let mut rules = self.policies.values().flat_map(|policy| policy.written.values());
        rules.any(|rule| !rule.zones.is_empty() || !rule.not_zones.is_empty())
    }

    /// Rebuilds the values that are derived from the specs, for fast lookups.
    pub(super) fn index(&mut self, zones: &Zones) {
        self.own_tokens = own_tokens::own_rules(&self.issuer, &self.spec.audiences);
        self.targets = Targets::of(&self.spec.audiences);
        self.policies.retain(|_, policy| policy.spec.is_some() || !policy.written.is_empty());
        let defaults = self.scopes.iter().filter(|(_, spec)| spec.default).map(|(name, _)| name);
        self.default_scopes = ScopeSet::from_tokens(defaults).expect("they are scopes");
        self.ordered_policies = OrderedPolicies::of(&self.policies, zones);
    }
}
