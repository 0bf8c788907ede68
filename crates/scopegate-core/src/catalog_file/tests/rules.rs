//! Problems of zones and of the conditions of rules, and warnings of rules that never decide.

use super::{parse, refusal, refusal_of};
use crate::catalog::{ClientAuth, Day, Effect, EntityKey, RuleSpec, ServerId, Spec};

/// A zone, two clients, and a server with two scopes. Policies begin at line 22.
const BEFORE: &str = r#"version = 1
[[zone]]
name = "office"
networks = ["192.0.2.0/24"]
[[client]]
id = "reader"
name = "Reader"
auth = "client_secret_basic"
secrets = [{ env = "READER_SECRET" }]
grant_types = ["client_credentials"]
[[client]]
id = "spa"
name = "SPA"
type = "browser"
auth = "none"
grant_types = ["authorization_code"]
redirect_uris = ["https://spa.example/cb"]
[[server]]
id = "orders"
name = "Orders"
audiences = [{ name = "api://orders", resources = ["https://orders.example"] }]
scope = [{ name = "read", description = "Read" }, { name = "write", description = "Write" }]
"#;

/// A rule for users, in six lines, and then `keys` from line 29 on.
fn with_rule(keys: &str) -> String {
    let rule = "name = 'r'\ngrant_types = ['authorization_code']\nscopes = ['read']";
    format!(
        "{BEFORE}[[server.policy]]\nname = 'p'\nclients = ['*']\n[[server.policy.rule]]\n{rule}\n{keys}\n"
    )
}

fn refusal_of_rule(keys: &str) -> String {
    refusal(with_rule(keys))
}

/// The warnings, each with its line and column.
fn warnings(file: impl AsRef<[u8]>) -> Vec<String> {
    let file = parse(file).expect("a warning is not an error");
    let shown = |warning: &crate::catalog_file::CatalogProblem| {
        format!("{}:{}: {}", warning.line, warning.column, warning.message)
    };
    file.warnings.iter().map(shown).collect()
}

#[test]
fn a_rule_may_have_each_condition() {
    let file = parse(with_rule(
        r#"effect = "allow"
zones = ["office"]
not_zones = []
hours = { days = ["mon", "tue"], from = "08:00", to = "18:00", time_zone = "Europe/Berlin" }
client_auth = ["private_key_jwt", "none"]
acr_values = ["urn:okta:loa:2fa:any"]
resources = ["https://orders.example"]
max_age = "15m"
when = 'client.attributes.tenant == user.profile.tenant'
narrow = true
scope_lifetimes = { "read" = "5m" }"#,
    ));
    let file = file.unwrap();
    let key = EntityKey::rule(&ServerId::parse("orders").unwrap(), "p", "r");
    let rule = file.entities.iter().find(|entity| entity.key == key).unwrap();
    let Spec::Rule(written) = &rule.spec else { panic!("{rule:?}") };
    let RuleSpec { effect, hours: Some(hours), client_auth, when, .. } = &**written else {
        panic!("{rule:?}")
    };
    assert_eq!(*effect, Effect::Allow);
    assert_eq!(hours.days, [Day::Mon, Day::Tue].into());
    assert_eq!(hours.from.to_string(), "08:00");
    assert_eq!(*client_auth, [ClientAuth::PrivateKeyJwt, ClientAuth::None].into());
    assert_eq!(when.as_ref().unwrap().text(), "client.attributes.tenant == user.profile.tenant");
    assert_eq!(file.warnings, []);
    assert!(parse(with_rule("effect = 'deny'")).is_ok());
}

#[test]
fn a_zone_has_a_name_and_networks() {
    for (zone, problem) in [
        ("name = 'a'", r#"2:1: missing key "networks": a zone needs it"#),
        (
            "name = 'a'\nnetworks = []",
            r#"4:12: "networks" is empty: write networks, such as ["192.0.2.0/24"]"#,
        ),
        (
            "name = 'a'\nnetworks = ['192.0.2.0/24', 'office']",
            r#"4:29: "office" is no network: write an address with its prefix, such as "192.0.2.0/24" or "2001:db8::/32""#,
        ),
        (
            "name = 'a'\nnetworks = ['192.0.2.1/24']",
            r#"4:13: "192.0.2.1/24" has bits after its prefix: write "192.0.2.0/24" for the network, or "192.0.2.1" for the address"#,
        ),
        (
            "name = 'a'\nnetworks = ['192.0.2.1', '192.0.2.1/32']",
            r#"4:26: duplicate network "192.0.2.1/32": write another or leave it out, the first one is in line 4"#,
        ),
        (
            "name = ''\nnetworks = ['192.0.2.1']",
            r#"3:8: "" is no name: write 1 to 100 characters on one line"#,
        ),
        (
            "name = 'a'\nnetworks = ['192.0.2.1']\nproxies = []",
            r#"5:1: unknown key "proxies": write one of "name", "networks""#,
        ),
        (
            "name = 'a'\nnetworks = ['192.0.2.1']\n[[zone]]\nname = 'a'\nnetworks = ['192.0.2.2']",
            r#"6:8: duplicate zone "a": write another or leave it out, the first one is in line 3"#,
        ),
    ] {
        assert_eq!(refusal_of(&format!("[[zone]]\n{zone}")), format!("catalog.toml:{problem}"));
    }
    let networks = |count: usize| {
        let networks = (0..count).map(|number| format!("'10.0.{}.{}'", number / 256, number % 256));
        let networks = networks.collect::<Vec<_>>().join(", ");
        format!("version = 1\n[[zone]]\nname = 'a'\nnetworks = [{networks}]")
    };
    assert!(parse(networks(1000)).is_ok());
    assert!(refusal(networks(1001)).contains("too many networks: write at most 1000"));
}

#[test]
fn a_mistake_in_a_condition_is_reported_at_its_position() {
    let mut wrong = Vec::new();
    for (key, problem) in [
        ("effect = 'forbid'", r#"30:10: unknown effect "forbid": write one of "allow", "deny""#),
        ("zones = ['offce']", r#"30:10: unknown zone "offce": write "office""#),
        ("not_zones = ['vpn']", r#"30:14: unknown zone "vpn": write "office""#),
        (
            "zones = ['office', 'office']",
            r#"30:20: duplicate zone "office": write another or leave it out, the first one is in line 30"#,
        ),
        (
            "client_auth = ['private_key']",
            r#"30:16: unknown client authentication method "private_key": write "private_key_jwt""#,
        ),
        (
            "acr_values = ['urn:okta:loa:2fa']",
            r#"30:15: unknown class "urn:okta:loa:2fa": write one of "urn:okta:loa:1fa:any", "urn:okta:loa:1fa:pwd", "urn:okta:loa:2fa:any", "phr""#,
        ),
        (
            "max_age = '0s'",
            r#"30:11: "0s" is too short for the age of a sign-in: write "1s" to "365d""#,
        ),
        (
            "max_age = '366d'",
            r#"30:11: "366d" is too long for the age of a sign-in: write "1s" to "365d""#,
        ),
        (
            "max_age = 'soon'",
            r#"30:11: "soon" is no duration: write numbers with units, such as "10m" or "1h30m""#,
        ),
        ("narrow = 'yes'", r#"30:10: "narrow" must be true or false, not a text"#),
        (
            "scope_lifetimes = { raed = '5m' }",
            r#"30:21: unknown scope "raed" of this server: write "read""#,
        ),
        (
            "scope_lifetimes = { read = '4m' }",
            r#"30:21: "4m" is too short for an access token: write "5m" to "1d""#,
        ),
        (
            "scope_lifetimes = { read = 5 }",
            r#"30:28: "read" must be a text in quotes, not an integer"#,
        ),
        (
            "hours = { from = '8:00', to = '18:00', time_zone = 'UTC' }",
            r#"30:18: "8:00" is no time of the day: write hours and minutes, such as "08:00""#,
        ),
        (
            "hours = { days = ['monday'], from = '08:00', to = '18:00', time_zone = 'UTC' }",
            r#"30:19: unknown day "monday": write one of "mon", "tue", "wed", "thu", "fri", "sat", "sun""#,
        ),
        (
            "hours = { from = '08:00', to = '18:00', time_zone = 'Europe/Berlni' }",
            r#"30:53: unknown time zone "Europe/Berlni": write a name of the IANA database, such as "Europe/Berlin""#,
        ),
        (
            "hours = { from = '08:00', to = '18:00' }",
            r#"30:9: missing key "time_zone": a time window needs it"#,
        ),
        (
            "hours = { until = '08:00', from = '08:00', to = '18:00', time_zone = 'UTC' }",
            r#"30:11: unknown key "until": write one of "days", "from", "to", "time_zone""#,
        ),
        (
            "effect = 'deny'\nnarrow = true",
            r#"31:10: a deny rule gives no scopes: leave "narrow" out"#,
        ),
        (
            "effect = 'deny'\nscope_lifetimes = { read = '5m' }",
            r#"31:19: a deny rule gives no scopes: leave "scope_lifetimes" out"#,
        ),
    ] {
        let (found, expected) = (refusal_of_rule(key), format!("catalog.toml:{problem}"));
        if found != expected {
            wrong.push(format!("{found}\n{expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for bad in ["client.id ==", "client.id", "nobody.id == 'a'"] {
        let shown = refusal_of_rule(&format!("when = \"{bad}\""));
        assert!(shown.starts_with("catalog.toml:30:"), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
    }
}

#[test]
fn conditions_on_a_sign_in_cause_a_warning_in_a_rule_for_grants_without_a_user() {
    let file = |effect: &str, keys: &str| {
        let file = with_rule(&format!("effect = '{effect}'\n{keys}"));
        file.replacen(
            "grant_types = ['authorization_code']",
            "grant_types = ['client_credentials']",
            1,
        )
    };
    let [warning] = &warnings(file("allow", "acr_values = ['phr']"))[..] else { panic!() };
    assert!(warning.starts_with("31:14: nobody signs in for client_credentials"), "{warning}");
    assert!(warning.contains("the rule never allows it"), "{warning}");
    let [warning] = &warnings(file("deny", "max_age = '5m'"))[..] else { panic!() };
    assert!(warning.contains("the rule always denies it"), "{warning}");
    assert_eq!(warnings(with_rule("max_age = '5m'\nacr_values = ['phr']")), [""; 0]);
}

#[test]
fn conditions_on_a_sign_in_cause_a_warning_in_a_rule_for_assertions() {
    let bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let file = with_rule("acr_values = ['phr']").replacen(
        "'authorization_code'",
        &format!("'{bearer}'"),
        1,
    );
    let warnings = warnings(file);
    let found = warnings.iter().find(|warning| warning.contains("nobody signs in for"));
    assert!(found.is_some_and(|warning| warning.contains(bearer)), "{warnings:?}");
}

#[test]
fn a_condition_that_reads_nothing_and_never_holds_causes_a_warning() {
    let of = |effect: &str, when: &str| {
        warnings(with_rule(&format!("effect = '{effect}'\nwhen = '{when}'")))
    };
    for (effect, when, expected) in [
        ("allow", "false", "the rule never matches, because this condition is always false"),
        ("deny", "1 == 2", "the rule never matches, because this condition is always false"),
        (
            "allow",
            "1/0 == 1",
            "the rule never matches, because this condition can never be evaluated",
        ),
        ("deny", "1/0 == 1", "the rule denies whenever its other conditions hold, because"),
    ] {
        let [warning] = &of(effect, when)[..] else { panic!("{effect} {when}") };
        assert!(warning.contains(expected), "{warning}");
    }
    for fine in ["true", "client.id == \"a\"", "request.time > timestamp(\"2026-01-01T00:00:00Z\")"]
    {
        assert_eq!(of("deny", fine), [""; 0], "{fine}");
    }
}

/// The warnings of two rules of a policy for all clients. The second is in lines 31 to 34, and then come its keys.
fn second(first: &str, then: &str) -> Vec<String> {
    let rule = |name: &str, keys: &str| {
        let defaults =
            [("grant_types", "['authorization_code', 'client_credentials']"), ("scopes", "['*']")];
        let defaults = defaults.iter().filter(|(key, _)| !keys.contains(&format!("{key} ")));
        let lines = defaults.map(|(key, value)| format!("{key} = {value}\n"));
        format!("[[server.policy.rule]]\nname = '{name}'\n{}{keys}\n", lines.collect::<String>())
    };
    let (first, then) = (rule("first", first), rule("then", then));
    let of_then = |warning: String| {
        let (_, message) = warning.split_once(": ").unwrap();
        message.to_owned()
    };
    let file = format!("{BEFORE}[[server.policy]]\nname = 'p'\nclients = ['*']\n{first}{then}");
    warnings(file).into_iter().map(of_then).collect()
}

#[test]
fn a_rule_that_an_earlier_one_always_hides_causes_a_warning() {
    let is_hidden = |first: &str, then: &str| match &second(first, then)[..] {
        [] => false,
        [warning] => {
            assert!(warning.starts_with("the rule \"p/first\" decides before"), "{warning}");
            true
        }
        more => panic!("{more:?}"),
    };
    let read = "scopes = ['read']";
    let both = "scopes = ['read', 'write']";
    for (first, then, expected) in [
        ("", "", true),
        ("", read, true),
        (read, "", false),
        (both, read, true),
        (read, both, false),
        (read, read, true),
        (read, "scopes = ['read']\nnarrow = true", false),
        ("scopes = ['read']\nnarrow = true", read, true),
        ("", "narrow = true", true),
        ("grant_types = ['client_credentials']", "", false),
        ("", "grant_types = ['client_credentials']", true),
        ("groups = ['staff']\ngrant_types = ['authorization_code']", "", false),
        (
            "groups = ['staff', 'sales']\ngrant_types = ['authorization_code']",
            "groups = ['staff']\ngrant_types = ['authorization_code']",
            true,
        ),
        (
            "groups = ['staff']\ngrant_types = ['authorization_code']",
            "groups = ['staff', 'sales']\ngrant_types = ['authorization_code']",
            false,
        ),
        ("zones = ['office']", "", false),
        ("zones = ['office']", "zones = ['office']", true),
        ("", "zones = ['office']", true),
        ("client_auth = ['none']", "", false),
        ("client_auth = ['none', 'private_key_jwt']", "client_auth = ['none']", true),
        ("when = 'client.id == \"a\"'", "", false),
        ("max_age = '5m'\ngrant_types = ['authorization_code']", "", false),
        ("resources = ['https://orders.example']", "", false),
        ("hours = { from = '08:00', to = '18:00', time_zone = 'UTC' }", "", false),
        ("status = 'INACTIVE'", "", false),
        ("", "status = 'INACTIVE'", false),
        // A deny rule before an allow rule.
        ("effect = 'deny'", "", true),
        ("effect = 'deny'\nzones = ['office']", "zones = ['office']", false),
        ("effect = 'deny'\nscopes = ['read']", "", false),
        ("effect = 'deny'\nscopes = ['read']", read, false),
        (
            "effect = 'deny'\nscopes = ['read']",
            "scopes = ['read']\ngrant_types = ['client_credentials']",
            true,
        ),
        ("effect = 'deny'", "effect = 'deny'\nscopes = ['read']", true),
        ("effect = 'deny'\nscopes = ['read']", "effect = 'deny'", false),
    ] {
        assert_eq!(is_hidden(first, then), expected, "{first:?} {then:?}");
    }
}

#[test]
fn a_deny_rule_behind_an_allow_rule_that_covers_it_causes_a_warning() {
    for (first, then, expected) in [
        ("", "effect = 'deny'", true),
        ("scopes = ['read', 'write']", "effect = 'deny'\nscopes = ['write']", true),
        ("scopes = ['read']", "effect = 'deny'\nscopes = ['write']", false),
        // A deny rule at the end, for all that is not allowed, is no mistake.
        ("scopes = ['read']", "effect = 'deny'", false),
        ("", "effect = 'deny'\nzones = ['office']", true),
        ("zones = ['office']", "effect = 'deny'\nzones = ['office']", false),
    ] {
        let warnings = second(first, then);
        assert_eq!(warnings.len(), usize::from(expected), "{first:?} {then:?} {warnings:?}");
        if expected {
            let text = "the rule \"p/first\" allows before what this one denies";
            assert!(warnings[0].starts_with(text), "{warnings:?}");
        }
    }
}

#[test]
fn a_policy_that_hides_a_later_one_causes_a_warning() {
    let policy = |name: &str, clients: &str| {
        format!(
            "[[server.policy]]\nname = '{name}'\nclients = [{clients}]\n[[server.policy.rule]]\n\
             name = 'r'\ngrant_types = ['client_credentials']\nscopes = ['*']\n"
        )
    };
    let both = |first: &str, then: &str| {
        warnings(format!("{BEFORE}{}{}", policy("a", first), policy("b", then)))
    };
    assert_eq!(both("'reader'", "'*'"), [""; 0]);
    let hidden = [
        r#"34:8: the rule "a/r" decides before whatever this one matches: write it first, or leave it out"#,
    ];
    assert_eq!(both("'*'", "'reader'"), hidden);
    assert_eq!(both("'reader'", "'reader'"), hidden);
}

#[test]
fn a_rule_that_no_request_can_match_causes_a_warning() {
    let of = |clients: &str, keys: &str| {
        let rule = format!("name = 'r'\nscopes = ['*']\n{keys}");
        warnings(format!(
            "{BEFORE}[[server.policy]]\nname = 'p'\nclients = [{clients}]\n[[server.policy.rule]]\n{rule}\n"
        ))
    };
    let code = "grant_types = ['authorization_code']";
    let no_grant =
        "29:15: the rule never matches: no client of the policy has one of these grant types";
    assert_eq!(of("'reader'", code), [no_grant]);
    assert_eq!(of("'reader', 'spa'", code), [""; 0]);
    assert_eq!(
        of("'*'", "grant_types = ['urn:ietf:params:oauth:grant-type:device_code']"),
        [""; 0]
    );
    assert_eq!(of("'reader', 'made-by-the-api'", code), [""; 0], "its grant types are not known");

    let with = |key: &str| format!("{code}\n{key}");
    let no_auth =
        "30:15: the rule never matches: no client of the policy authenticates in this way";
    assert_eq!(of("'spa'", &with("client_auth = ['private_key_jwt']")), [no_auth]);
    assert_eq!(of("'spa'", &with("client_auth = ['private_key_jwt', 'none']")), [""; 0]);

    let no_resource = "no request can name this resource: add it to an audience of the server";
    let unknown = &of("'spa'", &with("resources = ['https://other.example']"))[..];
    assert_eq!(unknown, [format!("30:14: {no_resource}")]);
    for known in ["https://ORDERS.example/", "api://orders"] {
        assert_eq!(
            of("'spa'", &with(&format!("resources = ['{known}', 'https://x.example']"))),
            [""; 0]
        );
    }

    let no_zone = "30:9: the rule never matches: each of its zones is also in \"not_zones\"";
    assert_eq!(of("'spa'", &with("zones = ['office']\nnot_zones = ['office']")), [no_zone]);
}
