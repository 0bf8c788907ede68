//! Rows of a server and its parts that another version wrote.

use scopegate_tests::TestServer;

use crate::place::{MORE, NO_MORE, Place, ask, assert_out_of_service};

async fn reload(node: &TestServer) {
    node.authority().reload().await.unwrap();
}

/// Asserts that every endpoint of the `default` server is out of service.
async fn assert_default_is_out(node: &TestServer, why: &str) {
    let anonymous = node.anonymous();
    for path in [
        "/oauth2/default/v1/keys",
        "/oauth2/default/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/oauth2/default",
        "/oauth2/default/v1/userinfo",
    ] {
        let answer = anonymous.read(path).await;
        assert_eq!(answer.status, 503, "{why} {path}: {}", answer.body);
        assert_eq!(answer.header("retry-after"), "5", "{why} {path}");
    }
    let page = "/oauth2/default/v1/authorize?client_id=portal&response_type=code";
    assert_eq!(node.browser().open(page).await.status, 503, "{why}");
    for endpoint in ["token", "introspect", "revoke", "par", "device/authorize"] {
        let form = [("grant_type", "client_credentials"), ("token", "x"), ("scope", "read:orders")];
        assert_out_of_service(&node.as_client("reader").post(endpoint, &form).await);
    }
    for (place, answer) in [
        ("public", anonymous.read("/readyz").await),
        ("admin", node.as_administrator("/readyz").await),
    ] {
        let json = answer.expect(200).json();
        assert_eq!(json["status"], "ready");
        assert_eq!(json["out_of_service"]["servers"], serde_json::json!(["default"]), "{json}");
        let rows = &json["out_of_service"]["rows"];
        match place {
            "admin" => assert!(rows[0].as_str().unwrap().contains(why), "{json}"),
            _ => assert!(rows.is_null(), "{json}"),
        }
    }
}

pub(crate) async fn a_server_row_of_a_newer_version_takes_only_that_server_out_of_service(
    place: &Place,
) {
    let node = place.start().await;
    let rows = [
        ("kind = 'server' AND name = 'default'", MORE, NO_MORE),
        ("kind = 'scope' AND name = 'write:orders'", MORE, NO_MORE),
        ("kind = 'claim'", MORE, NO_MORE),
        ("kind = 'policy' AND parent = 'default'", MORE, NO_MORE),
        ("kind = 'rule' AND name = 'everything'", MORE, NO_MORE),
        ("kind = 'rule' AND name = 'everything'", "format = 2", "format = 1"),
        ("kind = 'claim'", "kind = 'condition'", "kind = 'claim'"),
    ];
    for (which, how, back) in rows {
        place.rewrite(which, how).await;
        reload(&node).await;
        let why = match how {
            MORE => "unknown field `of_tomorrow`",
            "format = 2" => "its format is 2, known is 1",
            _ => "its kind is not known",
        };
        assert_default_is_out(&node, why).await;
        ask(&node, "stock", "reader").await.expect(200);
        // A node that starts now behaves in the same way.
        let another = node.another_node().await;
        assert_default_is_out(&another, why).await;
        ask(&another, "stock", "reader").await.expect(200);
        another.close().await;
        let which = if how.starts_with("kind") { "kind = 'condition'" } else { which };
        place.rewrite(which, back).await;
        if how.starts_with("kind") {
            // The claim has its known kind again, and the row of the unknown kind is deleted.
            let gone = "INSERT INTO catalog_entity \
                (kind, parent, name, owner, version, ordinal, body) \
                SELECT 'condition', 'default', 'plan', NULL, version, 9, NULL FROM catalog_state";
            place.run(gone).await;
            // The node may already have read the last change, so this is one more.
            place.rewrite("kind = 'condition'", "format = 1").await;
        }
        reload(&node).await;
        ask(&node, "default", "reader").await.expect(200);
        assert!(node.anonymous().read("/readyz").await.json().get("out_of_service").is_none());
    }
}

pub(crate) async fn a_server_is_back_in_service_once_its_rows_are_understood(place: &Place) {
    let node = place.start().await;
    place.rewrite("kind = 'rule' AND name = 'everything'", MORE).await;
    crate::place::eventually(async || ask(&node, "default", "reader").await.status == 503).await;
    place.rewrite("kind = 'rule' AND name = 'everything'", NO_MORE).await;
    crate::place::eventually(async || ask(&node, "default", "reader").await.status == 200).await;
}

pub(crate) async fn a_node_starts_even_if_it_does_not_understand_some_rows(place: &Place) {
    let node = place.start().await;
    place.rewrite("kind IN ('server', 'client', 'rule')", MORE).await;
    let another = node.another_node().await;
    for server in ["default", "stock"] {
        assert_out_of_service(&ask(&another, server, "reader").await);
    }
    let json = another.as_administrator("/readyz").await.expect(200).json();
    assert_eq!(json["out_of_service"]["clients"], 4, "{json}");
    assert_eq!(json["out_of_service"]["rows"].as_array().unwrap().len(), 8, "{json}");
    // The org server has no rows, so it works.
    another.anonymous().read("/oauth2/v1/keys").await.expect(200);
    reload(&node).await;
    assert_out_of_service(&ask(&node, "default", "reader").await);
}

pub(crate) async fn an_unreferenced_row_of_an_unknown_kind_has_no_effect(place: &Place) {
    let node = place.start().await;
    place
        .run(
            "UPDATE catalog_state SET version = version + 1; \
             INSERT INTO catalog_entity \
             (kind, parent, name, owner, version, ordinal, body, format) \
             SELECT 'zone', '', 'office', 'api', version, 0, '{}', 2 FROM catalog_state",
        )
        .await;
    reload(&node).await;
    for server in ["default", "stock"] {
        ask(&node, server, "reader").await.expect(200);
    }
    assert!(node.anonymous().read("/readyz").await.json().get("out_of_service").is_none());
    let json = node.as_administrator("/readyz").await.json();
    assert!(json["out_of_service"]["rows"][0].as_str().unwrap().starts_with("zone office"));
}
