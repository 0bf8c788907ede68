mod protections;

use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::administration::apply::{ApplyError, apply};
use crate::audit::Actor;
use crate::catalog::{Status, UserId};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::store::memory::MemoryStore;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

struct Context;

impl CatalogContext for Context {
    /// The value of each variable is its name.
    fn variable(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
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

fn file(content: &str) -> CatalogFile {
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    CatalogFile::parse(&source, &Context).unwrap()
}

fn content(version: u64, description: &str, clients: &str) -> CatalogFile {
    file(&format!(
        "version = {version}\n[[server]]\nid = 'default'\nname = 'Orders'\n\
         audiences = [{{ name = 'api://orders' }}]\n\
         [[server.scope]]\nname = 'read'\ndescription = '{description}'\n{clients}"
    ))
}

fn client(id: &str, secret: char, more: &str) -> String {
    let sha256 = secret.to_string().repeat(64);
    format!(
        "[[client]]\nid = '{id}'\nname = 'A'\nauth = 'client_secret_basic'\n\
         secrets = [{{ sha256 = '{sha256}' }}]\n{more}\n"
    )
}

struct World {
    store: MemoryStore,
    base: Issuer,
    actor: Actor,
}

impl World {
    async fn new(files: &[CatalogFile]) -> Self {
        let base = Issuer::parse("https://id.example.com").unwrap();
        let world =
            Self { store: MemoryStore::default(), base, actor: Actor::cli("catalog rollback") };
        for file in files {
            apply(&world.door(), file, Mode::Write).await.unwrap();
        }
        world
    }

    fn door(&self) -> CatalogDoor<'_> {
        CatalogDoor { store: &self.store, base: &self.base, actor: &self.actor, now: NOW }
    }

    async fn rollback(
        &self,
        version: u64,
        reactivate: &[&str],
        mode: Mode,
    ) -> Result<Rollback, RollbackError> {
        let reactivate = reactivate.iter().map(|id| (*id).to_owned()).collect();
        let request =
            RollbackRequest { version, owner: None, reactivate: &reactivate, mode, expected: None };
        rollback(&self.store, &self.door(), &request).await
    }

    async fn client(&self, id: &str) -> Option<crate::catalog::ClientSpec> {
        let changes = self.store.catalog_since(0).await.unwrap();
        let catalog = Snapshot::empty(&self.base).after(changes);
        catalog.client(id).unwrap().map(|client| client.spec.clone())
    }
}

fn notes(rollback: &Rollback) -> Vec<String> {
    rollback.notes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_rollback_is_a_new_version() {
    let world = World::new(&[content(1, "one", ""), content(2, "two", "")]).await;
    let planned = world.rollback(1, &[], Mode::DryRun).await.unwrap();
    assert_eq!(planned.catalog_version, 2);
    assert_eq!(world.store.catalog_version().await.unwrap(), 2);
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!((done.catalog_version, &done.plan), (3, &planned.plan));
    let fields: Vec<_> = done.plan.changes().flat_map(|change| change.fields()).collect();
    assert_eq!((fields[0].old.as_str(), fields[0].new.as_str()), (Some("two"), Some("one")));
    let [newest] = &world.store.catalog_versions(None, 1).await.unwrap()[..] else {
        unreachable!()
    };
    assert_eq!((newest.version, newest.restored, newest.owner), (3, Some(1), Some(Owner::File)));
    // Again: nothing to do.
    let again = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert!(again.plan.is_empty());
    assert_eq!(again.catalog_version, 3);
    // And back.
    world.rollback(2, &[], Mode::Write).await.unwrap();
    let empty = world.rollback(0, &[], Mode::Write).await.unwrap();
    assert_eq!(empty.plan.deletions(), 2);
}

#[tokio::test]
async fn a_file_that_was_rolled_back_is_not_applied_again_with_its_version() {
    let (one, two) = (content(1, "one", ""), content(2, "two", ""));
    let world = World::new(&[one, two.clone()]).await;
    world.rollback(1, &[], Mode::Write).await.unwrap();
    let refused = apply(&world.door(), &two, Mode::Write).await.unwrap_err();
    assert!(matches!(refused, ApplyError::RolledBack { version: 2 }), "{refused}");
    apply(&world.door(), &content(3, "two", ""), Mode::Write).await.unwrap();
}

#[tokio::test]
async fn a_rollback_restores_no_secret_and_no_key_of_a_client() {
    let keyed = "[[client]]\nid = 'a'\nname = 'A'\nauth = 'private_key_jwt'\n\
                 jwks_uri = 'https://a.example/jwks'\n";
    let world = World::new(&[
        content(1, "one", &client("a", '1', "")),
        content(2, "two", &client("a", '2', "")),
        content(3, "two", keyed),
    ])
    .await;
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!(notes(&done), ["client a keeps its present authentication method and keys"]);
    let now = world.client("a").await.unwrap();
    assert!(now.secrets.is_empty());
    assert_eq!(now.jwks_uri.as_deref(), Some("https://a.example/jwks"));
    // The other way round.
    apply(&world.door(), &content(4, "two", &client("a", '3', "")), Mode::Write).await.unwrap();
    let done = world.rollback(3, &[], Mode::Write).await.unwrap();
    assert_eq!(notes(&done).len(), 1);
    let now = world.client("a").await.unwrap();
    assert!(now.jwks_uri.is_none());
    assert!(now.secrets[0].matches(&[0x33; 32], NOW));
}

#[tokio::test]
async fn a_rollback_enables_no_client_unless_it_is_asked_for() {
    let world = World::new(&[
        content(1, "one", &(client("a", '1', "") + &client("b", '1', ""))),
        content(2, "two", &(client("a", '1', "status = 'INACTIVE'") + &client("b", '1', ""))),
    ])
    .await;
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!(notes(&done), ["client a stays disabled: --reactivate a enables it"]);
    assert_eq!(world.client("a").await.unwrap().status, Status::Inactive);
    assert_eq!(world.client("b").await.unwrap().status, Status::Active);
    let done = world.rollback(1, &["a"], Mode::Write).await.unwrap();
    assert_eq!(notes(&done), [""; 0]);
    assert_eq!(world.client("a").await.unwrap().status, Status::Active);
    // A client that was disabled then is disabled again.
    let done = world.rollback(2, &[], Mode::Write).await.unwrap();
    assert_eq!(notes(&done), [""; 0]);
    assert_eq!(world.client("a").await.unwrap().status, Status::Inactive);
    for wrong in ["a", "unknown"] {
        let refused = world.rollback(2, &[wrong], Mode::Write).await.unwrap_err();
        assert!(matches!(refused, RollbackError::NotActiveThen(_, 2)), "{refused}");
    }
}

#[tokio::test]
async fn a_deleted_client_comes_back_disabled_and_without_credentials() {
    let key = include_str!("../../catalog_file/tests/partner.demo.jwk.json");
    let public = scopegate_jose::SigningKey::from_jwk_json(key).unwrap().public_jwk();
    let public = serde_json::to_value(&public).unwrap();
    let member = |name: &str| format!("{name} = {}", public[name]);
    let members: Vec<String> =
        public.as_object().unwrap().keys().map(|name| member(name)).collect();
    let keyed = format!(
        "[[client]]\nid = 'k'\nname = 'K'\nauth = 'private_key_jwt'\n\
         jwks = {{ keys = [{{ {} }}] }}\n",
        members.join(", ")
    );
    let all = client("a", '1', "") + &keyed;
    let world = World::new(&[content(1, "one", &all), content(2, "one", "")]).await;
    let done = world.rollback(1, &["k"], Mode::Write).await.unwrap();
    assert_eq!(
        notes(&done),
        [
            "client a is created again, disabled and without its credentials: --reactivate a enables it",
            "client k is created again without its credentials: give it new ones",
        ]
    );
    let (a, k) = (world.client("a").await.unwrap(), world.client("k").await.unwrap());
    assert_eq!((a.status, k.status), (Status::Inactive, Status::Active));
    assert!(!a.secrets[0].matches(&[0x11; 32], NOW));
    assert_ne!(serde_json::to_value(&k.jwks[0]).unwrap(), public);
}

#[tokio::test]
async fn a_rollback_gives_no_admin_rights_back() {
    let world = World::new(&[content(1, "one", "")]).await;
    let key = EntityKey::client(&ClientId::parse("root").unwrap());
    let spec = crate::catalog::ClientSpec {
        name: "Root".to_owned(),
        auth: crate::catalog::ClientAuth::PrivateKeyJwt,
        jwks: vec![
            scopegate_jose::SigningKey::generate(scopegate_jose::Algorithm::Es256)
                .unwrap()
                .public_jwk(),
        ],
        grant_types: ["client_credentials".to_owned()].into(),
        admin: true,
        ..crate::catalog::ClientSpec::default()
    };
    let put = Edit::Put(Entity { key: key.clone(), owner: Owner::Api, spec: spec.into() });
    let edit = async |edit: Edit| {
        let door = world.door();
        door.edit::<EditError>(Owner::Api, |_| Ok(vec![edit.clone()])).await.unwrap()
    };
    assert_eq!(edit(put).await, 2);
    edit(Edit::Delete(key)).await;
    let done = world.rollback(2, &["root"], Mode::Write).await.unwrap();
    assert!(notes(&done).iter().any(|note| note.contains("gets no admin rights back")), "{done:?}");
    assert!(!world.client("root").await.unwrap().admin);
}

#[tokio::test]
async fn an_issuer_keeps_its_present_keys() {
    let issuer = |uri: &str| {
        format!(
            "[[server.trusted_issuer]]\nissuer = 'https://idp.example'\njwks_uri = '{uri}'\nclients = ['*']\n"
        )
    };
    let world = World::new(&[
        content(1, "one", &issuer("https://idp.example/old")),
        content(2, "one", &issuer("https://idp.example/new")),
        content(3, "one", ""),
    ])
    .await;
    let uri = async || {
        let entities =
            entities_at(&world.store, world.store.catalog_version().await.unwrap()).await;
        let found = entities.unwrap().into_iter().find_map(|entity| match entity.spec {
            Spec::TrustedIssuer(spec) => Some((spec.jwks_uri, spec.jwks.len())),
            _ => None,
        });
        found.unwrap()
    };
    // The issuer is gone: its old keys are not trusted again.
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert!(notes(&done)[0].contains("created again without its keys"), "{done:?}");
    assert_eq!(uri().await, (None, 1));
    apply(&world.door(), &content(4, "one", &issuer("https://idp.example/new")), Mode::Write)
        .await
        .unwrap();
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert!(notes(&done)[0].contains("keeps its present keys"), "{done:?}");
    assert_eq!(uri().await, (Some("https://idp.example/new".to_owned()), 0));
}

#[tokio::test]
async fn a_rollback_whose_plan_was_shown_for_another_version_is_not_written() {
    let world = World::new(&[content(1, "one", ""), content(2, "two", "")]).await;
    let none = BTreeSet::new();
    for (expected, is_written) in [(1, false), (3, false), (2, true)] {
        let request = RollbackRequest {
            version: 1,
            owner: None,
            reactivate: &none,
            mode: Mode::Write,
            expected: Some(expected),
        };
        let answer = rollback(&world.store, &world.door(), &request).await;
        assert_eq!(answer.is_ok(), is_written, "{answer:?}");
    }
}

#[tokio::test]
async fn a_rollback_restores_no_secret_of_a_hook() {
    let hook = |url: &str, variable: &str| {
        format!(
            "[[hook]]\nname = 'h'\ntype = 'http'\nurl = '{url}'\n\
             auth = {{ header = 'authorization', value = {{ env = '{variable}' }} }}\n"
        )
    };
    let (first, second) = ("https://one.example/", "https://two.example/");
    let world = World::new(&[
        content(1, "one", &hook(first, "OLD")),
        content(2, "one", &hook(second, "NEW")),
    ])
    .await;
    let spec = async || {
        let changes = world.store.catalog_since(0).await.unwrap();
        let catalog = Snapshot::empty(&world.base).after(changes);
        catalog.hook("h").map(|hook| hook.spec.clone())
    };
    let now = spec().await.unwrap();
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert!(notes(&done).is_empty());
    let restored = spec().await.unwrap();
    assert_eq!(restored.auth(), now.auth(), "the present secret stays");
    assert_ne!(restored.target, now.target, "the URL is that of then");

    apply(&world.door(), &content(3, "one", ""), Mode::Write).await.unwrap();
    assert!(spec().await.is_none());
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!(notes(&done), ["hook h has no secret, and its calls fail: give it a new one"]);
    let secret = spec().await.unwrap().auth().unwrap().secret().clone();
    assert_eq!(secret, crate::catalog::HookSecret::forgotten());
}
