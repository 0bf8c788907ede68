//! Malformed requests.

use scopegate_tests::secret_of;

use crate::rfc9126::world::{asking, start};

#[tokio::test]
async fn an_oversized_request_is_413() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    let long = "a".repeat(64 * 1024);
    portal.post("par", &asking(&[("x", &long)])).await.expect_error(413, "invalid_request");
    // A request that is too long for a URL can be pushed.
    let long = "a".repeat(32 * 1024);
    portal.post("par", &asking(&[("x", &long)])).await.expect(201);
}

#[tokio::test]
async fn input_that_is_not_utf_8_is_refused() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    for body in ["client_id=portal&state=%FF", "client_id=portal&state=%zz"] {
        portal.post_text("par", body).await.expect_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_repeated_name_is_refused_and_an_unknown_one_ignored() {
    let (server, _) = start().await;
    let portal = server.as_client("portal");
    for name in ["client_id", "redirect_uri", "scope", "anything"] {
        let asked = [asking(&[]), vec![(name, "a"), (name, "a")]].concat();
        portal.post("par", &asked).await.expect_error(400, "invalid_request");
    }
    portal.post("par", &asking(&[("anything", "else")])).await.expect(201);
}

#[tokio::test]
async fn two_client_authentication_methods_are_refused() {
    let (server, _) = start().await;
    let secret = secret_of("portal");
    let asked = asking(&[("client_secret", &secret)]);
    let answer = server.as_client("portal").post("par", &asked).await;
    answer.expect_error(400, "invalid_request");
    let answer = server.anonymous().post("par", &asked).await;
    answer.expect_error(401, "invalid_client");
}

#[tokio::test]
async fn parameters_in_the_url_of_a_post_are_refused() {
    let (server, _) = start().await;
    server.anonymous().read("/oauth2/default/v1/par").await.expect(405);
    let path = "/oauth2/default/v1/par?client_secret=hush";
    let answer = server.as_client("portal").post_to(path, &asking(&[])).await;
    answer.expect_error(400, "invalid_request");
    let elsewhere = server.as_client("portal").post_to("/oauth2/nowhere/v1/par", &[]).await;
    elsewhere.expect_error(404, "not_found");
}
