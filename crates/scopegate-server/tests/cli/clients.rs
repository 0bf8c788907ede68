//! `clients create`, up to the token that the client gets.

use scopegate_jose::{Jwk, KeyProblem, SigningKey, TokenType, base64url};
use serde_json::{Value, json};

use crate::place::{CATALOG, Place, Serving, until};

/// Requests a token. Returns the status and the body.
async fn token(
    serving: &Serving,
    server: &str,
    basic: Option<(&str, &str)>,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = reqwest::Client::new()
        .post(format!("{}{server}/v1/token", serving.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

const FORM: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read:orders")];

#[tokio::test]
async fn a_client_with_a_secret_gets_a_token_from_a_server_that_runs() {
    let place = Place::with_catalog();
    let serving = place.serve(&[]);
    let ended = place.run(&["clients", "create", "--id", "batch"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.stderr, "made the client `batch`; its secret is shown this once:\n");
    let secret = ended.stdout.strip_suffix('\n').unwrap();
    assert_eq!(base64url::decode(secret).unwrap().len(), 32);

    // The server notices the new client by itself. Until then the client is unknown.
    let client = Some(("batch", secret));
    until(async || token(&serving, "/oauth2/default", client, &FORM).await.0 != 401).await;
    let answer = token(&serving, "/oauth2/default", client, &FORM).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    assert_eq!(answer.1["expires_in"], 600);
    let wrong = token(&serving, "/oauth2/default", Some(("batch", "wrong")), &FORM).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (401, &json!("invalid_client")));
    assert_eq!(serving.end().code, 0);
}

#[tokio::test]
async fn an_admin_client_gets_the_admin_scopes_by_its_new_key() {
    let place = Place::with_catalog();
    let ended =
        place.run(&["clients", "create", "--id", "root", "--admin", "--new-key", "root.jwk"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    let serving = place.serve(&[]);

    let key = SigningKey::from_jwk_json(&place.read("root.jwk")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "iss": "root", "sub": "root", "aud": format!("{}/oauth2/v1/token", serving.base),
        "iat": now, "exp": now + 60, "jti": "1",
    });
    let assertion = key.sign(TokenType::Jwt, &claims).unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "okta.apps.read"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let (status, body) = token(&serving, "/oauth2", None, &form).await;
    assert_eq!((status, &body["scope"]), (200, &json!("okta.apps.read")), "{body}");
}

#[test]
fn only_its_owner_can_read_a_private_key_and_it_is_never_overwritten() {
    let place = Place::new();
    let arguments = ["clients", "create", "--id", "a", "--new-key", "a.jwk"];
    assert_eq!(place.run(&arguments).code, 0);
    let key = place.read("a.jwk");
    assert_eq!(Jwk::parse(&key), Err(KeyProblem::PrivateMaterial));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(place.path().join("a.jwk")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let ended = place.run(&["clients", "create", "--id", "b", "--new-key", "a.jwk"]);
    let refusal = "scopegate: a.jwk is there already: it is not overwritten\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (1, refusal));
    assert_eq!(place.read("a.jwk"), key);
}

#[test]
fn a_client_is_no_audience() {
    let place = Place::new();
    place.write("catalog.toml", &CATALOG.replace("api://orders", "billing"));
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let create = |id| place.run(&["clients", "create", "--id", id, "--new-key", "a.jwk"]);
    let ended = create("billing");
    let refusal = "scopegate: \"billing\" is an audience of the server \"default\" and a client id: \
                   give one of them another name\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (1, refusal));
    assert!(!place.has("a.jwk"));
    assert_eq!(create("batch").code, 0);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
}

#[test]
fn an_existing_client_is_not_changed() {
    let place = Place::new();
    assert_eq!(place.run(&["clients", "create", "--id", "a"]).code, 0);
    let ended = place.run(&["clients", "create", "--id", "a", "--new-key", "a.jwk"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (1, "scopegate: there is a client `a` already\n")
    );
    assert!(!place.has("a.jwk"));
}

#[test]
fn public_keys_are_read_from_a_file_and_private_ones_refused() {
    let place = Place::new();
    let key = SigningKey::generate(scopegate_jose::Algorithm::EdDsa).unwrap();
    place.write("public.jwk", &serde_json::to_string(&key.public_jwk()).unwrap());
    place.write("private.jwk", &key.to_private_jwk().unwrap());
    let create = |id, file| place.run(&["clients", "create", "--id", id, "--jwks", file]);
    assert_eq!(create("a", "public.jwk").code, 0);
    let ended = create("b", "private.jwk");
    let refusal = "private.jwk: key 1: the key holds private key material\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (2, refusal));
}

#[test]
fn arguments_that_do_not_fit_together_are_refused() {
    let place = Place::new();
    for (arguments, problem) in [
        (&["--admin"][..], "the client needs a key: give --jwks or --new-key"),
        (&["--auth", "private_key_jwt"], "the client needs a key: give --jwks or --new-key"),
        (
            &["--admin", "--auth", "client_secret_basic"],
            "an admin client uses private_key_jwt, not a secret",
        ),
        (
            &["--auth", "client_secret_post", "--new-key", "k"],
            "a client with a secret has no key: leave the file out",
        ),
    ] {
        let ended = place.run(&[&["clients", "create", "--id", "a"], arguments].concat());
        assert_eq!((ended.code, ended.stderr), (2, format!("error: {problem}\n")), "{arguments:?}");
    }
    assert!(!place.has("scopegate-data"));
}

/// As in a catalog file, a client must be able to use its grants.
#[test]
fn a_grant_that_needs_a_redirect_or_another_grant_is_not_offered() {
    let place = Place::new();
    for (client_type, grant) in [
        ("service", "authorization_code"),
        ("web", "authorization_code"),
        ("web", "refresh_token"),
        ("service", "password"),
    ] {
        let create =
            ["clients", "create", "--id", "a", "--type", client_type, "--grant-type", grant];
        let ended = place.run(&create);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        let told = format!("invalid value '{grant}' for '--grant-type <GRANT>'");
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
        assert!(ended.stderr.contains("client_credentials"), "{}", ended.stderr);
    }
    assert!(!place.has("scopegate-data"));
}
