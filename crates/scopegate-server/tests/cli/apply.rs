//! `apply` and `validate`.

use crate::place::{CATALOG, Place};

const PLAN: &str = "4 to add, 0 to change, 0 to delete";

/// The names and totals of a plan, without the fields.
fn totals(stdout: &str) -> Option<&str> {
    stdout.lines().last()
}

#[test]
fn a_dry_run_changes_nothing_and_makes_no_store() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    let ended = place.run(&["apply", "catalog.toml", "--dry-run"]);
    assert_eq!((ended.code, totals(&ended.stdout)), (0, Some(PLAN)), "{ended:?}");
    assert!(
        ended.stdout.contains("+ scope default/read:orders\n    description: \"See orders\"\n")
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn applying_the_same_file_again_changes_nothing() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    let first = place.run(&["apply", "catalog.toml"]);
    assert_eq!((first.code, totals(&first.stdout)), (0, Some(PLAN)), "{first:?}");
    for arguments in [&["apply", "catalog.toml"][..], &["apply", "catalog.toml", "--dry-run"]] {
        let again = place.run(arguments);
        let nothing = "0 to add, 0 to change, 0 to delete\n";
        assert_eq!((again.code, again.stdout.as_str()), (0, nothing), "{again:?}");
    }
}

#[test]
fn a_client_of_the_api_is_kept_and_policies_may_name_it() {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    let batch = CATALOG.replace(r#"["*"]"#, r#"["batch"]"#).replace("version = 1", "version = 2");
    place.write("catalog.toml", &batch);
    let ended = place.run(&["apply", "catalog.toml"]);
    let plan = "~ policy default/readers\n    clients: [\"*\"] → [\"batch\"]\n\
                0 to add, 1 to change, 0 to delete\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (0, plan), "{ended:?}");
    let scope = "read:orders";
    assert_eq!(place.run(&["token", "mint", "--client", "batch", "--scope", scope]).code, 0);
}

#[test]
fn valid_files_are_reported_as_right() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    place.write("scopegate.toml", "[listen]\npublic = '127.0.0.1:9000'\n");
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (0, "scopegate.toml: right\ncatalog.toml: right\n")
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn the_problems_of_both_files_are_listed() {
    let place = Place::new();
    place.write("catalog.toml", "versoin = 1\n");
    place.write("scopegate.toml", "lisen = 1\n");
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("scopegate.toml:1:1: "), "{ended:?}");
    assert!(ended.stderr.contains("catalog.toml:1:1: "), "{ended:?}");
}

#[test]
fn validate_warns_of_users_in_a_rule_for_clients_and_accepts_the_file() {
    let place = Place::new();
    let staff = format!("{CATALOG}groups = [\"staff\"]\n");
    place.write("catalog.toml", &staff);
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let line = staff.lines().count();
    let warning =
        format!("catalog.toml:{line}:10: warning: groups do not matter to client_credentials: ");
    assert!(lines[0].starts_with(&warning), "{ended:?}");
    assert_eq!(lines[1..], ["catalog.toml: right"]);
}

#[test]
fn apply_prints_the_plan_that_plan_prints() {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    place.write("catalog.toml", &changed().replace("read:orders", "see:orders"));
    let planned = place.run(&["plan", "catalog.toml"]);
    assert!(planned.stdout.starts_with("access:\n    batch on default: "), "{planned:?}");
    let dry_run = place.run(&["apply", "catalog.toml", "--dry-run"]);
    assert_eq!(dry_run.stdout, planned.stdout);
    let applied = place.run(&["apply", "catalog.toml", "--yes"]);
    assert_eq!((applied.code, applied.stdout), (0, planned.stdout));
}

#[test]
fn a_file_is_refused_if_the_catalog_has_changed_since_the_expected_version() {
    let place = Place::with_catalog();
    place.write("catalog.toml", &changed());
    let planned = place.run(&["plan", "catalog.toml"]);
    assert!(planned.stderr.contains("compared with version 1 of the catalog"), "{planned:?}");
    let json = place.run(&["plan", "catalog.toml", "--json"]).stdout;
    assert!(json.contains("\"catalog_version\": 1"), "{json}");
    let create = ["clients", "create", "--id", "batch", "--as", "ann"];
    assert_eq!(place.run(&create).code, 0);
    let apply = |version| place.run(&["apply", "catalog.toml", "--yes", "--expect", version]);
    let ended = apply("1");
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(ended.stderr.contains("has changed from version 1 to 2"), "{ended:?}");
    assert!(ended.stderr.contains("cli clients create by ann  owner api  +1"), "{ended:?}");
    assert_eq!(apply("2").code, 0);
}

/// The catalog with another version and another lifetime.
fn changed() -> String {
    CATALOG.replace("version = 1", "version = 2").replace("10m", "20m")
}

#[test]
fn an_equal_version_with_other_content_is_refused() {
    let place = Place::with_catalog();
    place.write("catalog.toml", &CATALOG.replace("10m", "20m"));
    let ended = place.run(&["apply", "catalog.toml", "--yes"]);
    let refusal = "scopegate: the file has version 1, and another file with version 1 was applied before: \
                   write version = 2\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (1, refusal));
    place.write("catalog.toml", &changed());
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
}

#[test]
fn without_a_terminal_a_file_that_deletes_more_than_it_keeps_needs_yes() {
    let place = Place::with_catalog();
    place.write("catalog.toml", "version = 2\n");
    let ended = place.run(&["apply", "catalog.toml"]);
    assert_eq!(ended.code, 1);
    let why = "scopegate: this deletes 4 entities and keeps 0, and there is no terminal to ask at: \
               nothing was changed, add --yes to do it";
    assert_eq!(ended.stderr.lines().last(), Some(why), "{ended:?}");
    assert!(place.run(&["export"]).stdout.contains("read:orders"));
    let ended = place.run(&["apply", "catalog.toml", "--yes"]);
    assert_eq!(
        (ended.code, ended.stdout.lines().last()),
        (0, Some("0 to add, 0 to change, 4 to delete"))
    );
}

#[test]
fn a_plan_shows_old_and_new_values_and_who_gains_access() {
    let place = Place::with_catalog();
    assert_eq!(
        place
            .run(&["clients", "create", "--id", "batch", "--grant-type", "client_credentials"])
            .code,
        0
    );
    let more = changed().replace("scopes = [\"read:orders\"]", "scopes = [\"*\"]").replace(
        "[[server.policy]]",
        "[[server.scope]]\nname = \"write:orders\"\ndescription = \"W\"\n\n[[server.policy]]",
    );
    place.write("catalog.toml", &more);
    let ended = place.run(&["plan", "catalog.toml"]);
    let plan = "\
access:
    batch on default: gains write:orders
+ scope default/write:orders
    description: \"W\"
~ rule default/readers/read only
    scopes: [\"read:orders\"] → [\"*\"]
    access_token_lifetime: \"10m\" → \"20m\"
1 to add, 1 to change, 0 to delete
";
    assert_eq!((ended.code, ended.stdout.as_str()), (0, plan), "{ended:?}");
    let json = place.run(&["plan", "catalog.toml", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["changes"][1],
        serde_json::json!({
            "kind": "rule",
            "id": "default/readers/read only",
            "action": "change",
            "fields": [
                { "name": "scopes", "old": ["read:orders"], "new": ["*"] },
                { "name": "access_token_lifetime", "old": "10m", "new": "20m" },
            ],
        })
    );
    let access = &json["access"][0];
    assert_eq!((&access["client"], &access["server"]), (&"batch".into(), &"default".into()));
    assert_eq!(
        (&access["gains"], &access["loses"]),
        (&serde_json::json!(["write:orders"]), &serde_json::json!([]))
    );
    // A plan changes nothing.
    assert_eq!(place.run(&["plan", "catalog.toml"]).stdout, plan);
}

#[test]
fn a_plan_for_a_store_that_is_not_there_makes_none() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    let ended = place.run(&["plan", "catalog.toml"]);
    assert_eq!(
        ended.stdout.lines().last(),
        Some("4 to add, 0 to change, 0 to delete"),
        "{ended:?}"
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn validate_knows_the_clients_of_the_store_if_asked() {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    place.write("catalog.toml", &CATALOG.replace(r#"["*"]"#, r#"["batch"]"#));
    assert_eq!(place.run(&["validate", "catalog.toml"]).code, 2);
    let ended = place.run(&["validate", "catalog.toml", "--store"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let nowhere = Place::new();
    nowhere.write("catalog.toml", CATALOG);
    assert_eq!(nowhere.run(&["validate", "catalog.toml", "--store"]).code, 1);
    assert!(!nowhere.has("scopegate-data"));
}

#[test]
fn validate_finds_tls_files_that_are_missing() {
    let place = Place::new();
    let config =
        "base_url = 'https://id.example.com'\n[tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n";
    place.write("scopegate.toml", config);
    let ended = place.run(&["validate", "--config", "scopegate.toml"]);
    assert_eq!(ended.code, 2);
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "scopegate.toml:3:15: \"tls.certificate\" names a file that is not there: cert.pem",
            "scopegate.toml:4:7: \"tls.key\" names a file that is not there: key.pem",
        ]
    );
    place.write("cert.pem", "");
    place.write("key.pem", "");
    assert_eq!(place.run(&["validate", "--config", "scopegate.toml"]).code, 0);
}

#[test]
fn validate_warns_of_wildcards_and_of_scopes_without_a_description() {
    let place = Place::new();
    let client = "[[client]]\nid = 'web'\nname = 'Web'\ntype = 'browser'\nauth = 'none'\n\
                  grant_types = ['authorization_code']\nredirect_uris = ['https://*.example/cb']\n";
    let file = CATALOG.replace("description = \"See orders\"\n", "") + client;
    place.write("catalog.toml", &file);
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<_> = ended.stderr.lines().collect();
    let scope = file.lines().position(|line| line == "name = \"read:orders\"").unwrap() + 1;
    assert!(
        lines[0]
            .starts_with(&format!("catalog.toml:{scope}:8: warning: the scope has no description")),
        "{lines:?}"
    );
    let uris = file.lines().count();
    assert!(
        lines[1].starts_with(&format!("catalog.toml:{uris}:18: warning: `*` is no wildcard")),
        "{lines:?}"
    );
    assert_eq!(lines[2..], ["catalog.toml: right"]);
}

/// Numbers that look random, and are the same in each run (splitmix64).
struct Dice(u64);

impl Dice {
    /// A number from 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
    }
}

/// A catalog with many rules, all with one lifetime.
fn catalog_of(version: usize, lifetime: usize) -> String {
    const RULES: usize = 60;
    let rule = &CATALOG[CATALOG.find("[[server.policy.rule]]").unwrap()..];
    let rules = (0..RULES).map(|n| rule.replace("read only", &format!("rule {n}")));
    let file = CATALOG.replace("version = 1", &format!("version = {version}"));
    (file + &rules.collect::<String>()).replace("10m", &format!("{lifetime}m"))
}

/// What is stored. The first lines of an export have its version, and are left out.
fn stored(place: &Place) -> String {
    let exported = place.run(&["export"]);
    assert_eq!(exported.code, 0, "{exported:?}");
    let lines = exported.stdout.lines().skip_while(|line| !line.starts_with("[["));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn an_apply_that_is_killed_leaves_the_old_or_the_new_catalog() {
    const KILLS: usize = 24;
    let place = Place::with_catalog();
    place.write("catalog.toml", &catalog_of(2, 10));
    let empty = place.stored_bytes();
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    // A whole apply writes about so many bytes, so that kills fall into all parts of it.
    let whole = (place.stored_bytes() - empty) as f64;
    let mut dice = Dice(13);
    let mut before = stored(&place);
    for round in 0..KILLS {
        let (old, new) = (10 + round, 11 + round);
        place.write("catalog.toml", &catalog_of(3 + round, new));
        place.kill_after_writing(&["apply", "catalog.toml"], (whole * dice.fraction()) as u64);
        let after = stored(&place);
        // The two catalogs differ in the lifetimes only, in each of the rules.
        let expected = before.replace(&format!("\"{old}m\""), &format!("\"{new}m\""));
        assert!(after == before || after == expected, "round {round}: {after}");
        if after == before {
            // The store is not damaged: the same file is applied now.
            let ended = place.run(&["apply", "catalog.toml"]);
            assert_eq!(ended.code, 0, "{ended:?}");
        }
        before = stored(&place);
        assert_eq!(before, expected, "round {round}");
    }
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_is_told_what_changed() {
    let place = Place::with_catalog();
    for round in 0..5 {
        let lifetimes = [20 + 2 * round, 21 + 2 * round];
        for (name, lifetime) in ["a.toml", "b.toml"].iter().zip(lifetimes) {
            place.write(name, &catalog_of(2 + round, lifetime));
        }
        let ended = place.run_at_once(&[&["apply", "a.toml"], &["apply", "b.toml"]]);
        let won: Vec<_> = ended.iter().map(|ended| ended.code == 0).collect();
        assert!(won == [true, false] || won == [false, true], "{ended:?}");
        let (winner, loser) = if won[0] { (0, 1) } else { (1, 0) };
        let (version, next) = (2 + round, 3 + round);
        let told = format!(
            "scopegate: the file has version {version}, and another file with version {version} was applied \
             before: write version = {next}\n"
        );
        assert_eq!((ended[loser].code, ended[loser].stderr.as_str()), (1, told.as_str()));
        let stored = stored(&place);
        let has = |lifetime: usize| stored.contains(&format!("\"{lifetime}m\""));
        assert!(has(lifetimes[winner]) && !has(lifetimes[loser]), "{stored}");
    }
}
