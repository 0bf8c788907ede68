use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scopegate_claims::Issuer;

use super::*;
use crate::audit::Actor;
use crate::catalog::{EntityKey, RowKey, ScopeSpec, ServerId, Spec, UserId};
use crate::catalog_file::{CatalogContext, CatalogSource};
use crate::directory::User;
use crate::store::{CatalogWrite, Versions};

/// A catalog in memory. Before each of the next `rivals` writes, a concurrent change is made.
#[derive(Debug, Default)]
struct MemoryCatalog {
    state: Mutex<State>,
    rivals: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    files: HashMap<String, AppliedFile>,
    entities: Vec<Entity>,
    unreadable: Vec<UnreadableRow>,
    users: BTreeSet<String>,
}

impl MemoryCatalog {
    fn with_rivals(self, rivals: usize) -> Self {
        self.rivals.store(rivals, Ordering::SeqCst);
        self
    }

    fn put(&self, entity: Entity) {
        let mut state = self.state.lock().unwrap();
        state.version += 1;
        state.entities.retain(|known| known.key != entity.key);
        state.entities.push(entity);
    }

    fn version(&self) -> u64 {
        self.state.lock().unwrap().version
    }
}

#[async_trait]
impl CatalogStore for MemoryCatalog {
    async fn versions(&self) -> Result<Versions, StoreError> {
        Ok(Versions { catalog: self.version(), keys: 0 })
    }

    async fn catalog_since(&self, _version: u64) -> Result<CatalogChanges, StoreError> {
        let state = self.state.lock().unwrap();
        let edits = state.entities.iter().cloned().map(Edit::Put).collect();
        let unreadable = state.unreadable.clone();
        Ok(CatalogChanges { edits, unreadable, ..CatalogChanges::none(state.version) })
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let users = &self.state.lock().unwrap().users;
        let is_known = |login: &&String| users.contains(&User::login_key(login));
        Ok(logins.iter().filter(is_known).cloned().collect())
    }

    async fn edit_catalog(&self, write: &CatalogWrite<'_>) -> Result<u64, StoreError> {
        let CatalogWrite { expected, edits, files, seeds, .. } = write;
        let rivals = self.rivals.load(Ordering::SeqCst);
        if rivals > 0 {
            self.rivals.store(rivals - 1, Ordering::SeqCst);
            self.put(scope(&format!("rival:{rivals}"), Owner::Api));
        }
        let mut state = self.state.lock().unwrap();
        if state.version != *expected {
            return Err(StoreError::Conflict);
        }
        for edit in &**edits {
            state.entities.retain(|known| known.key != *edit.key());
            if let Edit::Put(entity) = edit {
                state.entities.push(entity.clone());
            }
        }
        state.users.extend(seeds.iter().map(|seed| User::login_key(&seed.user.login)));
        state.version += 1;
        for mark in *files {
            state.files.insert(mark.owner.as_str().to_owned(), mark.file);
        }
        Ok(state.version)
    }

    async fn catalog_file(&self, owner: Owner) -> Result<AppliedFile, StoreError> {
        let files = &self.state.lock().unwrap().files;
        Ok(files.get(owner.as_str()).copied().unwrap_or_default())
    }
}

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

struct Context;

impl CatalogContext for Context {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }

    fn seal_password(&self, _user: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

fn scope(name: &str, owner: Owner) -> Entity {
    let key = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), name);
    Entity { key, owner, spec: Spec::Scope(ScopeSpec::default()) }
}

/// A client of the API.
fn client(id: &str) -> Entity {
    let content = format!(
        "version = 1\n[[client]]\nid = '{id}'\nname = 'A'\ntype = 'service'\n\
         auth = 'client_secret_basic'\nsecrets = [{{ sha256 = '{}' }}]\n\
         grant_types = ['client_credentials']\n",
        "0".repeat(64),
    );
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &Context).unwrap();
    Entity { owner: Owner::Api, ..file.entities[0].clone() }
}

fn file(version: u64, scopes: &[&str]) -> CatalogFile {
    let mut content = format!(
        "version = {version}\n[[server]]\nid = \"default\"\nname = \"Orders\"\n\
         audiences = [{{ name = \"api://orders\" }}]\n"
    );
    for name in scopes {
        content.push_str(&format!("[[server.scope]]\nname = \"{name}\"\n"));
    }
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    CatalogFile::parse(&source, &Context).unwrap()
}

/// Applies a file to a store.
async fn apply(
    store: &MemoryCatalog,
    file: &CatalogFile,
    mode: Mode,
) -> Result<Applied, ApplyError> {
    let base = Issuer::parse("https://id.example.com").unwrap();
    let actor = Actor::file("catalog.toml");
    let door = CatalogDoor { store, base: &base, actor: &actor, now: NOW };
    apply_as(&door, file, Terms::of(mode)).await
}

#[tokio::test]
async fn applying_a_file_again_changes_nothing() {
    let store = MemoryCatalog::default();
    let first = apply(&store, &file(1, &["a", "b"]), Mode::Write).await.unwrap();
    assert_eq!(first.plan.edits().len(), 3);
    let second = apply(&store, &file(1, &["a", "b"]), Mode::Write).await.unwrap();
    assert!(second.plan.is_empty());
    assert_eq!((second.catalog_version, store.version()), (1, 1));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let store = MemoryCatalog::default();
    let applied = apply(&store, &file(1, &["a"]), Mode::DryRun).await.unwrap();
    assert_eq!((applied.plan.edits().len(), store.version()), (2, 0));
}

#[tokio::test]
async fn an_older_file_is_refused_even_if_it_changes_nothing() {
    let store = MemoryCatalog::default();
    apply(&store, &file(7, &["a"]), Mode::Write).await.unwrap();
    for mode in [Mode::DryRun, Mode::Write] {
        let refusal = apply(&store, &file(6, &["a"]), mode).await.unwrap_err();
        assert!(matches!(refusal, ApplyError::Older { file: 6, stored: 7 }), "{refusal}");
    }
}

#[tokio::test]
async fn a_newer_file_version_is_stored_even_if_nothing_else_changes() {
    let store = MemoryCatalog::default();
    apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap();
    assert!(apply(&store, &file(2, &["a"]), Mode::Write).await.unwrap().plan.is_empty());
    assert!(apply(&store, &file(1, &["a"]), Mode::Write).await.is_err());
}

#[tokio::test]
async fn a_concurrent_change_makes_apply_try_again() {
    let store = MemoryCatalog::default().with_rivals(ATTEMPTS - 1);
    let applied = apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap();
    assert_eq!(applied.catalog_version, ATTEMPTS as u64);

    let store = MemoryCatalog::default().with_rivals(ATTEMPTS);
    let refusal = apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap_err();
    assert!(matches!(refusal, ApplyError::Busy), "{refusal}");
}

#[tokio::test]
async fn a_file_must_not_change_an_entity_of_the_api() {
    let store = MemoryCatalog::default();
    store.put(scope("a", Owner::Api));
    let refusal = apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap_err();
    assert!(matches!(refusal, ApplyError::Plan(_)), "{refusal}");
    assert_eq!(store.version(), 1);
}

#[tokio::test]
async fn an_audience_must_not_be_the_id_of_a_client_of_the_api() {
    let content =
        "version = 1\n[[server]]\nid = 'a'\nname = 'A'\naudiences = [{ name = 'billing' }]";
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &Context).unwrap();
    let store = MemoryCatalog::default();
    store.put(client("orders"));
    apply(&store, &file, Mode::DryRun).await.unwrap();
    store.put(client("billing"));
    for mode in [Mode::DryRun, Mode::Write] {
        let refusal = apply(&store, &file, mode).await.unwrap_err();
        assert!(matches!(refusal, ApplyError::Edit(_)), "{refusal}");
    }
}

#[tokio::test]
async fn users_are_created_once_and_not_changed_afterwards() {
    let with_users = |version: u64, logins: &[&str]| {
        let users = logins.iter().map(|login| format!("[[user]]\nlogin = '{login}'\n"));
        let content = format!("version = {version}\n{}", users.collect::<String>());
        let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
        CatalogFile::parse(&source, &Context).unwrap()
    };
    let store = MemoryCatalog::default();
    let file = with_users(1, &["alice"]);
    let planned = apply(&store, &file, Mode::DryRun).await.unwrap();
    assert_eq!(planned.plan.to_string(), "+ user alice\n1 to add, 0 to change, 0 to delete");
    assert_eq!(store.version(), 0);

    apply(&store, &file, Mode::Write).await.unwrap();
    let file = with_users(2, &["Alice", "bob"]);
    let second = apply(&store, &file, Mode::Write).await.unwrap();
    assert_eq!(second.plan.to_string(), "+ user bob\n1 to add, 0 to change, 0 to delete");
    let third = apply(&store, &file, Mode::Write).await.unwrap();
    assert!(third.plan.is_empty());
    assert_eq!((third.catalog_version, store.version()), (2, 2));

    // A user who is no longer in the file is not deleted.
    let fourth = apply(&store, &with_users(3, &[]), Mode::Write).await.unwrap();
    assert!(fourth.plan.is_empty());
    assert_eq!(store.state.lock().unwrap().users.len(), 2);
}

#[tokio::test]
async fn a_catalog_with_unreadable_rows_is_not_changed() {
    let source = CatalogSource { name: "catalog.toml", content: b"version = 1" };
    let file = CatalogFile::parse(&source, &Context).unwrap();
    let store = MemoryCatalog::default();
    let row = |name: String| {
        let key = RowKey { kind: "client".to_owned(), parent: String::new(), name };
        UnreadableRow { key, why: "its format is 2, known is 1".to_owned() }
    };
    store.state.lock().unwrap().unreadable = (0..21).map(|n| row(format!("c{n}"))).collect();
    for mode in [Mode::DryRun, Mode::Write] {
        let refusal = apply(&store, &file, mode).await.unwrap_err().to_string();
        let lines: Vec<_> = refusal.lines().collect();
        assert_eq!(
            lines[0],
            "client c0 cannot be read by this version: its format is 2, known is 1"
        );
        assert_eq!(lines[20], "and 1 more rows");
        assert_eq!(
            lines[21],
            "nothing was changed: use the newer version of scopegate that wrote this"
        );
    }
    assert_eq!(store.version(), 0);
    // An unreadable client exists, so a file may refer to it.
    assert_eq!(clients_of_the_api(&store).await.unwrap().len(), 21);
    // The version of the file is checked first.
    let applied = AppliedFile { version: 2, ..AppliedFile::default() };
    store.state.lock().unwrap().files.insert("file".to_owned(), applied);
    let refusal = apply(&store, &file, Mode::Write).await.unwrap_err();
    assert!(matches!(refusal, ApplyError::Older { .. }), "{refusal}");
}

async fn apply_for(
    store: &MemoryCatalog,
    file: &CatalogFile,
    terms: Terms,
) -> Result<Applied, ApplyError> {
    let base = Issuer::parse("https://id.example.com").unwrap();
    let actor = Actor::file("catalog.toml");
    let door = CatalogDoor { store, base: &base, actor: &actor, now: NOW };
    apply_as(&door, file, terms).await
}

fn as_owner(name: &str, others: Others) -> Terms {
    let ownership = Ownership { owner: Owner::of_file(name).unwrap(), others };
    Terms { ownership, ..Terms::of(Mode::Write) }
}

#[tokio::test]
async fn an_equal_version_with_other_content_is_refused() {
    let store = MemoryCatalog::default();
    apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap();
    let other = file(1, &["b"]);
    for mode in [Mode::DryRun, Mode::Write] {
        let refusal = apply(&store, &other, mode).await.unwrap_err();
        assert!(matches!(refusal, ApplyError::SameVersion { version: 1 }), "{refusal}");
        assert!(refusal.to_string().ends_with("write version = 2"), "{refusal}");
    }
    assert_eq!(store.version(), 1);
    // A loopback `serve --catalog` applies it.
    let terms = Terms { equal_version: EqualVersion::Apply, ..Terms::of(Mode::Write) };
    assert_eq!(apply_for(&store, &other, terms).await.unwrap().plan.edits().len(), 2);
    // Now the other file is the applied one.
    assert!(apply(&store, &other, Mode::Write).await.unwrap().plan.is_empty());
    assert!(apply(&store, &file(1, &["a"]), Mode::Write).await.is_err());
    // A file without changes is no other content, even if its text is another.
    let content = "# A comment.\nversion = 1\n[[server]]\nid = 'default'\nname = 'Orders'\n\
         audiences = [{ name = 'api://orders' }]\n[[server.scope]]\nname = 'b'\n";
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    let commented = CatalogFile::parse(&source, &Context).unwrap();
    assert!(apply(&store, &commented, Mode::Write).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn a_file_whose_content_is_unknown_or_was_rolled_back_needs_a_new_version() {
    for (content, is_rolled_back) in
        [(AppliedContent::Unknown, false), (AppliedContent::RolledBack, true)]
    {
        let store = MemoryCatalog::default();
        let applied = AppliedFile { version: 1, content };
        store.state.lock().unwrap().files.insert("file".to_owned(), applied);
        let refusal = apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap_err();
        let refused_as = matches!(refusal, ApplyError::RolledBack { version: 1 });
        assert_eq!(refused_as, is_rolled_back, "{refusal}");
        let terms = Terms { equal_version: EqualVersion::Apply, ..Terms::of(Mode::Write) };
        assert_eq!(apply_for(&store, &file(1, &["a"]), terms).await.is_err(), is_rolled_back);
        apply(&store, &file(2, &["a"]), Mode::Write).await.unwrap();
    }
}

#[tokio::test]
async fn each_owner_has_its_own_versions_and_entities() {
    let store = MemoryCatalog::default();
    apply(&store, &file(7, &["a"]), Mode::Write).await.unwrap();
    let of_team = |version, id: &str| {
        let content = format!(
            "version = {version}\n[[server]]\nid = '{id}'\nname = 'T'\naudiences = [{{ name = 'api://{id}' }}]"
        );
        let source = CatalogSource { name: "team.toml", content: content.as_bytes() };
        CatalogFile::parse(&source, &Context).unwrap()
    };
    let team = as_owner("team", Others::Refuse);
    apply_for(&store, &of_team(1, "one"), team).await.unwrap();
    let second = apply_for(&store, &of_team(2, "two"), team).await.unwrap();
    assert_eq!(
        second.plan.to_string(),
        "+ server two\n- server one\n1 to add, 0 to change, 1 to delete"
    );
    let older = apply_for(&store, &of_team(1, "two"), team).await.unwrap_err();
    assert!(matches!(older, ApplyError::Older { file: 1, stored: 2 }), "{older}");
    // The other owner's entities are still there.
    assert!(apply(&store, &file(7, &["a"]), Mode::Write).await.unwrap().plan.is_empty());
    // The team must not take them, unless it adopts them.
    let refusal = apply_for(&store, &file(3, &["a"]), team).await.unwrap_err();
    assert!(matches!(refusal, ApplyError::Plan(_)), "{refusal}");
    let shown = refusal.to_string();
    assert!(shown.contains("server default is owned by a catalog file: leave it out"), "{shown}");
}

#[tokio::test]
async fn a_file_adopts_entities_of_other_owners() {
    let store = MemoryCatalog::default();
    apply(&store, &file(1, &["a"]), Mode::Write).await.unwrap();
    store.put(scope("b", Owner::Api));
    let team = as_owner("team", Others::Adopt);
    let adopted = apply_for(&store, &file(1, &["a", "b"]), team).await.unwrap();
    let fields: Vec<_> = adopted.plan.changes().flat_map(|change| change.fields()).collect();
    assert_eq!(fields.len(), 3, "{fields:?}");
    assert!(fields.iter().all(|field| field.name == "owner" && field.new == "team"), "{fields:?}");
    let owners: Vec<Owner> =
        store.state.lock().unwrap().entities.iter().map(|it| it.owner).collect();
    assert_eq!(owners, [team.ownership.owner; 3]);
    // The entities that the file does not have are not adopted.
    store.put(scope("c", Owner::Api));
    let again = apply_for(&store, &file(1, &["a", "b"]), team).await.unwrap();
    assert!(again.plan.is_empty());
}

#[tokio::test]
async fn a_plan_that_was_shown_for_another_version_is_not_written() {
    let store = MemoryCatalog::default();
    store.put(scope("x", Owner::Api));
    let terms = |expected| Terms { expected: Some(expected), ..Terms::of(Mode::Write) };
    for other in [0, 2] {
        let refusal = apply_for(&store, &file(1, &["a"]), terms(other)).await.unwrap_err();
        assert!(matches!(refusal, ApplyError::Changed { found: 1, .. }), "{refusal}");
    }
    apply_for(&store, &file(1, &["a"]), terms(1)).await.unwrap();
    // A concurrent change between the plan and the write.
    let store = MemoryCatalog::default().with_rivals(1);
    let refusal = apply_for(&store, &file(1, &["a"]), terms(0)).await.unwrap_err();
    assert!(matches!(refusal, ApplyError::Changed { expected: 0, found: 1 }), "{refusal}");
}
