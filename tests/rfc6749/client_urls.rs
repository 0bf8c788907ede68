//! Appendix A.1: a client id may be an https URL, as for clients with a metadata document.

use scopegate_core::catalog::{ClientAuth, ClientSecret, ClientSpec, ClientType};
use scopegate_core::client_auth::secret_mac;
use scopegate_jose::sha256;
use scopegate_tests::{Catalog, Pkce, TestServer, claims, secret_of};
use serde_json::{Value, json};

use crate::rfc6749::world::CALLBACK;

const APP: &str = "https://app.example/oauth/client.json?v=1";
const BATCH: &str = "https://batch.example:8443";

/// A public client whose id is a URL, and a service whose id is a URL and that uses
/// `client_secret_post`.
fn catalog() -> Catalog {
    Catalog::of_orders()
        .scope("sell:orders", "description = \"Sell your orders\"\nconsent = \"REQUIRED\"")
        .staff_and_everybody(&["authorization_code", "client_credentials"])
        .client(
            APP,
            r#"
            name = "The app"
            type = "browser"
            grant_types = ["authorization_code", "refresh_token"]
            redirect_uris = ["https://portal.example/cb"]
            origins = ["https://app.example"]
            "#,
        )
        .client(BATCH, "auth = \"client_secret_post\"\nsecrets = [{ env = \"batch\" }]")
}

#[tokio::test]
async fn a1_a_public_client_with_a_url_as_id_gets_tokens_for_a_user() {
    let (server, _) = TestServer::start_with_alice(catalog()).await;
    let (mut browser, pkce) = (server.browser(), Pkce::generate());
    let scope = "openid offline_access read:orders sell:orders";
    let asked = [
        ("response_type", "code"),
        ("client_id", APP),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "a state"),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ];
    let answer = browser.authorize(&asked).await;
    let answer = browser.sign_in(answer, "alice").await;
    let page = browser.follow(answer).await.expect(200);
    assert!(page.body.contains("The app"), "{}", page.body);
    let answer = browser.fill_in(&page, &[("decision", "allow")]).await;
    let code = answer.sent("code").expect("the client gets a code");

    // `client_secret_basic` does not work for an id with a colon, encoded or not.
    let client = server.as_public_client(APP);
    let encoded = "https%3A%2F%2Fapp.example%2Foauth%2Fclient.json%3Fv%3D1";
    let redemption = [("grant_type", "authorization_code"), ("code", &*code)];
    for id in [APP, encoded] {
        server.as_client(id).token(&redemption).await.expect_error(401, "invalid_client");
    }
    let tokens = client.redeem(&code, CALLBACK, &pkce).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!((&said["client_id"], &said["cid"]), (&json!(APP), &json!(APP)));
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["aud"], APP);

    let refreshed = client.refresh(tokens["refresh_token"].as_str().unwrap()).await.expect(200);
    let newer = refreshed.json()["refresh_token"].as_str().unwrap().to_owned();
    let known = server.anonymous().bearing(token).read("/oauth2/default/v1/userinfo").await;
    assert_eq!(known.expect(200).json()["sub"], said["sub"]);
    client.post("revoke", &[("token", &newer)]).await.expect(200);
    client.refresh(&newer).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn a1_a_service_with_a_url_as_id_gets_tokens_for_itself() {
    let server = TestServer::start(catalog()).await;
    let secret = secret_of("batch");
    let form = |id, secret| {
        [
            ("grant_type", "client_credentials"),
            ("scope", "read:orders"),
            ("client_id", id),
            ("client_secret", secret),
        ]
    };
    let token = server.anonymous().token(&form(BATCH, &secret)).await.expect(200).json();
    let said = claims(token["access_token"].as_str().unwrap());
    assert_eq!((&said["sub"], &said["client_id"]), (&json!(BATCH), &json!(BATCH)));
    // Client ids are compared without normalization, unlike resources.
    for other in
        ["https://batch.example:8443/", "HTTPS://batch.example:8443", "https://batch.example"]
    {
        let answer = server.anonymous().token(&form(other, &secret)).await;
        answer.expect_error(401, "invalid_client");
    }
    let known = [
        ("token", token["access_token"].as_str().unwrap()),
        ("client_id", BATCH),
        ("client_secret", &secret),
    ];
    let known: Value = server.anonymous().post("introspect", &known).await.expect(200).json();
    assert_eq!((&known["active"], &known["client_id"]), (&json!(true), &json!(BATCH)));
}

/// A catalog file cannot contain such a client, but a row that the API writes could.
#[tokio::test]
async fn a_client_with_a_url_as_id_can_never_use_client_secret_basic() {
    let server = TestServer::start(catalog()).await;
    let id = "https://row.example/";
    let mac = secret_mac(server.master_key(), &sha256(secret_of(id).as_bytes()));
    let spec = ClientSpec {
        name: "Row".to_owned(),
        client_type: ClientType::Service,
        auth: ClientAuth::ClientSecretBasic,
        secrets: vec![ClientSecret::from_mac(mac)],
        grant_types: ["client_credentials".to_owned()].into(),
        ..ClientSpec::default()
    };
    server.put_client(id, spec).await;
    let pair = format!("https%3A%2F%2Frow.example%2F:{}", secret_of(id));
    let basic = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    let form = "grant_type=client_credentials&scope=read:orders";
    let request = http::Request::post("/oauth2/default/v1/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", basic)
        .body(axum::body::Body::from(form));
    server.send(request.unwrap()).await.expect_error(401, "invalid_client");
}
