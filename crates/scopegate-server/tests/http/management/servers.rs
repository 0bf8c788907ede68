//! `/api/v1/authorizationServers`.

use http::Method;
use scopegate_testkit::UncheckedCatalog;
use serde_json::json;

use super::caller::shown;
use crate::fixture::Fixture;

const MANAGE: &str = "okta.authorizationServers.manage";
const SERVERS: &str = "authorizationServers";

#[tokio::test]
async fn a_server_is_created_read_replaced_and_deleted() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({
        "name": "Stock", "description": "What we have", "audiences": ["api://stock"],
        "_scopegate": {
            "id": "stock", "dialect": "rfc9068", "algorithms": ["ES256", "RS256"],
            "resources": { "api://stock": ["https://stock.example"] },
        },
    });
    let created = caller.post(SERVERS, &body).await;
    insta::assert_snapshot!(shown(&created));

    let read = caller.get("authorizationServers/stock").await;
    assert_eq!((read.status, &read.body, read.tag()), (200, &created.body, created.tag()));

    // A GET followed by a PUT of the same changes nothing, also without the members that only we have.
    let mut same = read.body.clone();
    let put = caller.put("authorizationServers/stock", &same).await;
    assert_eq!((put.status, put.tag()), (200, read.tag()));
    same.as_object_mut().unwrap().remove("_scopegate");
    let put = caller.put("authorizationServers/stock", &same).await;
    assert_eq!((put.status, put.tag()), (200, read.tag()));

    let other = json!({ "name": "Stock 2", "audiences": ["api://stock2"] });
    let put = caller.put_if("authorizationServers/stock", &read.tag(), &other).await;
    assert_eq!((put.status, &put.body["name"]), (200, &json!("Stock 2")));
    assert_eq!(put.body["description"], "");
    assert_eq!(put.body["_scopegate"]["dialect"], "rfc9068");
    assert_ne!(put.tag(), read.tag());

    let stale = caller.put_if("authorizationServers/stock", &read.tag(), &other).await;
    insta::assert_snapshot!(shown(&stale));
    let delete = caller.request(Method::DELETE, "authorizationServers/stock");
    let delete = delete.header("if-match", read.tag());
    assert_eq!(caller.send(delete, None).await.status, 412);
    assert_eq!(caller.delete("authorizationServers/stock").await.status, 204);
    insta::assert_snapshot!(shown(&caller.get("authorizationServers/stock").await));
}

#[tokio::test]
async fn a_new_server_gets_an_id_in_oktas_form_and_issues_tokens_at_once() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let created = caller.post(SERVERS, &json!({ "name": "A", "audiences": ["api://a"] })).await;
    let id = created.id();
    assert!(id.starts_with("aus") && id.len() == 20, "{id}");
    let metadata = at.get(&format!("/oauth2/{id}/.well-known/openid-configuration")).await;
    assert_eq!(metadata.status(), 200);
}

#[tokio::test]
async fn what_a_file_owns_is_refused_with_the_name_of_the_owner() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "name": "B", "audiences": ["api://b"] });
    insta::assert_snapshot!(shown(&caller.put("authorizationServers/okta", &body).await));
    assert_eq!(caller.delete("authorizationServers/okta").await.status, 403);
    assert_eq!(caller.order("authorizationServers/okta/lifecycle/deactivate").await.status, 403);
}

#[tokio::test]
async fn a_server_is_put_out_of_use_and_in_use() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "name": "A", "audiences": ["api://a"], "_scopegate": { "id": "a" } });
    caller.post(SERVERS, &body).await;
    let metadata = "/oauth2/a/.well-known/openid-configuration";
    assert_eq!(caller.order("authorizationServers/a/lifecycle/deactivate").await.status, 204);
    assert_eq!(caller.get("authorizationServers/a").await.body["status"], "INACTIVE");
    assert_eq!(at.get(metadata).await.status(), 404);
    assert_eq!(caller.order("authorizationServers/a/lifecycle/activate").await.status, 204);
    assert_eq!(at.get(metadata).await.status(), 200);
}

#[tokio::test]
async fn a_wrong_body_is_refused_and_its_member_is_named() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    for (body, status, part) in [
        (json!({ "name": "A", "audiences": ["api://a"], "colour": 1 }), 400, "colour"),
        (json!({ "name": "A" }), 400, "audiences"),
        (json!(["A", ["api://a"]]), 400, "object"),
        (json!(null), 400, "object"),
        (json!({ "name": 1, "audiences": ["api://a"] }), 400, "name"),
        (json!({ "name": "A", "audiences": [] }), 400, "audiences"),
        (json!({ "name": "", "audiences": ["api://a"] }), 400, "name"),
        (json!({ "name": "A", "audiences": ["reader"] }), 400, "audiences"),
        (json!({ "name": "A", "audiences": ["a"], "_scopegate": { "id": "org" } }), 400, "id"),
        (json!({ "name": "A", "audiences": ["a"], "_scopegate": { "id": "okta" } }), 400, "id"),
        (json!({ "name": "A", "audiences": ["a"], "_scopegate": { "x": 1 } }), 400, "_scopegate.x"),
        (json!({ "name": "A", "audiences": ["a"], "issuerMode": "DYNAMIC" }), 400, "issuerMode"),
    ] {
        let refused = caller.post(SERVERS, &body).await;
        let (is, _, cause) = refused.refusal();
        assert!(is == status && cause.contains(part), "{body}: {refused:?}");
    }
    let text = caller.request(Method::POST, SERVERS).header("content-type", "text/plain");
    let text = text.body(axum::body::Body::from("{}")).unwrap();
    assert_eq!(at.send_to_admin(text).await.status(), 415);
}

#[tokio::test]
async fn a_body_beyond_one_mebibyte_is_refused() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "name": "A".repeat(10 << 20), "audiences": ["api://a"] });
    assert_eq!(caller.post(SERVERS, &body).await.refusal().0, 413);
}

#[tokio::test]
async fn one_of_two_writers_who_read_the_same_loses() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "name": "A", "audiences": ["api://a"], "_scopegate": { "id": "a" } });
    let tag = caller.post(SERVERS, &body).await.tag();
    let write = async |name: &str| {
        let body = json!({ "name": name, "audiences": ["api://a"] });
        caller.put_if("authorizationServers/a", &tag, &body).await.status
    };
    let (one, other) = tokio::join!(write("one"), write("other"));
    let mut both = [one, other];
    both.sort_unstable();
    assert_eq!(both, [200, 412]);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_in_the_order_of_ids() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let edits: Vec<_> = (0..7)
        .map(|number| {
            let id = format!("s{number}");
            let (both, active) = (Default::default(), scopegate_core::catalog::Status::Active);
            crate::fixture::server(&id, &format!("api://{id}"), both, active)
        })
        .collect();
    let version = at.server.authority().catalog().version();
    at.store.write_catalog(version, &edits, None).await.unwrap();
    at.server.authority().reload().await.unwrap();

    let (mut path, mut seen) = (format!("{SERVERS}?limit=3"), Vec::new());
    loop {
        let page = caller.get(&path).await;
        let ids = page.body.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
        seen.extend(ids.map(str::to_owned));
        let links: Vec<_> = page.headers.get_all("link").iter().collect();
        assert!(links[0].to_str().unwrap().ends_with("rel=\"self\""));
        let Some(next) = links.get(1).map(|link| link.to_str().unwrap()) else { break };
        let url = next.strip_prefix("<http://127.0.0.1:9001/api/v1/").unwrap();
        path = url.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
    }
    let expected = ["default", "off", "okta", "s0", "s1", "s2", "s3", "s4", "s5", "s6"];
    assert_eq!(seen, expected);

    let found = caller.get(&format!("{SERVERS}?q=API%3A%2F%2Fs5")).await;
    assert_eq!((found.body.as_array().unwrap().len(), &found.body[0]["id"]), (1, &json!("s5")));
    assert_eq!(caller.get(&format!("{SERVERS}?after=zzz")).await.body, json!([]));
    for limit in ["0", "201", "-1", "x"] {
        let refused = caller.get(&format!("{SERVERS}?limit={limit}")).await;
        assert_eq!(refused.refusal().0, 400, "{limit}");
    }
}

#[tokio::test]
async fn the_default_server_cannot_be_deleted() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let refused = caller.delete("authorizationServers/default").await;
    assert!(refused.refusal().2.contains("deactivate"), "{refused:?}");
    assert_eq!(caller.get("authorizationServers/org").await.status, 404);
}
