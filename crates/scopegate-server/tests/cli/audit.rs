//! `audit list`.

use serde_json::{Value, json};

use crate::place::Place;

fn place() -> Place {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    let mint = ["token", "mint", "--client", "batch", "--scope"];
    assert_eq!(place.run(&[&mint[..], &["read:orders"]].concat()).code, 0);
    assert_eq!(place.run(&[&mint[..], &["write:orders"]].concat()).code, 1);
    assert_eq!(place.run(&["users", "create", "--login", "alice"]).code, 0);
    place
}

fn list(place: &Place, more: &[&str]) -> Vec<Value> {
    let ended = place.run(&[&["audit", "list", "--json"], more].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_event_is_one_object_with_who_what_and_why() {
    let place = place();
    let refused = &list(&place, &["--client", "batch", "--outcome", "refused"])[0];
    assert_eq!(
        (&refused["outcome"], &refused["error"]),
        (&json!("refused"), &json!("invalid_scope"))
    );
    assert_eq!(refused["actor"], json!({ "type": "client", "id": "batch" }));
    assert_eq!((&refused["id"], &refused["server"]), (&refused["decision_id"], &json!("default")));
    assert!(refused["at"].as_str().unwrap().ends_with('Z'), "{refused}");

    let granted = &list(&place, &["--kind", "grant.access_token", "--outcome", "allow"])[0];
    assert_eq!(
        (&granted["rule"], &granted["scopes"]),
        (&json!("readers/read only"), &json!(["read:orders"]))
    );
    let made = &list(&place, &["--kind", "catalog", "--client", "batch"])[0];
    let actor = &made["actor"];
    assert_eq!((&actor["type"], &actor["id"]), (&json!("cli"), &json!("clients create")));
    assert!(actor["by"].as_str().unwrap().contains('@'), "{actor}");
    assert_eq!((&made["before"], &made["after"]["name"]), (&Value::Null, &json!("batch")));
    let user = &list(&place, &["--user", "alice"])[0];
    assert_eq!(
        (&user["kind"], &user["outcome"]),
        (&json!("user.lifecycle.create"), &json!("allow"))
    );
    assert_eq!(user["actor"]["id"], json!("users create"));
    for member in ["reason", "address", "before", "after", "rule", "client"] {
        assert!(refused.get(member).is_some(), "{member}");
    }
}

#[test]
fn events_are_listed_newest_first_in_pages() {
    let place = place();
    let all = list(&place, &["--limit", "1000"]);
    let ids: Vec<_> = all.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    assert_eq!(list(&place, &["--limit", "2"]), all[..2]);
    assert_eq!(list(&place, &["--limit", "2", "--before", ids[1]]), all[2..4]);
    assert_eq!(list(&place, &["--since", "1h", "--limit", "1000"]), all);
    assert_eq!(list(&place, &["--server", "nowhere"]), [Value::Null; 0]);
    let text = place.run(&["audit", "list", "--limit", "1", "--user", "alice"]).stdout;
    let cells: Vec<_> = text.trim_end().split('\t').collect();
    assert_eq!((cells[1], cells[2]), ("user.lifecycle.create", "allow"));
    assert!(cells[7].starts_with("by cli \"users create\", "), "{text}");
}

#[test]
fn wrong_arguments_are_refused_with_what_to_write() {
    let place = place();
    for (arguments, told) in [
        (&["--kind", "catalgo"][..], "write \"catalog\""),
        (&["--kind", "token"], "several kinds have that part"),
        (&["--since", "yesterday"], "write a time such as 30m, 24h or 90d"),
        (&["--before", "x"], "write the id of an event, a UUID"),
        (&["--outcome", "deny"], "refused"),
    ] {
        let ended = place.run(&[&["audit", "list"], arguments].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    let unknown = place.run(&["audit", "list", "--user", "carol"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
}
