//! Signing keys that another node or another version wrote.

use crate::place::{Place, ask, assert_out_of_service, eventually};

/// The ids of the keys that a server publishes.
async fn kids(node: &scopegate_tests::TestServer, server: &str) -> Vec<String> {
    let answer = node.anonymous().read(&format!("/oauth2/{server}/v1/keys")).await;
    let keys = answer.expect(200).json();
    let kids = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap());
    kids.map(str::to_owned).collect()
}

/// Adds a second key for the server `stock`, as another node would.
const MADE_ELSEWHERE: &str = "\
    UPDATE catalog_state SET key_version = key_version + 1; \
    INSERT INTO signing_key \
    (server, kid, algorithm, phase, since, public_jwk, sealed, version) \
    SELECT server, 'elsewhere', 'ES384', phase, since, replace(public_jwk, kid, 'elsewhere'), \
    sealed, (SELECT key_version FROM catalog_state) FROM signing_key WHERE server = 'stock'";

pub(crate) async fn a_key_of_another_node_is_loaded_without_a_catalog_change(place: &Place) {
    let node = place.start().await;
    let another = node.another_node().await;
    let version = node.authority().catalog().version();
    assert_eq!(kids(&node, "stock").await, kids(&another, "stock").await);
    place.run(MADE_ELSEWHERE).await;
    for node in [&node, &another] {
        let knows = async || kids(node, "stock").await.contains(&"elsewhere".to_owned());
        eventually(knows).await;
        assert_eq!(kids(node, "stock").await.len(), 2);
        assert_eq!(node.authority().catalog().version(), version);
    }
}

pub(crate) async fn a_key_that_a_node_drops_is_published_by_none(place: &Place) {
    let node = place.start().await;
    let another = node.another_node().await;
    place.run(MADE_ELSEWHERE).await;
    // The server does not sign with the algorithm of this key, so an announced one would be dropped at once.
    for (phase, published) in [("signing", 2), ("retiring", 2), ("dropped", 1)] {
        place
            .run(&format!(
                "UPDATE catalog_state SET key_version = key_version + 1; \
                 UPDATE signing_key SET phase = '{phase}', retired_at = since, \
                 version = (SELECT key_version FROM catalog_state) WHERE kid = 'elsewhere'"
            ))
            .await;
        for node in [&node, &another] {
            node.authority().reload().await.unwrap();
            assert_eq!(kids(node, "stock").await.len(), published, "{phase}");
            ask(node, "stock", "reader").await.expect(200);
        }
    }
    // Nor is it published by a node that starts.
    let late = node.another_node().await;
    assert_eq!(kids(&late, "stock").await.len(), 1);
    late.close().await;
}

pub(crate) async fn a_key_of_a_newer_version_takes_only_its_server_out_of_service(place: &Place) {
    let node = place.start().await;
    let change = |how: &str| {
        format!(
            "UPDATE catalog_state SET key_version = key_version + 1; \
             UPDATE signing_key SET {how}, version = (SELECT key_version FROM catalog_state) \
             WHERE server = 'stock'"
        )
    };
    for (how, back) in [
        ("phase = 'lent'", "phase = 'signing'"),
        ("algorithm = 'ML-DSA-44'", "algorithm = 'ES256'"),
        ("format = 2", "format = 1"),
    ] {
        place.run(&change(how)).await;
        node.authority().reload().await.unwrap();
        // Neither a running node nor a starting one generates another key.
        let another = node.another_node().await;
        for node in [&node, &another] {
            assert_out_of_service(&ask(node, "stock", "reader").await);
            assert_eq!(node.anonymous().read("/oauth2/stock/v1/keys").await.status, 503);
            ask(node, "default", "reader").await.expect(200);
            let json = node.as_administrator("/readyz").await.expect(200).json();
            let row = json["out_of_service"]["rows"][0].as_str().unwrap();
            assert!(row.starts_with("signing_key stock/"), "{how}: {row}");
        }
        another.close().await;
        place.run(&change(back)).await;
        node.authority().reload().await.unwrap();
        ask(&node, "stock", "reader").await.expect(200);
        assert_eq!(kids(&node, "stock").await.len(), 1);
    }
}
