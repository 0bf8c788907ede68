//! What people read if a condition of a rule fails, or if something is out of service.

use super::super::*;
use super::{CC, CODE, described};
use crate::catalog::{Edit, EntityKey, EntityKind, Status};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::testing::{WithoutStore, World, server_id};

/// The texts of all cases. If a text changes on purpose, write the new ones here.
const TEXTS: &str = include_str!("conditions.txt");

/// A server without default scopes. Each scope has one rule, with one condition.
const CATALOG: &str = r#"
version = 1

[[zone]]
name = "office"
networks = ["192.0.2.0/24"]

[[server]]
id = "default"
name = "Default"
algorithms = ["ES256"]
audiences = [
    { name = "api://orders", resources = ["https://orders.example"] },
    { name = "api://stock", resources = ["https://stock.example"] },
]
scope = [
    { name = "hours" }, { name = "remote" }, { name = "stock" }, { name = "gold" }, { name = "paid" },
    { name = "signed" }, { name = "some" }, { name = "none" }, { name = "own" },
]

[[server.policy]]
name = "machines"
clients = ["service"]

[[server.policy.rule]]
name = "in the evening"
grant_types = ["client_credentials"]
scopes = ["hours"]
hours = { days = ["mon", "fri"], from = "20:00", to = "22:00", time_zone = "Europe/Berlin" }

[[server.policy.rule]]
name = "not in the office"
grant_types = ["client_credentials"]
scopes = ["remote"]
not_zones = ["office"]

[[server.policy.rule]]
name = "for the stock"
grant_types = ["client_credentials"]
scopes = ["stock"]
resources = ["https://stock.example"]

[[server.policy.rule]]
name = "gold only"
grant_types = ["client_credentials"]
scopes = ["gold"]
when = "client.attributes.plan == 'gold'"

[[server.policy.rule]]
name = "who pays"
grant_types = ["client_credentials"]
scopes = ["paid"]
when = "client.id == 'payer'"

[[server.policy.rule]]
name = "with a key"
grant_types = ["client_credentials"]
scopes = ["signed"]
client_auth = ["private_key_jwt"]

[[server.policy.rule]]
name = "what there is"
grant_types = ["client_credentials"]
scopes = ["some"]
narrow = true

[[server.policy]]
name = "people"
clients = ["portal"]

[[server.policy.rule]]
name = "only bob"
grant_types = ["authorization_code"]
scopes = ["own"]
users = ["bob"]

[[client]]
id = "service"
name = "Service"
auth = "client_secret_post"
secrets = [{ env = "SECRET" }]

[[client]]
id = "closed"
name = "Closed"
auth = "client_secret_post"
secrets = [{ env = "SECRET" }]
status = "INACTIVE"

[[client]]
id = "portal"
name = "Portal"
type = "web"
auth = "client_secret_post"
secrets = [{ env = "SECRET" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]

[[client]]
id = "staff"
name = "For the staff"
type = "web"
auth = "client_secret_post"
secrets = [{ env = "SECRET" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://staff.example/cb"]
groups = ["managers"]
"#;

async fn world() -> World {
    let world = World::new().await;
    let all = |name| EntityKey::rule(&server_id("default"), name, "all");
    world.edit(Edit::Delete(all("all"))).await;
    for scope in ["read", "write", "secret"] {
        let key = EntityKey::of_server(EntityKind::Scope, &server_id("default"), scope);
        world.edit(Edit::Delete(key)).await;
    }
    let source = CatalogSource { name: "catalog.toml", content: CATALOG.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore as &dyn CatalogContext).unwrap();
    for entity in file.entities {
        world.edit(Edit::Put(entity)).await;
    }
    world
}

fn machine(scope: &str) -> DescribedRequest {
    let scope = Some(scope.to_owned()).filter(|scope| !scope.is_empty());
    DescribedRequest { scope, ..described("service", CC) }
}

fn person(client: &str, scope: &str) -> DescribedRequest {
    let (scope, user) = (Some(scope.to_owned()), Some("alice".to_owned()));
    DescribedRequest { scope, user, ..described(client, CODE) }
}

/// Requests, each with a title.
fn cases() -> Vec<(&'static str, DescribedRequest)> {
    let in_office = DescribedRequest { address: "192.0.2.1".parse().ok(), ..machine("remote") };
    let orders = vec!["https://orders.example".to_owned()];
    let at_orders = DescribedRequest { resources: orders, ..machine("stock") };
    vec![
        ("no default scopes", machine("")),
        ("outside of the hours", machine("hours")),
        ("an address in a zone that is excluded", in_office),
        ("no resource", machine("stock")),
        ("another resource", at_orders),
        ("an expression that fails", machine("gold")),
        ("an expression that is false", machine("paid")),
        ("a method that the rule does not accept", machine("signed")),
        ("narrowed to nothing", machine("none")),
        ("another user", person("portal", "own")),
        ("a user who is not assigned to the client", person("staff", "own")),
        (
            "a client that is not in use",
            DescribedRequest { client: "closed".to_owned(), ..machine("some") },
        ),
    ]
}

#[tokio::test]
async fn the_text_of_each_refusal_says_what_failed_with_both_values_and_what_to_do() {
    let world = world().await;
    let mut texts = String::new();
    for (title, request) in cases() {
        let told = world.authority.explain(&request).await.unwrap();
        texts.push_str(&format!("# {title}\n\n{told}\n\n"));
    }
    world.change_alice(|alice| alice.status = Status::Inactive).await;
    let told = world.authority.explain(&person("portal", "own")).await.unwrap();
    texts.push_str(&format!("# a user who is suspended\n\n{told}\n\n"));
    if std::env::var_os("WRITE_TEXTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain/tests/conditions.txt");
        std::fs::write(path, &texts).unwrap();
        return;
    }
    for (told, expected) in texts.split("\n# ").zip(TEXTS.split("\n# ")) {
        assert_eq!(told.trim_end(), expected.trim_end());
    }
    assert_eq!(texts, TEXTS);
}
