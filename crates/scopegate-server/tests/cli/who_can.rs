//! `who-can` and `can`: what they say of the demo's catalog.

use serde_json::{Value, json};

use crate::place::Place;

const DEMO: &str = include_str!("../../../../examples/orders-api/catalog.toml");

fn demo() -> Place {
    let place = Place::new();
    place.write("catalog.toml", DEMO);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    place
}

fn json_of(place: &Place, arguments: &[&str]) -> Value {
    let ended = place.run(arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn who_can_lists_clients_by_grant_rule_and_users() {
    let place = demo();
    let rows =
        json_of(&place, &["who-can", "--server", "default", "--scope", "write:orders", "--json"]);
    let rows = rows.as_array().unwrap();
    let of = |client: &str, grant_type: &str| {
        let mut rows = rows.iter();
        rows.find(|row| row["client"] == client && row["grant_type"] == grant_type)
    };
    assert_eq!(
        of("orders-portal", "authorization_code").unwrap(),
        &json!({
            "client": "orders-portal",
            "grant_type": "authorization_code",
            "rule": "people/staff may write",
            "users": [],
            "groups": ["staff"],
            "conditions": [],
            "unless": [],
            "through": null,
        })
    );
    let machine = of("orders-writer", "client_credentials").unwrap();
    assert_eq!((&machine["users"], &machine["groups"]), (&json!([]), &json!([])));
    assert!(of("orders-reader", "client_credentials").is_none());
    let through: Vec<_> = rows.iter().filter_map(|row| row["through"].as_str()).collect();
    assert!(
        through.contains(&"default/orders-portal") && through.contains(&"default/orders-device")
    );

    let text = place.run(&["who-can", "--scope", "write:orders"]).stdout;
    let portal = "orders-portal\n  grant    authorization_code\n  rule     people/staff may write\n  for      the group staff";
    assert!(text.contains(portal), "{text}");
}

#[test]
fn a_user_or_a_client_that_is_disabled_does_not_count() {
    let place = demo();
    assert_eq!(place.run(&["users", "suspend", "alice"]).code, 0);
    let rows = json_of(&place, &["who-can", "--scope", "write:orders", "--json"]);
    let grants: Vec<_> = rows.as_array().unwrap().iter().map(|row| &row["grant_type"]).collect();
    let only_machines = |grant: &&&Value| {
        **grant == "client_credentials"
            || **grant == "urn:ietf:params:oauth:grant-type:token-exchange"
    };
    assert!(!grants.is_empty() && grants.iter().all(|grant| only_machines(&grant)), "{rows:#}");
}

#[test]
fn can_lists_the_scopes_of_a_client() {
    let place = demo();
    let rows = json_of(&place, &["can", "--client", "orders-reader", "--json"]);
    assert_eq!(
        rows,
        json!([{
            "server": "default",
            "scope": "read:orders",
            "client": "orders-reader",
            "grant_type": "client_credentials",
            "rule": "readers/read only",
            "users": [],
            "groups": [],
            "conditions": [],
            "unless": [],
            "through": null,
        }])
    );
    let text = place.run(&["can", "--client", "orders-reader"]).stdout;
    assert!(
        text.starts_with(
            "read:orders at default\n  grant    client_credentials\n  rule     readers/read only\n"
        ),
        "{text}"
    );
    let elsewhere = place.run(&["can", "--client", "orders-reader", "--server", "org"]);
    assert_eq!(elsewhere.stdout, "`orders-reader` can get no scope\n");
}

#[test]
fn what_does_not_exist_is_named() {
    let place = demo();
    for (arguments, message) in [
        (
            &["who-can", "--scope", "write:order"][..],
            "does not have the scope `write:order`: write \"write:orders\"",
        ),
        (
            &["who-can", "--server", "stock", "--scope", "a"],
            "there is no active authorization server `stock`",
        ),
        (&["can", "--client", "nobody"], "there is no active client `nobody`"),
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
