mod circumstances;
mod parties;
mod scopes;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::catalog::{
    Client, ClientAuth, ClientId, ClientSpec, Clients, ClockTime, Day, Edit, Entity, EntityKey,
    EntityKind, Hours, Network, Owner, PolicySpec, Resource, RuleSpec, Scopes, ServerId, Snapshot,
    Spec, Status, ZoneSpec,
};
use crate::directory::{Authentication, User};
use crate::expression::{Expression, Work};
use crate::policy::Wanted;
use crate::testing::{self, NOW};

/// A rule that is tried for a request. Each test changes a part of it.
struct Tried {
    policy: Option<PolicySpec>,
    rule: RuleSpec,
    client: Client,
    client_auth: ClientAuth,
    grant_type: &'static str,
    user: Option<User>,
    authentication: Option<Authentication>,
    resources: Vec<&'static str>,
    address: Option<&'static str>,
    now: UnixTime,
    wanted: Wanted,
    requested: ScopeSet,
}

impl Tried {
    fn new() -> Self {
        Self {
            policy: Some(policy_for(Clients::All)),
            rule: RuleSpec::default(),
            client: Client::new(ClientId::parse("portal").unwrap(), ClientSpec::default()),
            client_auth: ClientAuth::ClientSecretBasic,
            grant_type: "authorization_code",
            user: None,
            authentication: None,
            resources: Vec::new(),
            address: None,
            now: NOW,
            wanted: Wanted::Default,
            requested: ScopeSet::empty(),
        }
    }

    fn with_user() -> Self {
        Self { user: Some(testing::alice()), ..Self::new() }
    }

    fn named(&self, name: &str) -> &'static dyn Condition {
        let named = CONDITIONS.iter().find(|condition| condition.name() == name);
        *named.expect("a condition of this name")
    }

    /// The result of a condition of a rule that has it.
    fn check(&self, name: &str) -> Verdict {
        self.with(|case| {
            assert!(self.named(name).is_written(case.rule), "the rule has no {name}");
            self.named(name).check(case)
        })
    }

    /// What an explanation shows.
    fn shown(&self, name: &str) -> (String, String) {
        let condition = self.named(name);
        self.with(|case| (condition.wanted(case), condition.found(case)))
    }

    /// Whether the rule matches, as far as the conditions other than its scopes matter: as an allow rule, and as
    /// a deny rule.
    fn matches(&mut self) -> (bool, bool) {
        self.rule.grant_types = names(&[self.grant_type]);
        self.rule.scopes = Scopes::Any;
        let mut matches = |effect| {
            self.rule.effect = effect;
            self.wanted = Wanted::Named(self.requested.clone());
            self.with(|case| case.first_that_fails().is_none())
        };
        (matches(Effect::Allow), matches(Effect::Deny))
    }

    /// Looks at the rule as it is in a catalog with the zones `office` and `vpn`.
    fn with<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        let server = ServerId::default_server();
        let zone = |name: &str, network| {
            let networks = vec![Network::parse(network).unwrap()];
            (EntityKey::zone(name), Spec::Zone(ZoneSpec { networks }))
        };
        let policy = PolicySpec { clients: Clients::All, ..policy_for(Clients::All) };
        let entities = [
            zone("office", "192.0.2.0/24"),
            zone("vpn", "2001:db8::/32"),
            (EntityKey::of_server(EntityKind::Policy, &server, "p"), Spec::Policy(policy)),
            (EntityKey::rule(&server, "p", "r"), Spec::from(self.rule.clone())),
        ];
        let put = |(key, spec)| Edit::Put(Entity { key, owner: Owner::File, spec });
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap())
            .edited(1, entities.map(put).into());
        let server = catalog.server(&server).unwrap().unwrap();
        let mut policy = server.policies()[0].clone();
        policy.spec = self.policy.clone();
        let resources: Vec<_> = self.resources.iter().map(|text| Resource::new(text)).collect();
        let facts = Facts {
            server,
            client: &self.client,
            client_auth: self.client_auth,
            grant_type: self.grant_type,
            user: self.user.as_ref(),
            authentication: self.authentication.as_ref(),
            resources: &resources,
            address: self.address.map(|text| text.parse::<IpAddr>().unwrap()),
            now: self.now,
            wanted: &self.wanted,
        };
        let rule = &server.policies()[0].rules()[0];
        look(&Case {
            facts: &facts,
            policy: &policy,
            rule,
            requested: &self.requested,
            work: &Work::new(),
        })
    }
}

fn policy_for(clients: Clients) -> PolicySpec {
    PolicySpec { priority: 1, description: String::new(), clients, status: Status::Active }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn signed_in(acr: &str, at: UnixTime) -> Option<Authentication> {
    Some(Authentication { at, acr: acr.to_owned(), amr: Vec::new(), session: None })
}

use Verdict::{Fails, Holds, Unknown};

#[test]
fn each_condition_has_the_name_of_its_key_in_the_catalog_file() {
    let named: Vec<_> = CONDITIONS.iter().map(|condition| condition.name()).collect();
    assert_eq!(
        named,
        [
            "clients",
            "grant_types",
            "scopes",
            "built_in",
            "groups",
            "client_auth",
            "resources",
            "zones",
            "not_zones",
            "acr_values",
            "max_age",
            "hours",
            "when"
        ]
    );
}

#[test]
fn what_the_catalog_decides_is_tried_first() {
    Tried::new().with(|case| {
        let depends = CONDITIONS.iter().map(|condition| condition.depends_on(case.rule));
        let after_first = depends.skip_while(|dependence| *dependence == Dependence::Catalog);
        assert!(after_first.into_iter().all(|dependence| dependence == Dependence::Circumstances));
    });
}

#[test]
fn a_rule_of_the_index_needs_the_other_conditions_only() {
    assert_eq!((INDEXED, CONDITIONS[usize::from(SCOPES)].name()), (2, "scopes"));
    let mut tried = Tried { grant_type: "other", ..Tried::new() };
    tried.rule.scopes = Scopes::Any;
    tried.rule.effect = Effect::Deny;
    tried.policy = None;
    tried.with(|case| {
        assert_eq!((case.first_that_fails(), case.first_of_indexed()), (Some(0), None));
    });
}
