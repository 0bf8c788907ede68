//! What an expression can read.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::expression::Root;

#[test]
fn every_name_of_the_inputs_has_its_value() {
    for (text, expected) in [
        ("user.id", json!("00u1")),
        ("user.login", json!("alice")),
        ("user.groups", json!(["admins", "staff"])),
        ("user.profile.department", json!("sales")),
        ("user.profile.address.locality", json!("Oslo")),
        ("user.profile[\"roles\"][1]", json!("seller")),
        ("client.id", json!("orders-portal")),
        ("client.name", json!("Orders portal")),
        ("client.type", json!("web")),
        ("client.attributes", json!({ "tenant": "acme", "tenant-id": 7 })),
        ("client.attributes[\"tenant-id\"]", json!(7)),
        ("server.id", json!("default")),
        ("server.audience", json!("api://orders")),
        ("scopes", json!(["read:orders", "write:orders"])),
        ("request.grant_type", json!("authorization_code")),
        ("request.resource", json!("https://orders.example.com")),
        ("request.address", json!("192.0.2.7")),
        ("request.time", json!(1_796_031_005)),
        ("session.auth_time", json!(1_795_946_100)),
        ("session.acr", json!("urn:okta:loa:2fa:any")),
        ("session.amr", json!(["pwd", "otp"])),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn without_a_user_has_is_false_and_everything_else_fails() {
    let world = World::new();
    let inputs = Inputs { session: None, ..world.without_user() };
    let parse = |text| Expression::parse(text, Wanted::Value).unwrap();
    for text in [
        "has(user.login)",
        "has(user.id)",
        "has(user.groups)",
        "has(user.profile)",
        "has(user.profile.department)",
        "has(user.profile.address.locality)",
        "has(session.acr)",
        "has(session.auth_time)",
        "has(session.amr)",
    ] {
        assert_eq!(parse(text).evaluate(&inputs), Ok(json!(false)), "{text}");
        assert_eq!(value(text), json!(true), "{text}");
    }
    for text in ["user.login", "user.profile.department", "\"a\" in user.groups", "session.acr"] {
        let error = parse(text).evaluate(&inputs).unwrap_err();
        assert_eq!(error.reason(), "the request has no such value", "{text}");
    }
    let guarded = parse("has(user.login) && user.profile.level > 2");
    assert_eq!(guarded.holds(&inputs), Ok(false));
    assert_eq!(guarded.holds(&world.inputs()), Ok(true));
}

#[test]
fn an_unknown_address_and_no_resource_are_absent() {
    let world = World::new();
    let mut inputs = world.inputs();
    (inputs.request.address, inputs.request.resource) = (None, None);
    for name in ["address", "resource"] {
        let parse = |text: String| Expression::parse(&text, Wanted::Value).unwrap();
        let has = parse(format!("has(request.{name})"));
        assert_eq!((has.holds(&inputs), has.holds(&world.inputs())), (Ok(false), Ok(true)));
        assert!(parse(format!("request.{name}")).evaluate(&inputs).is_err());
    }
}

#[test]
fn has_of_a_member_that_is_null_is_true_and_of_a_missing_parent_fails() {
    assert_eq!(value("has(user.profile.nothing)"), json!(true));
    assert_eq!(value("has(user.profile.missing)"), json!(false));
    assert_eq!(failure("has(user.profile.missing.part)"), "there is no such member");
    assert_eq!(failure("has(user.profile.department.part)"), "the value has the wrong type here");
}

#[test]
fn an_expression_tells_which_names_it_reads() {
    let reads = |text| Expression::parse(text, Wanted::Value).unwrap().reads().clone();
    assert_eq!(reads("1 + 1"), BTreeSet::new());
    assert_eq!(reads("scopes"), BTreeSet::from([Root::Scopes]));
    assert_eq!(
        reads("has(user.login) || client.id in [server.id]"),
        BTreeSet::from([Root::Client, Root::Server, Root::User])
    );
    // Also in parts that are not evaluated.
    assert_eq!(
        reads("true ? 1 : {\"a\": [1].map(x, request.time)}.size() + size(session.amr)"),
        BTreeSet::from([Root::Request, Root::Session])
    );
}

#[test]
fn an_expression_is_equal_by_text_and_is_its_text_in_json() {
    let parse = |text| Expression::parse(text, Wanted::Value).unwrap();
    assert_eq!(parse("user.id"), parse("user.id"));
    assert_ne!(parse("user.id"), parse("user.id "));
    let json = serde_json::to_string(&parse("user.id")).unwrap();
    assert_eq!(json, r#""user.id""#);
    assert_eq!(serde_json::from_str::<Expression>(&json).unwrap(), parse("user.id"));
    let error = serde_json::from_str::<Expression>(r#""user.""#).unwrap_err().to_string();
    assert!(error.starts_with("character 6 of the expression: "), "{error}");
}

#[test]
fn an_error_shows_the_part_and_no_value() {
    let error = evaluated("user.profile.department + client.attributes.secret").unwrap_err();
    let shown = "character 45 of the expression, at \"secret\": there is no such member";
    assert_eq!(error.to_string(), shown);
    let error = evaluated("\"é\" + user.profile.level").unwrap_err();
    let shown = "character 5 of the expression, at \"+\": the value has the wrong type here";
    assert_eq!((error.to_string().as_str(), error.character()), (shown, 5));
    for text in ["user.profile.department * 2", "int(user.profile.department)"] {
        let error = evaluated(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sales"), "{error:?}");
    }
    assert!(!format!("{:?}", World::new().inputs()).contains("sales"));
}
