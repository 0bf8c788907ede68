use super::*;
use crate::catalog::Owner;
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_claims::Issuer;

struct Context;

impl CatalogContext for Context {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }

    fn seal_password(&self, _user: &crate::catalog::UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

const CLIENTS: &str = "
[[client]]
id = 'machine'
name = 'Machine'
auth = 'client_secret_basic'
secrets = [{ sha256 = '0000000000000000000000000000000000000000000000000000000000000000' }]

[[client]]
id = 'portal'
name = 'Portal'
type = 'browser'
auth = 'none'
grant_types = ['authorization_code']
redirect_uris = ['https://portal.example/']
";

fn file(rules: &str) -> CatalogFile {
    let content = format!(
        "version = 1
[[server]]
id = 'orders'
name = 'Orders'
audiences = [{{ name = 'api://orders' }}]
[[server.scope]]
name = 'read'
[[server.scope]]
name = 'write'
[[server.policy]]
name = 'all'
clients = ['*']
{rules}{CLIENTS}"
    );
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    CatalogFile::parse(&source, &Context).unwrap()
}

/// The differences between two sets of rules, one line each.
fn compare(old: &str, new: &str) -> Vec<String> {
    let empty = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
    let old = file(old).entities;
    let before = empty.edited(1, old.iter().cloned().map(crate::catalog::Edit::Put).collect());
    let plan = Plan::between(&old, &file(new)).unwrap();
    let after = before.edited(2, plan.edits().to_vec());
    let access = access_changes(&before, &after, &plan, &|_| {});
    assert!(access.is_complete);
    let shown = |change: AccessChange| {
        let whom = change.group.or(change.user).unwrap_or_default();
        let (gains, loses) = (change.gains.join(" "), change.loses.join(" "));
        format!("{} {} {whom} +{gains} -{loses}", change.client, change.server)
    };
    access.changes.into_iter().map(shown).collect()
}

fn machines(scopes: &str) -> String {
    format!(
        "[[server.policy.rule]]\nname = 'machines'\ngrant_types = ['client_credentials']\nscopes = [{scopes}]\n"
    )
}

fn people(scopes: &str, groups: &str) -> String {
    format!(
        "[[server.policy.rule]]\nname = 'people {}'\ngrant_types = ['authorization_code']\nscopes = [{scopes}]\ngroups = [{groups}]\n",
        groups.replace('\'', "")
    )
}

#[test]
fn a_client_gains_and_loses_scopes() {
    assert_eq!(
        compare(&machines("'read'"), &machines("'write'")),
        ["machine orders  +write -read"]
    );
    assert_eq!(
        compare(&machines("'read'"), &machines("'read', 'write'")),
        ["machine orders  +write -"]
    );
    assert_eq!(compare(&machines("'*'"), ""), ["machine orders  + -read write"]);
}

#[test]
fn nothing_is_reported_where_other_rules_give_the_same() {
    let split = machines("'read'") + &machines("'write'").replace("machines", "others");
    assert_eq!(compare(&machines("'read', 'write'"), &split), [""; 0]);
}

#[test]
fn a_group_gains_and_loses_scopes() {
    let all = people("'read'", "");
    assert_eq!(
        compare(&all, &(people("'read', 'write'", "'staff'") + &all)),
        ["portal orders staff +write -"]
    );
    assert_eq!(
        compare(&(people("'read', 'write'", "'staff'") + &all), &all),
        ["portal orders staff + -write"]
    );
    // What every user gains is not repeated for a group.
    let old = people("'read'", "'staff'");
    assert_eq!(compare(&old, &people("'read', 'write'", "")), ["portal orders  +read write -"]);
}

#[test]
fn a_new_client_gains_what_the_rules_give() {
    let (old, new) = (file(&machines("'read'")), file(&machines("'read'")));
    let machine = |entity: &crate::catalog::Entity| entity.key.name == "machine";
    let old: Vec<_> = old.entities.into_iter().filter(|entity| !machine(entity)).collect();
    let empty = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
    let before = empty.edited(1, old.iter().cloned().map(crate::catalog::Edit::Put).collect());
    let plan = Plan::between(&old, &new).unwrap();
    let after = before.edited(2, plan.edits().to_vec());
    let progress = std::cell::RefCell::new(Vec::new());
    let access = access_changes(&before, &after, &plan, &|step| progress.borrow_mut().push(step));
    let [change] = &access.changes[..] else { unreachable!("one client: {access:?}") };
    assert_eq!(
        (change.client.as_str(), change.gains.as_slice()),
        ("machine", &["read".to_owned()][..])
    );
    let done: Vec<usize> = progress.borrow().iter().map(|step| step.done).collect();
    assert_eq!(done.last().copied(), progress.borrow().last().map(|step| step.all));
    assert_eq!(old[0].owner, Owner::File);
}
