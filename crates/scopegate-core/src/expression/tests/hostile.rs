//! Expressions that loop, grow or nest. The bounds are counts of steps, never times.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::expression::budget::Budget;
use crate::expression::budget::MAX_STEPS;
use crate::expression::evaluate::Evaluation;
use crate::expression::{Expression, Wanted, Work};

/// The steps that an evaluation uses, and its result.
fn steps(text: &str, world: &World) -> (u32, Result<Json, &'static str>) {
    let expression =
        Expression::parse(text, Wanted::Value).unwrap_or_else(|e| panic!("{text}: {e}"));
    let inputs = world.inputs();
    let mut evaluation = Evaluation::new(&inputs, Budget::new());
    let json = evaluation.json(&expression.0.root);
    let json = json.map_err(|failure| failure.in_text(text).reason());
    (evaluation.budget.used_steps(), json)
}

fn nested(depth: usize, open: &str, core: &str, close: &str) -> String {
    format!("{}{core}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn nesting_is_limited_to_32_levels() {
    let too_deep = "the expression is nested too deeply: write at most 32 levels";
    for (open, core, close, most) in [
        ("(", "1", ")", 31),
        ("[", "1", "]", 31),
        ("!", "true", "", 31),
        ("!(", "true", ")", 15),
        ("-(", "1", ")", 15),
        ("- -", "1", "", 15),
        ("{\"a\":", "1", "}", 31),
        ("true?1:", "1", "", 31),
        ("size([", "1", "])+0", 10),
        ("", "user.profile", ".a", 31),
        ("", "user.profile.roles", "[0]", 30),
        ("", "1", "+1", 31),
        ("", "\"a\"", "+\"a\"", 31),
        ("[1][", "0", "]", 30),
    ] {
        let parse = |depth| Expression::parse(&nested(depth, open, core, close), Wanted::Value);
        assert!(parse(most).is_ok(), "{open} {close}: {:?}", parse(most));
        let error = parse(most.max(31) + 1).unwrap_err();
        assert_eq!(error.message(), too_deep, "{open} {close}");
    }
    for text in
        ["(", "[", "{", "[1,", "!", "-", "has(", "size(", "scopes.map(x,", "{\"a\":", "a?b:"]
    {
        for length in [32, 33, 1024 / text.len()] {
            assert!(Expression::parse(&text.repeat(length), Wanted::Value).is_err(), "{text}");
        }
    }
}

#[test]
fn the_deepest_expression_needs_little_stack() {
    let evaluate = || {
        let world = World::new();
        for text in
            [nested(31, "(", "1", ")"), nested(31, "[", "1", "]"), nested(31, "", "1", "+1")]
        {
            let expression = Expression::parse(&text, Wanted::Value).unwrap();
            assert!(expression.evaluate(&world.inputs()).is_ok());
        }
    };
    // A thread of the server has 2 MiB. Builds for tests need several times the stack of release builds.
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(evaluate);
    thread.unwrap().join().unwrap();
}

#[test]
fn long_chains_of_and_and_or_are_not_deep() {
    let chain = |times| nested(times, "", "true", "&&true");
    assert!(Expression::parse(&chain(170), Wanted::Boolean).is_ok());
    let or = nested(210, "", "1>2", "||1>2");
    assert!(or.chars().count() > 1024);
    assert!(refused(&or).contains("at most 1024 characters"));
}

#[test]
fn an_expression_has_at_most_1024_characters_and_500_nodes() {
    let text = |length: usize| format!("\"{}\"", "é".repeat(length - 2));
    assert!(Expression::parse(&text(1024), Wanted::Value).is_ok());
    assert_eq!(
        refused(&text(1025)),
        "character 1: the expression is too long: write at most 1024 characters"
    );
    let list = |elements: usize| format!("[{}]", vec!["1"; elements].join(","));
    assert!(Expression::parse(&list(499), Wanted::Value).is_ok());
    assert!(refused(&list(500)).ends_with("the expression has too many parts: write at most 500"));
}

#[test]
fn at_most_two_macros_are_inside_of_each_other() {
    let two = "[1].map(x, [x].map(y, x + y))";
    assert_eq!(value(two), json!([[2]]));
    let three = "[1].map(x, [x].map(y, [y].map(z, z)))";
    let refusal = "too many macros inside of macros: write at most 2";
    assert!(refused(three).ends_with(refusal));
    assert!(refused("[1].all(x, [x].all(y, [y].exists(z, true)))").ends_with(refusal));
    // Macros one after another are not inside of each other.
    assert_eq!(value("[1].map(x, x).map(x, x).map(x, x)"), json!([1]));
    assert_eq!(value("[1].map(x, [x].map(y, y).map(y, y).map(y, y))"), json!([[1]]));
}

#[test]
fn work_is_limited_whatever_the_inputs_are() {
    let mut world = World::new();
    world.groups = (0..1000).map(|n| format!("group-{n:04}")).collect();
    let square = "user.groups.map(x, size(user.groups.filter(y, x < y && y < x && x == y)))";
    let (used, result) = steps(square, &world);
    assert_eq!(result, Err("the evaluation takes more than 1000000 steps"));
    assert!(used <= MAX_STEPS);
    // A search that finds something early is cheap.
    let (used, result) = steps("user.groups.all(x, user.groups.exists(y, x >= y))", &world);
    assert_eq!((used, result), (6002, Ok(json!(true))));
    // A limit is not absorbed.
    let absorbed = format!("size({square}) > 0 || true");
    assert_eq!(steps(&absorbed, &world).1, Err("the evaluation takes more than 1000000 steps"));
    let absorbed = format!("[1].exists(z, size({}) > 0 || true)", "user.groups + user.groups");
    assert_eq!(steps(&absorbed, &world).1, Err("the list has more than 1000 elements"));
}

#[test]
fn a_list_has_at_most_1000_elements() {
    let mut world = World::new();
    world.groups = (0..1001).map(|n| format!("group-{n:04}")).collect();
    world.profile.insert("many".to_owned(), json!(vec![1; 1000]));
    world.profile.insert("text".to_owned(), json!("a,".repeat(1000)));
    let too_many = Err("the list has more than 1000 elements");
    for (text, expected) in [
        ("size(user.groups)", Ok(json!(1001))),
        ("\"group-0000\" in user.groups", Ok(json!(true))),
        ("user.groups.exists(x, true)", too_many.clone()),
        ("user.groups.map(x, 1)", too_many.clone()),
        ("size(user.profile.many.map(x, 1))", Ok(json!(1000))),
        ("size(user.profile.many + [1])", too_many.clone()),
        ("size(user.profile.many + [])", Ok(json!(1000))),
        ("size(user.profile.text.split(\",\"))", too_many.clone()),
        ("size(user.profile.text.split(\"\"))", too_many.clone()),
        ("size(user.profile.text.substring(2).split(\",\"))", Ok(json!(1000))),
    ] {
        assert_eq!(steps(text, &world).1, expected, "{text}");
    }
}

#[test]
fn texts_and_lists_cannot_grow_without_limit() {
    let too_large = Err("the texts and lists that were made have more than 256 KiB");
    let mut world = World::new();
    world.profile.insert("long".to_owned(), json!("a".repeat(8000)));
    // Doubling: macros one after another.
    let doubled = |times| nested(times, "", "[\"0123456789\"]", ".map(x, x + x)") + "[0]";
    assert!(steps(&doubled(10), &world).1.is_ok());
    for (text, expected) in [
        (doubled(15), too_large.clone()),
        (doubled(28), too_large.clone()),
        (nested(30, "", "user.profile.long", "+user.profile.long"), too_large.clone()),
        (nested(8, "", "user.profile.long", ".replace(\"a\", \"aaaa\")"), too_large.clone()),
        (nested(8, "", "user.profile.long", ".replace(\"\", \"aaaa\")"), too_large.clone()),
        (
            nested(9, "", "[1,1]", ".map(x, [1,1,1,1,1,1,1,1])"),
            Ok(json!([[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1]])),
        ),
        (
            "user.profile.long.split(\"\").map(x, user.profile.long)"
                .replace("split(\"\")", "split(\"b\")"),
            Ok(json!(["a".repeat(8000)])),
        ),
        (
            "user.groups.map(x, user.groups.map(y, user.profile.long + x + y)).map(x, x.join())"
                .to_owned(),
            Ok(json!([1, 1])),
        ),
    ] {
        let (used, result) = steps(&text, &world);
        assert!(used < 100_000, "{text}: {used}");
        match expected {
            Ok(value) if value == json!([1, 1]) => assert!(result.is_ok() || result == too_large),
            expected => assert_eq!(result, expected, "{text}"),
        }
    }
    let list = nested(12, "", "[1,1,1,1,1,1,1,1]", ".map(x, 1) + [1,1,1,1,1,1,1,1]");
    assert!(steps(&list, &world).0 < 100_000);
}

#[test]
fn a_pattern_is_small_and_matches_in_linear_time() {
    for (pattern, refusal) in [
        ("((((a{100}){100}){100}){100})", "the pattern is too large"),
        ("a{1000}{1000}", "the pattern is too large"),
        ("\\\\w{1000}", "the pattern is too large"),
        ("(a", "character 1 of the pattern: unclosed group: write a backslash"),
        ("(?=a)", "character 1 of the pattern: look-around"),
        ("(é)\\\\1", "character 4 of the pattern: backreferences are not supported"),
        (&"a".repeat(257), "the pattern is too long: write at most 256 characters"),
        (&"(".repeat(250), "of the pattern: "),
    ] {
        let refused = refused(&format!("user.id.matches(\"{pattern}\")"));
        assert!(refused.contains(refusal), "{pattern}: {refused}");
    }
    assert!(
        Expression::parse(&format!("user.id.matches(\"{}\")", "a".repeat(256)), Wanted::Value)
            .is_ok()
    );
    let mut world = World::new();
    world.profile.insert("long".to_owned(), json!("a".repeat(8000)));
    let (used, result) = steps(
        "user.profile.long.matches(\"^(a+)+$\") && !user.profile.long.matches(\"(a*)*b\")",
        &world,
    );
    assert_eq!((used, result), (128_012, Ok(json!(true))));
    // Patterns that match often use up the steps.
    let many = nested(30, "", "false", "||user.profile.long.matches(\"b\")");
    assert_eq!(steps(&many, &world).1, Err("the evaluation takes more than 1000000 steps"));
}

/// Expressions that are mostly well-formed.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "1",
        "0",
        "-1",
        "2.5",
        "true",
        "false",
        "null",
        "\"a\"",
        "\"\"",
        "[]",
        "[1, \"a\"]",
        "{\"a\": 1}",
        "user.login",
        "user.groups",
        "user.profile",
        "user.profile.level",
        "user.profile.missing",
        "scopes",
        "client.attributes",
        "request.time",
        "session.amr",
        "duration(\"1h\")",
        "x",
        "y",
        "9223372036854775807",
        "user.profile.roles",
        "user.profile.big",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 3, |inner| {
        let operator = proptest::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||",
        ]);
        let method = proptest::sample::select(vec![
            "contains",
            "startsWith",
            "endsWith",
            "indexOf",
            "split",
            "join",
            "substring",
            "matches",
        ]);
        let nullary = proptest::sample::select(vec![
            "size",
            "trim",
            "lowerAscii",
            "getHours",
            "getDayOfYear",
            "join",
            "a",
        ]);
        let global = proptest::sample::select(vec![
            "size",
            "string",
            "int",
            "double",
            "timestamp",
            "duration",
            "has",
            "!",
            "-",
        ]);
        let expand = proptest::sample::select(vec!["all", "exists", "exists_one", "filter", "map"]);
        let variable = proptest::sample::select(vec!["x", "y"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, o, r)| format!("({l} {o} {r})")),
            (inner.clone(), method, inner.clone()).prop_map(|(l, m, r)| format!("{l}.{m}({r})")),
            (inner.clone(), nullary).prop_map(|(l, m)| format!("{l}.{m}()")),
            (global, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), expand, variable, inner.clone())
                .prop_map(|(l, m, v, r)| format!("{l}.{m}({v}, {r})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("{l}[{r}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
    })
}

/// Parses and evaluates; the limits hold whatever the text is.
fn stays_within_limits(text: &str) -> Result<(), TestCaseError> {
    let Ok(expression) = Expression::parse(text, Wanted::Value) else { return Ok(()) };
    let world = World::new();
    for inputs in [world.inputs(), Inputs { session: None, ..world.without_user() }] {
        let mut evaluation = Evaluation::new(&inputs, Budget::new());
        let json = evaluation.json(&expression.0.root);
        prop_assert!(evaluation.budget.used_steps() <= MAX_STEPS);
        if let Ok(json) = json {
            prop_assert!(json.to_string().len() <= 64 * 1024);
        }
        // The same result again: nothing depends on the time or on earlier evaluations.
        prop_assert_eq!(expression.evaluate(&inputs), expression.evaluate(&inputs));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        stays_within_limits(&text)?;
    }

    #[test]
    fn no_sequence_of_tokens_panics(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%", "<", "==",
                "&&", "||", "in", "1", "0x", "1.", "1e", "\"a\"", "'", "\"\\", "r'", "user", "login",
                "scopes", "map", "x", "has", "matches", "true", "null", "é", "\u{0}", "//", "\n",
            ]),
            0..40,
        )
    ) {
        stays_within_limits(&tokens.concat())?;
        stays_within_limits(&tokens.join(" "))?;
    }

    #[test]
    fn well_formed_expressions_stay_within_the_limits(text in expressions()) {
        stays_within_limits(&text)?;
    }

    /// What is known about a type before the evaluation is never wrong.
    #[test]
    fn a_value_has_one_of_the_types_that_were_computed(text in expressions()) {
        if let Ok(expression) = Expression::parse(&text, Wanted::Value)
            && let Ok(value) = expression.evaluate(&World::new().inputs())
        {
            let types = expression.0.root.types.to_string();
            let name = match &value {
                Json::Null => "null",
                Json::Bool(_) => "a boolean",
                Json::Number(_) if types.contains("time") || types.contains("duration") => "",
                Json::Number(number) if number.is_f64() => "a float",
                Json::Number(_) => "an integer",
                Json::String(_) => "a text",
                Json::Array(_) => "a list",
                Json::Object(_) => "a map",
            };
            prop_assert!(types == "any value" || types.contains(name), "{} gives {}, not {}", text, value, types);
        }
    }
}

#[test]
fn all_expressions_of_a_decision_share_one_limit_of_steps() {
    let world = World::new();
    let cheap = Expression::parse("1 + 1 == 2", Wanted::Boolean).unwrap();
    let work = Work::new();
    let mut held = 0;
    while cheap.holds_within(&world.inputs(), &work).is_ok() {
        held += 1;
        assert!(held <= 1_000_000, "the steps are not counted");
    }
    assert!(held > 1000 && work.is_used_up(), "{held}");
    // Both kinds of evaluation fail from then on, and those of other decisions do not.
    assert!(cheap.holds_within(&world.inputs(), &work).is_err());
    assert!(cheap.evaluate_within(&world.inputs(), &work).is_err());
    assert_eq!(cheap.holds_within(&world.inputs(), &Work::new()), Ok(true));
}
