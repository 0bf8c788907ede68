//! Client rows that another version wrote.

use scopegate_tests::Pkce;

use crate::place::{MORE, NO_MORE, Place, ask, assert_out_of_service};

pub(crate) async fn a_client_row_of_a_newer_version_takes_only_that_client_out_of_service(
    place: &Place,
) {
    let node = place.start().await;
    for (how, back) in [(MORE, NO_MORE), ("format = 2", "format = 1")] {
        place.rewrite("kind = 'client' AND name IN ('reader', 'portal')", how).await;
        node.authority().reload().await.unwrap();
        let another = node.another_node().await;
        for node in [&node, &another] {
            for server in ["default", "stock"] {
                assert_out_of_service(&ask(node, server, "reader").await);
                ask(node, server, "writer").await.expect(200);
            }
            // Credentials are not checked, with any method.
            let form = [("grant_type", "client_credentials"), ("client_id", "reader")];
            let wrong = [&form[..], &[("client_secret", "wrong")]].concat();
            assert_out_of_service(&node.anonymous().token(&wrong).await);
            assert_out_of_service(&node.as_public_client("reader").token(&form[..1]).await);
            for endpoint in ["introspect", "revoke", "par"] {
                let answer = node.as_client("reader").post(endpoint, &[("token", "x")]).await;
                assert_out_of_service(&answer);
            }
            // An unknown client is refused as usual.
            ask(node, "default", "nobody").await.expect_error(401, "invalid_client");

            let pkce = Pkce::generate();
            let asked = [
                ("response_type", "code"),
                ("client_id", "portal"),
                ("redirect_uri", "https://portal.example/cb"),
                ("code_challenge", &pkce.challenge),
                ("code_challenge_method", "S256"),
            ];
            let page = node.browser().authorize(&asked).await.expect(503);
            assert_eq!(page.header("retry-after"), "5");
            assert_eq!(page.header("location"), "");
            let json = node.anonymous().read("/readyz").await.expect(200).json();
            assert_eq!(json["out_of_service"]["clients"], 2, "{json}");
            assert!(!json.to_string().contains("reader"), "{json}");
        }
        another.close().await;
        place.rewrite("kind = 'client' AND name IN ('reader', 'portal')", back).await;
        node.authority().reload().await.unwrap();
        ask(&node, "default", "reader").await.expect(200);
    }
}
