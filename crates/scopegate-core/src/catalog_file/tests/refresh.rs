//! The refresh token settings of clients and rules.

use std::time::Duration;

use super::{CLIENT, SERVER, SHA256, parse, refusal, refusal_in_client};
use crate::catalog::{ClientType, EntityKind, RefreshPolicy, RotationType, RuleSpec, Spec};
use crate::grants::grant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A client with an additional line 7.
fn with_line(line: &str) -> String {
    format!("secrets = [{{ sha256 = '{SHA256}' }}]\n{line}")
}

fn refusal_of_client(line: &str) -> String {
    refusal_in_client(&with_line(line))
}

fn policy_of_client(line: &str) -> RefreshPolicy {
    let file = parse(format!("{CLIENT}\n{}", with_line(line))).unwrap();
    match &file.entities[0].spec {
        Spec::Client(client) => client.refresh_token,
        other => unreachable!("{other:?} is no client"),
    }
}

#[test]
fn a_client_has_a_rotation_type_and_a_leeway() {
    let rotate = |leeway| RefreshPolicy { rotation_type: RotationType::Rotate, leeway };
    let stay = RefreshPolicy { rotation_type: RotationType::Static, leeway: 0 };
    for (line, expected) in [
        ("", stay),
        ("refresh_token = {}", stay),
        ("refresh_token = { rotation_type = 'STATIC' }", stay),
        ("refresh_token = { rotation_type = 'ROTATE' }", rotate(30)),
        ("refresh_token = { rotation_type = 'ROTATE', leeway = 0 }", rotate(0)),
        ("refresh_token = { leeway = 60, rotation_type = 'ROTATE' }", rotate(60)),
    ] {
        assert_eq!(policy_of_client(line), expected, "{line}");
    }
    for public in [ClientType::Browser, ClientType::Native] {
        assert_eq!(RefreshPolicy::of(public), rotate(30));
    }
}

#[test]
fn problems_of_a_rotation_are_reported_at_their_position() {
    for (line, expected) in [
        (
            "refresh_token = { rotation_type = 'ROTATE', leeway = 61 }",
            "catalog.toml:7:54: a leeway is in seconds: write 0 to 60",
        ),
        (
            "refresh_token = { leeway = 256 }",
            "catalog.toml:7:28: a leeway is in seconds: write 0 to 60",
        ),
        (
            "refresh_token = { rotation_type = 'rotate' }",
            r#"catalog.toml:7:35: unknown rotation_type "rotate": write "ROTATE""#,
        ),
        (
            "refresh_token = { rotation = 'ROTATE' }",
            r#"catalog.toml:7:19: unknown key "rotation": write "rotation_type""#,
        ),
        (
            "refresh_token = 'ROTATE'",
            r#"catalog.toml:7:17: "refresh_token" must be a table in braces, not a text"#,
        ),
    ] {
        assert_eq!(refusal_of_client(line), expected);
    }
}

#[test]
fn a_public_client_must_rotate_its_refresh_tokens() {
    if grant("authorization_code").is_none() {
        return;
    }
    let portal = "version = 1\n[[client]]\nid = 'portal'\nname = 'Portal'\ntype = 'browser'\n\
        auth = 'none'\ngrant_types = ['authorization_code', 'refresh_token']\n\
        redirect_uris = ['http://127.0.0.1/cb']\n";
    assert!(parse(portal).is_ok());
    assert_eq!(
        refusal(format!("{portal}refresh_token = {{ rotation_type = 'STATIC' }}")),
        "catalog.toml:9:35: a client without a secret changes its refresh tokens at each use: write \"ROTATE\""
    );
}

#[test]
fn a_client_that_refreshes_needs_a_grant_that_issues_the_first_refresh_token() {
    let shown = refusal_of_client("type = 'web'\ngrant_types = ['refresh_token']");
    assert_eq!(
        shown,
        r#"catalog.toml:8:15: nothing gives this client its first refresh token: add "authorization_code""#
    );
    let shown = refusal_of_client("grant_types = ['client_credentials', 'refresh_token']");
    assert!(shown.contains("a service runs without persons"), "{shown}");
}

/// A rule for `client_credentials`. Its additional lines begin at line 15.
fn rule(lines: &str) -> String {
    format!(
        "{SERVER}\nscope = [{{ name = 'read:orders' }}]\n[[server.policy]]\nname = 'p'\nclients = ['*']\n\
         [[server.policy.rule]]\nname = 'r'\ngrant_types = ['client_credentials']\n\
         scopes = ['read:orders']\naccess_token_lifetime = '30m'\n{lines}"
    )
}

fn spec_of_rule(lines: &str) -> RuleSpec {
    let file = parse(rule(lines)).unwrap();
    let rule = file.entities.iter().find(|entity| entity.key.kind == EntityKind::Rule).unwrap();
    match &rule.spec {
        Spec::Rule(rule) => RuleSpec::clone(rule),
        other => unreachable!("{other:?} is no rule"),
    }
}

#[test]
fn a_rule_sets_the_lifetime_of_refresh_tokens() {
    let usual = spec_of_rule("");
    assert_eq!((usual.refresh_token_lifetime, usual.refresh_token_window), (None, DAY * 7));
    let own = spec_of_rule("refresh_token_lifetime = '90d'\nrefresh_token_window = '10m'");
    assert_eq!(own.refresh_token_lifetime, Some(DAY * 90));
    assert_eq!(own.refresh_token_window, Duration::from_secs(600));
    for (line, expected) in [
        (
            "refresh_token_lifetime = '29m'",
            r#"catalog.toml:15:26: "29m" is too short for a refresh token: write "30m" to "1825d""#,
        ),
        (
            "refresh_token_lifetime = 90",
            r#"catalog.toml:15:26: "refresh_token_lifetime" must be a text in quotes, not an integer"#,
        ),
        (
            "refresh_token_window = '9m'",
            r#"catalog.toml:15:24: "9m" is too short for the window of a refresh token: write "10m" to "1825d""#,
        ),
        (
            "refresh_token_window = '1826d'",
            r#"catalog.toml:15:24: "1826d" is too long for the window of a refresh token: write "10m" to "1825d""#,
        ),
    ] {
        assert_eq!(refusal(rule(line)), expected);
    }
}

#[test]
fn a_rule_must_not_have_the_refresh_token_grant() {
    let rule =
        rule("").replace("['client_credentials']", "['client_credentials', 'refresh_token']");
    assert_eq!(
        refusal(rule),
        "catalog.toml:12:38: a refresh goes by the rules for the grant that gave the refresh token: leave it out"
    );
}
