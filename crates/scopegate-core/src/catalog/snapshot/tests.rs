use std::time::Duration;

use scopegate_claims::Audience;

use super::*;
use crate::catalog::{
    AudienceSpec, ClientSpec, Clients, Consent, Owner, PolicySpec, Resource, RuleSpec, ScopeSpec,
    ServerSpec, Status,
};

fn base() -> Issuer {
    Issuer::parse("https://id.example").unwrap()
}

fn id(text: &str) -> ServerId {
    ServerId::parse(text).unwrap()
}

fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::File, spec })
}

fn server(name: &str) -> Edit {
    put(EntityKey::server(&id(name)), Spec::Server(ServerSpec::unwritten()))
}

fn scope(server: &str, name: &str, default: bool) -> Edit {
    let spec = ScopeSpec { default, consent: Consent::Implicit, ..ScopeSpec::default() };
    put(EntityKey::of_server(EntityKind::Scope, &id(server), name), Spec::Scope(spec))
}

fn delete_scope(server: &str, name: &str) -> Edit {
    Edit::Delete(EntityKey::of_server(EntityKind::Scope, &id(server), name))
}

fn policy(server: &str, name: &str, priority: u32, clients: Clients) -> Edit {
    let spec = PolicySpec { priority, description: String::new(), clients, status: Status::Active };
    put(EntityKey::of_server(EntityKind::Policy, &id(server), name), Spec::Policy(spec))
}

fn rule(server: &str, policy: &str, name: &str, priority: u32) -> Edit {
    let spec = RuleSpec {
        priority,
        grant_types: ["client_credentials".to_owned()].into(),
        scopes: crate::catalog::Scopes::Any,
        access_token_lifetime: Duration::from_secs(600),
        ..RuleSpec::default()
    };
    put(EntityKey::rule(&id(server), policy, name), Spec::from(spec))
}

fn client(name: &str) -> Edit {
    let spec = ClientSpec {
        name: name.to_owned(),
        auth: crate::catalog::ClientAuth::ClientSecretBasic,
        ..ClientSpec::default()
    };
    put(EntityKey::client(&ClientId::parse(name).unwrap()), Spec::Client(Box::new(spec)))
}

fn named(clients: &[&str]) -> Clients {
    Clients::Named(clients.iter().map(|id| ClientId::parse(id).unwrap()).collect())
}

fn policy_names(snapshot: &Snapshot, server: &str, client: &str) -> Vec<String> {
    let server = snapshot.server(&id(server)).unwrap().unwrap();
    server.policies_for(client).map(|(_, policy)| policy.name.clone()).collect()
}

#[test]
fn an_empty_catalog_has_the_org_and_the_default_server() {
    let snapshot = Snapshot::empty(&base());
    assert_eq!(snapshot.org().issuer.as_str(), "https://id.example");
    let default = snapshot.server(&id("default")).unwrap().unwrap();
    assert_eq!(default.issuer.as_str(), "https://id.example/oauth2/default");
    assert_eq!(default.audience(None).unwrap().as_str(), "api://default");
    assert!(snapshot.server(&id("other")).unwrap().is_none());
    assert_eq!(snapshot.org().endpoint("token"), "https://id.example/oauth2/v1/token");
    assert_eq!(default.endpoint("keys"), "https://id.example/oauth2/default/v1/keys");
}

#[test]
fn a_deleted_server_does_not_exist_but_the_default_server_is_reset() {
    let snapshot = Snapshot::empty(&base()).edited(1, vec![server("other")]);
    assert!(snapshot.server(&id("other")).unwrap().is_some());
    let edits = ["other", "default"].map(|name| Edit::Delete(EntityKey::server(&id(name))));
    let snapshot = snapshot.edited(2, edits.into());
    assert!(snapshot.server(&id("other")).unwrap().is_none());
    assert!(snapshot.server(&id("default")).unwrap().is_some());
}

#[test]
fn policies_are_ordered_by_priority() {
    let snapshot = Snapshot::empty(&base()).edited(
        1,
        vec![
            policy("default", "c", 3, named(&["reader"])),
            policy("default", "a", 2, Clients::All),
            policy("default", "b", 1, named(&["reader", "writer"])),
            policy("default", "d", 4, Clients::All),
        ],
    );
    assert_eq!(policy_names(&snapshot, "default", "reader"), ["b", "a", "c", "d"]);
    assert_eq!(policy_names(&snapshot, "default", "writer"), ["b", "a", "d"]);
    assert_eq!(policy_names(&snapshot, "default", "stranger"), ["a", "d"]);
}

#[test]
fn an_edit_of_one_entity_keeps_the_others() {
    let first = vec![
        scope("default", "read:orders", true),
        policy("default", "p", 1, Clients::All),
        rule("default", "p", "second", 2),
        rule("default", "p", "first", 1),
        client("reader"),
    ];
    let snapshot = Snapshot::empty(&base()).edited(1, first);
    let next = snapshot.edited(2, vec![scope("default", "write:orders", false)]);
    let default = next.server(&id("default")).unwrap().unwrap();
    assert_eq!(default.default_scopes.as_str(), "read:orders");
    assert_eq!(default.scopes.len(), 2);
    let rules: Vec<_> = default
        .policies_for("reader")
        .flat_map(|(_, policy)| policy.rules())
        .map(|rule| rule.name.as_str())
        .collect();
    assert_eq!(rules, ["first", "second"]);
    assert!(next.client("reader").unwrap().is_some());
    assert_eq!(
        snapshot.server(&id("default")).unwrap().unwrap().scopes.len(),
        1,
        "the old state stays"
    );
}

#[test]
fn parts_that_a_change_does_not_affect_are_shared() {
    let snapshot = Snapshot::empty(&base()).edited(1, vec![server("other"), client("reader")]);
    let next = snapshot.edited(2, vec![scope("default", "read:orders", false)]);
    let other = |snapshot: &Snapshot| Arc::clone(snapshot.server(&id("other")).unwrap().unwrap());
    assert!(Arc::ptr_eq(&other(&snapshot), &other(&next)));
    let reader = |snapshot: &Snapshot| Arc::clone(snapshot.client("reader").unwrap().unwrap());
    assert!(Arc::ptr_eq(&reader(&snapshot), &reader(&next)));
}

#[test]
fn an_inactive_policy_or_rule_is_not_tried() {
    let mut edits = vec![
        policy("default", "off", 1, Clients::All),
        policy("default", "on", 2, Clients::All),
        rule("default", "on", "off", 1),
        rule("default", "on", "on", 2),
    ];
    for place in [0, 2] {
        let Edit::Put(entity) = &mut edits[place] else { panic!("it is put") };
        match &mut entity.spec {
            Spec::Policy(spec) => spec.status = Status::Inactive,
            Spec::Rule(spec) => spec.status = Status::Inactive,
            _ => panic!("a policy or a rule"),
        }
    }
    let snapshot = Snapshot::empty(&base()).edited(1, edits);
    assert_eq!(policy_names(&snapshot, "default", "x"), ["on"]);
    let server = snapshot.server(&id("default")).unwrap().unwrap();
    assert_eq!(server.policies_for("x").next().unwrap().1.rules().len(), 1);
}

#[test]
fn a_resource_selects_its_audience() {
    let mut spec = ServerSpec::unwritten();
    spec.audiences = vec![
        AudienceSpec {
            name: Audience::parse("api://orders").unwrap(),
            resources: vec!["https://orders.example".to_owned()],
        },
        AudienceSpec { name: Audience::parse("api://stock").unwrap(), resources: Vec::new() },
        AudienceSpec { name: Audience::parse("https://a.example/").unwrap(), resources: vec![] },
        // Rows of an earlier version may contain both. Each spelling selects its own audience.
        AudienceSpec { name: Audience::parse("https://a.example").unwrap(), resources: vec![] },
    ];
    let edit = put(EntityKey::server(&id("shop")), Spec::Server(spec));
    let snapshot = Snapshot::empty(&base()).edited(1, vec![edit]);
    let server = snapshot.server(&id("shop")).unwrap().unwrap();
    let audience = |resource: Option<&str>| {
        server.audience(resource.map(Resource::new).as_ref()).map(Audience::as_str)
    };
    assert_eq!(audience(None), Some("api://orders"));
    assert_eq!(audience(Some("https://orders.example")), Some("api://orders"));
    assert_eq!(audience(Some("api://stock")), Some("api://stock"));
    assert_eq!(audience(Some("https://Orders.example:443/")), Some("api://orders"));
    assert_eq!(audience(Some("api://stock/")), Some("api://stock"));
    for same in ["https://a.example/", "https://a.example"] {
        assert_eq!(audience(Some(same)), Some(same));
    }
    assert_eq!(audience(Some("https://A.example")), Some("https://a.example/"));
    for other in ["https://orders.example/v1", "http://orders.example", "orders", ""] {
        assert_eq!(audience(Some(other)), None, "{other}");
    }
}

fn unreadable(kind: &str, parent: &str, name: &str) -> UnreadableRow {
    let key = RowKey { kind: kind.to_owned(), parent: parent.to_owned(), name: name.to_owned() };
    UnreadableRow { key, why: "its format is 2, known is 1".to_owned() }
}

fn changes(version: u64, edits: Vec<Edit>, unreadable: Vec<UnreadableRow>) -> CatalogChanges {
    CatalogChanges { edits, unreadable, ..CatalogChanges::none(version) }
}

#[test]
fn an_unreadable_row_takes_only_its_client_or_server_out_of_service() {
    let before = Snapshot::empty(&base())
        .edited(1, vec![server("other"), client("reader"), client("writer")]);
    for kind in ["server", "scope", "claim", "policy", "rule", "trusted_issuer", "of_newer_version"]
    {
        let row = match kind {
            "server" => unreadable(kind, "", "other"),
            "rule" => unreadable(kind, "other/people", "a"),
            _ => unreadable(kind, "other", "a"),
        };
        let after = before.after(changes(2, vec![], vec![row.clone()]));
        assert!(after.server(&id("other")).is_err(), "{kind}");
        assert!(after.server(&id("default")).unwrap().is_some());
        assert!(after.server(&ServerId::org()).unwrap().is_some());
        assert!(after.servers().all(|server| server.id != id("other")));
        assert!(after.client("reader").unwrap().is_some());
        assert_eq!(after.unreadable_rows().map(|row| (**row).clone()).collect::<Vec<_>>(), [row]);
    }
    let after = before.after(changes(2, vec![], vec![unreadable("client", "", "reader")]));
    assert!(after.client("reader").is_err());
    assert!(after.client("writer").unwrap().is_some());
    assert_eq!(after.servers().count(), 3);

    // An entity that refers to such a row has a member for it, which is unreadable too.
    let after = before.after(changes(2, vec![], vec![unreadable("flag", "", "beta")]));
    assert_eq!((after.servers().count(), after.unreadable_rows().count()), (3, 1));
    assert!(after.client("reader").unwrap().is_some());
}

/// Whether an address is in the zones of the only rule of the server `other`.
fn in_zones(snapshot: &Snapshot, address: &str) -> Option<bool> {
    let server = snapshot.server(&id("other")).unwrap().unwrap();
    server.policies()[0].rules()[0].zones().contain(address.parse().unwrap())
}

#[test]
fn a_rule_follows_the_zones_that_it_names() {
    let zone = |name: &str, network: &str| {
        let networks = vec![crate::catalog::Network::parse(network).unwrap()];
        put(EntityKey::zone(name), Spec::Zone(crate::catalog::ZoneSpec { networks }))
    };
    let Edit::Put(mut written) = rule("other", "people", "a", 1) else { unreachable!() };
    let Spec::Rule(spec) = &mut written.spec else { unreachable!() };
    spec.zones = ["office".to_owned()].into();
    let edits = vec![
        zone("office", "192.0.2.0/24"),
        server("other"),
        policy("other", "people", 1, Clients::All),
        Edit::Put(written),
    ];
    let before = Snapshot::empty(&base()).edited(1, edits);
    assert_eq!(in_zones(&before, "192.0.2.1"), Some(true));
    assert_eq!(in_zones(&before, "198.51.100.1"), Some(false));
    assert_eq!(before.entity(&EntityKey::zone("office")).unwrap().owner, Owner::File);
    assert_eq!(before.keys_in(EntityKind::Zone, ""), [EntityKey::zone("office")]);

    let other = before.edited(2, vec![zone("vpn", "203.0.113.0/24")]);
    assert_eq!(in_zones(&other, "192.0.2.1"), Some(true));
    let moved = other.edited(3, vec![zone("office", "198.51.100.0/24")]);
    assert_eq!(in_zones(&moved, "192.0.2.1"), Some(false));
    assert_eq!(in_zones(&moved, "198.51.100.1"), Some(true));
    let deleted = moved.edited(4, vec![Edit::Delete(EntityKey::zone("office"))]);
    assert_eq!(in_zones(&deleted, "198.51.100.1"), None);
    assert_eq!(deleted.entity(&EntityKey::zone("office")), None);

    // A zone that this version cannot read is not known, whatever it was before.
    let out = moved.after(changes(4, vec![], vec![unreadable("zone", "", "office")]));
    assert_eq!(in_zones(&out, "198.51.100.1"), None);
    assert!(out.has(&EntityKey::zone("office")));
    let back = out.after(changes(5, vec![zone("office", "192.0.2.0/24")], vec![]));
    assert_eq!(in_zones(&back, "192.0.2.1"), Some(true));
    assert_eq!(back.unreadable_rows().count(), 0);
}

#[test]
fn unreadable_rows_with_ids_of_a_newer_version_are_out_of_service_and_not_unknown() {
    let rows = vec![unreadable("server", "", "a.b"), unreadable("client", "", "a b")];
    let after = Snapshot::empty(&base()).after(changes(1, vec![], rows));
    assert!(after.custom_server("a.b").is_err());
    assert!(after.custom_server("b.a").unwrap().is_none());
    assert!(after.custom_server("org").unwrap().is_none());
    assert!(after.client("a b").is_err());
}

#[test]
fn a_row_that_is_readable_again_or_deleted_ends_the_outage() {
    let before = Snapshot::empty(&base()).edited(1, vec![server("other"), client("reader")]);
    let rows = vec![
        unreadable("scope", "other", "a"),
        unreadable("client", "", "reader"),
        unreadable("flag", "", "beta"),
    ];
    let flag = rows[2].key.clone();
    let out = before.after(changes(2, vec![], rows));
    // A change of another row does not end the outage.
    let out = out.after(changes(3, vec![scope("other", "b", false)], vec![]));
    assert!(out.server(&id("other")).is_err() && out.client("reader").is_err());

    let back = out.after(changes(4, vec![scope("other", "a", false), client("reader")], vec![]));
    assert_eq!(back.server(&id("other")).unwrap().unwrap().scopes.len(), 2);
    assert!(back.client("reader").unwrap().is_some());
    let gone = out.after(changes(4, vec![delete_scope("other", "a")], vec![]));
    assert_eq!(gone.server(&id("other")).unwrap().unwrap().scopes.len(), 1);
    let gone = CatalogChanges { gone: vec![flag], ..CatalogChanges::none(5) };
    assert_eq!(back.after(gone).unreadable_rows().count(), 0);
}

#[test]
fn entities_of_a_server_with_an_unreadable_row_are_kept() {
    let policies =
        vec![policy("other", "people", 1, Clients::All), rule("other", "people", "a", 1)];
    let row = unreadable("server", "", "other");
    let out = Snapshot::empty(&base()).after(changes(1, policies, vec![row]));
    assert!(out.server(&id("other")).is_err());
    let back = out.after(changes(2, vec![server("other")], vec![]));
    assert_eq!(policy_names(&back, "other", "reader"), ["people"]);
    // Without its own row a server does not exist, even if entities belong to it.
    let out = Snapshot::empty(&base()).edited(1, vec![scope("other", "a", false)]);
    assert!(out.server(&id("other")).unwrap().is_none());
    assert!(out.servers().all(|server| server.id != id("other")));
}

#[test]
fn origins_of_a_client_with_an_unreadable_row_are_refused() {
    let origin = "https://spa.example";
    let spec = ClientSpec { origins: [origin.to_owned()].into(), ..ClientSpec::default() };
    let key = EntityKey::client(&ClientId::parse("spa").unwrap());
    let before = Snapshot::empty(&base()).edited(1, vec![put(key, Spec::Client(Box::new(spec)))]);
    assert!(before.has_origin(origin));
    let out = before.after(changes(2, vec![], vec![unreadable("client", "", "spa")]));
    assert!(!out.has_origin(origin));
}

#[test]
fn an_unreadable_signing_key_takes_its_server_out_of_service() {
    let before = Snapshot::empty(&base()).edited(1, vec![server("other")]);
    for (name, server) in [("org", ServerId::org()), ("other", id("other"))] {
        let row = Arc::new(unreadable("signing_key", name, "k"));
        let out = before.clone().with_keys(1, vec![row]);
        assert!(out.server(&server).is_err());
        assert_eq!(out.servers().count(), 2);
        // A change of the catalog does not end the outage, but a change of the keys does.
        let out = out.after(changes(2, vec![scope("other", "a", false)], vec![]));
        assert!(out.server(&server).is_err());
        assert!(out.with_keys(2, vec![]).server(&server).unwrap().is_some());
    }
}
