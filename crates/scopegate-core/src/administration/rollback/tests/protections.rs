//! What a rollback keeps: statuses, deny rules, holds, admin clients, and what others own.

use super::*;
use crate::administration::apply::{Terms, apply_as};
use crate::administration::clients::{delete, set_status};
use crate::administration::export::export;
use crate::administration::plan::Ownership;
use crate::catalog::{ClientAuth, ClientSpec};
use crate::store::memory::UncheckedCatalog;

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

/// A file with a server, a policy and a rule, each with a status.
fn written(version: u64, server: &str, policy: &str, rule: &str) -> CatalogFile {
    file(&format!(
        "version = {version}\n[[server]]\nid = 'default'\nname = 'Orders'\nstatus = '{server}'\n\
         audiences = [{{ name = 'api://orders' }}]\n\
         [[server.scope]]\nname = 'read'\ndescription = 'Read'\n\
         [[server.policy]]\nname = 'p'\nclients = ['*']\nstatus = '{policy}'\n\
         [[server.policy.rule]]\nname = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']\n{rule}\n"
    ))
}

async fn statuses(world: &World) -> Vec<(String, Status)> {
    let version = world.store.catalog_version().await.unwrap();
    let entities = entities_at(&world.store, version).await.unwrap();
    let found = entities
        .iter()
        .filter_map(|entity| Some((entity.key.to_string(), restored::status(&entity.spec)?)));
    found.collect()
}

#[tokio::test]
async fn a_rollback_enables_no_server_policy_or_rule_unless_it_is_asked_for() {
    let off = "INACTIVE";
    let world = World::new(&[
        written(1, "ACTIVE", "ACTIVE", ""),
        written(2, off, off, "status = 'INACTIVE'"),
    ])
    .await;
    let done = world.rollback(1, &[], Mode::DryRun).await.unwrap();
    assert!(done.plan.is_empty(), "{:?}", done.plan);
    assert_eq!(
        notes(&done),
        [
            "server default stays disabled: --reactivate 'server default' enables it",
            "policy default/p stays disabled: --reactivate 'policy default/p' enables it",
            "rule default/p/r stays disabled: --reactivate 'rule default/p/r' enables it",
        ]
    );
    let some = ["server default", "rule default/p/r"];
    let done = world.rollback(1, &some, Mode::Write).await.unwrap();
    assert_eq!(notes(&done).len(), 1);
    let inactive: Vec<_> =
        statuses(&world).await.into_iter().filter(|(_, status)| !status.is_active()).collect();
    assert_eq!(inactive, [("policy default/p".to_owned(), Status::Inactive)]);
    let refused = world.rollback(2, &["policy default/p"], Mode::Write).await.unwrap_err();
    assert!(matches!(refused, RollbackError::NotActiveThen(_, 2)), "{refused}");
}

#[tokio::test]
async fn a_rollback_disables_no_deny_rule_and_notes_one_that_it_ends() {
    let deny = |status: &str| format!("effect = 'deny'\nstatus = '{status}'");
    let world = World::new(&[
        written(1, "ACTIVE", "ACTIVE", ""),
        written(2, "ACTIVE", "ACTIVE", &deny("INACTIVE")),
        written(3, "ACTIVE", "ACTIVE", &deny("ACTIVE")),
    ])
    .await;
    let done = world.rollback(2, &[], Mode::DryRun).await.unwrap();
    assert!(done.plan.is_empty());
    assert_eq!(notes(&done), ["rule default/p/r denies, and stays in use: disable it in its file"]);
    let done = world.rollback(1, &[], Mode::DryRun).await.unwrap();
    assert_eq!(notes(&done), ["rule default/p/r denies now, and does not after this"]);
    // A deny rule that is out of use now protects again.
    apply(&world.door(), &written(4, "ACTIVE", "ACTIVE", &deny("INACTIVE")), Mode::Write)
        .await
        .unwrap();
    let done = world.rollback(3, &[], Mode::Write).await.unwrap();
    assert_eq!((notes(&done).len(), done.plan.edits().len()), (0, 1));
    // With its policy it would end, too.
    apply(&world.door(), &written(5, "ACTIVE", "INACTIVE", &deny("ACTIVE")), Mode::Write)
        .await
        .unwrap();
    let version = world.store.catalog_version().await.unwrap();
    apply(&world.door(), &written(6, "ACTIVE", "ACTIVE", &deny("ACTIVE")), Mode::Write)
        .await
        .unwrap();
    let done = world.rollback(version, &[], Mode::DryRun).await.unwrap();
    assert_eq!(notes(&done), ["rule default/p/r denies now, and does not after this"]);
}

#[tokio::test]
async fn a_rollback_lifts_no_hold() {
    let world = World::new(&[content(1, "one", &client("a", '1', ""))]).await;
    set_status(&world.door(), &id("a"), Status::Inactive).await.unwrap();
    for reactivate in [&[][..], &["a"]] {
        let done = world.rollback(1, reactivate, Mode::Write).await.unwrap();
        assert!(done.plan.is_empty());
        let said = ["client a stays on hold: `scopegate clients enable a` lifts the hold"];
        assert_eq!(notes(&done), said);
    }
    assert!(world.client("a").await.unwrap().is_on_hold());
    // A client that was on hold then is on hold again.
    set_status(&world.door(), &id("a"), Status::Active).await.unwrap();
    world.rollback(2, &[], Mode::Write).await.unwrap();
    assert!(world.client("a").await.unwrap().is_on_hold());
}

/// Makes a client of the API.
async fn create(world: &World, name: &str, admin: bool) {
    let key = scopegate_jose::SigningKey::generate(scopegate_jose::Algorithm::Es256).unwrap();
    let spec = ClientSpec {
        name: name.to_owned(),
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![key.public_jwk()],
        grant_types: ["client_credentials".to_owned()].into(),
        admin,
        ..ClientSpec::default()
    };
    let (key, owner) = (EntityKey::client(&id(name)), Owner::Api);
    let put = Edit::Put(Entity { key, owner, spec: spec.into() });
    world.door().edit::<EditError>(owner, |_| Ok(vec![put.clone()])).await.unwrap();
}

async fn apply_of(world: &World, owner: &str, content: &str) {
    let owner = Owner::of_file(owner).unwrap();
    let terms = Terms { ownership: Ownership::of(owner), ..Terms::of(Mode::Write) };
    apply_as(&world.door(), &file(content), terms).await.unwrap();
}

async fn rollback_of(world: &World, version: u64, owner: Owner) -> Rollback {
    let none = BTreeSet::new();
    let (owner, mode) = (Some(owner), Mode::Write);
    let request = RollbackRequest { version, owner, reactivate: &none, mode, expected: None };
    rollback(&world.store, &world.door(), &request).await.unwrap()
}

#[tokio::test]
async fn a_rollback_restores_what_one_owner_has_and_notes_what_others_changed() {
    let world = World::new(&[content(1, "one", ""), content(2, "two", "")]).await;
    create(&world, "batch", false).await;
    create(&world, "root", true).await;
    let pay =
        "version = 1\n[[server]]\nid = 'pay'\nname = 'Pay'\naudiences = [{ name = 'api://pay' }]\n";
    apply_of(&world, "payments", pay).await;
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!(done.owner, Owner::File);
    assert_eq!(done.plan.deletions(), 0);
    assert_eq!(
        notes(&done),
        [
            "2 changed entities belong to api and stay as they are: --owner api restores them instead",
            "1 changed entities belong to payments and stay as they are: --owner payments restores \
             them instead",
        ]
    );
    assert!(world.client("batch").await.is_some() && world.client("root").await.is_some());

    // Of the API: the client is deleted and noted, the admin client stays.
    let done = rollback_of(&world, 1, Owner::Api).await;
    assert_eq!(done.plan.deletions(), 1);
    let said = notes(&done).join("\n");
    assert!(said.contains("client batch is deleted: its credentials, "), "{said}");
    assert!(said.contains("admin client root was made since then and stays"), "{said}");
    assert!(world.client("batch").await.is_none() && world.client("root").await.is_some());

    let done = rollback_of(&world, 1, Owner::of_file("payments").unwrap()).await;
    assert_eq!(done.plan.deletions(), 1);
}

#[tokio::test]
async fn the_only_owner_with_changes_is_restored() {
    let world = World::new(&[content(1, "one", "")]).await;
    create(&world, "batch", false).await;
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!((done.owner, done.plan.deletions()), (Owner::Api, 1));
}

#[tokio::test]
async fn what_another_owner_has_taken_over_stays_with_them() {
    let world = World::new(&[content(1, "one", &client("a", '1', ""))]).await;
    apply(&world.door(), &content(2, "one", ""), Mode::Write).await.unwrap();
    let a = format!("version = 1\n{}", client("a", '2', ""));
    apply_of(&world, "ops", &a).await;
    let done = rollback_of(&world, 1, Owner::File).await;
    assert_eq!(done.plan.edits().len(), 0);
    assert!(
        notes(&done).iter().any(|note| note == "client a belongs to ops now, and stays as it is")
    );
}

#[tokio::test]
async fn a_client_whose_present_credentials_do_not_fit_comes_back_without_any() {
    let web = |more: &str| {
        format!(
            "[[client]]\nid = 'w'\nname = 'W'\ngrant_types = ['authorization_code']\n\
             redirect_uris = ['https://w.example/cb']\n{more}\n"
        )
    };
    let secret = "1".repeat(64);
    let confidential = web(&format!(
        "type = 'web'\nauth = 'client_secret_basic'\nsecrets = [{{ sha256 = '{secret}' }}]"
    ));
    let world = World::new(&[
        content(1, "one", &confidential),
        content(2, "one", &web("type = 'browser'\nauth = 'none'")),
    ])
    .await;
    let done = world.rollback(1, &[], Mode::Write).await.unwrap();
    assert_eq!(
        notes(&done),
        [
            "client w has its type and its authentication method (client_secret_basic) of then, and no \
          credentials, and is disabled: --reactivate w enables it, then give it new ones"
        ]
    );
    let now = world.client("w").await.unwrap();
    assert_eq!((now.auth, now.status), (ClientAuth::ClientSecretBasic, Status::Inactive));
    assert!(!now.secrets[0].matches(&[0x11; 32], NOW));
    // The other way round it would authenticate no more: it is disabled, unless that is asked for.
    for (reactivate, status) in [(&[][..], Status::Inactive), (&["w"], Status::Active)] {
        apply(
            &world.door(),
            &content(if reactivate.is_empty() { 3 } else { 4 }, "one", &confidential),
            Mode::Write,
        )
        .await
        .unwrap();
        world.rollback(2, reactivate, Mode::Write).await.unwrap();
        let now = world.client("w").await.unwrap();
        assert_eq!((now.auth, now.status, now.secrets.len()), (ClientAuth::None, status, 0));
    }
}

/// A file with a policy for a client.
fn policy_for(version: u64, client: &str, priority: &str) -> String {
    format!(
        "version = {version}\n[[server]]\nid = 'pay'\nname = 'Pay{priority}'\naudiences = [{{ name = 'api://pay' }}]\n\
         [[server.policy]]\nname = 'p'\nclients = ['{client}']\n"
    )
}

struct Store<'a>(&'a crate::administration::apply::StoredClients);

impl CatalogContext for Store<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }

    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }

    fn has_client(&self, id: &ClientId) -> bool {
        self.0.has_client_of_others(id)
    }

    fn dangles(&self, of: &EntityKey, client: &ClientId) -> bool {
        self.0.dangles(of, client)
    }
}

#[tokio::test]
async fn a_client_that_a_policy_of_another_owner_names_is_not_deleted() {
    let world = World::new(&[content(1, "one", "")]).await;
    create(&world, "apic", false).await;
    let owner = Owner::of_file("payments").unwrap();
    let terms = Terms { ownership: Ownership::of(owner), ..Terms::of(Mode::Write) };
    let stored = async || {
        crate::administration::apply::StoredClients::read(&world.store, owner).await.unwrap()
    };
    let parse = |content: &str, stored: &crate::administration::apply::StoredClients| {
        let source = CatalogSource { name: "pay.toml", content: content.as_bytes() };
        CatalogFile::parse(&source, &Store(stored))
    };
    let pay = parse(&policy_for(1, "apic", ""), &stored().await).unwrap();
    apply_as(&world.door(), &pay, terms).await.unwrap();
    let refused = delete(&world.door(), &id("apic")).await.unwrap_err().to_string();
    assert!(refused.contains("client apic is still needed by policy pay/p"), "{refused}");

    // An earlier version could delete it. What is left can be read, exported, changed and rolled back.
    let gone = Edit::Delete(EntityKey::client(&id("apic")));
    let version = world.store.catalog_version().await.unwrap();
    world.store.write_catalog(version, &[gone], None).await.unwrap();
    create(&world, "apia", false).await;
    let catalog = Snapshot::empty(&world.base).after(world.store.catalog_since(0).await.unwrap());
    let naming = catalog.naming(&EntityKey::client(&id("apic")));
    assert_eq!(naming.iter().map(ToString::to_string).collect::<Vec<_>>(), ["policy pay/p"]);
    let exported = export(&world.store, owner).await.unwrap();
    let again = parse(&exported, &stored().await).unwrap();
    let warnings: Vec<_> = again.warnings.iter().map(|warning| warning.message.clone()).collect();
    let said = "the client \"apic\" does not exist any more: leave it out";
    assert!(warnings.iter().any(|warning| warning.contains(said)), "{warnings:?}");
    let changed = parse(&policy_for(2, "apic", "2"), &stored().await).unwrap();
    apply_as(&world.door(), &changed, terms).await.unwrap();
    // Another policy must not name it.
    let other = policy_for(3, "apic", "2").replace("name = 'p'", "name = 'q'");
    let refused = parse(&other, &stored().await).unwrap_err().to_string();
    assert!(refused.contains("unknown client \"apic\""), "{refused}");
}

#[tokio::test]
async fn a_rollback_restores_a_policy_for_a_client_that_is_gone_and_notes_it() {
    let world = World::new(&[content(1, "one", "")]).await;
    create(&world, "apic", false).await;
    let owner = Owner::of_file("payments").unwrap();
    let stored = crate::administration::apply::StoredClients::read(&world.store, owner);
    let stored = stored.await.unwrap();
    let terms = Terms { ownership: Ownership::of(owner), ..Terms::of(Mode::Write) };
    let content = policy_for(1, "apic", "");
    let source = CatalogSource { name: "pay.toml", content: content.as_bytes() };
    let pay = CatalogFile::parse(&source, &Store(&stored)).unwrap();
    let version = apply_as(&world.door(), &pay, terms).await.unwrap().catalog_version;
    apply_of(&world, "payments", &policy_for(2, "*", "")).await;
    delete(&world.door(), &id("apic")).await.unwrap();
    let done = rollback_of(&world, version, owner).await;
    let said = "policy pay/p names the client apic, which does not exist: a new client with this id would \
                get its access";
    assert!(notes(&done).iter().any(|note| note == said), "{:?}", notes(&done));
}
