//! Problems of policies and rules.

use super::{parse, refusal, write_a_grant};

/// A server with two scopes and a client. Further lines begin at line 14.
const BEFORE: &str = r#"version = 1
[[client]]
id = "orders-reader"
name = "Reader"
auth = "client_secret_basic"
secrets = [{ env = "READER_SECRET" }]

[[server]]
id = "orders"
name = "Orders"
audiences = [{ name = "api://orders" }]
scope = [{ name = "read:orders" }, { name = "write:orders" }]
[[server.policy]]
"#;

fn refusal_of_policy(policy: &str) -> String {
    refusal(format!("{BEFORE}{policy}"))
}

/// The problems of a rule whose keys begin at line 17.
fn refusal_of_rule(rule: &str) -> String {
    refusal_of_policy(&format!("name = 'p'\nclients = ['*']\n[[server.policy.rule]]\n{rule}"))
}

#[test]
fn a_policy_has_a_name_and_clients() {
    assert_eq!(
        refusal_of_policy(""),
        r#"catalog.toml:13:1: missing key "name": a policy needs it
catalog.toml:13:1: missing key "clients": a policy needs it"#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = []"),
        r#"catalog.toml:15:11: "clients" is empty: write client ids, or ["*"] for all"#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['order-reader']"),
        r#"catalog.toml:15:12: unknown client "order-reader": write "orders-reader""#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['somebody']"),
        r#"catalog.toml:15:12: unknown client "somebody": write "orders-reader""#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['*', 'orders-reader']"),
        r#"catalog.toml:15:12: "*" means all: write ["*"] alone, or client ids without it"#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['orders-reader', 'orders-reader']"),
        r#"catalog.toml:15:29: duplicate client "orders-reader": write another or leave it out, the first one is in line 15"#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = '*'"),
        r#"catalog.toml:15:11: "clients" must be a list in brackets, not a text"#
    );
    assert_eq!(
        refusal_of_policy(
            "name = 'p'\nclients = ['*']\n[[server.policy]]\nname = 'p'\nclients = ['*']"
        ),
        r#"catalog.toml:17:8: duplicate policy "p": write another or leave it out, the first one is in line 14"#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['*']\npriority = 1"),
        r#"catalog.toml:16:1: unknown key "priority": write one of "name", "description", "clients", "status", "rule""#
    );
    assert_eq!(
        refusal_of_policy("name = 'p'\nclients = ['*']\nstatus = 'OFF'"),
        r#"catalog.toml:16:10: unknown status "OFF": write one of "ACTIVE", "INACTIVE""#
    );
}

#[test]
fn users_in_a_rule_for_grants_without_a_user_cause_a_warning() {
    let warnings = |grants: &str, users: &str| {
        let rule = format!("name = 'r'\ngrant_types = [{grants}]\nscopes = ['*']\n{users}");
        let policy = format!("name = 'p'\nclients = ['*']\n[[server.policy.rule]]\n{rule}");
        let file = parse(format!("{BEFORE}{policy}")).expect("a warning is not an error");
        let of_rule =
            file.warnings.into_iter().filter(|warning| !warning.message.contains("description"));
        Vec::from_iter(of_rule.map(|warning| {
            (warning.line, warning.column, warning.message.split(':').next().unwrap().to_owned())
        }))
    };
    let text = |key| format!("{key} do not matter to client_credentials");
    let (alone, both) = ("'client_credentials'", "'authorization_code', 'client_credentials'");
    for grants in [alone, both] {
        assert_eq!(warnings(grants, "groups = ['staff']"), [(20, 10, text("groups"))]);
        let users = "users = ['alice']\ngroups = ['staff']";
        let expected = [(20, 9, text("users")), (21, 10, text("groups"))];
        assert_eq!(warnings(grants, users), expected);
        assert_eq!(warnings(grants, "users = []\ngroups = []"), []);
    }
    assert_eq!(warnings("'authorization_code'", "groups = ['staff']"), []);
}

#[test]
fn a_policy_may_refer_to_a_client_of_the_api() {
    let file = parse(format!("{BEFORE}name = 'p'\nclients = ['made-by-the-api']"));
    assert!(file.is_ok(), "{file:?}");
}

#[test]
fn a_reference_to_a_client_with_problems_is_not_reported() {
    let shown = refusal(
        "version = 1\n[[client]]\nid = 'a b'\n[[server]]\n[[server.policy]]\nname = 'p'\nclients = ['a b']",
    );
    assert!(!shown.contains("unknown client"), "{shown}");
}

#[test]
fn a_rule_has_grant_types_and_scopes() {
    assert_eq!(
        refusal_of_rule(""),
        r#"catalog.toml:16:1: missing key "name": a rule needs it
catalog.toml:16:1: missing key "grant_types": a rule needs it
catalog.toml:16:1: missing key "scopes": a rule needs it"#
    );
    let rule = "name = 'r'\nscopes = ['*']\n";
    assert_eq!(
        refusal_of_rule(&format!("{rule}grant_types = []")),
        r#"catalog.toml:19:15: "grant_types" is empty: write ["client_credentials"]"#
    );
    assert_eq!(
        refusal_of_rule(&format!("{rule}grant_types = ['client_credential']")),
        r#"catalog.toml:19:16: unknown grant type "client_credential": write "client_credentials""#
    );
    assert_eq!(
        refusal_of_rule(&format!("{rule}grant_types = ['password']")),
        format!(r#"catalog.toml:19:16: unknown grant type "password": {}"#, write_a_grant())
    );
    let rule = "name = 'r'\ngrant_types = ['client_credentials']\n";
    assert_eq!(
        refusal_of_rule(&format!("{rule}scopes = []")),
        r#"catalog.toml:19:10: "scopes" is empty: write scopes, or ["*"] for all"#
    );
    assert_eq!(
        refusal_of_rule(&format!("{rule}scopes = ['read:order']")),
        r#"catalog.toml:19:11: unknown scope "read:order" of this server: write "read:orders""#
    );
    assert_eq!(
        refusal_of_rule(&format!("{rule}scopes = ['*', 'read:orders']")),
        r#"catalog.toml:19:11: "*" means all: write ["*"] alone, or scopes without it"#
    );
    assert_eq!(
        refusal_of_rule(&format!("{rule}scopes = ['read:orders', 'read:orders']")),
        r#"catalog.toml:19:26: duplicate scope "read:orders": write another or leave it out, the first one is in line 19"#
    );
}

#[test]
fn the_rules_of_a_policy_have_different_names() {
    let rule = "name = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']";
    assert_eq!(
        refusal_of_rule(&format!("{rule}\n[[server.policy.rule]]\n{rule}")),
        r#"catalog.toml:21:8: duplicate rule "r": write another or leave it out, the first one is in line 17"#
    );
}

#[test]
fn an_access_token_is_valid_for_5_minutes_to_24_hours() {
    let lifetime = |written: &str| {
        refusal_of_rule(&format!(
            "name = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']\naccess_token_lifetime = {written}"
        ))
    };
    assert_eq!(
        lifetime("'299s'"),
        r#"catalog.toml:20:25: "299s" is too short for an access token: write "5m" to "1d""#
    );
    assert_eq!(
        lifetime("'24h1s'"),
        r#"catalog.toml:20:25: "86401s" is too long for an access token: write "5m" to "1d""#
    );
    assert_eq!(
        lifetime("'10 minutes'"),
        r#"catalog.toml:20:25: "10 minutes" is no duration: write numbers with units, such as "10m" or "1h30m""#
    );
    assert_eq!(
        lifetime("600"),
        r#"catalog.toml:20:25: "access_token_lifetime" must be a text in quotes, not an integer"#
    );
}

#[test]
fn an_empty_list_of_a_rule_has_no_effect() {
    let rule = "name = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']\n";
    let nothing = "groups = []\nusers = []\nhooks = []\n";
    let file =
        format!("{BEFORE}name = 'p'\nclients = ['*']\n[[server.policy.rule]]\n{rule}{nothing}");
    assert!(parse(file).is_ok());
}

#[test]
fn a_rule_and_a_claim_may_have_standard_scopes() {
    let named =
        "['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'read:orders']";
    let rule = format!("name = 'r'\ngrant_types = ['authorization_code']\nscopes = {named}");
    let policy = format!("name = 'p'\nclients = ['*']\n[[server.policy.rule]]\n{rule}");
    let claim =
        format!("[[server.claim]]\nname = 't'\nvalue = {{ constant = 1 }}\nscopes = {named}");
    let file = parse(format!("{BEFORE}{policy}\n{claim}"));
    assert!(file.is_ok(), "{file:?}");
    for other in ["groups", "device_sso", "Openid"] {
        let rule = "name = 'r'\ngrant_types = ['authorization_code']\n";
        let shown = refusal_of_rule(&format!("{rule}scopes = ['openid', '{other}']"));
        assert!(shown.contains("unknown scope"), "{shown}");
    }
}
