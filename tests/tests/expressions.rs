//! The examples of docs/expressions.md.

#![expect(clippy::unwrap_used, reason = "an example that is wrong fails the test")]

use scopegate_claims::{Issuer, ScopeSet, UnixTime};
use scopegate_core::catalog::{Spec, UserId};
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::expression::{
    ClientInput, Expression, Inputs, RequestInput, ServerInput, SessionInput, UserInput, Wanted,
};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../docs/expressions.md");

/// The blocks of a language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let opening = format!("```{language}\n");
    PAGE.split("```")
        .enumerate()
        .filter(|(place, _)| place % 2 == 1)
        .filter_map(move |(_, block)| block.strip_prefix(opening.trim_start_matches('`')))
}

/// The result of an expression for the request of the page.
fn evaluate(text: &str) -> Result<Value, String> {
    let map = |json: Value| json.as_object().unwrap().clone().into_iter().collect();
    let profile = map(json!({
        "department": "sales", "level": 3, "roles": ["buyer"], "manager": null,
    }));
    let inputs = Inputs {
        user: Some(UserInput {
            id: "00u1",
            login: "alice",
            groups: &["sales", "staff"].map(String::from).into(),
            profile: &profile,
        }),
        client: ClientInput {
            id: "orders-portal",
            name: "Orders portal",
            client_type: "web",
            attributes: &map(json!({ "tenant": "acme", "cost-centre": 4711 })),
        },
        server: ServerInput { id: "default", audience: "api://orders" },
        scopes: &ScopeSet::parse("read:orders").unwrap(),
        request: RequestInput {
            grant_type: "authorization_code",
            resource: Some("https://orders.example.com"),
            address: Some("192.0.2.7".parse().unwrap()),
            time: UnixTime::from_seconds(1_796_031_005),
        },
        session: Some(SessionInput {
            auth_time: UnixTime::from_seconds(1_796_030_105),
            acr: "urn:okta:loa:1fa:pwd",
            amr: &["pwd".to_owned()],
        }),
    };
    let expression = Expression::parse(text, Wanted::Value).map_err(|error| error.to_string())?;
    expression.evaluate(&inputs).map_err(|error| error.reason().to_owned())
}

#[test]
fn each_example_has_the_result_that_the_page_shows() {
    let mut shown = 0;
    for line in blocks("cel").flat_map(str::lines) {
        let (text, result) = line.rsplit_once("  // ").unwrap();
        let got = evaluate(text.trim());
        match result.strip_prefix("fails: ") {
            Some(reason) => assert_eq!(got, Err(reason.to_owned()), "{line}"),
            None => assert_eq!(got, Ok(serde_json::from_str(result).unwrap()), "{line}"),
        }
        shown += 1;
    }
    assert!(shown > 70, "{shown}");
}

#[test]
fn each_name_of_the_inputs_and_each_global_function_has_an_example() {
    let examples: String = blocks("cel").collect();
    let unknown = |text: &str| {
        let error = Expression::parse(text, Wanted::Value).unwrap_err();
        let message = error.message().to_owned();
        let names = message.split('"').skip(3).step_by(2).map(str::to_owned);
        names.collect::<Vec<_>>()
    };
    let names = unknown("unknown_name");
    assert_eq!(names.len(), 6);
    for name in &names {
        let members = unknown(&format!("{name}.no_such_member_of_this"));
        for member in if name == "scopes" { Vec::new() } else { members } {
            assert!(examples.contains(&format!("{name}.{member}")), "{name}.{member}");
        }
    }
    for function in unknown("no_such_function_of_this()") {
        assert!(examples.contains(&format!("{function}(")), "{function}");
    }
}

struct Nothing;

impl CatalogContext for Nothing {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }
    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

#[test]
fn the_catalog_of_the_page_is_accepted() {
    let server = "version = 1\n[[server]]\nid = \"default\"\nname = \"Default\"\n\
                  audiences = [{ name = \"api://orders\" }]\nscope = [{ name = \"read:orders\" }]\n";
    let content = [server].into_iter().chain(blocks("toml")).collect::<String>();
    let source = CatalogSource { name: "expressions.md", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &Nothing).unwrap();
    let claims = file.entities.iter().filter(|entity| matches!(entity.spec, Spec::Claim(_)));
    assert_eq!(claims.count(), 3);
    let has_when = |spec: &Spec| matches!(spec, Spec::Rule(rule) if rule.when.is_some());
    assert!(file.entities.iter().any(|entity| has_when(&entity.spec)));
}
