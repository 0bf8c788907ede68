//! What people and programs read of an explanation, on one catalog.

use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use serde_json::json;

use super::super::*;
use super::{CC, CODE, JWT_BEARER, described};
use crate::catalog::{
    ClaimSource, ClientId, Clients, Consent, Edit, Effect, Entity, EntityKey, EntityKind, Network,
    Owner, PolicySpec, RuleSpec, ScopeSpec, Scopes, Spec, Status, ZoneSpec,
};
use crate::testing::{NOW, World, server_id};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The texts of all cases. If a text changes on purpose, write the new ones here.
const TEXTS: &str = include_str!("refusals.txt");

struct Catalog(Vec<Edit>);

impl Catalog {
    fn put(&mut self, key: EntityKey, spec: Spec) {
        self.0.push(Edit::Put(Entity { key, owner: Owner::File, spec }));
    }

    fn policy(&mut self, name: &str, clients: &[&str]) {
        let priority = u32::try_from(self.0.len()).unwrap();
        let clients = clients.iter().map(|id| ClientId::parse(id).unwrap()).collect();
        let spec = PolicySpec {
            priority,
            description: String::new(),
            clients: Clients::Named(clients),
            status: Status::Active,
        };
        let key = EntityKey::of_server(EntityKind::Policy, &server_id("default"), name);
        self.put(key, Spec::Policy(spec));
    }

    fn rule(&mut self, policy: &str, name: &str, grant: &str, scopes: &str, spec: RuleSpec) {
        let spec = RuleSpec {
            priority: u32::try_from(self.0.len()).unwrap(),
            grant_types: grant.split(' ').map(str::to_owned).collect(),
            scopes: Scopes::Named(ScopeSet::parse(scopes).unwrap()),
            access_token_lifetime: Duration::from_secs(600),
            ..spec
        };
        self.put(EntityKey::rule(&server_id("default"), policy, name), Spec::from(spec));
    }
}

fn strings(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Readers, people, and rules with one condition each.
async fn world() -> World {
    let world = World::new().await;
    let mut catalog = Catalog(Vec::new());
    catalog.0.push(Edit::Delete(EntityKey::rule(&server_id("default"), "all", "all")));
    let networks = vec![Network::parse("192.0.2.0/24").unwrap()];
    catalog.put(EntityKey::zone("office"), Spec::Zone(ZoneSpec { networks }));
    let scope = |name| EntityKey::of_server(EntityKind::Scope, &server_id("default"), name);
    for name in ["admin", "purge"] {
        catalog.put(scope(name), Spec::Scope(ScopeSpec::default()));
    }
    let consent = ScopeSpec { consent: Consent::Required, ..ScopeSpec::default() };
    catalog.put(scope("mail"), Spec::Scope(consent));
    let claim = json!({
        "token": "access", "value": ClaimSource::Constant(json!("gold")), "scopes": ["read"],
    });
    let key = EntityKey::of_server(EntityKind::Claim, &server_id("default"), "plan");
    let claim: crate::catalog::ClaimSpec = serde_json::from_value(claim).unwrap();
    catalog.put(key, Spec::Claim(claim));
    let none = RuleSpec::default;
    catalog.policy("readers", &["service"]);
    catalog.rule("readers", "read only", CC, "read", none());
    let deny = RuleSpec { effect: Effect::Deny, ..none() };
    catalog.rule("readers", "no purge", CC, "purge", deny);
    let zones = RuleSpec { zones: strings(&["office"]), ..none() };
    catalog.rule("readers", "write in the office", CC, "write", zones);
    catalog.policy("people", &["portal", "app"]);
    let staff = RuleSpec { groups: strings(&["admins"]), ..none() };
    catalog.rule("people", "admins", &format!("{CODE} {DEVICE}"), "read write admin", staff);
    let recent = RuleSpec { max_age: Some(Duration::from_secs(900)), ..none() };
    catalog.rule("people", "write soon", CODE, "read write mail", recent);
    let strong = RuleSpec { acr_values: strings(&["phr"]), ..none() };
    catalog.rule("people", "secrets by passkey", CODE, "secret", strong);
    catalog.rule("people", "read", CODE, "read", none());
    catalog.policy("for users", &["service"]);
    catalog.rule("for users", "read", &format!("{JWT_BEARER} {EXCHANGE}"), "read mail", none());
    for edit in catalog.0 {
        world.edit(edit).await;
    }
    world
}

/// Requests, each with a title.
fn cases() -> Vec<(&'static str, DescribedRequest)> {
    let of = |client: &str, grant: &str, scope: &str| DescribedRequest {
        scope: Some(scope.to_owned()).filter(|scope| !scope.is_empty()),
        user: (grant != CC).then(|| "alice".to_owned()),
        ..described(client, grant)
    };
    let machine = |scope: &str| of("service", CC, scope);
    let person = |scope: &str| of("portal", CODE, scope);
    let hour_ago = Some(UnixTime::from_seconds(NOW.as_seconds() - 3600));
    vec![
        ("granted to a client", machine("read")),
        ("granted to a user", person("openid read")),
        ("the default scopes", machine("")),
        ("a scope outside of the rule", machine("read admin")),
        ("an unknown scope", machine("raed")),
        ("a deny rule", machine("read purge")),
        ("a consent that nobody can give", machine("read mail")),
        ("an unknown address", machine("write")),
        (
            "an address outside of the zone",
            DescribedRequest { address: "198.51.100.7".parse().ok(), ..machine("write") },
        ),
        ("a missing group", person("admin")),
        ("an old sign-in", DescribedRequest { auth_time: hour_ago, ..person("read write") }),
        ("a weak sign-in", person("secret")),
        ("a grant that the client lacks", of("service", CODE, "read")),
        ("a grant that no rule lists", of("app", DEVICE, "mail")),
        ("a grant with a spelling mistake", of("service", "client_credential", "read")),
        ("a client with a spelling mistake", of("servcie", CC, "read")),
        (
            "a server with a spelling mistake",
            DescribedRequest { server: "defualt".to_owned(), ..machine("read") },
        ),
        (
            "another client authentication",
            DescribedRequest {
                client_auth: Some("client_secret_basic".to_owned()),
                ..machine("read")
            },
        ),
        (
            "an unknown resource",
            DescribedRequest { resources: vec!["https://x.example".to_owned()], ..machine("read") },
        ),
        (
            "a server that is not trusted",
            DescribedRequest {
                subject_server: Some("far".to_owned()),
                ..of("service", EXCHANGE, "read")
            },
        ),
        ("a missing consent", of("service", JWT_BEARER, "mail")),
        ("a scope that needs a user", machine("openid")),
        ("a sign-in scope without a sign-in", of("service", JWT_BEARER, "read openid")),
        ("a client that no policy names", of("rival", CC, "read")),
    ]
}

#[tokio::test]
async fn an_explanation_has_the_verdict_the_reason_and_what_to_do_and_then_the_details() {
    let world = world().await;
    let mut texts = String::new();
    for (title, request) in cases() {
        let told = world.authority.explain(&request).await.unwrap();
        texts.push_str(&format!("# {title}\n\n{told}\n\n"));
    }
    if std::env::var_os("WRITE_TEXTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain/tests/refusals.txt");
        std::fs::write(path, &texts).unwrap();
        return;
    }
    for (told, expected) in texts.split("\n# ").zip(TEXTS.split("\n# ")) {
        assert_eq!(told.trim_end(), expected.trim_end());
    }
    assert_eq!(texts, TEXTS);
}

#[tokio::test]
async fn the_json_of_a_refusal_has_the_members_that_programs_rely_on() {
    let world = world().await;
    let request = DescribedRequest { scope: Some("write".to_owned()), ..described("service", CC) };
    let told = json!(world.authority.explain(&request).await.unwrap());
    let rule = |policy: &str,
                rule: &str,
                effect: &str,
                condition: &str,
                wanted: &str,
                found: &str| {
        let failed = json!({ "condition": condition, "wanted": wanted, "found": found });
        json!({ "policy": policy, "rule": rule, "effect": effect, "matched": false, "failed": failed })
    };
    let rules = told["rules"].as_array().unwrap();
    assert_eq!(rules[0], rule("readers", "read only", "allow", "scopes", "read", "write"));
    assert_eq!(rules[1], rule("readers", "no purge", "deny", "scopes", "purge", "write"));
    let mut zones =
        rule("readers", "write in the office", "allow", "zones", "office", "an unknown address");
    zones["failed"]["unknown"] = json!(true);
    assert_eq!(rules[2], zones);
    assert_eq!(rules[3]["failed"]["condition"], "clients");
    assert_eq!(rules.len(), 8);
    assert_eq!((&told["outcome"], &told["error"]), (&json!("no_match"), &json!("access_denied")));
    assert_eq!((&told["granted"], &told["claims"]), (&json!(null), &json!([])));
    assert_eq!(told["suggestions"].as_array().unwrap().len(), 2);
    assert_eq!(told["decision_id"], json!(null));
}

#[tokio::test]
async fn the_json_of_a_grant_has_the_claims_with_their_sources() {
    let world = world().await;
    let told = json!(world.authority.explain(&described("service", CC)).await.unwrap());
    assert_eq!(
        told["granted"],
        json!({ "scopes": ["read"], "rule": "readers/read only", "access_token_lifetime": 600 })
    );
    let claims = told["claims"].as_array().unwrap();
    let plan = json!({
        "name": "plan", "value": "gold", "source": "constant",
        "token": "access",
    });
    assert!(claims.contains(&plan), "{claims:?}");
    assert_eq!(told["access_token"]["plan"], "gold");
    assert_eq!((&told["outcome"], &told["error"]), (&json!("allow"), &json!(null)));
    assert_eq!(told["rules"][0]["matched"], true);
}

#[tokio::test]
async fn what_a_description_lacks_is_told_and_not_guessed() {
    let world = world().await;
    let explain = |request: DescribedRequest| {
        let authority = std::sync::Arc::clone(&world.authority);
        async move { authority.explain(&request).await.map(|told| told.notes) }
    };
    let nobody = DescribedRequest { user: Some("carol".to_owned()), ..described("portal", CODE) };
    assert!(matches!(explain(nobody).await, Err(CannotTell::UnknownUser(_))));
    for grant in [CODE, DEVICE, JWT_BEARER, "refresh_token"] {
        let told = explain(described("portal", grant)).await;
        assert!(matches!(told, Err(CannotTell::NeedsUser(_))), "{grant}");
    }
    let alice = Some("alice".to_owned());
    let refresh = DescribedRequest { user: alice.clone(), ..described("portal", "refresh_token") };
    assert!(matches!(explain(refresh).await, Err(CannotTell::NeedsScopes)));
    let alone = DescribedRequest { user: alice, ..described("service", CC) };
    assert_eq!(
        explain(alone).await.unwrap(),
        ["client_credentials is without a user: `alice` is ignored"]
    );
    let by_id = Some(crate::testing::ALICE.to_owned());
    let by_id = DescribedRequest { user: by_id, ..described("portal", CODE) };
    assert!(explain(by_id).await.is_ok());
}
