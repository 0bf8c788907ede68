use super::*;
use crate::catalog::{
    ClaimSource, ClaimSpec, ClientAuth, ClientId, ClientSecret, ClientSpec, Clients, EntityKind,
    PolicySpec, RuleSpec, ScopeSpec, Scopes, ServerId, ServerSpec, Spec, Status, TokenKind,
};

fn server_id() -> ServerId {
    ServerId::parse("orders").unwrap()
}

fn entity(key: EntityKey, spec: Spec) -> Entity {
    Entity { key, owner: Owner::File, spec }
}

fn server() -> Entity {
    let spec = ServerSpec {
        name: "Orders".to_owned(),
        description: String::new(),
        audiences: Vec::new(),
        dialect: scopegate_claims::Dialect::Both,
        algorithms: Vec::new(),
        trusted_servers: Default::default(),
        keys: Default::default(),
        status: Status::Active,
    };
    entity(EntityKey::server(&server_id()), Spec::Server(spec))
}

fn scope(name: &str) -> Entity {
    let key = EntityKey::of_server(EntityKind::Scope, &server_id(), name);
    entity(key, Spec::Scope(ScopeSpec::default()))
}

fn claim(value: f64) -> Entity {
    let key = EntityKey::of_server(EntityKind::Claim, &server_id(), "rate");
    let value = ClaimSource::Constant(value.into());
    entity(
        key,
        Spec::Claim(ClaimSpec {
            token: TokenKind::Access,
            value,
            scopes: Vec::new(),
            status: Status::Active,
        }),
    )
}

fn policy() -> Entity {
    let key = EntityKey::of_server(EntityKind::Policy, &server_id(), "readers");
    let spec = PolicySpec {
        priority: 1,
        description: String::new(),
        clients: Clients::All,
        status: Status::Active,
    };
    entity(key, Spec::Policy(spec))
}

fn rule(minutes: u64) -> Entity {
    let spec = RuleSpec {
        scopes: Scopes::Any,
        access_token_lifetime: std::time::Duration::from_secs(60 * minutes),
        ..RuleSpec::default()
    };
    entity(EntityKey::rule(&server_id(), "readers", "read only"), Spec::from(spec))
}

fn client(id: &str, secret: u8) -> Entity {
    let spec = ClientSpec {
        name: id.to_owned(),
        auth: ClientAuth::ClientSecretBasic,
        secrets: vec![ClientSecret::from_mac([secret; 32])],
        ..ClientSpec::default()
    };
    entity(EntityKey::client(&ClientId::parse(id).unwrap()), Spec::Client(Box::new(spec)))
}

fn by_api(mut entity: Entity) -> Entity {
    entity.owner = Owner::Api;
    entity
}

fn file(entities: Vec<Entity>) -> CatalogFile {
    let (users, warnings) = (Vec::new(), Vec::new());
    CatalogFile { version: 1, sha256: [0; 32], demo: false, entities, users, warnings }
}

fn everything() -> Vec<Entity> {
    vec![server(), scope("read"), claim(0.1), policy(), rule(10), client("reader", 1)]
}

/// The stored catalog after the edits.
fn applied(mut current: Vec<Entity>, plan: &Plan) -> Vec<Entity> {
    for edit in plan.edits() {
        current.retain(|entity| entity.key != *edit.key());
        if let Edit::Put(entity) = edit {
            current.push(entity.clone());
        }
    }
    current
}

#[test]
fn the_first_file_adds_all_its_entities() {
    let plan = Plan::between::<Entity>(&[], &file(everything())).unwrap();
    let edits: Vec<Edit> = everything().into_iter().map(Edit::Put).collect();
    assert_eq!(plan.edits(), edits);
    insta::assert_snapshot!(plan, @"
    + server orders
    + scope orders/read
    + claim orders/rate
    + policy orders/readers
    + rule orders/readers/read only
    + client reader
    6 to add, 0 to change, 0 to delete
    ");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let plan = Plan::between(&everything(), &file(everything())).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.to_string(), "0 to add, 0 to change, 0 to delete");
}

#[test]
fn a_plan_shows_the_changed_fields_without_their_values() {
    let changed =
        vec![server(), scope("write"), claim(0.1), policy(), rule(20), client("reader", 2)];
    let plan = Plan::between(&everything(), &file(changed.clone())).unwrap();
    insta::assert_snapshot!(plan, @"
    + scope orders/write
    ~ rule orders/readers/read only (access_token_lifetime)
    ~ client reader (secrets)
    - scope orders/read
    1 to add, 2 to change, 1 to delete
    ");
    let stored = applied(everything(), &plan);
    assert!(Plan::between(&stored, &file(changed)).unwrap().is_empty());
}

#[test]
fn children_are_deleted_before_their_parents() {
    let plan = Plan::between(&everything(), &file(Vec::new())).unwrap();
    insta::assert_snapshot!(plan, @"
    - client reader
    - rule orders/readers/read only
    - policy orders/readers
    - claim orders/rate
    - scope orders/read
    - server orders
    0 to add, 0 to change, 6 to delete
    ");
    assert!(applied(everything(), &plan).is_empty());
}

#[test]
fn entities_of_the_api_are_kept() {
    let mut current = everything();
    current.push(by_api(client("made-by-the-api", 1)));
    current.push(by_api(scope("extra")));
    assert!(Plan::between(&current, &file(everything())).unwrap().is_empty());
}

#[test]
fn a_file_must_not_have_an_entity_of_the_api() {
    let current = [by_api(client("reader", 1)), by_api(scope("read"))];
    let error = Plan::between(&current, &file(everything())).unwrap_err();
    insta::assert_snapshot!(error, @"
    scope orders/read is owned by the API: leave it out of the file, adopt it with --adopt, or delete it through the API first
    client reader is owned by the API: leave it out of the file, adopt it with --adopt, or delete it through the API first
    ");
}

#[test]
fn a_file_must_not_delete_the_parent_of_an_entity_of_the_api() {
    let mut current = vec![server(), policy(), by_api(rule(10)), by_api(scope("extra"))];
    let error = Plan::between(&current, &file(Vec::new())).unwrap_err();
    insta::assert_snapshot!(error, @"
    server orders cannot be deleted, others own scope orders/extra: keep it in the file, or delete those first
    policy orders/readers cannot be deleted, others own rule orders/readers/read only: keep it in the file, or delete those first
    ");

    current.truncate(3);
    let error = Plan::between(&current, &file(vec![server()])).unwrap_err();
    insta::assert_snapshot!(error, @"policy orders/readers cannot be deleted, others own rule orders/readers/read only: keep it in the file, or delete those first");
    assert!(Plan::between(&current, &file(vec![server(), policy()])).unwrap().is_empty());
}

#[test]
fn only_the_first_20_conflicts_are_shown() {
    let scopes: Vec<Entity> = (0..50).map(|n| by_api(scope(&format!("s{n:02}")))).collect();
    let named =
        Plan::between(&scopes, &file((0..50).map(|n| scope(&format!("s{n:02}"))).collect()));
    let shown = named.unwrap_err().to_string();
    assert_eq!(shown.lines().count(), 21);
    assert_eq!(shown.lines().last(), Some("and 30 more conflicts"));

    let current: Vec<Entity> = std::iter::once(server()).chain(scopes).collect();
    let shown = Plan::between(&current, &file(Vec::new())).unwrap_err().to_string();
    assert!(shown.contains("scope orders/s19 and 30 more: keep it"), "{shown}");
}

#[test]
fn a_name_cannot_forge_a_line() {
    let plan = Plan::between::<Entity>(&[], &file(vec![scope("a\n- server orders")])).unwrap();
    assert_eq!(plan.to_string().lines().count(), 2);
}

proptest::proptest! {
    /// Stored specs are compared with newly parsed ones, so a number must not change in the storage.
    #[test]
    fn a_constant_is_stored_exactly(number in proptest::num::f64::NORMAL) {
        let written = claim(number);
        let mut stored = written.clone();
        stored.spec = Spec::from_json(&written.key, &written.spec.to_json()).unwrap();
        proptest::prop_assert!(Plan::between(&[stored], &file(vec![written])).unwrap().is_empty());
    }
}
