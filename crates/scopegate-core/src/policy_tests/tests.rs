use std::sync::Arc;

use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::audit::{AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What};
use crate::catalog::{Edit, Snapshot};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::directory::User;
use crate::testing::{NOW, WithoutStore};
use crate::toml_reader::FileSource;

const CATALOG: &str = include_str!("../../../../examples/orders-api/catalog.toml");
const TESTS: &str = include_str!("../../../../examples/orders-api/catalog.tests.toml");

/// The catalog of the demo and its users.
fn demo() -> (Arc<Snapshot>, Vec<User>) {
    let source = CatalogSource { name: "catalog.toml", content: CATALOG.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore as &dyn CatalogContext).unwrap();
    let edits = file.entities.into_iter().map(Edit::Put).collect();
    let base = Issuer::parse("https://id.example").unwrap();
    let users = file.users.iter().map(|seed| seed.to_new_user(NOW).user).collect();
    (Arc::new(Snapshot::empty(&base).edited(1, edits)), users)
}

fn parse(content: &str) -> Result<TestFile, String> {
    let (catalog, users) = demo();
    let user = |login: &str| users.iter().find(|user| user.login == login).cloned();
    let source = FileSource { name: "t.toml", content: content.as_bytes() };
    let known = Known { catalog: &catalog, user: &user };
    TestFile::parse(&source, &known).map_err(|errors| errors.to_string())
}

async fn run(content: &str) -> Vec<TestResult> {
    let (catalog, _) = demo();
    let mut results = Vec::new();
    for test in parse(content).unwrap().tests {
        results.push(test.run(&catalog, NOW).await);
    }
    results
}

/// The differences of a test with these lines.
async fn differences(lines: &str) -> String {
    let results = run(&format!("[[test]]\nname = 't'\n{lines}")).await;
    results[0].to_string()
}

#[tokio::test]
async fn the_tests_of_the_demo_pass() {
    let results = run(TESTS).await;
    assert!(results.len() > 5);
    for result in results {
        assert!(result.is_passed(), "{}: {result}", result.name);
    }
}

const PORTAL: &str =
    "client = 'orders-portal'\ngrant_type = 'authorization_code'\nscopes = ['write:orders']\n";

#[tokio::test]
async fn each_part_that_differs_is_shown_with_both_values() {
    let expect = "expect = { scopes = ['read:orders'], rule = 'a/b', access_token_lifetime = '5m', \
                  claims = { tenant = 'acme' }, without_claims = ['scope'] }";
    assert_eq!(
        differences(&format!("{PORTAL}user = 'alice'\n{expect}")).await,
        "scopes\n  expected  read:orders\n  got       write:orders\n\
         rule\n  expected  a/b\n  got       people/staff may write\n\
         access_token_lifetime\n  expected  5m\n  got       10m\n\
         claim tenant\n  expected  \"acme\"\n  got       no such claim\n\
         claim scope\n  expected  no such claim\n  got       \"write:orders\"",
    );
}

#[tokio::test]
async fn a_refusal_is_shown_with_the_conditions_that_failed() {
    let text = differences(&format!("{PORTAL}user = 'bob'\nexpect = {{ scopes = [] }}")).await;
    assert!(text.starts_with("result\n  expected  a token\n  got       access_denied\n"), "{text}");
    assert!(text.contains("people/staff may write: groups wants staff"), "{text}");
    assert!(!text.contains("readers/read only"), "a rule for another client: {text}");
}

#[tokio::test]
async fn a_refusal_is_compared_by_error_and_condition() {
    let with = |expect: &str| format!("{PORTAL}user = 'bob'\nexpect = {{ {expect} }}");
    for good in [
        "error = 'access_denied'",
        "error = 'access_denied', condition = 'groups'",
        "error = 'access_denied', condition = 'scopes'",
    ] {
        assert_eq!(differences(&with(good)).await.split('\n').next(), Some(""), "{good}");
    }
    for (bad, first) in [
        ("error = 'invalid_scope'", "error"),
        ("error = 'access_denied', condition = 'hours'", "condition"),
        ("error = 'access_denied', rule = 'a/b'", "rule"),
    ] {
        assert_eq!(differences(&with(bad)).await.split('\n').next(), Some(first), "{bad}");
    }
    let allowed = format!("{PORTAL}user = 'alice'\nexpect = {{ error = 'access_denied' }}");
    let text = differences(&allowed).await;
    assert!(text.contains("got       a token with write:orders, by people/staff may write"));
}

#[tokio::test]
async fn a_user_may_exist_in_the_test_only() {
    let user = "user = { login = 'eve', groups = ['staff'], profile = { name = 'Eve' } }";
    let expect = "expect = { rule = 'people/staff may write' }";
    assert_eq!(differences(&format!("{PORTAL}{user}\n{expect}")).await, "");
}

#[tokio::test]
async fn a_test_may_give_the_methods_of_the_sign_in() {
    let lines = "user = 'alice'\nacr = 'phr'\namr = ['pop', 'pin']\n";
    let expect = "expect = { claims = { amr = ['pop', 'pin'] } }";
    assert_eq!(differences(&format!("{PORTAL}{lines}{expect}")).await, "");
}

#[test]
fn a_test_with_an_impossible_sign_in_is_refused_at_its_place() {
    let refused = |lines: &str| {
        parse(&format!("[[test]]\nname = 't'\n{lines}\nexpect = {{ scopes = [] }}")).unwrap_err()
    };
    let machine = "client = 'orders-reader'\ngrant_type = 'client_credentials'\n";
    for key in ["acr = 'phr'", "amr = ['pwd']", "auth_time = 2026-11-30T09:00:00Z"] {
        let message = refused(&format!("{machine}{key}"));
        assert!(message.starts_with("t.toml:5:"), "{message}");
        assert!(message.contains("client_credentials knows no sign-in"), "{message}");
    }
    let message = refused(&format!("{PORTAL}user = 'alice'\nacr = 'urn:bogus'"));
    assert!(message.contains("unknown class \"urn:bogus\": write one of"), "{message}");
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place() {
    let test =
        |lines: &str| parse(&format!("[[test]]\nname = 't'\n{lines}")).expect_err("it is wrong");
    let machine = "client = 'orders-reader'\ngrant_type = 'client_credentials'\n";
    let good = "expect = { scopes = ['read:orders'] }";
    for (lines, message) in [
        (
            format!("{machine}{good}\nscope = 'a'"),
            "t.toml:6:1: unknown key \"scope\": write scopes",
        ),
        (machine.to_owned(), "t.toml:1:1: missing key \"expect\""),
        (format!("{machine}expect = {{}}"), "t.toml:5:10: the test expects nothing"),
        (format!("{machine}expect = {{ error = 'a', scopes = [] }}"), "has no \"scopes\""),
        (format!("{machine}expect = {{ condition = 'a', scopes = [] }}"), "needs \"error\""),
        (
            format!("{machine}{good}\nserver = 'defualt'"),
            "t.toml:6:10: unknown server \"defualt\": write \"default\"",
        ),
        (
            format!("client = 'order-reader'\ngrant_type = 'client_credentials'\n{good}"),
            "unknown client \"order-reader\": write \"orders-reader\"",
        ),
        (
            format!("client = 'orders-reader'\ngrant_type = 'client_credential'\n{good}"),
            "unknown grant type \"client_credential\": write \"client_credentials\"",
        ),
        (
            format!("client = 'orders-reader'\ngrant_type = 'refresh_token'\n{good}"),
            "unknown grant type",
        ),
        (format!("{PORTAL}{good}"), "t.toml:1:1: missing key \"user\""),
        (format!("{PORTAL}{good}\nuser = 'eve'"), "t.toml:7:8: unknown user \"eve\""),
        (format!("{machine}{good}\naddress = 'here'"), "is no address"),
        (format!("{machine}{good}\nat = 'noon'"), "not a moment"),
        (
            format!("{machine}{good}\nclient_auth = 'secret'"),
            "unknown client authentication method",
        ),
        (format!("{machine}{good}\nscopes = ['a b']"), "is more than one scope"),
        (format!("{machine}expect = {{ access_token_lifetime = '10' }}"), "is no duration"),
    ] {
        let problems = test(&lines);
        assert!(problems.contains(message), "{lines}\n{problems}");
        assert_eq!(problems.lines().count(), 1, "{problems}");
    }
    assert!(parse("").unwrap_err().contains("t.toml:1:1: the file has no test"));
    assert!(parse("[[test]").unwrap_err().contains("not TOML"));
}

#[test]
fn the_logins_of_a_file_are_found_before_it_is_checked() {
    let content = "[[test]]\nuser = 'a'\n[[test]]\nuser = { login = 'b' }\n[[test]]\nuser = 'c'";
    let source = FileSource { name: "t.toml", content: content.as_bytes() };
    let logins: Vec<_> = TestFile::logins(&source).into_iter().collect();
    assert_eq!(logins, ["a", "c"]);
    assert!(TestFile::logins(&FileSource { name: "t.toml", content: b"[" }).is_empty());
}

fn event(kind: DecisionKind, user: Option<&str>, outcome: Outcome) -> AuditEvent {
    let rule = (outcome == Outcome::Allow).then(|| "people/staff may write".to_owned());
    let decision = ClientDecision {
        kind,
        server: "default".to_owned(),
        client: "orders-portal".to_owned(),
        reason: None,
        token_id: None,
        family: None,
        basis: Basis::default(),
        grant_type: Some("authorization_code".to_owned()),
        scope: "write:orders".to_owned(),
        rule,
        user: user.map(str::to_owned),
        outcome,
    };
    AuditEvent {
        id: DecisionId::at(NOW),
        at: NOW,
        address: Some("192.0.2.1".to_owned()),
        what: What::Decision(Box::new(decision)),
    }
}

#[tokio::test]
async fn tests_from_decisions_pass_with_the_catalog_that_decided() {
    let denied = || Outcome::Refused("access_denied".into());
    let events = [
        event(DecisionKind::AuthorizationCode, Some("1"), Outcome::Allow),
        // The same decision again, when the code was redeemed.
        event(DecisionKind::TokenGrant, Some("1"), Outcome::Allow),
        event(DecisionKind::AuthorizationCode, Some("2"), denied()),
        event(DecisionKind::AuthorizationCode, Some("gone"), denied()),
        // Decisions about a code or a consent are not about the catalog.
        event(DecisionKind::TokenGrant, Some("2"), Outcome::Refused("invalid_grant".into())),
        event(DecisionKind::Consent, Some("1"), Outcome::Allow),
    ];
    let login = |id: &str| match id {
        "1" => Some("alice".to_owned()),
        "2" => Some("bob".to_owned()),
        _ => None,
    };
    let Recorded { text, count, without_user } = recorded(events.iter(), &login);
    assert_eq!((count, without_user), (2, 1), "{text}");
    assert!(
        text.starts_with(
            "[[test]]\n\
         name = \"orders-portal gets write:orders for alice\"\n\
         server = \"default\"\n\
         client = \"orders-portal\"\n\
         user = \"alice\"\n\
         grant_type = \"authorization_code\"\n\
         scopes = [\"write:orders\"]\n\
         at = 2027-01-15T08:00:00Z\n\
         address = \"192.0.2.1\"\n\
         expect = { scopes = [\"write:orders\"], rule = \"people/staff may write\" }\n"
        ),
        "{text}"
    );
    for result in run(&text).await {
        assert!(result.is_passed(), "{result}");
    }
    assert_eq!(UnixTime::from_seconds(1_800_000_000), NOW);
}
