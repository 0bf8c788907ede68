//! Claims by expression and by groups.

use serde_json::json;

use super::*;
use crate::catalog::{
    ClaimExpression, ClaimSource, ClaimSpec, GroupFilter, GroupMatch, OnError, Spec,
};
use crate::expression::{Expression, Pattern, Wanted};

/// The claim that is `line` as line 7 of a file.
fn claim(line: &str) -> ClaimSpec {
    let file = parse(format!("{SERVER}\n[[server.claim]]\n{line}")).unwrap();
    let specs = file.entities.into_iter().map(|entity| entity.spec);
    specs
        .filter_map(|spec| if let Spec::Claim(claim) = spec { Some(claim) } else { None })
        .next()
        .unwrap()
}

#[track_caller]
fn refusal_of_claim(lines: &str) -> String {
    refusal(format!("{SERVER}\n[[server.claim]]\n{lines}"))
}

fn computed(text: &str, on_error: OnError) -> ClaimSource {
    let text = Expression::parse(text, Wanted::Value).unwrap();
    ClaimSource::Expression(ClaimExpression { text, on_error })
}

#[test]
fn a_claim_may_be_an_expression_and_leaves_itself_out_by_default() {
    let of = |line: &str| claim(line).value;
    let text = "client.attributes.tenant";
    let value = format!("name = 't'\nvalue = {{ expression = '{text}' }}");
    assert_eq!(of(&value), computed(text, OnError::Omit));
    let on_error = |what: &str| of(&format!("{value}\non_error = {what:?}"));
    assert_eq!(on_error("omit"), computed(text, OnError::Omit));
    assert_eq!(on_error("refuse"), computed(text, OnError::Refuse));
    assert_eq!(
        of("name = 't'\nvalue.expression = \"\"\"\n1 + \\\n  1\"\"\""),
        computed("1 + 1", OnError::Omit)
    );
}

#[test]
fn a_mistake_in_an_expression_is_shown_at_its_line_and_column() {
    let logn = "`user` has no member \"logn\": write \"login\"";
    for (lines, place) in [
        ("name = 't'\nvalue = { expression = 'user.logn' }", "8:30"),
        ("name = 't'\nvalue = { expression = \"user.logn\" }", "8:30"),
        (
            r#"name = 't'
value = { expression = "\"é\" + \u0075ser.logn" }"#,
            "8:43",
        ),
        (
            "name = 't'\nvalue.expression = '''\n  has(user.id) &&\n    user.logn == 'a'\n'''",
            "10:10",
        ),
        (
            "name = 't'\nvalue.expression = \"\"\"\n  has(user.id) && \\\n\n    user.logn\"\"\"",
            "11:10",
        ),
        ("name = 't'\non_error = 'refuse'\nvalue = { expression = 'user.logn' }", "9:30"),
    ] {
        assert_eq!(refusal_of_claim(lines), format!("catalog.toml:{place}: {logn}"), "{lines}");
    }
    let unfinished = "name = 't'\nvalue = { expression = 'user.id ==' }";
    assert_eq!(
        refusal_of_claim(unfinished),
        "catalog.toml:8:35: the expression ends here: write a value"
    );
    let long = format!("name = 't'\nvalue = {{ expression = '{}1' }}", "1 + ".repeat(256));
    assert_eq!(
        refusal_of_claim(&long),
        "catalog.toml:8:25: the expression is too long: write at most 1024 characters"
    );
}

#[test]
fn one_mistake_in_an_expression_is_one_line() {
    let rest = "scopes = ['read']\n[[server.scope]]\nname = 'read'";
    let file =
        format!("name = 't'\nvalue = {{ expression = 'user.' }}\non_error = 'refuse'\n{rest}");
    assert_eq!(refusal_of_claim(&file).lines().count(), 1);
    let two = "name = 'sub'\nvalue = { expression = 'user.' }\non_error = 'maybe'";
    assert_eq!(
        refusal_of_claim(two),
        "catalog.toml:8:30: the expression ends here: write the name of a member\n\
         catalog.toml:9:12: unknown value of \"on_error\" \"maybe\": write one of \"omit\", \"refuse\""
    );
}

#[test]
fn on_error_is_for_expressions_only() {
    for value in ["constant = 1", "attribute = 'user.email'", "groups = { regex = 'a' }"] {
        let lines = format!("name = 't'\nvalue = {{ {value} }}\non_error = 'omit'");
        assert_eq!(
            refusal_of_claim(&lines),
            "catalog.toml:9:12: \"on_error\" is for expressions: leave it out",
        );
    }
}

#[test]
fn an_expression_is_a_text() {
    assert_eq!(
        refusal_of_claim("name = 't'\nvalue = { expression = 1 }"),
        "catalog.toml:8:24: \"expression\" must be a text in quotes, not an integer"
    );
    let both = refusal_of_claim("name = 't'\nvalue = { expression = '1', constant = 1 }");
    assert!(both.starts_with("catalog.toml:8:9: a claim has one value: write "), "{both}");
}

#[test]
fn groups_are_chosen_by_one_filter() {
    let of =
        |filter: &str| claim(&format!("name = 't'\nvalue = {{ groups = {{ {filter} }} }}")).value;
    for (key, kind) in [
        ("starts_with", GroupMatch::StartsWith),
        ("equals", GroupMatch::Equals),
        ("contains", GroupMatch::Contains),
    ] {
        let filter = GroupFilter { kind, value: "a".to_owned() };
        assert_eq!(of(&format!("{key} = 'a'")), ClaimSource::Groups(filter));
    }
    let pattern = Pattern::parse("^team-\\d+$").unwrap();
    assert_eq!(of("regex = '^team-\\d+$'"), ClaimSource::MatchingGroups(pattern));
    for filters in ["", "regex = 'a', equals = 'a'"] {
        let lines = format!("name = 't'\nvalue = {{ groups = {{ {filters} }} }}");
        let shown = refusal_of_claim(&lines);
        assert!(shown.ends_with("groups are chosen in one way: write { starts_with = \"…\" }"));
    }
}

#[test]
fn a_mistake_in_a_pattern_is_shown_at_its_column() {
    let hint = "write a backslash before a character that stands for itself";
    for (pattern, place, what) in [
        ("'a(b'", "8:32", format!("unclosed group: {hint}")),
        ("\"\\u0061[\"", "8:37", format!("unclosed character class: {hint}")),
        (
            "'a{1000}{1000}'",
            "8:31",
            "the pattern is too large: write smaller repetitions".to_owned(),
        ),
        (
            &format!("'{}'", "a".repeat(257)),
            "8:31",
            "the pattern is too long: write at most 256 characters".to_owned(),
        ),
    ] {
        let lines = format!("name = 't'\nvalue = {{ groups = {{ regex = {pattern} }} }}");
        assert_eq!(refusal_of_claim(&lines), format!("catalog.toml:{place}: {what}"), "{pattern}");
    }
    assert!(Pattern::parse(&"a".repeat(256)).is_ok());
}

#[test]
fn a_row_whose_expression_does_not_parse_is_unreadable() {
    let read = |value: serde_json::Value| {
        let claim = json!({ "token": "access", "value": value });
        serde_json::from_value::<ClaimSpec>(claim).map(|claim| claim.value)
    };
    let of = |text: &str, more: serde_json::Value| {
        let mut expression = json!({ "text": text });
        expression.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(json!({ "expression": expression }))
    };
    assert_eq!(of("user.id", json!({})).unwrap(), computed("user.id", OnError::Omit));
    let refuse = json!({ "on_error": "refuse" });
    assert_eq!(of("user.id", refuse).unwrap(), computed("user.id", OnError::Refuse));
    assert!(of("user.", json!({})).is_err());
    assert!(of("user.id", json!({ "on_error": "maybe" })).is_err());
    assert!(of("user.id", json!({ "later": true })).is_err());
    assert!(read(json!({ "matching_groups": "(" })).is_err());
    let pattern = read(json!({ "matching_groups": "a" })).unwrap();
    assert_eq!(pattern, ClaimSource::MatchingGroups(Pattern::parse("a").unwrap()));
    for value in [computed("user.id", OnError::Refuse), pattern] {
        assert_eq!(read(serde_json::to_value(&value).unwrap()).unwrap(), value);
    }
}
