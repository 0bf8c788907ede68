//! What is accepted, and what is refused with its position.

use super::*;

#[test]
fn a_mistake_is_shown_at_its_character_with_what_to_write() {
    for (text, expected) in [
        ("", "character 1: the expression ends here: write a value"),
        ("user.logn", "character 6: `user` has no member \"logn\": write \"login\""),
        ("usr.login", "character 1: unknown name \"usr\": write \"user\""),
        ("user", "character 1: `user` alone is no value: write `user.groups`"),
        ("user == null", "character 1: `user` alone is no value: write `user.groups`"),
        ("user[\"login\"]", "character 1: `user` alone is no value: write `user.groups`"),
        ("user.", "character 6: the expression ends here: write the name of a member"),
        ("scopes.read", "character 8: a list has no member \"read\": write it after a map"),
        (
            "\"é\" + 1",
            "character 5: `+` does not take a text and an integer: convert one of them, such as by string(…)",
        ),
        (
            "user.login < 1",
            "character 12: `<` does not take a text and an integer: convert one of them, such as by string(…)",
        ),
        (
            "1 in user.login",
            "character 3: `in` does not take an integer and a text: write a list or a map on its right, such as `\"a\" in [\"a\", \"b\"]`",
        ),
        (
            "\"a\" in \"abc\"",
            "character 5: `in` does not take a text and a text: write text.contains(text)",
        ),
        (
            "[1] < [2]",
            "character 5: `<` does not take a list and a list: lists have no order: compare their sizes by size(…), or one element, such as list[0]",
        ),
        (
            "1 - 1.5",
            "character 3: `-` does not take an integer and a float: convert one of them, such as by int(…) or double(…)",
        ),
        ("user.login && true", "character 6: a text is neither true nor false: write a comparison"),
        ("!scopes", "character 2: a list is neither true nor false: write a comparison"),
        ("1 ? 2 : 3", "character 1: an integer is neither true nor false: write a comparison"),
        ("true ? 2", "character 9: the expression ends here: write `:`"),
        ("-user.login", "character 1: `-` does not take a text: write a number"),
        ("user.id = 1", "character 9: `=` is no operator: write `==`"),
        (
            "user.id & 1",
            "character 9: unexpected character \"&\": write texts in quotes, and `&&`, `||` or `!` for and, or, not",
        ),
        (
            "user.id user.id",
            "character 9: unexpected name \"user\": write an operator, such as `&&` or `==`, or the end",
        ),
        ("(1", "character 3: the expression ends here: write `)`"),
        ("1)", "character 2: unexpected `)`: write an operator, such as `&&` or `==`, or the end"),
        ("[1 2]", "character 4: unexpected number: write `]`"),
        ("{1: 2}", "character 2: a key of a map is a text, not an integer: write it in quotes"),
        ("\"abc", "character 1: a text without its end: write \" after it"),
        ("'a\nb'", "character 1: a text without its end: write ' after it"),
        (
            r#""a\.b""#,
            r"character 3: unknown escape: write `\\` for a backslash, or `r` before the quotes",
        ),
        (
            r#""\ud800""#,
            r"character 2: unknown escape: write `\\` for a backslash, or `r` before the quotes",
        ),
        ("b\"a\"", "character 1: bytes are not supported: write a text without the `b`"),
        ("9223372036854775808", "character 1: the number is out of range: write one of 64 bits"),
        ("-9223372036854775809", "character 1: the number is out of range: write one of 64 bits"),
        ("1e999", "character 1: \"1e999\" is no number: write one of 64 bits, such as 42 or 1.5"),
        ("1u", "character 1: \"1u\" is no number: write one of 64 bits, such as 42 or 1.5"),
        ("0x", "character 1: \"0x\" is no number: write one of 64 bits, such as 42 or 1.5"),
        (
            "lower(user.id)",
            "character 1: unknown function \"lower\": write one of \"double\", \"duration\", \"int\", \"size\", \"string\", \"timestamp\", \"has\"",
        ),
        (
            "user.id.startWith(\"a\")",
            "character 9: unknown function \"startWith\": write \"startsWith\"",
        ),
        (
            "user.id.string()",
            "character 9: \"string\" is called in another way: write string(value)",
        ),
        (
            "matches(user.id, \"a\")",
            "character 1: \"matches\" is called in another way: write text.matches(\"pattern\")",
        ),
        (
            "exists(scopes)",
            "character 1: \"exists\" is called in another way: write list.exists(x, …)",
        ),
        (
            "user.id.substring(1, 2, 3)",
            "character 9: wrong number of arguments: write text.substring(integer) or text.substring(integer, integer)",
        ),
        (
            "user.id.contains(1)",
            "character 18: `contains` does not take an integer here: write a text",
        ),
        (
            "size(1)",
            "character 6: `size` does not take an integer here: write a text or a list or a map",
        ),
        (
            "user.id.matches(user.login)",
            "character 22: the pattern of `matches` must be written out: write it in quotes",
        ),
        (
            "user.id.matches(\"(\")",
            "character 17: character 1 of the pattern: unclosed group: write a backslash before a character that stands for itself",
        ),
        (
            "scopes.matches(\"a\")",
            "character 8: `matches` does not take a list: write it after a text",
        ),
        ("has(user)", "character 5: `user` alone is no value: write `user.groups`"),
        ("has(scopes)", "character 1: `has` takes a member, such as has(user.profile.name)"),
        ("has(1)", "character 1: `has` takes a member, such as has(user.profile.name)"),
        (
            "user.id.map(x, x)",
            "character 9: a macro does not go through a text: write a list or a map",
        ),
        (
            "scopes.map(1, 2)",
            "character 12: unexpected number: write the name of a variable, such as `x`",
        ),
        (
            "scopes.map(user, user)",
            "character 12: the name \"user\" is taken: write another, such as `x`",
        ),
        ("scopes.map(in, 1)", "character 12: the name \"in\" is taken: write another, such as `x`"),
        (
            "scopes.map(x, [1].map(x, 1))",
            "character 23: the name \"x\" is taken: write another, such as `x`",
        ),
        (
            "scopes.filter(x, 1)",
            "character 18: an integer is neither true nor false: write a comparison",
        ),
        (
            "scopes.map(x, 1, 2)",
            "character 15: an integer is neither true nor false: write a comparison",
        ),
        ("scopes.all(x, true, true)", "character 19: unexpected `,`: write `)`"),
        (
            "scopes.map(x, x) == x",
            "character 21: unknown name \"x\": write one of \"client\", \"request\", \"scopes\", \"server\", \"session\", \"user\"",
        ),
        (
            "scopes[\"a\"]",
            "character 7: a list has no element by a text: write a list with an integer, or a map with a text",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn a_condition_must_be_able_to_be_true_or_false() {
    for good in ["true", "user.profile.is_active", "has(user.id)", "user.profile.x ? 1 : true"] {
        assert!(Expression::parse(good, Wanted::Boolean).is_ok(), "{good}");
    }
    for (bad, gives) in
        [("user.id", "a text"), ("true ? 1 : null", "null or an integer"), ("scopes", "a list")]
    {
        let error = Expression::parse(bad, Wanted::Boolean).unwrap_err();
        assert_eq!(
            error.message(),
            format!("the expression gives {gives}: write one that is true or false")
        );
        assert!(Expression::parse(bad, Wanted::Value).is_ok());
    }
    let world = World::new();
    let dynamic = Expression::parse("user.profile.department", Wanted::Boolean).unwrap();
    let error = dynamic.holds(&world.inputs()).unwrap_err();
    assert_eq!(error.reason(), "the value is neither true nor false");
}

#[test]
fn literals_have_the_values_that_cel_gives_them() {
    for (text, expected) in [
        ("null", json!(null)),
        ("[true, false]", json!([true, false])),
        ("[0, 42, -1, 0x1F, -0xa]", json!([0, 42, -1, 31, -10])),
        ("[9223372036854775807, -9223372036854775808]", json!([i64::MAX, i64::MIN])),
        ("[1.5, -0.5, 1e3, 2.5E-1, 1e+1]", json!([1.5, -0.5, 1000.0, 0.25, 10.0])),
        ("[\"a\", 'b', \"it's\", '\"']", json!(["a", "b", "it's", "\""])),
        (
            r#""\\ \" \' \n \t \r \x41 \u00e9 \U0001F600 \101 é""#,
            json!("\\ \" ' \n \t \r A é 😀 A é"),
        ),
        (r#"r"\d+" + R'\w'"#, json!(r"\d+\w")),
        ("[1, 2,]", json!([1, 2])),
        ("{\"a\": 1, 'b': [],}", json!({ "a": 1, "b": [] })),
        ("{}", json!({})),
        ("1 // a comment\n + 1 // another", json!(2)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn operators_bind_as_in_cel() {
    for (text, expected) in [
        ("1 + 2 * 3 - 4 / 2", json!(5)),
        ("10 - 3 - 2", json!(5)),
        ("(1 + 2) * 3", json!(9)),
        ("-2 * -3", json!(6)),
        ("- 2 - - 3", json!(1)),
        ("!false && false || true", json!(true)),
        ("true || false && false", json!(true)),
        ("1 + 1 == 2 && 2 < 3", json!(true)),
        ("1 < 2 == true", json!(true)),
        ("false ? 1 : true ? 2 : 3", json!(2)),
        ("true ? (false ? 1 : 2) : 3", json!(2)),
        ("true || true ? 1 : 2", json!(1)),
        ("!has(user.profile.x)", json!(true)),
        ("-user.profile.level", json!(-3)),
        ("!!true", json!(true)),
        ("[1, 2][0] + {\"a\": 1}.a + {\"a\": 1}[\"a\"]", json!(3)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}
