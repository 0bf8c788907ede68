use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::audit::{AuditEvent, What};
use crate::catalog::{CatalogChanges, ClientId, ClientSpec, ScopeSpec, ServerId, Versions};
use crate::store::{AppliedFile, CatalogWrite};

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// A catalog in memory, with the audit events of its changes.
#[derive(Debug, Default)]
struct MemoryCatalog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    version: u64,
    entities: Vec<Entity>,
    unreadable: Vec<UnreadableRow>,
    events: Vec<AuditEvent>,
}

#[async_trait]
impl CatalogStore for MemoryCatalog {
    async fn versions(&self) -> Result<Versions, StoreError> {
        Ok(Versions { catalog: self.0.lock().unwrap().version, keys: 0 })
    }

    async fn catalog_since(&self, _version: u64) -> Result<CatalogChanges, StoreError> {
        let state = self.0.lock().unwrap();
        let edits = state.entities.iter().cloned().map(Edit::Put).collect();
        let unreadable = state.unreadable.clone();
        Ok(CatalogChanges { edits, unreadable, ..CatalogChanges::none(state.version) })
    }

    async fn known_logins(
        &self,
        _logins: &[String],
    ) -> Result<std::collections::BTreeSet<String>, StoreError> {
        Ok(std::collections::BTreeSet::new())
    }

    async fn edit_catalog(&self, write: &CatalogWrite<'_>) -> Result<u64, StoreError> {
        let mut state = self.0.lock().unwrap();
        if state.version != write.expected {
            return Err(StoreError::Conflict);
        }
        for edit in &*write.edits {
            state.entities.retain(|known| known.key != *edit.key());
            state.entities.extend(after(edit).cloned());
        }
        state.events.extend(write.events.iter().cloned());
        state.version += 1;
        Ok(state.version)
    }

    async fn catalog_file(&self, _owner: Owner) -> Result<AppliedFile, StoreError> {
        Ok(AppliedFile::default())
    }
}

fn scope(name: &str, description: &str, owner: Owner) -> Edit {
    let key = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), name);
    let spec = ScopeSpec { description: description.to_owned(), ..ScopeSpec::default() };
    Edit::Put(Entity { key, owner, spec: Spec::Scope(spec) })
}

/// The audit event of each change, as `before -> after`.
fn recorded(store: &MemoryCatalog) -> Vec<String> {
    let state = store.0.lock().unwrap();
    let shown = |value: &Option<serde_json::Value>| match value {
        None => "nothing".to_owned(),
        Some(value) => value["spec"]["description"].as_str().unwrap_or_default().to_owned(),
    };
    let changes = state.events.iter().map(|event| match &event.what {
        What::CatalogChanged(change) => change,
        other => unreachable!("{other:?} is no change of the catalog"),
    });
    let lines = changes.map(|change| {
        format!("{}: {} -> {}", change.actor.id, shown(&change.before), shown(&change.after))
    });
    lines.collect()
}

async fn edit(store: &MemoryCatalog, actor: &Actor, edits: &[Edit]) -> Result<u64, EditError> {
    let base = Issuer::parse("https://id.example.com").unwrap();
    let door = CatalogDoor { store, base: &base, actor, now: NOW };
    door.edit(Owner::Api, |_| Ok(edits.to_vec())).await
}

fn api() -> Actor {
    Actor { kind: ActorKind::Api, id: "0oa1".to_owned(), by: None }
}

#[tokio::test]
async fn each_change_is_recorded_with_the_state_before() {
    let store = MemoryCatalog::default();
    let (one, two) = (scope("a", "one", Owner::Api), scope("a", "two", Owner::Api));
    edit(&store, &api(), std::slice::from_ref(&one)).await.unwrap();
    edit(&store, &api(), &[two.clone(), scope("b", "new", Owner::Api)]).await.unwrap();
    // An edit that changes nothing is not written.
    assert_eq!(edit(&store, &api(), std::slice::from_ref(&two)).await.unwrap(), 2);
    let deletion = Edit::Delete(two.key().clone());
    edit(&store, &Actor::cli("x"), &[deletion, one]).await.unwrap();
    assert_eq!(
        recorded(&store),
        [
            "0oa1: nothing -> one",
            "0oa1: one -> two",
            "0oa1: nothing -> new",
            "x: two -> nothing",
            "x: nothing -> one",
        ]
    );
    assert_eq!(store.0.lock().unwrap().version, 3);
}

#[tokio::test]
async fn an_edit_that_breaks_a_rule_or_changes_another_owners_entity_is_not_written() {
    let store = MemoryCatalog::default();
    let refused = edit(&store, &api(), &[scope("openid", "", Owner::Api)]).await.unwrap_err();
    assert_eq!(refused.to_string(), "the scope \"openid\" is reserved: write another name");
    let Edit::Put(of_a_file) = scope("a", "", Owner::File) else { unreachable!("it is put") };
    store.0.lock().unwrap().entities.push(of_a_file);
    let refused = edit(&store, &api(), &[scope("a", "mine", Owner::Api)]).await.unwrap_err();
    assert!(matches!(refused, EditError::NotOwned(_, Owner::File)), "{refused}");
    let state = store.0.lock().unwrap();
    assert_eq!((state.version, state.events.len()), (0, 0));
}

#[tokio::test]
async fn only_a_command_creates_changes_or_deletes_an_admin_client() {
    use crate::catalog::ClientAuth;

    let store = MemoryCatalog::default();
    let client = |name: &str, admin| {
        let spec = ClientSpec {
            name: name.to_owned(),
            admin,
            auth: ClientAuth::PrivateKeyJwt,
            jwks_uri: Some("https://root.example/jwks".to_owned()),
            grant_types: ["client_credentials".to_owned()].into(),
            ..ClientSpec::default()
        };
        let key = EntityKey::client(&ClientId::parse("root").unwrap());
        Edit::Put(Entity { key, owner: Owner::Api, spec: spec.into() })
    };
    assert!(edit(&store, &api(), &[client("root", true)]).await.is_err());
    edit(&store, &Actor::cli("clients create"), &[client("root", true)]).await.unwrap();
    // The API cannot remove `admin` from a client or delete an admin client either.
    let delete = Edit::Delete(client("root", true).key().clone());
    for change in [client("other", true), client("root", false), delete] {
        let refused = edit(&store, &api(), &[change]).await.unwrap_err();
        assert!(refused.to_string().starts_with("an admin client is"), "{refused}");
    }
    assert_eq!(store.0.lock().unwrap().version, 1);
}

#[tokio::test]
async fn an_unreadable_row_is_not_overwritten() {
    let store = MemoryCatalog::default();
    let edits = [scope("a", "", Owner::Api)];
    let row = UnreadableRow { key: edits[0].key().into(), why: "unknown field `x`".to_owned() };
    store.0.lock().unwrap().unreadable.push(row);
    let refused = edit(&store, &api(), &edits).await.unwrap_err();
    assert!(matches!(refused, EditError::Unreadable(_)), "{refused}");
}

#[tokio::test]
async fn an_authority_reloads_after_its_change_and_refuses_one_decided_on_an_older_catalog() {
    let world = crate::testing::World::new().await;
    let expected = world.authority.catalog().version();
    let edits = vec![scope("stock:read", "See the stock", Owner::Api)];
    let edit = CatalogEdit { expected, edits, owner: Owner::Api, actor: api() };
    let version = world.authority.edit_catalog(edit.clone()).await.unwrap();
    let catalog = world.authority.catalog();
    assert_eq!(catalog.version(), version);
    let record = catalog.record(edit.edits[0].key()).unwrap();
    assert_eq!(record.created_at, record.updated_at);
    let recorded = world.store.events().pop().unwrap();
    let What::CatalogChanged(change) = recorded.what else { panic!("it is one") };
    assert_eq!(change.after.unwrap()["id"], record.id.as_str());

    let late = world.authority.edit_catalog(edit).await;
    assert!(matches!(late, Err(EditError::Storage(StoreError::Conflict))), "{late:?}");
}

#[tokio::test]
async fn the_next_request_at_the_own_node_sees_the_change() {
    // Nothing runs in the background here: the write itself must load the catalog.
    let world = crate::testing::World::new().await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    world.token("service", &form).await.unwrap();
    let catalog = world.authority.catalog();
    let mut spec = catalog.client("service").unwrap().unwrap().spec.clone();
    spec.status = crate::catalog::Status::Inactive;
    let key = EntityKey::client(&ClientId::parse("service").unwrap());
    let spec = Spec::Client(Box::new(spec));
    let edits = vec![Edit::Put(Entity { key, owner: Owner::File, spec })];
    let expected = catalog.version();
    let edit = CatalogEdit { expected, edits, owner: Owner::File, actor: api() };
    world.authority.edit_catalog(edit).await.unwrap();
    let refused = world.token("service", &form).await;
    assert!(refused.is_err(), "{refused:?}");
}
