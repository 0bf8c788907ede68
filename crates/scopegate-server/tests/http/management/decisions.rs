//! What Okta does not have: explanations, access, plans and the audit log.

use serde_json::json;

use crate::fixture::{ASKS, Fixture, eventually};

const READ: &str = "okta.authorizationServers.read okta.users.read okta.apps.read okta.logs.read";

#[tokio::test]
async fn a_described_request_is_explained() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    let body =
        json!({ "client": "reader", "grant": "client_credentials", "scope": "write:orders" });
    let explained = caller.post("explain", &body).await;
    assert_eq!((explained.status, &explained.body["outcome"]), (200, &json!("no_match")));
    assert_eq!(explained.body["rules"][0]["failed"]["condition"], "scopes");
    for (body, part) in [
        (json!({ "client": "reader" }), "grant"),
        (json!({ "client": "reader", "grant": "authorization_code" }), "user"),
        (json!({ "client": "reader", "grant": "client_credentials", "at": "noon" }), "at"),
        (json!({ "client": "reader", "grant": "client_credentials", "x": 1 }), "x"),
    ] {
        let refused = caller.post("explain", &body).await;
        assert!(refused.status == 400 && refused.refusal().2.contains(part), "{refused:?}");
    }
}

#[tokio::test]
async fn a_decision_that_happened_is_explained_and_is_in_the_log() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    let refused = crate::rendered::json(at.ask(&ASKS.replace("read", "write")).await).await;
    let id = refused["decision_id"].as_str().unwrap();
    let explained = caller.get(&format!("decisions/{id}")).await;
    assert_eq!((explained.status, &explained.body["decision_id"]), (200, &json!(id)));
    let found = caller.get(&format!("audit?decision={id}")).await;
    assert_eq!(found.body[0]["actor"], json!({ "type": "client", "id": "reader" }));
    let other = "01a3185c-5000-7000-8000-000000000000";
    assert_eq!(caller.get(&format!("decisions/{other}")).await.status, 404);
    assert_eq!(caller.get("decisions/x").await.status, 400);
}

#[tokio::test]
async fn the_audit_log_is_read_by_filters_and_pages() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    for _ in 0..3 {
        at.ask(&ASKS.replace("read", "write")).await;
    }
    let path = "audit?client=reader&outcome=refused";
    eventually(async || caller.get(path).await.body.as_array().unwrap().len() == 3).await;
    let page = caller.get(&format!("{path}&limit=2")).await;
    assert_eq!(page.body.as_array().unwrap().len(), 2);
    let next = page.headers.get_all("link").iter().nth(1).unwrap().to_str().unwrap();
    let next = next.strip_prefix("<http://127.0.0.1:9001/api/v1/").unwrap();
    let last = caller.get(next.strip_suffix(">; rel=\"next\"").unwrap()).await;
    assert_eq!(last.body.as_array().unwrap().len(), 1);
    assert_eq!(caller.get("audit?client=reader&outcome=allow").await.body, json!([]));
    assert_eq!(caller.get("audit?since=2030-01-01T00:00:00Z").await.body, json!([]));
    assert_eq!(caller.get("audit?outcome=x").await.status, 400);
    assert_eq!(caller.get("audit?user=nobody").await.status, 404);
}

#[tokio::test]
async fn who_can_reach_a_scope_and_what_a_client_can_reach_agree() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    let rows = caller.get("who-can?scope=read:orders").await;
    let clients: Vec<_> = rows.body.as_array().unwrap().iter().map(|row| &row["client"]).collect();
    assert!(clients.contains(&&json!("reader")), "{rows:?}");
    let reached = caller.get("can?client=reader&server=default").await;
    assert!(reached.body.as_array().unwrap().iter().any(|row| row["scope"] == "read:orders"));
    assert_eq!(caller.get("who-can?scope=nothing").await.status, 400);
    assert_eq!(caller.get("who-can").await.status, 400);
    assert_eq!(caller.get("who-can?scope=a&server=none").await.status, 404);
    assert_eq!(caller.get("can?client=none").await.status, 404);
    // The users who can are only for who may read users.
    let servers = at.admin("okta.authorizationServers.read").await;
    assert_eq!(servers.get("who-can?scope=read:orders").await.status, 403);
}

#[tokio::test]
async fn a_plan_shows_what_a_file_would_change_and_changes_nothing() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    let version = at.server.authority().catalog().version();
    let catalog = "version = 1\n[[server]]\nid = \"stock\"\nname = \"Stock\"\naudiences = [{ name = \"api://stock\" }]\n";
    let body = json!({ "catalog": catalog, "owner": "team" });
    let planned = caller.post("plan", &body).await;
    assert_eq!(planned.status, 200, "{planned:?}");
    let change = &planned.body["changes"][0];
    assert_eq!(
        (&change["kind"], &change["id"], &change["action"]),
        (&json!("server"), &json!("stock"), &json!("add"))
    );
    at.server.authority().reload().await.unwrap();
    assert_eq!(at.server.authority().catalog().version(), version);

    let wrong = caller.post("plan", &json!({ "catalog": "version = 1\nx = 1" })).await;
    assert!(wrong.status == 400 && wrong.refusal().2.contains("unknown key"), "{wrong:?}");
    // A file cannot read the environment of the server.
    let secret = "version = 1\n[[client]]\nid = \"a\"\nname = \"A\"\ntype = \"service\"\ngrant_types = [\"client_credentials\"]\nauth = \"client_secret_basic\"\nsecrets = [{ env = \"PATH\" }]\n";
    let refused = caller.post("plan", &json!({ "catalog": secret })).await;
    assert!(refused.status == 400 && refused.refusal().2.contains("PATH"), "{refused:?}");
}
