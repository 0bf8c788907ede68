//! No input causes a panic. Each problem has a position inside of the file, and a message on one line.

use proptest::prelude::*;

use super::parse;

const DEMO: &str = include_str!("demo.toml");

fn check(content: &[u8]) -> Result<(), TestCaseError> {
    let Err(errors) = parse(content) else { return Ok(()) };
    prop_assert!(!errors.problems().is_empty());
    let lines: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
    for problem in errors.problems() {
        prop_assert!((1..=lines.len()).contains(&problem.line), "{problem:?}");
        let width = String::from_utf8_lossy(lines[problem.line - 1]).chars().count();
        prop_assert!((1..=width + 1).contains(&problem.column), "{problem:?}");
        prop_assert!(!problem.message.chars().any(char::is_control), "{problem:?}");
    }
    let shown = errors.to_string();
    prop_assert!(shown.lines().all(|line| line.starts_with("catalog.toml:")), "{shown}");
    Ok(())
}

/// Any value that can follow `=`.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("-inf".to_owned()),
        Just("1979-05-27T07:32:00Z".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}").replace("NaN", "nan")),
        "[ -~é]{0,8}".prop_map(|text| format!("{text:?}")),
        prop::sample::select(vec!["*", "orders", "read", "client_credentials", "10m", "ACTIVE"])
            .prop_map(|text| format!("'{text}'")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|entries| format!("[{}]", entries.join(", "))),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|entries| {
                let entries: Vec<_> =
                    entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(vec![
            "id", "name", "audiences", "resources", "dialect", "algorithms", "status", "scopes",
            "clients", "grant_types", "access_token_lifetime", "token", "value", "constant",
            "attribute", "auth", "type", "secrets", "sha256", "env", "jwks", "keys", "kty", "kid",
            "attributes", "hooks", "secret", "scope", "claim", "policy", "rule", "demo", "version",
        ]).prop_map(str::to_owned),
        1 => "[a-z_]{1,8}",
    ]
}

fn header() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[[server]]",
        "[[server.scope]]",
        "[[server.claim]]",
        "[[server.policy]]",
        "[[server.policy.rule]]",
        "[[client]]",
        "[client.jwks]",
        "[[client.jwks.keys]]",
        "[[user]]",
    ])
}

proptest! {
    #[test]
    fn bytes(content in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&content)?;
    }

    #[test]
    fn text(content in "(\\PC|\n){0,200}") {
        check(content.as_bytes())?;
    }

    #[test]
    fn tables(parts in prop::collection::vec((header(), prop::collection::btree_map(key(), value(), 0..5)), 0..8)) {
        let mut content = "version = 1\n".to_owned();
        for (header, entries) in parts {
            content.push_str(header);
            content.push('\n');
            for (key, value) in entries {
                content.push_str(&format!("{key} = {value}\n"));
            }
        }
        check(content.as_bytes())?;
    }

    /// The demonstration with one part replaced.
    #[test]
    fn edits(at in 0..DEMO.len(), length in 0_usize..40, piece in "[ -~\né]{0,12}") {
        let end = (at + length).min(DEMO.len());
        let mut content = DEMO.as_bytes().to_vec();
        content.splice(at..end, piece.bytes());
        check(&content)?;
    }
}
