//! Problems that any table can have: syntax, keys and types.

use super::{parse, refusal, refusal_in_server, refusal_of};

#[test]
fn a_file_is_toml_in_utf_8_with_a_maximum_size() {
    assert_eq!(
        refusal("version = "),
        "catalog.toml:1:11: not TOML: string values must be quoted, expected literal string"
    );
    assert_eq!(refusal("é = 1\nversion = = 1"), "catalog.toml:2:11: not TOML: extra `=`");
    assert_eq!(
        refusal("version = 1\n[[client]]\nid = \"é\"\nid = 2"),
        r#"catalog.toml:4:1: duplicate key "id": write it once"#
    );
    assert_eq!(
        refusal("version = 1\n[[client]]\nsecrets = [{ sha256 = hush }]"),
        "catalog.toml:3:23: not TOML: string values must be quoted, expected literal string"
    );
    assert_eq!(
        refusal(b"version = 1\nd\xff = 2"),
        "catalog.toml:2:2: not UTF-8: save the file as UTF-8"
    );
    assert_eq!(
        refusal(vec![b'\n'; 64 * 1024 * 1024 + 1]),
        "catalog.toml:1:1: the file is too large: write at most 64 MiB"
    );
}

#[test]
fn the_message_for_an_unknown_key_suggests_the_nearest_key_or_lists_all() {
    assert_eq!(
        refusal_of("[[client]]\nid = 'a'\nnmae = 'A'\nauth = 'private_key_jwt'"),
        r#"catalog.toml:2:1: missing key "jwks": private_key_jwt needs it
catalog.toml:4:1: unknown key "nmae": write "name""#
    );
    assert_eq!(
        refusal_of("[[clients]]"),
        r#"catalog.toml:2:3: unknown key "clients": write "client""#
    );
    assert_eq!(
        refusal_in_server("colour = 1"),
        r#"catalog.toml:6:1: unknown key "colour": write one of "id", "name", "description", "audiences", "dialect", "algorithms", "status", "scope", "claim", "policy", "trusted_issuer", "trusted_servers", …"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'a', descripton = '' }]"),
        r#"catalog.toml:6:24: unknown key "descripton": write "description""#
    );
    assert_eq!(
        refusal_in_server("\"two\\nlines\" = 1"),
        r#"catalog.toml:6:1: unknown key "two\nlines": write one of "id", "name", "description", "audiences", "dialect", "algorithms", "status", "scope", "claim", "policy", "trusted_issuer", "trusted_servers", …"#
    );
}

#[test]
fn a_value_of_a_wrong_type_is_refused() {
    assert_eq!(
        refusal("version = '1'"),
        r#"catalog.toml:1:11: "version" must be a whole number, not a text"#
    );
    assert_eq!(
        refusal("version = 1\ndemo = 'true'"),
        r#"catalog.toml:2:8: "demo" must be true or false, not a text"#
    );
    assert_eq!(
        refusal("version = 1\nclient = 1"),
        r#"catalog.toml:2:10: "client" must be a list, not an integer: write [[client]]"#
    );
    assert_eq!(
        refusal("version = 1\n[client]\nid = 'a'"),
        r#"catalog.toml:2:1: "client" must be a list, not a table: write [[client]]"#
    );
    assert_eq!(
        refusal("version = 1\nserver = ['orders']"),
        r#"catalog.toml:2:11: an entry of "server" must be a table in braces, not a text"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 1 }]"),
        r#"catalog.toml:6:19: "name" must be a text in quotes, not an integer"#
    );
    assert_eq!(
        refusal_in_server("algorithms = 'RS256'"),
        r#"catalog.toml:6:14: "algorithms" must be a list in brackets, not a text"#
    );
    assert_eq!(
        refusal_in_server("algorithms = [256]"),
        r#"catalog.toml:6:15: an entry of "algorithms" must be a text in quotes, not an integer"#
    );
    assert_eq!(
        refusal_in_server("status = 1979-05-27"),
        r#"catalog.toml:6:10: "status" must be a text in quotes, not a date or time"#
    );
    assert_eq!(
        refusal_in_server("dialect = 1.5"),
        r#"catalog.toml:6:11: "dialect" must be a text in quotes, not a float"#
    );
}

#[test]
fn the_version_is_a_positive_number() {
    assert_eq!(refusal(""), r#"catalog.toml:1:1: missing key "version": a catalog needs it"#);
    assert_eq!(
        refusal("version = 0"),
        r#"catalog.toml:1:11: "version" is out of range: write 1 to 9223372036854775807"#
    );
    assert_eq!(
        refusal("version = -1"),
        r#"catalog.toml:1:11: "version" is out of range: write 1 to 9223372036854775807"#
    );
    assert_eq!(
        refusal("version = 9223372036854775808"),
        r#"catalog.toml:1:11: "version" is out of range: write 1 to 9223372036854775807"#
    );
    assert_eq!(parse("version = 9223372036854775807").unwrap().version, i64::MAX.unsigned_abs());
    assert_eq!(parse("version = 0x_10").ok().map(|file| file.version), None);
    assert_eq!(parse("version = 0x1_0").unwrap().version, 16);
}

#[test]
fn unsupported_keys_are_refused_unless_they_are_empty_lists() {
    assert_eq!(
        refusal_of("[[group]]\nname = 'staff'"),
        r#"catalog.toml:2:3: "group" is not supported yet: leave it out"#
    );
    assert_eq!(
        refusal_in_server("hooks = ['a']"),
        r#"catalog.toml:6:1: "hooks" is not supported yet: leave it out"#
    );
    assert!(parse("version = 1\nuser = []\nhook = []").is_ok());
}

#[test]
fn all_problems_are_listed_in_the_order_of_the_file() {
    let file = r#"version = 0
[[server]]
id = "orders"
nmae = "Orders"
audiences = []
[[server.scope]]
name = "read orders"
[[client]]
id = "reader"
name = 1
"#;
    assert_eq!(
        refusal(file),
        r#"catalog.toml:1:11: "version" is out of range: write 1 to 9223372036854775807
catalog.toml:4:1: unknown key "nmae": write "name"
catalog.toml:5:13: a server has 1 to 100 audiences: write audiences = [{ name = "api://…" }]
catalog.toml:7:8: "read orders" is no scope: write printable ASCII without space, `"` and `\`
catalog.toml:8:1: missing key "auth": a client needs it
catalog.toml:10:8: "name" must be a text in quotes, not an integer"#
    );
}

#[test]
fn the_first_100_problems_are_listed_and_the_others_counted() {
    let file: String = (0..250).map(|n| format!("key{n} = 1\n")).collect();
    let errors = parse(format!("version = 1\n{file}")).unwrap_err();
    assert_eq!(errors.problems().len(), 100);
    let shown = errors.to_string();
    assert_eq!(shown.lines().count(), 101);
    assert_eq!(shown.lines().last(), Some("catalog.toml: and 150 more"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_shift_positions() {
    assert_eq!(
        refusal("\u{feff}version = 1\r\n[[client]]\r\nid = 'ö', b = 1\r\n"),
        "catalog.toml:3:9: not TOML: unexpected key or value, expected newline, `#`"
    );
    assert_eq!(
        refusal("\u{feff}vresion = 1"),
        r#"catalog.toml:1:1: unknown key "vresion": write "version""#
    );
}

#[test]
fn a_misspelt_key_is_not_also_reported_as_missing() {
    assert_eq!(
        refusal_of("[[client]]\nid = 'a'\nnmae = 'A'\nauth = 'private_key_jwt'\njkws = 1"),
        r#"catalog.toml:4:1: unknown key "nmae": write "name"
catalog.toml:6:1: unknown key "jkws": write "jwks""#
    );
}
