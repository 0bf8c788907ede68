use scopegate_claims::UnixTime;

use super::*;
use crate::administration::edit_catalog::{CatalogDoor, EditError};
use crate::audit::Actor;
use crate::catalog::{
    ClientId, ClientSecret, ClientSpec, EntityKind, Owner, ScopeSpec, ServerId, Spec,
};
use crate::store::memory::{MemoryStore, UncheckedCatalog};

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn base() -> Issuer {
    Issuer::parse("https://id.example.com").unwrap()
}

async fn edit(store: &MemoryStore, edits: &[Edit]) -> u64 {
    let (base, actor) = (base(), Actor::cli("test"));
    let door = CatalogDoor { store, base: &base, actor: &actor, now: NOW };
    door.edit::<EditError>(Owner::Api, |_| Ok(edits.to_vec())).await.unwrap()
}

fn scope_key(name: &str) -> EntityKey {
    EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), name)
}

fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

fn scope(name: &str, description: &str) -> Edit {
    let spec = ScopeSpec { description: description.to_owned(), ..ScopeSpec::default() };
    put(scope_key(name), Spec::Scope(spec))
}

fn server() -> Edit {
    let json = r#"{"name":"Orders","audiences":[{"name":"api://orders"}],"algorithms":["RS256"]}"#;
    let key = EntityKey::server(&ServerId::default_server());
    let spec = Spec::from_json(&key, json).unwrap();
    put(key, spec)
}

fn client(mac: u8) -> Edit {
    let spec = ClientSpec {
        name: "A".to_owned(),
        secrets: vec![ClientSecret::from_mac([mac; 32])],
        grant_types: ["client_credentials".to_owned()].into(),
        ..ClientSpec::default()
    };
    put(EntityKey::client(&ClientId::parse("a").unwrap()), spec.into())
}

/// Five versions.
async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    edit(&store, &[server(), scope("a", "one")]).await;
    edit(&store, &[scope("a", "two"), scope("b", "new"), client(1)]).await;
    edit(&store, &[scope("a", "three"), client(2)]).await;
    edit(&store, &[Edit::Delete(scope_key("b"))]).await;
    assert_eq!(edit(&store, &[scope("b", "again")]).await, 5);
    store
}

/// The scopes of a catalog with their descriptions.
fn scopes(catalog: &Snapshot) -> String {
    let server = catalog.server(&ServerId::default_server()).unwrap().unwrap();
    let scopes = server.scopes.iter().map(|(name, spec)| format!("{name}: {}", spec.description));
    scopes.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn the_catalog_is_read_at_each_version() {
    let store = store().await;
    let expected =
        ["", "a: one", "a: two, b: new", "a: three, b: new", "a: three", "a: three, b: again"];
    for (version, expected) in (0..).zip(expected) {
        let catalog = catalog_at(&store, &base(), version).await.unwrap();
        assert_eq!((scopes(&catalog).as_str(), catalog.version()), (expected, version));
        let has_client = catalog.client("a").unwrap().is_some();
        assert_eq!(has_client, version >= 2);
    }
    let unknown = catalog_at(&store, &base(), 6).await.unwrap_err();
    assert!(matches!(unknown, HistoryError::Unknown { version: 6, current: 5 }), "{unknown}");
}

#[tokio::test]
async fn the_history_contains_no_secret() {
    let store = store().await;
    let undo = store.undo_since(0).await.unwrap();
    let bodies: Vec<_> = undo.rows.iter().filter_map(|(_, row)| row.body.as_deref()).collect();
    assert!(bodies.iter().any(|body| body.contains(r#""secrets":[]"#)), "{bodies:?}");
    assert!(bodies.iter().all(|body| !body.contains("mac")), "{bodies:?}");
    for version in 2..5 {
        let entities = entities_at(&store, version).await.unwrap();
        let client = entities
            .iter()
            .find(|entity| entity.key.name == "a" && entity.key.kind == EntityKind::Client);
        let Spec::Client(spec) = &client.unwrap().spec else { unreachable!("a client") };
        assert!(spec.secrets.is_empty());
    }
}

#[tokio::test]
async fn a_difference_has_the_old_and_the_new_values() {
    let store = store().await;
    let shown = async |from, to| {
        let plan = difference_between(&store, from, to).await.unwrap();
        let fields = plan.changes().flat_map(|change| change.fields());
        let fields = fields.map(|field| format!("{} {} -> {}", field.name, field.old, field.new));
        format!("{plan} [{}]", fields.collect::<Vec<_>>().join("; "))
    };
    assert_eq!(
        shown(1, 2).await.lines().last().unwrap().split(" [").next().unwrap(),
        "2 to add, 1 to change, 0 to delete"
    );
    assert_eq!(
        shown(2, 4).await,
        "~ scope default/a (description)\n- scope default/b\n0 to add, 1 to change, 1 to delete \
         [description \"two\" -> \"three\"; description \"new\" -> null]"
    );
    assert_eq!(
        shown(4, 2).await,
        "~ scope default/a (description)\n+ scope default/b\n1 to add, 1 to change, 0 to delete \
         [description \"three\" -> \"two\"; description null -> \"new\"]"
    );
    assert_eq!(shown(3, 3).await, "0 to add, 0 to change, 0 to delete []");
}

#[tokio::test]
async fn the_log_has_each_version_with_its_actor_and_changes() {
    let store = store().await;
    let entries = log(&store, 3).await.unwrap();
    let versions: Vec<_> = entries.iter().map(|entry| entry.version.version).collect();
    assert_eq!(versions, [5, 4, 3]);
    let totals: Vec<_> = entries.iter().map(LogEntry::totals).collect();
    assert_eq!(totals, ["+1", "-1", "~2"]);
    let json = entries[1].to_json();
    assert_eq!(json["id"], "4");
    assert_eq!(json["actor"], serde_json::json!({ "type": "cli", "id": "test" }));
    assert_eq!(json["server"], "default");
    assert_eq!(json["before"]["spec"]["description"], "new");
    assert_eq!(json["after"], serde_json::Value::Null);
    assert_eq!(
        json["changes"],
        serde_json::json!([
            { "kind": "scope", "id": "default/b", "action": "delete" }
        ])
    );
    // Several entities: none is shown alone, and they have no server in common.
    let json = entries[2].to_json();
    assert_eq!(
        (&json["server"], &json["before"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let all = log(&store, 100).await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(all[4].to_json()["changes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_version_before_a_change_without_history_is_not_kept() {
    let store = store().await;
    store.write_catalog(5, &[scope("c", "by an earlier program")], None).await.unwrap();
    for version in 0..=5 {
        let refused = catalog_at(&store, &base(), version).await.unwrap_err();
        assert!(matches!(refused, HistoryError::NotKept { oldest: 6, .. }), "{refused}");
    }
    assert!(catalog_at(&store, &base(), 6).await.is_ok());
    edit(&store, &[scope("c", "new")]).await;
    assert_eq!(
        scopes(&catalog_at(&store, &base(), 6).await.unwrap()).matches("earlier").count(),
        1
    );
    assert_eq!(log(&store, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn versions_that_are_too_old_are_deleted() {
    let store = store().await;
    assert_eq!(store.prune_catalog_history(NOW).await.unwrap(), 0);
    let after = UnixTime::from_seconds(NOW.as_seconds() + 1);
    assert_eq!(store.prune_catalog_history(after).await.unwrap(), 5);
    let refused = catalog_at(&store, &base(), 4).await.unwrap_err().to_string();
    assert_eq!(refused, "version 4 of the catalog is not kept: the oldest is 5");
    assert!(catalog_at(&store, &base(), 5).await.is_ok());
    assert_eq!(log(&store, 100).await.unwrap(), []);
}
