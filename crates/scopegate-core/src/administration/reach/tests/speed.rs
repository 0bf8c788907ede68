//! Many rules, clients and users.

use scopegate_claims::{Issuer, ScopeSet};

use super::super::*;
use crate::catalog::{
    ClientAuth, ClientSpec, ClientType, Clients, Edit, Entity, EntityKey, EntityKind, Owner,
    PolicySpec, RuleSpec, ScopeSpec, Scopes, Spec, Status, UserId,
};
use crate::testing;

/// 1,000 rules for 10,000 users in 100 groups. The rules have circumstances, so that none of them takes the users
/// away from the later ones. Trying each pair would take minutes.
#[test]
fn many_rules_and_users_are_searched_without_trying_each_pair() {
    let server = ServerId::default_server();
    let mut edits = Vec::new();
    let mut put = |key, spec: Spec| edits.push(Edit::Put(Entity { key, owner: Owner::File, spec }));
    put(
        EntityKey::of_server(EntityKind::Scope, &server, "read"),
        Spec::Scope(ScopeSpec::default()),
    );
    let clients = Clients::All;
    let policy =
        PolicySpec { priority: 1, description: String::new(), clients, status: Status::Active };
    put(EntityKey::of_server(EntityKind::Policy, &server, "p"), Spec::Policy(policy));
    for number in 0..1_000_u32 {
        let rule = RuleSpec {
            priority: number,
            grant_types: ["authorization_code".to_owned()].into(),
            groups: [format!("g{}", number % 100)].into(),
            scopes: Scopes::Named(ScopeSet::parse("read").unwrap()),
            max_age: Some(std::time::Duration::from_secs(u64::from(number) + 60)),
            ..RuleSpec::default()
        };
        put(EntityKey::rule(&server, "p", &format!("r{number}")), Spec::from(rule));
    }
    let spec = ClientSpec {
        client_type: ClientType::Web,
        auth: ClientAuth::ClientSecretBasic,
        grant_types: ["authorization_code".to_owned()].into(),
        ..ClientSpec::default()
    };
    put(EntityKey::client(&ClientId::parse("portal").unwrap()), Spec::Client(Box::new(spec)));
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap()).edited(1, edits);
    let user = |number: u32| User {
        id: UserId::parse(&format!("00u{number}")).unwrap(),
        login: format!("user{number}"),
        groups: [format!("g{}", number % 100)].into(),
        ..testing::alice()
    };
    let users: Vec<_> = (0..10_000).map(user).collect();
    let rows = Reach::new(&catalog, &users).who_can(&server, "read").unwrap();
    assert_eq!(rows.len(), 1_000);
    assert!(rows.iter().all(|row| row.groups.len() == 1 && row.users == Users::These(Vec::new())));
    assert_eq!((rows[999].unless.len(), rows[999].unless_more), (9, false));
}
