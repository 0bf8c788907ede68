//! What an explanation names as the cause of a refusal, and what it suggests, on catalogs as they are written.

use std::sync::Arc;

use scopegate_claims::Issuer;
use serde_json::json;

use super::super::*;
use super::{CC, CODE, JWT_BEARER, described};
use crate::catalog::{Edit, Snapshot};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::directory::User;
use crate::testing::{NOW, WithoutStore, World};

/// A server with the scopes `a` and `b`, and the clients `svc` and `web` of the group `staff`.
const BEFORE: &str = r#"
version = 1
[[zone]]
name = "office"
networks = ["192.0.2.0/24"]
[[server]]
id = "default"
name = "x"
audiences = [{ name = "api://x", resources = ["https://x.example"] }]
[[server.scope]]
name = "a"
[[server.scope]]
name = "b"
[[client]]
id = "svc"
name = "n"
type = "service"
auth = "client_secret_basic"
secrets = [{ sha256 = "27d952b1fb645cef9c63eb7bf220896ac13b0f9df0521bc12f9f783c6c1c14ce" }]
grant_types = ["client_credentials"]
[[client]]
id = "web"
name = "n"
type = "web"
auth = "client_secret_basic"
secrets = [{ sha256 = "27d952b1fb645cef9c63eb7bf220896ac13b0f9df0521bc12f9f783c6c1c14ce" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://w.example/cb"]
groups = ["staff", "ops"]
[[user]]
login = "al"
groups = ["staff"]
[[user]]
login = "ex"
[[server.policy]]
name = "p"
clients = ["*"]
"#;

/// Explains a request for scopes by the rules of the policy `p`.
async fn explained(rules: &str, scope: &str, request: DescribedRequest) -> Explanation {
    let content = format!("{BEFORE}{rules}");
    let source = CatalogSource { name: "c.toml", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore as &dyn CatalogContext).unwrap();
    let users: Vec<User> = file.users.iter().map(|seed| seed.to_new_user(NOW).user).collect();
    let edits = file.entities.into_iter().map(Edit::Put).collect();
    let base = Issuer::parse("https://id.example").unwrap();
    let catalog = Arc::new(Snapshot::empty(&base).edited(1, edits));
    let login = request.user.clone();
    let user = login.and_then(|login| users.into_iter().find(|user| user.login == login));
    let request = DescribedRequest { scope: Some(scope.to_owned()), ..request };
    Explanation::of_described(catalog, user, &request, NOW).await
}

fn rule(name: &str, grant: &str, keys: &str) -> String {
    format!("[[server.policy.rule]]\nname = '{name}'\ngrant_types = ['{grant}']\n{keys}\n")
}

fn by(login: &str) -> DescribedRequest {
    DescribedRequest { user: Some(login.to_owned()), ..described("web", CODE) }
}

#[tokio::test]
async fn a_deny_rule_that_does_not_match_is_never_the_cause_of_a_refusal() {
    let rules = rule("no outside", CC, "effect = 'deny'\nscopes = ['a']\nnot_zones = ['office']")
        + &rule("give b", CC, "scopes = ['b']");
    let inside = DescribedRequest { address: "192.0.2.1".parse().ok(), ..described("svc", CC) };
    let told = explained(&rules, "a", inside.clone()).await;
    assert_eq!(told.reason.as_deref(), Some("the rule `p/give b` gives b, and not a"));
    // Where the deny rule does match, it is.
    let told = explained(&rules, "a", described("svc", CC)).await;
    assert!(told.reason.unwrap().starts_with("the rule `p/no outside` denies it"));
    let only = rule("no", CC, "effect = 'deny'\nscopes = ['a']\nnot_zones = ['office']");
    let told = explained(&only, "a", inside).await;
    let none = "the server `default` has no rules that allow anything";
    assert_eq!(told.reason.as_deref(), Some(none));
}

#[tokio::test]
async fn a_deny_rule_that_matches_because_something_is_unknown_says_so() {
    let rules = rule("no outside", CC, "effect = 'deny'\nscopes = ['a']\nnot_zones = ['office']")
        + &rule("give", CC, "scopes = ['a']");
    let unknown = explained(&rules, "a", described("svc", CC)).await;
    let reason = "the rule `p/no outside` denies it, because it cannot evaluate `not_zones` \
                  (an unknown address): what is unknown is denied";
    assert_eq!(unknown.reason.as_deref(), Some(reason));
    let condition = json!({
        "condition": "not_zones", "wanted": "outside of office", "found": "an unknown address",
        "unknown": true,
    });
    assert_eq!(json!(unknown.rules[0].conditions.last()), condition);
    let line =
        "not_zones: denies outside of office; found an unknown address (cannot be evaluated)";
    assert!(unknown.to_string().contains(line), "{unknown}");
    assert!(unknown.depends_on_unknown_address());
    // A known address outside is denied, too, and is no unknown.
    let known = DescribedRequest { address: "203.0.113.9".parse().ok(), ..described("svc", CC) };
    let known = explained(&rules, "a", known).await;
    assert_eq!(known.reason.as_deref(), Some("the rule `p/no outside` denies it"));
    assert!(!known.rules[0].conditions.last().unwrap().unknown);
    assert!(!known.depends_on_unknown_address());
}

#[tokio::test]
async fn an_expression_that_fails_in_a_deny_rule_is_named_as_the_cause() {
    let when = "effect = 'deny'\nscopes = ['*']\nwhen = 'client.attributes.tenant != \"acme\"'";
    let rules = rule("no foreign tenant", CC, when) + &rule("give", CC, "scopes = ['a']");
    let told = explained(&rules, "a", described("svc", CC)).await;
    let reason = told.reason.as_deref().unwrap();
    assert!(reason.contains("cannot evaluate `when`"), "{reason}");
    assert!(reason.contains("\"tenant\": there is no such member"), "{reason}");
}

#[tokio::test]
async fn a_denial_suggests_other_circumstances_before_the_rule_is_deactivated() {
    let office = "ask from an address in the zone `office`, such as 192.0.2.0/24";
    let elsewhere = "ask from an address outside of office";
    let without = "ask without the resource https://x.example";
    let later = "ask at another time, such as at 2027-01-15T10:00:00Z";
    for (condition, suggestion) in [
        ("not_zones = ['office']", office),
        ("zones = ['office']", elsewhere),
        ("resources = ['https://x.example']", without),
        ("hours = { from = '08:00', to = '10:00', time_zone = 'UTC' }", later),
    ] {
        let denies = format!("effect = 'deny'\nscopes = ['a']\n{condition}");
        let rules = rule("no", CC, &denies) + &rule("give", CC, "scopes = ['a']");
        let request = DescribedRequest {
            resources: vec!["https://x.example".to_owned()],
            address: condition.starts_with("zones").then(|| "192.0.2.1".parse().unwrap()),
            ..described("svc", CC)
        };
        let told = explained(&rules, "a", request).await;
        assert_eq!(told.suggestions, [suggestion, "deactivate the deny rule `p/no`"], "{told}");
    }
    let denies = "effect = 'deny'\nscopes = ['a']\nacr_values = ['phr']";
    let rules = rule("no", CODE, denies) + &rule("give", CODE, "scopes = ['a']");
    let told = explained(&rules, "a", DescribedRequest { acr: Some("phr".into()), ..by("al") });
    let told = told.await;
    assert_eq!(told.suggestions[1], "sign in with `urn:okta:loa:1fa:pwd`", "{told}");
    assert_eq!(told.suggestions.last().unwrap(), "deactivate the deny rule `p/no`");
}

#[tokio::test]
async fn a_rule_for_clients_alone_is_not_suggested_for_users() {
    let rules = rule("people", CODE, "scopes = ['a']\ngroups = ['admins']")
        + &rule("strong", CC, "scopes = ['a']\nclient_auth = ['private_key_jwt']")
        + &rule("plain", CC, "scopes = ['a']");
    let told = explained(&rules, "a", by("al")).await;
    assert_eq!(told.suggestions, ["add al to the group `admins`"], "{told}");
    // A rule that is for users in another way is.
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let told = explained(&rule("device", device, "scopes = ['a']"), "a", by("al")).await;
    let added = "add the grant type `authorization_code` to the rule `p/device`";
    assert_eq!(told.suggestions, [added]);
}

#[tokio::test]
async fn changes_of_the_request_come_before_changes_of_users_and_rules() {
    let rules = rule("admins", CODE, "scopes = ['a', 'b']\ngroups = ['admins']")
        + &rule("all", CODE, "scopes = ['a']");
    let told = explained(&rules, "a b", by("al")).await;
    let expected =
        ["ask without `b`", "add al to the group `admins`", "add `b` to the rule `p/all`"];
    assert_eq!(told.suggestions, expected);
}

#[tokio::test]
async fn a_user_who_is_not_assigned_reads_who_can_use_the_client() {
    let told = explained(&rule("all", CODE, "scopes = ['a']"), "a", by("ex")).await;
    let reason =
        "only users of the groups ops and staff can use the client `web`, and ex is not among them";
    assert_eq!(told.reason.as_deref(), Some(reason));
}

#[tokio::test]
async fn the_methods_of_a_sign_in_follow_from_its_class_unless_they_are_given() {
    let rules = rule("r", CODE, "scopes = ['a']\nwhen = '\"pwd\" in session.amr'");
    let password = Some("urn:okta:loa:1fa:pwd".to_owned());
    for (acr, amr, kind) in [
        (None, vec![], Kind::Allow),
        (password, vec![], Kind::Allow),
        (Some("phr".to_owned()), vec![], Kind::NoMatch),
        (Some("phr".to_owned()), vec!["pwd".to_owned()], Kind::Allow),
        (None, vec!["otp".to_owned()], Kind::NoMatch),
    ] {
        let request = DescribedRequest { acr: acr.clone(), amr: amr.clone(), ..by("al") };
        let told = explained(&rules, "a", request).await;
        assert_eq!(told.outcome, kind, "{acr:?} {amr:?}");
    }
    let told = explained(&rules, "a", DescribedRequest { auth_time: Some(NOW), ..by("al") }).await;
    assert_eq!(told.outcome, Kind::Allow);
}

#[tokio::test]
async fn a_sign_in_is_refused_for_grants_without_one_and_so_is_an_unknown_class() {
    let world = World::new().await;
    let explain = |request: DescribedRequest| {
        let authority = Arc::clone(&world.authority);
        async move { authority.explain(&request).await }
    };
    let alice = |grant: &str| DescribedRequest {
        user: Some("alice".to_owned()),
        ..described("service", grant)
    };
    for grant in [CC, JWT_BEARER] {
        for request in [
            DescribedRequest { acr: Some("phr".to_owned()), ..alice(grant) },
            DescribedRequest { auth_time: Some(NOW), ..alice(grant) },
            DescribedRequest { amr: vec!["pwd".to_owned()], ..alice(grant) },
        ] {
            let told = explain(request).await;
            assert!(matches!(told, Err(CannotTell::NoSignIn(_))), "{grant}");
        }
        assert!(explain(alice(grant)).await.is_ok());
    }
    let bogus = DescribedRequest { acr: Some("urn:bogus".to_owned()), ..alice(CODE) };
    let told = explain(bogus).await.unwrap_err().to_string();
    assert!(told.starts_with("unknown class \"urn:bogus\": write one of"), "{told}");
    assert!(told.contains("\"phr\""), "{told}");
    let known = DescribedRequest { acr: Some("phr".to_owned()), ..alice(CODE) };
    assert!(explain(known).await.is_ok());
}

#[tokio::test]
async fn no_sign_in_is_suggested_for_a_grant_without_one() {
    let bearer = |grants: &str| {
        format!(
            "[[server.policy.rule]]\nname = 'r'\ngrant_types = [{grants}]\nscopes = ['a']\nacr_values = ['phr']\n"
        )
    };
    let told = explained(&bearer(&format!("'{CC}', '{CODE}'")), "a", by("al")).await;
    assert_eq!(told.suggestions, ["sign in again with `phr`: the rule `p/r` wants it"]);
    let told = explained(&bearer(&format!("'{CC}', '{CODE}'")), "a", described("svc", CC)).await;
    assert!(told.suggestions.is_empty(), "{told}");
}
