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

/// A right test, in which each key occurs.
const RIGHT: &str = r#"[[test]]
name = "t"
server = "default"
client = "orders-portal"
user = { login = "eve", groups = ["staff"], profile = { name = "Eve" } }
grant_type = "authorization_code"
scopes = ["write:orders"]
at = 2026-11-30T09:00:00Z
address = "192.0.2.1"
acr = "phr"
auth_time = 2026-11-30T08:00:00Z
resource = "http://127.0.0.1:8080"
client_auth = "client_secret_basic"
expect = { scopes = ["write:orders"], rule = "people/staff may write", access_token_lifetime = "10m", claims = { tenant = "acme" }, without_claims = ["a"] }
[[test]]
name = "refused"
client = "orders-reader"
grant_type = "client_credentials"
scopes = ["write:orders"]
expect = { error = "access_denied", condition = "scopes", rule = "readers/read only" }
"#;

/// The right text, and the wrong text instead of its first occurrence.
const MISTAKES: &[(&str, &str)] = &[
    ("[[test]]\nname = \"t\"", "[[tests]]\nname = \"t\""),
    ("[[test]]\nname = \"t\"", "[test]\nname = \"t\""),
    ("name = \"t\"\n", ""),
    ("name = \"t\"", "nmae = \"t\""),
    ("server = \"default\"", "server = \"defualt\""),
    ("client = \"orders-portal\"", "client = \"order-portal\""),
    ("client = \"orders-portal\"\n", ""),
    ("user = { login", "usr = { login"),
    ("user = { login = \"eve\", groups = [\"staff\"], profile = { name = \"Eve\" } }\n", ""),
    ("{ login = \"eve\", groups = [\"staff\"], profile = { name = \"Eve\" } }", "\"eve\""),
    ("login = \"eve\"", "logn = \"eve\""),
    ("groups = [\"staff\"]", "groups = \"staff\""),
    ("\"authorization_code\"", "\"authorisation_code\""),
    ("\"authorization_code\"", "\"refresh_token\""),
    ("scopes = [\"write:orders\"]", "scopes = \"write:orders\""),
    ("scopes = [\"write:orders\"]", "scopes = [\"read:orders write:orders\"]"),
    ("scopes = [\"write:orders\"]", "scope = [\"write:orders\"]"),
    ("at = 2026-11-30T09:00:00Z", "at = 2026-11-30"),
    ("at = 2026-11-30T09:00:00Z", "time = 2026-11-30T09:00:00Z"),
    ("\"192.0.2.1\"", "\"192.0.2\""),
    ("acr = \"phr\"", "acr = 2"),
    ("auth_time", "authtime"),
    ("\"http://127.0.0.1:8080\"", "80"),
    ("\"client_secret_basic\"", "\"client_secret\""),
    ("expect = {", "expcet = {"),
    ("access_token_lifetime = \"10m\"", "access_token_lifetime = \"10min\""),
    ("access_token_lifetime = \"10m\"", "lifetime = \"10m\""),
    ("without_claims = [\"a\"]", "without_claims = \"a\""),
    ("claims = { tenant = \"acme\" }", "claims = [\"tenant\"]"),
    ("{ error = \"access_denied\", condition = \"scopes\", rule = \"readers/read only\" }", "{}"),
    ("error = \"access_denied\", condition", "condition"),
    ("error = \"access_denied\"", "error = \"access_denied\", scopes = []"),
    ("condition = \"scopes\"", "conditon = \"scopes\""),
];

#[test]
fn one_mistake_gives_one_message_that_says_where_it_is_and_what_to_write() {
    parse(RIGHT).unwrap();
    let mut shown = String::new();
    for (right, wrong) in MISTAKES {
        assert!(RIGHT.contains(right), "{right}");
        let problems = parse(&RIGHT.replacen(right, wrong, 1)).err().unwrap_or_default();
        assert_eq!(problems.lines().count(), 1, "{wrong}: {problems}");
        let mistake = match *wrong {
            "" => format!("without {right}"),
            wrong => wrong.to_owned(),
        };
        shown.push_str(&format!("{}\n", mistake.replace('\n', " ").trim_end()));
        for problem in problems.lines() {
            shown.push_str(&format!("    {}\n", problem.trim_start_matches("t.toml:")));
        }
    }
    insta::assert_snapshot!(shown, @r##"
    [[tests]] name = "t"
        1:3: unknown key "tests": write "test"
    [test] name = "t"
        15:3: duplicate key "test": write it once
    without name = "t"
        1:1: missing key "name": a test needs it
    nmae = "t"
        2:1: unknown key "nmae": write "name"
    server = "defualt"
        3:10: unknown server "defualt": write "default"
    client = "order-portal"
        4:10: unknown client "order-portal": write "orders-portal"
    without client = "orders-portal"
        1:1: missing key "client": a test needs it
    usr = { login
        5:1: unknown key "usr": write "user"
    without user = { login = "eve", groups = ["staff"], profile = { name = "Eve" } }
        1:1: missing key "user": the grant type is for a user who signs in
    "eve"
        5:8: unknown user "eve": write a login that exists, or { login = "…", groups = […] }
    logn = "eve"
        5:10: unknown key "logn": write "login"
    groups = "staff"
        5:34: "groups" must be a list in brackets, not a text
    "authorisation_code"
        6:14: unknown grant type "authorisation_code": write "authorization_code"
    "refresh_token"
        6:14: unknown grant type "refresh_token": write one of "authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"
    scopes = "write:orders"
        7:10: "scopes" must be a list in brackets, not a text
    scopes = ["read:orders write:orders"]
        7:11: "read:orders write:orders" is more than one scope: write a list
    scope = ["write:orders"]
        7:1: unknown key "scope": write scopes = […]
    at = 2026-11-30
        8:6: not a moment: write a day and a time from 1970 on with its offset, such as "2027-01-31T00:00:00Z"
    time = 2026-11-30T09:00:00Z
        8:1: unknown key "time": write at = 2026-11-30T09:00:00Z
    "192.0.2"
        9:11: "192.0.2" is no address: write one such as "192.0.2.1"
    acr = 2
        10:7: "acr" must be a text in quotes, not an integer
    authtime
        11:1: unknown key "authtime": write "auth_time"
    80
        12:12: "resource" must be a list in brackets, not an integer
    "client_secret"
        13:15: unknown client authentication method "client_secret": write one of "client_secret_basic", "client_secret_post", "private_key_jwt", "none"
    expcet = {
        14:1: unknown key "expcet": write "expect"
    access_token_lifetime = "10min"
        14:96: "10min" is no duration: write numbers with units, such as "10m" or "1h30m"
    lifetime = "10m"
        14:72: unknown key "lifetime": write one of "scopes", "rule", "access_token_lifetime", "claims", "without_claims", "error", "condition"
    without_claims = "a"
        14:150: "without_claims" must be a list in brackets, not a text
    claims = ["tenant"]
        14:112: "claims" must be a table in braces, not a list
    {}
        20:10: the test expects nothing: write { scopes = […] } or { error = "…" }
    condition
        20:24: "condition" needs "error": write error = "access_denied" beside it
    error = "access_denied", scopes = []
        20:46: a refused request has no "scopes": write it without "error", or leave it out
    conditon = "scopes"
        20:37: unknown key "conditon": write "condition"
    "##);
}
