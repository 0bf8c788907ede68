//! A rule that is tried and does not match costs no allocation of its own.

use std::time::Duration;

use scopegate_claims::{Issuer, ScopeSet, UnixTime};
use scopegate_core::catalog::{
    ClientAuth, ClientId, ClientSpec, Clients, Edit, Entity, EntityKey, EntityKind, Owner,
    PolicySpec, RuleSpec, ScopeSpec, Scopes, ServerId, Snapshot, Spec, Status,
};
use scopegate_core::policy::{Facts, Outcome, Wanted, evaluate};

const GRANT: &str = "client_credentials";

fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::File, spec })
}

/// A catalog whose last rule gives the scope `read`. The rules before it give other scopes, by `grant_type`.
fn catalog(others: u32, grant_type: &str) -> Snapshot {
    let server = ServerId::default_server();
    let mut edits = vec![
        put(
            EntityKey::client(&ClientId::parse("reader").expect("it is valid")),
            ClientSpec { auth: ClientAuth::ClientSecretBasic, ..ClientSpec::default() }.into(),
        ),
        put(
            EntityKey::of_server(EntityKind::Policy, &server, "p"),
            Spec::Policy(PolicySpec {
                priority: 1,
                description: String::new(),
                clients: Clients::All,
                status: Status::Active,
            }),
        ),
    ];
    for scope in ["read", "write", "delete"] {
        let key = EntityKey::of_server(EntityKind::Scope, &server, scope);
        edits.push(put(key, Spec::Scope(ScopeSpec::default())));
    }
    let mut rule = |priority: u32, grant_type: &str, scopes: &str| {
        let spec = RuleSpec {
            priority,
            grant_types: [grant_type.to_owned()].into(),
            scopes: Scopes::Named(ScopeSet::parse(scopes).expect("it is valid")),
            access_token_lifetime: Duration::from_secs(600),
            ..RuleSpec::default()
        };
        edits.push(put(EntityKey::rule(&server, "p", &priority.to_string()), Spec::from(spec)));
    };
    for priority in 0..others {
        rule(priority, grant_type, "write delete");
    }
    rule(others, GRANT, "read");
    Snapshot::empty(&Issuer::parse("https://id.example").expect("it is valid")).edited(1, edits)
}

fn decide(catalog: &Snapshot) -> (Outcome, usize) {
    let wanted = Wanted::parse(Some("read")).expect("it is valid");
    let evaluation = evaluate(&Facts {
        server: catalog
            .server(&ServerId::default_server())
            .expect("it is valid")
            .expect("it is valid"),
        client: catalog.client("reader").expect("it is valid").expect("it is valid"),
        client_auth: ClientAuth::ClientSecretBasic,
        grant_type: GRANT,
        user: None,
        authentication: None,
        resources: &[],
        address: None,
        now: UnixTime::from_seconds(1_800_000_000),
        wanted: &wanted,
    });
    (evaluation.outcome, evaluation.trace.steps().len())
}

fn allocations(catalog: &Snapshot) -> u64 {
    // The first request computes which conditions each rule has.
    let (outcome, _) = decide(catalog);
    assert!(matches!(outcome, Outcome::Allow(_)), "{outcome:?}");
    allocation_counter::measure(|| drop(decide(catalog))).count_total
}

#[test]
fn a_thousand_rules_of_the_same_grant_cost_only_the_growth_of_the_trace() {
    let (one, thousand) = (catalog(0, GRANT), catalog(1000, GRANT));
    assert_eq!((decide(&one).1, decide(&thousand).1), (1, 1001));
    let more = allocations(&thousand) - allocations(&one);
    assert!(more <= 10, "{more} more allocations");
}

#[test]
fn a_thousand_rules_of_another_grant_are_not_tried() {
    let (one, thousand) = (catalog(0, GRANT), catalog(1000, "authorization_code"));
    assert_eq!((decide(&one).1, decide(&thousand).1), (1, 1));
    assert_eq!(allocations(&thousand), allocations(&one));
}
