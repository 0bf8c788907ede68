mod naive;
mod users;

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_claims::Issuer;

use super::*;
use crate::catalog::{
    ClientId, ClientSpec, Clients, Consent, Edit, Entity, EntityKey, EntityKind, Owner, PolicySpec,
    RuleSpec, ScopeSpec, Scopes, ServerId, Snapshot, Spec, Status,
};
use crate::error::CallError;

/// A catalog with the default server, built rule by rule.
struct World {
    edits: Vec<Edit>,
}

impl World {
    fn new(scopes: &[(&str, bool)]) -> Self {
        let mut world = Self { edits: Vec::new() };
        for (name, default) in scopes {
            let spec = ScopeSpec { default: *default, ..ScopeSpec::default() };
            world.scope(name, spec);
        }
        for name in ["reader", "admin"] {
            let id = ClientId::parse(name).unwrap();
            world.put(EntityKey::client(&id), Spec::Client(Box::new(client_spec(name == "admin"))));
        }
        world
    }

    fn put(&mut self, key: EntityKey, spec: Spec) {
        self.edits.push(Edit::Put(Entity { key, owner: Owner::File, spec }));
    }

    fn scope(&mut self, name: &str, spec: ScopeSpec) {
        let server = ServerId::default_server();
        self.put(EntityKey::of_server(EntityKind::Scope, &server, name), Spec::Scope(spec));
    }

    fn policy(mut self, name: &str, priority: u32, clients: &[&str]) -> Self {
        let clients = match clients {
            ["*"] => Clients::All,
            ids => Clients::Named(ids.iter().map(|id| ClientId::parse(id).unwrap()).collect()),
        };
        let spec =
            PolicySpec { priority, description: String::new(), clients, status: Status::Active };
        let server = ServerId::default_server();
        self.put(EntityKey::of_server(EntityKind::Policy, &server, name), Spec::Policy(spec));
        self
    }

    fn rule(
        mut self,
        policy: &str,
        priority: u32,
        grant: &str,
        scopes: &str,
        minutes: u64,
    ) -> Self {
        let scopes = match scopes {
            "*" => Scopes::Any,
            named => Scopes::Named(ScopeSet::parse(named).unwrap()),
        };
        let spec = RuleSpec {
            priority,
            grant_types: BTreeSet::from([grant.to_owned()]),
            scopes,
            access_token_lifetime: Duration::from_secs(minutes * 60),
            ..RuleSpec::default()
        };
        let name = format!("rule {priority}");
        self.put(EntityKey::rule(&ServerId::default_server(), policy, &name), Spec::from(spec));
        self
    }

    fn ask(self, client: &str, scope: Option<&str>) -> Result<Granted, CallError> {
        self.ask_wanting(client, &Wanted::parse(scope)?)
    }

    fn ask_wanting(self, client: &str, wanted: &Wanted) -> Result<Granted, CallError> {
        let base = Issuer::parse("https://id.example").unwrap();
        let snapshot = Snapshot::empty(&base).edited(1, self.edits);
        let server = snapshot.server(&ServerId::default_server()).unwrap().unwrap();
        let client = snapshot.client(client).unwrap().unwrap();
        evaluate(&facts(server, client, "client_credentials", None, wanted)).granted()
    }
}

fn facts<'a>(
    server: &'a AuthorizationServer,
    client: &'a Client,
    grant_type: &'a str,
    user: Option<&'a User>,
    wanted: &'a Wanted,
) -> Facts<'a> {
    Facts {
        server,
        client,
        client_auth: client.spec.auth,
        grant_type,
        user,
        authentication: None,
        resources: &[],
        address: None,
        now: UnixTime::from_seconds(1_800_000_000),
        wanted,
    }
}

fn client_spec(admin: bool) -> ClientSpec {
    ClientSpec {
        auth: if admin { ClientAuth::PrivateKeyJwt } else { ClientAuth::ClientSecretBasic },
        admin,
        ..ClientSpec::default()
    }
}

const SCOPES: [(&str, bool); 3] = [("read", true), ("write", false), ("list", true)];

#[test]
fn the_first_rule_that_matches_decides() {
    let granted = World::new(&SCOPES)
        .policy("late", 2, &["*"])
        .policy("early", 1, &["reader"])
        .rule("late", 1, "client_credentials", "*", 60)
        .rule("early", 2, "client_credentials", "read write", 10)
        .rule("early", 1, "client_credentials", "read", 5)
        .ask("reader", Some("read write"))
        .unwrap();
    assert_eq!(granted.rule, "early/rule 2");
    assert_eq!(granted.lifetime, Duration::from_secs(600));
}

#[test]
fn if_no_rule_of_a_policy_matches_the_next_policy_is_tried() {
    let granted = World::new(&SCOPES)
        .policy("early", 1, &["*"])
        .policy("late", 2, &["*"])
        .rule("early", 1, "authorization_code", "*", 5)
        .rule("late", 1, "client_credentials", "*", 5)
        .ask("reader", Some("write"))
        .unwrap();
    assert_eq!(granted.rule, "late/rule 1");
}

#[test]
fn a_rule_that_lacks_one_of_the_named_scopes_does_not_match() {
    let world = || World::new(&SCOPES).policy("p", 1, &["*"]);
    let outcome =
        world().rule("p", 1, "client_credentials", "read", 5).ask("reader", Some("read write"));
    assert!(matches!(outcome, Err(CallError::NoMatchingRule)));
}

#[test]
fn a_policy_of_other_clients_does_not_apply() {
    let outcome = World::new(&SCOPES)
        .policy("p", 1, &["admin"])
        .rule("p", 1, "client_credentials", "*", 5)
        .ask("reader", Some("read"));
    assert!(matches!(outcome, Err(CallError::NoMatchingRule)));
}

#[test]
fn without_a_policy_nothing_is_granted() {
    let outcome = World::new(&SCOPES).ask("reader", Some("read"));
    assert!(matches!(outcome, Err(CallError::NoMatchingRule)));
}

#[test]
fn a_request_without_scope_gets_the_default_scopes_that_the_rule_allows() {
    for scope in [None, Some(" ")] {
        let granted = World::new(&SCOPES)
            .policy("p", 1, &["*"])
            .rule("p", 1, "client_credentials", "read write", 5)
            .ask("reader", scope)
            .unwrap();
        assert_eq!(granted.scopes.as_str(), "read");
    }
    let none = World::new(&[("read", false)])
        .policy("p", 1, &["*"])
        .rule("p", 1, "client_credentials", "*", 5)
        .ask("reader", None);
    assert!(matches!(none, Err(CallError::InvalidScope(_))));
}

#[test]
fn a_scope_that_the_server_lacks_is_invalid_whatever_the_rules_say() {
    for scope in ["unknown", "read unknown", "Read", "rea", "openid", "read offline_access"] {
        let outcome = World::new(&SCOPES)
            .policy("p", 1, &["*"])
            .rule("p", 1, "client_credentials", "*", 5)
            .ask("reader", Some(scope));
        assert!(matches!(outcome, Err(CallError::InvalidScope(_))), "{scope}");
    }
}

#[test]
fn a_scope_that_needs_consent_is_refused_if_no_user_takes_part() {
    let mut world = World::new(&SCOPES);
    world.scope("secret", ScopeSpec { consent: Consent::Required, ..ScopeSpec::default() });
    world.scope("soft", ScopeSpec { consent: Consent::Flexible, ..ScopeSpec::default() });
    let world = world.policy("p", 1, &["*"]).rule("p", 1, "client_credentials", "*", 5);
    let edits = world.edits.clone();
    assert!(matches!(world.ask("reader", Some("secret")), Err(CallError::ConsentRequired)));
    assert!(World { edits }.ask("reader", Some("soft")).is_ok());
}

#[test]
fn a_default_scope_that_needs_consent_refuses_a_request_only_if_the_rule_grants_it() {
    let ask = |scopes: &str, asked: Option<&str>| {
        let mut world = World::new(&SCOPES);
        let secret =
            ScopeSpec { consent: Consent::Required, default: true, ..ScopeSpec::default() };
        world.scope("secret", secret);
        let world = world.policy("p", 1, &["*"]);
        world.rule("p", 1, "client_credentials", scopes, 5).ask("reader", asked)
    };
    assert_eq!(ask("read write", None).unwrap().scopes.as_str(), "read");
    for (scopes, asked) in [("*", None), ("read secret", None), ("read", Some("read secret"))] {
        let refused = ask(scopes, asked);
        assert!(matches!(refused, Err(CallError::ConsentRequired)), "{scopes} {asked:?}");
    }
    assert!(matches!(ask("write", None), Err(CallError::NoMatchingRule)));
}

/// For example, a refresh or a token exchange that names no scope.
#[test]
fn for_earlier_scopes_a_rule_that_gives_all_wins_over_an_earlier_rule_that_gives_some() {
    let at_most = |all: &str| {
        let world = World::new(&SCOPES)
            .policy("p", 1, &["*"])
            .rule("p", 1, "client_credentials", "read", 5)
            .rule("p", 2, "client_credentials", "read write", 10);
        world.ask_wanting("reader", &Wanted::AtMost(ScopeSet::parse(all).unwrap()))
    };
    let granted = at_most("read write").unwrap();
    assert_eq!((granted.scopes.as_str(), &*granted.rule), ("read write", "p/rule 2"));
    let granted = at_most("read list").unwrap();
    assert_eq!((granted.scopes.as_str(), &*granted.rule), ("read", "p/rule 1"));
    let granted = at_most("write gone").unwrap();
    assert_eq!((granted.scopes.as_str(), &*granted.rule), ("write", "p/rule 2"));
    for nothing in ["", "list", "gone"] {
        assert!(matches!(at_most(nothing), Err(CallError::NoMatchingRule)), "{nothing:?}");
    }
}

#[test]
fn the_org_server_serves_admin_scopes_to_admins_only() {
    let base = Issuer::parse("https://id.example").unwrap();
    let snapshot = Snapshot::empty(&base).edited(1, World::new(&SCOPES).edits);
    let ask = |client: &str, scope: Option<&str>| {
        let client = snapshot.client(client).unwrap().unwrap();
        let wanted = Wanted::parse(scope).unwrap();
        evaluate(&facts(snapshot.org(), client, "client_credentials", None, &wanted)).granted()
    };
    assert!(ask("admin", Some("okta.apps.read okta.apps.manage")).is_ok());
    for (client, scope) in [
        ("reader", Some("okta.apps.read")),
        ("admin", None),
        ("admin", Some("openid")),
        ("admin", Some("read")),
        ("admin", Some("okta.apps.read read")),
        ("admin", Some("okta.apps")),
    ] {
        assert!(
            matches!(ask(client, scope), Err(CallError::InvalidScope(_))),
            "{client} {scope:?}"
        );
    }
}

proptest! {
    #[test]
    fn the_granted_scopes_were_requested_and_are_allowed(
        allowed in "(read|write|list)( (read|write|list)){0,2}",
        asked in "(read|write|list)( (read|write|list)){0,2}",
    ) {
        let outcome = World::new(&SCOPES)
            .policy("p", 1, &["*"])
            .rule("p", 1, "client_credentials", &allowed, 5)
            .ask("reader", Some(&asked));
        let (allowed, asked) = (ScopeSet::parse(&allowed).unwrap(), ScopeSet::parse(&asked).unwrap());
        match outcome {
            Ok(granted) => {
                prop_assert_eq!(&granted.scopes, &asked);
                prop_assert!(granted.scopes.is_subset(&allowed));
            }
            Err(_) => prop_assert!(!asked.is_subset(&allowed)),
        }
    }

    #[test]
    fn any_scope_parameter_is_read_or_refused(text in ".{0,60}") {
        let _ = Wanted::parse(Some(&text));
    }
}

#[test]
fn the_trace_names_each_rule_that_was_tried_and_the_first_condition_that_failed() {
    let base = Issuer::parse("https://id.example").unwrap();
    let world = World::new(&SCOPES)
        .policy("others", 1, &["admin"])
        .policy("all", 2, &["*"])
        .rule("others", 1, "client_credentials", "*", 5)
        .rule("all", 1, "authorization_code", "*", 5)
        .rule("all", 2, "client_credentials", "write", 5)
        .rule("all", 3, "client_credentials", "read", 5);
    let snapshot = Snapshot::empty(&base).edited(1, world.edits);
    let server = snapshot.server(&ServerId::default_server()).unwrap().unwrap();
    let client = snapshot.client("reader").unwrap().unwrap();
    let wanted = Wanted::parse(Some("read")).unwrap();
    let facts = facts(server, client, "client_credentials", None, &wanted);
    let Evaluation { outcome, trace } = evaluate(&facts);
    assert!(matches!(&outcome, Outcome::Allow(granted) if granted.rule == "all/rule 3"));
    let shown = trace.steps().iter().map(|step| {
        let policy = &server.policies()[step.policy as usize];
        let rule = &policy.rules()[step.rule as usize];
        let failed = step.failed_condition().map(condition::Condition::name);
        (policy.name.as_str(), rule.name.as_str(), failed)
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [("all", "rule 2", Some("scopes")), ("all", "rule 3", None)]
    );

    let mut explained = Vec::new();
    let again = explain(&facts, |case, step| {
        let failed = step.failed_condition().map(|failed| {
            let (wanted, found) = (failed.wanted(case), failed.found(case));
            format!("{}: wanted {wanted}, found {found}", failed.name())
        });
        explained.push((case.rule.name.clone(), failed.unwrap_or_default()));
    });
    assert_eq!(again, outcome);
    assert_eq!(
        explained.iter().map(|(rule, failed)| (&**rule, &**failed)).collect::<Vec<_>>(),
        [
            ("rule 1", "clients: wanted admin, found reader"),
            ("rule 1", "grant_types: wanted authorization_code, found client_credentials"),
            ("rule 2", "scopes: wanted write, found read"),
            ("rule 3", ""),
        ]
    );
}

#[test]
fn known_scopes_without_a_matching_rule_are_no_match_and_unknown_scopes_are_malformed() {
    let base = Issuer::parse("https://id.example").unwrap();
    let snapshot = Snapshot::empty(&base).edited(1, World::new(&SCOPES).edits);
    let server = snapshot.server(&ServerId::default_server()).unwrap().unwrap();
    let client = snapshot.client("reader").unwrap().unwrap();
    let outcome = |scope| {
        let wanted = Wanted::parse(Some(scope)).unwrap();
        evaluate(&facts(server, client, "client_credentials", None, &wanted)).outcome
    };
    assert_eq!(outcome("read"), Outcome::NoMatch);
    assert_eq!(outcome("unknown"), Outcome::Malformed(Wanted::UNKNOWN_SCOPE));
}
