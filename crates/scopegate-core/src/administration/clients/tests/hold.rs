//! A client of a catalog file on hold.

use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::administration::apply::{Applied, ApplyError, Mode, Terms, apply_as, plan_as};
use crate::administration::export::export;
use crate::administration::history::{difference_between, entities_at};
use crate::administration::plan::Ownership;
use crate::administration::reach::Reach;
use crate::catalog::ServerId;
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::store::memory::MemoryStore;

struct Context;

impl CatalogContext for Context {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }

    fn seal_password(&self, _: &crate::catalog::UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }

    fn kept_secret(&self, _: &ClientId, _: &str) -> Option<ClientSecret> {
        Some(secret(0x11))
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

fn parsed(content: &str) -> CatalogFile {
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    CatalogFile::parse(&source, &Context).unwrap()
}

/// A file with the client `batch`, which has a name and a status.
fn file(version: u64, name: &str, status: &str) -> CatalogFile {
    parsed(&format!(
        "version = {version}\n[[server]]\nid = 'default'\nname = 'Orders'\n\
         audiences = [{{ name = 'api://orders' }}]\n\
         [[server.scope]]\nname = 'read'\ndescription = 'Read'\n\
         [[server.policy]]\nname = 'p'\nclients = ['*']\n\
         [[server.policy.rule]]\nname = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']\n\
         [[client]]\nid = 'batch'\nname = '{name}'\nauth = 'client_secret_basic'\n\
         secrets = [{{ sha256 = '{}' }}]\ngrant_types = ['client_credentials']\n\
         status = '{status}'\n",
        "11".repeat(32)
    ))
}

struct Held {
    store: MemoryStore,
    base: Issuer,
    actor: Actor,
}

impl Held {
    /// A store with the first version of the file. The client is on hold.
    async fn new() -> Self {
        let base = Issuer::parse("https://id.example").unwrap();
        let world = Self { store: MemoryStore::default(), base, actor: Actor::cli("a test") };
        world.apply(&file(1, "Batch", "ACTIVE")).await.unwrap();
        set_status(&world.door(), &id("batch"), Status::Inactive).await.unwrap();
        world
    }

    fn door(&self) -> CatalogDoor<'_> {
        let now = UnixTime::from_seconds(1_800_000_000);
        CatalogDoor { store: &self.store, base: &self.base, actor: &self.actor, now }
    }

    async fn apply(&self, file: &CatalogFile) -> Result<Applied, ApplyError> {
        apply_as(&self.door(), file, Terms::of(Mode::Write)).await
    }

    async fn catalog(&self) -> Snapshot {
        Snapshot::empty(&self.base).after(self.store.catalog_since(0).await.unwrap())
    }

    async fn client(&self) -> ClientSpec {
        self.catalog().await.client("batch").unwrap().unwrap().spec.clone()
    }
}

#[tokio::test]
async fn applying_its_file_does_not_lift_a_hold() {
    let world = Held::new().await;
    let held = world.client().await;
    assert!(held.is_on_hold() && !held.status.is_active());
    // The same file, a newer one, and one that takes the client over.
    let same = world.apply(&file(1, "Batch", "ACTIVE")).await.unwrap();
    assert!(same.plan.is_empty());
    assert_eq!(same.plan.held(), ["batch"]);
    let newer = world.apply(&file(2, "Other", "ACTIVE")).await.unwrap();
    let fields: Vec<_> = newer.plan.changes().flat_map(|change| change.fields()).collect();
    assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), ["name"]);
    let adopt = Ownership {
        owner: Owner::of_file("ops").unwrap(),
        others: crate::administration::plan::Others::Adopt,
    };
    let terms = Terms { ownership: adopt, ..Terms::of(Mode::Write) };
    apply_as(&world.door(), &file(3, "Other", "ACTIVE"), terms).await.unwrap();
    let client = world.client().await;
    assert_eq!(
        (client.name.as_str(), client.is_on_hold(), client.status),
        ("Other", true, Status::Inactive)
    );

    set_status(&world.door(), &id("batch"), Status::Active).await.unwrap();
    let client = world.client().await;
    assert_eq!((client.is_on_hold(), client.status), (false, Status::Active));
}

#[tokio::test]
async fn a_client_whose_hold_is_lifted_has_the_status_of_its_file() {
    let world = Held::new().await;
    let inactive = file(2, "Batch", "INACTIVE");
    let applied = world.apply(&inactive).await.unwrap();
    let fields: Vec<_> = applied.plan.changes().flat_map(|change| change.fields()).collect();
    assert_eq!((fields[0].name, fields[0].new.as_str()), ("status", Some("INACTIVE")));
    set_status(&world.door(), &id("batch"), Status::Active).await.unwrap();
    assert_eq!(
        (world.client().await.status, world.client().await.is_on_hold()),
        (Status::Inactive, false)
    );
    let refused = set_status(&world.door(), &id("batch"), Status::Active).await.unwrap_err();
    assert!(matches!(refused, ClientAdminError::InactiveInFile(_, Owner::File)), "{refused}");
    assert!(world.apply(&inactive).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn no_other_change_of_the_catalog_lifts_a_hold() {
    let world = Held::new().await;
    let spec =
        ClientSpec { status: Status::Active, status_after_hold: None, ..world.client().await };
    let put = Edit::Put(Entity {
        key: EntityKey::client(&id("batch")),
        owner: Owner::File,
        spec: spec.into(),
    });
    let version = world.store.catalog_version().await.unwrap();
    let edit = world.door().edit::<EditError>(Owner::File, |_| Ok(vec![put.clone()])).await;
    assert_eq!(edit.unwrap(), version, "nothing has changed");
    assert!(world.client().await.is_on_hold());
}

#[tokio::test]
async fn an_export_and_the_history_are_exact_while_a_client_is_on_hold() {
    let world = Held::new().await;
    let exported = export(&world.store, Owner::File).await.unwrap();
    assert!(!exported.contains("INACTIVE") && !exported.contains("hold"), "{exported}");
    let planned = plan_as(&world.door(), &parsed(&exported), Terms::of(Mode::DryRun)).await;
    let refused_or_empty = planned.map(|planned| planned.plan.is_empty());
    assert!(matches!(refused_or_empty, Ok(true)), "{refused_or_empty:?}");

    let hold = difference_between(&world.store, 1, 2).await.unwrap();
    let fields: Vec<_> = hold.changes().flat_map(|change| change.fields()).collect();
    let [field] = &fields[..] else { panic!("{fields:?}") };
    assert_eq!((field.name, &field.old, &field.new), ("on_hold", &false.into(), &true.into()));
    let on_hold = async |version| {
        let entities = entities_at(&world.store, version).await.unwrap();
        entities.iter().any(Entity::is_on_hold)
    };
    assert!(!on_hold(1).await && on_hold(2).await);
}

#[tokio::test]
async fn a_client_on_hold_reaches_nothing_and_is_found_by_lifting_the_holds() {
    let world = Held::new().await;
    let server = ServerId::default_server();
    let catalog = world.catalog().await;
    assert!(Reach::new(&catalog, &[]).who_can(&server, "read").unwrap().is_empty());
    let lifted = catalog.without_holds().unwrap();
    assert_eq!(Reach::new(&lifted, &[]).who_can(&server, "read").unwrap()[0].client, "batch");
    set_status(&world.door(), &id("batch"), Status::Active).await.unwrap();
    let catalog = world.catalog().await;
    assert_eq!(Reach::new(&catalog, &[]).who_can(&server, "read").unwrap().len(), 1);
    assert!(catalog.without_holds().is_none());
}
