//! What operators, functions and macros compute.

use super::*;

#[test]
fn values_of_different_types_are_not_equal_except_numbers() {
    for text in [
        "1 == 1.0",
        "user.profile.level == 3.0",
        "1 != \"1\"",
        "null == user.profile.nothing",
        "null != false",
        "[1, \"a\"] == [1.0, \"a\"]",
        "[1] != [1, 2]",
        "[1, 2] != [1, 3]",
        "{\"a\": 1, \"b\": 2} == {\"b\": 2, \"a\": 1}",
        "{\"a\": 1} != {\"b\": 1}",
        "{\"a\": 1} != {\"a\": 2}",
        "{\"a\": 1} != {\"a\": 1, \"b\": 1}",
        "user.groups == [\"admins\", \"staff\"]",
        "user.profile.address == {\"locality\": \"Oslo\"}",
        "9007199254740993 != 9007199254740992.0",
        "0.0 / 0.0 != 0.0 / 0.0",
    ] {
        assert_eq!(value(text), json!(true), "{text}");
    }
}

#[test]
fn numbers_texts_booleans_and_times_have_an_order() {
    for text in [
        "1 < 2 && !(2 < 2) && 2 <= 2 && 3 > 2 && !(2 > 2) && 2 >= 2",
        "1 < 1.5 && 1.5 > 1 && 1 <= 1.0 && -1 > -1.5 && -1.5 < -1",
        "9007199254740993 > 9007199254740992.0",
        "9223372036854775807 < 9223372036854775808.0",
        "-9223372036854775808 >= -9223372036854775808.0",
        "-9223372036854775808 > -1e30",
        "!(0.0 / 0.0 < 1.0) && !(1 < 0.0 / 0.0) && !(0.0 / 0.0 >= 1)",
        "\"a\" < \"b\" && \"Z\" < \"a\" && \"a\" < \"aa\"",
        "false < true",
        "request.time > session.auth_time",
        "request.time < timestamp(\"2026-11-30T09:30:05.5Z\")",
        "duration(\"90m\") == duration(\"1h30m\")",
    ] {
        assert_eq!(value(text), json!(true), "{text}");
    }
    for text in ["user.profile.level < user.profile.department", "user.profile.nothing < 1"] {
        assert_eq!(failure(text), "the value has the wrong type here", "{text}");
    }
}

#[test]
fn arithmetic_fails_instead_of_wrapping() {
    for (text, expected) in [
        ("7 / 2", json!(3)),
        ("-7 / 2", json!(-3)),
        ("-7 % 2", json!(-1)),
        ("7.0 / 2.0", json!(3.5)),
        ("user.profile.level * 2 + 1", json!(7)),
        ("user.profile.ratio - 0.25", json!(0.25)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let overflow = "the number is out of the range of 64 bits";
    for (text, reason) in [
        ("9223372036854775807 + 1", overflow),
        ("-9223372036854775808 - 1", overflow),
        ("9223372036854775807 * 2", overflow),
        ("-(-9223372036854775808)", overflow),
        ("-9223372036854775808 / -1", overflow),
        ("-9223372036854775808 % -1", overflow),
        ("1 / 0", "a division by zero"),
        ("1 % 0", "a division by zero"),
        ("1.0 / 0.0", "JSON has no such number"),
        ("user.profile.level + 0.5", "the value has the wrong type here"),
        ("user.profile.level + user.profile.department", "the value has the wrong type here"),
        ("-user.profile.department", "the value has the wrong type here"),
    ] {
        assert_eq!(failure(text), reason, "{text}");
    }
}

#[test]
fn and_and_or_absorb_an_error_if_the_other_side_decides() {
    let fails = "user.profile.missing";
    for (text, expected) in [
        (format!("{fails} || true"), true),
        (format!("true || {fails}"), true),
        (format!("{fails} && false"), false),
        (format!("false && {fails}"), false),
        (format!("{fails} || false || true"), true),
        ("user.profile.level || true".to_owned(), true),
        ("[0, 1, 2].exists(x, 1 / x == 1)".to_owned(), true),
        ("[0, 1, 2].all(x, 1 / x == 1)".to_owned(), false),
    ] {
        assert_eq!(value(&text), json!(expected), "{text}");
    }
    let missing = "there is no such member";
    for (text, reason) in [
        (format!("{fails} || false"), missing),
        (format!("false || {fails}"), missing),
        (format!("{fails} && true"), missing),
        (format!("true && {fails}"), missing),
        (format!("{fails} ? 1 : 2"), missing),
        (format!("!{fails}"), missing),
        ("[0, 1].exists(x, 1 / x == 2)".to_owned(), "a division by zero"),
        ("[0, 1].all(x, 1 / x == 1)".to_owned(), "a division by zero"),
        ("[0, 1].exists_one(x, 1 / x == 1)".to_owned(), "a division by zero"),
        // The first failure is shown.
        (format!("{fails} || 1 / 0 == 1"), missing),
        (format!("user.profile.level && {fails}"), "the value is neither true nor false"),
    ] {
        assert_eq!(failure(&text), reason, "{text}");
    }
}

#[test]
fn a_conditional_evaluates_one_side_only() {
    assert_eq!(value("true ? 1 : 1 / 0"), json!(1));
    assert_eq!(value("false ? 1 / 0 : 2"), json!(2));
    assert_eq!(failure("user.profile.level ? 1 : 2"), "the value is neither true nor false");
}

#[test]
fn macros_go_through_lists_and_the_keys_of_maps() {
    for (text, expected) in [
        ("[1, 2, 3].all(x, x > 0)", json!(true)),
        ("[1, 2, 3].all(x, x > 1)", json!(false)),
        ("[].all(x, false)", json!(true)),
        ("[1, 2].exists(x, x == 2)", json!(true)),
        ("[].exists(x, true)", json!(false)),
        ("[1, 2, 2].exists_one(x, x == 1)", json!(true)),
        ("[1, 2, 2].exists_one(x, x == 2)", json!(false)),
        ("[1, 2, 2].exists_one(x, x == 3)", json!(false)),
        ("[1, 2, 3].filter(x, x != 2)", json!([1, 3])),
        ("[1, 2, 3].map(x, x * 2)", json!([2, 4, 6])),
        ("[1, 2, 3].map(x, x > 1, x * 2)", json!([4, 6])),
        ("user.groups.filter(group, group.startsWith(\"st\"))", json!(["staff"])),
        ("user.groups.map(group, group.upperAscii())", json!(["ADMINS", "STAFF"])),
        ("scopes.exists(scope, scope == \"write:orders\")", json!(true)),
        ("session.amr.all(method, method in [\"pwd\", \"otp\"])", json!(true)),
        ("user.profile.roles.map(role, role + \"!\")", json!(["buyer!", "seller!"])),
        ("user.profile.address.map(key, key)", json!(["locality"])),
        ("{\"a\": 1, \"b\": 2}.filter(key, key == \"b\")", json!(["b"])),
        ("client.attributes.exists(key, key == \"tenant\")", json!(true)),
        ("[[1], [2, 3]].map(list, list.map(x, x + size(list)))", json!([[2], [4, 5]])),
        ("[1, 2].map(x, x + 1).filter(x, x > 2)", json!([3])),
        ("[1, 2].map(x, [x].map(y, x + y)[0] + x)", json!([3, 6])),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert_eq!(failure("user.profile.level.map(x, x)"), "the value has the wrong type here");
    assert_eq!(failure("[1].filter(x, x)"), "the value is neither true nor false");
}

#[test]
fn membership_and_indices() {
    for (text, expected) in [
        ("\"staff\" in user.groups", json!(true)),
        ("\"nobody\" in user.groups", json!(false)),
        ("1 in user.groups", json!(false)),
        ("\"read:orders\" in scopes", json!(true)),
        ("\"read\" in scopes", json!(false)),
        ("1.0 in [1, 2]", json!(true)),
        ("\"tenant\" in client.attributes", json!(true)),
        ("\"x\" in {\"x\": 1}", json!(true)),
        ("user.profile.level in {\"x\": 1}", json!(false)),
        ("user.groups[1]", json!("staff")),
        ("[[1, 2]][0][1]", json!(2)),
        ("scopes[0]", json!("read:orders")),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for (text, reason) in [
        ("[1][1]", "the list has no element at this index"),
        ("[1][-1]", "the list has no element at this index"),
        ("user.groups[2]", "the list has no element at this index"),
        ("{\"a\": 1}[\"b\"]", "there is no such member"),
        ("user.profile.level[0]", "the value has the wrong type here"),
        ("user.profile.level.part", "the value has the wrong type here"),
        ("1 in user.profile.level", "the value has the wrong type here"),
        ("{\"a\": 1, \"a\": 2}", "the map would have a key twice"),
        ("{user.profile.level: 1}", "the value has the wrong type here"),
    ] {
        assert_eq!(failure(text), reason, "{text}");
    }
}

#[test]
fn functions_of_texts_and_lists() {
    for (text, expected) in [
        ("size(\"é\") + \"ab\".size() + size([1]) + {\"a\": 1}.size() + size(scopes)", json!(7)),
        ("\"abc\".contains(\"b\") && !\"abc\".contains(\"d\")", json!(true)),
        ("\"abc\".startsWith(\"ab\") && !\"abc\".startsWith(\"b\")", json!(true)),
        ("\"abc\".endsWith(\"bc\") && !\"abc\".endsWith(\"b\")", json!(true)),
        ("\"ab1\".matches(\"^[a-z]+\\\\d$\") && !\"ab\".matches(\"c\")", json!(true)),
        ("\"xay\".matches(\"a\")", json!(true)),
        ("\"ÀBc\".lowerAscii() + \"àbc\".upperAscii()", json!("ÀbcàBC")),
        ("\" a b \".trim()", json!("a b")),
        ("\"a.b.c\".replace(\".\", \"--\")", json!("a--b--c")),
        ("\"ab\".replace(\"\", \"-\")", json!("-a-b-")),
        ("\"a,b,,c\".split(\",\")", json!(["a", "b", "", "c"])),
        ("\"aé\".split(\"\")", json!(["a", "é"])),
        ("\"aébc\".substring(1)", json!("ébc")),
        ("\"aébc\".substring(1, 3)", json!("éb")),
        ("\"abc\".substring(3)", json!("")),
        ("\"aéb\".indexOf(\"b\")", json!(2)),
        ("\"a\".indexOf(\"b\")", json!(-1)),
        ("user.groups.join()", json!("adminsstaff")),
        ("user.groups.join(\", \")", json!("admins, staff")),
        ("[].join(\",\")", json!("")),
        ("[1] + [\"a\"] + user.groups", json!([1, "a", "admins", "staff"])),
        ("\"a\" + \"b\"", json!("ab")),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for (text, reason) in [
        ("\"abc\".substring(4)", "the list has no element at this index"),
        ("\"abc\".substring(2, 1)", "the list has no element at this index"),
        ("\"abc\".substring(-1)", "the list has no element at this index"),
        ("[1].join()", "the value has the wrong type here"),
        ("size(user.profile.level)", "the value has the wrong type here"),
        ("user.profile.level.contains(\"a\")", "the value has the wrong type here"),
        ("user.profile.level.matches(\"a\")", "the value has the wrong type here"),
    ] {
        assert_eq!(failure(text), reason, "{text}");
    }
}

#[test]
fn conversions() {
    for (text, expected) in [
        ("string(1) + string(-1.5) + string(true) + string(\"a\")", json!("1-1.5truea")),
        ("string(request.time)", json!("2026-11-30T09:30:05Z")),
        ("string(duration(\"1m0.25s\"))", json!("60.25s")),
        ("string(duration(\"-1.5s\"))", json!("-1.5s")),
        ("int(\"42\") + int(1.9) + int(-1.9) + int(3)", json!(45)),
        ("int(request.time)", json!(1_796_031_005)),
        ("double(1) + double(\"0.5\") + double(1.0)", json!(2.5)),
        ("user.profile.big > 1e19", json!(true)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for (text, reason) in [
        ("int(\"4x\")", "the text is not a number"),
        ("int(1e30)", "the number is out of the range of 64 bits"),
        ("int(0.0 / 0.0)", "the number is out of the range of 64 bits"),
        ("double(\"x\")", "the text is not a number"),
        ("string(user.profile.nothing)", "the value has the wrong type here"),
        ("timestamp(\"yesterday\")", "the text is not a time or duration, or it is out of range"),
        ("duration(\"1 hour\")", "the text is not a time or duration, or it is out of range"),
    ] {
        assert_eq!(failure(text), reason, "{text}");
    }
}

#[test]
fn times_and_durations() {
    for (text, expected) in [
        ("request.time.getFullYear()", json!(2026)),
        ("request.time.getMonth()", json!(10)),
        ("request.time.getDate()", json!(30)),
        ("request.time.getDayOfMonth()", json!(29)),
        ("request.time.getDayOfWeek()", json!(1)),
        ("request.time.getDayOfYear()", json!(333)),
        ("request.time.getHours()", json!(9)),
        ("request.time.getMinutes()", json!(30)),
        ("request.time.getSeconds()", json!(5)),
        ("duration(\"1h30m5s\").getHours()", json!(1)),
        ("duration(\"1h30m5s\").getMinutes()", json!(90)),
        ("duration(\"1h30m5s\").getSeconds()", json!(5405)),
        (
            "request.time - duration(\"5s\") == timestamp(\"2026-11-30T10:30:00+01:00\")",
            json!(true),
        ),
        ("duration(\"1d\") + request.time > request.time", json!(true)),
        ("request.time - session.auth_time < duration(\"24h\")", json!(true)),
        ("request.time - session.auth_time", json!(84_905)),
        // Beyond CEL: numbers are seconds.
        ("request.time - session.auth_time < 900", json!(false)),
        ("request.time >= 1796031005 && 1796031006 > request.time", json!(true)),
        ("request.time == 1796031005 && duration(\"1.5s\") == 1.5", json!(true)),
        ("string(timestamp(\"1969-12-31t23:59:59.25z\"))", json!("1969-12-31T23:59:59.25Z")),
        ("string(timestamp(\"0001-01-01T00:00:00Z\"))", json!("0001-01-01T00:00:00Z")),
        ("string(timestamp(\"9999-12-31T23:59:59Z\"))", json!("9999-12-31T23:59:59Z")),
        ("timestamp(\"2024-02-29T00:00:00Z\").getDayOfYear()", json!(59)),
        ("timestamp(\"1970-01-01T00:00:00Z\").getDayOfWeek()", json!(4)),
        ("timestamp(\"1969-12-31T23:59:59Z\").getDayOfWeek()", json!(3)),
        ("-duration(\"1s\") < duration(\"0s\")", json!(true)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let bad = "the text is not a time or duration, or it is out of range";
    for time in [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+0é:0",
        "0000-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00",
        "2026-01-01T00:00:0é",
        "",
        "2026",
        "+026-01-01T00:00:00Z",
    ] {
        assert_eq!(failure(&format!("timestamp(\"{time}\")")), bad, "{time}");
    }
    for duration in
        ["", "-", "1", "h", "1x", "1.s", ".5s", "1h ", "9999999999999d", "--1s", "99999999d"]
    {
        assert_eq!(failure(&format!("duration(\"{duration}\")")), bad, "{duration}");
    }
    assert_eq!(failure("timestamp(\"9999-12-31T00:00:00Z\") + duration(\"2d\")"), bad);
    assert_eq!(failure("timestamp(\"0001-01-01T00:00:00Z\") - duration(\"1s\")"), bad);
}

#[test]
fn a_result_has_at_most_64_kib_of_json() {
    let world = World::new();
    let of = |length: usize, text: &str| {
        let mut world = World::new();
        world.profile.insert("long".to_owned(), json!("a".repeat(length)));
        Expression::parse(text, Wanted::Value).unwrap().evaluate(&world.inputs())
    };
    assert_eq!(world.profile.len(), 8);
    let too_large = "the result has more than 64 KiB of JSON";
    assert!(of(65_534, "user.profile.long").is_ok());
    assert_eq!(of(65_535, "user.profile.long").unwrap_err().reason(), too_large);
    assert_eq!(
        of(32_765, "[user.profile.long, user.profile.long]").unwrap_err().reason(),
        too_large
    );
    assert!(of(32_760, "[user.profile.long, user.profile.long]").is_ok());
}
