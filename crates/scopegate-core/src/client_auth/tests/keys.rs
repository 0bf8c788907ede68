//! Which keys an assertion of a client is verified with, and for whom it is.

use super::*;

#[test]
fn the_key_of_an_assertion_is_the_one_that_it_names() {
    let world = World::new();
    let kid = |key: &SigningKey| {
        let assertion = key.sign(TokenType::Jwt, &json!({ "sub": "partner" })).unwrap();
        let form = Form::collect([("client_assertion", &*assertion)]).unwrap();
        private_key_jwt::kid(&Presented::form(&form)).unwrap()
    };
    assert_eq!(kid(&world.key).as_deref(), Some(world.key.kid()));
    assert!(private_key_jwt::kid(&Presented::form(&Form::default())).is_err());
}

#[test]
fn an_assertion_may_name_the_endpoint_that_is_asked_and_no_other() {
    let world = World::new();
    let prove = |endpoint: &'static str, audience: &str| {
        let claims = json!({
            "iss": "partner", "sub": "partner", "jti": "j1", "exp": NOW.as_seconds() + 60,
            "aud": format!("https://id.example/oauth2/default/v1/{audience}"),
        });
        let assertion = world.key.sign(TokenType::Jwt, &claims).unwrap();
        let form = Form::collect([("client_assertion", &*assertion)]).unwrap();
        let presented = Presented::form(&form);
        let proof = Proof { endpoint, ..world.proof(&presented) };
        let client = world.catalog.client("partner").unwrap().unwrap();
        private_key_jwt::PrivateKeyJwt.prove(&proof, Some(client)).is_ok()
    };
    assert!(prove("par", "par") && prove("par", "token") && prove("revoke", "revoke"));
    assert!(!prove("par", "revoke") && !prove("token", "par"));
}

#[derive(Debug)]
struct Published(Vec<u8>);

#[async_trait::async_trait]
impl crate::keys::fetch::Fetch for Published {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, crate::keys::fetch::FetchError> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_client_proves_itself_by_the_keys_that_it_publishes() {
    let world = World::new();
    let jwks_uri = Some("https://far.example/keys".to_owned());
    let auth = ClientAuth::PrivateKeyJwt;
    let spec = Spec::Client(Box::new(ClientSpec { auth, jwks_uri, ..ClientSpec::default() }));
    let key = EntityKey::client(&ClientId::parse("far").unwrap());
    let edit = Edit::Put(Entity { key, owner: Owner::File, spec });
    let catalog = world.catalog.edited(2, vec![edit]);
    let claims = json!({
        "iss": "far", "sub": "far", "jti": "j1", "exp": NOW.as_seconds() + 60,
        "aud": "https://id.example/oauth2/default",
    });
    let assertion = world.key.sign(TokenType::Jwt, &claims).unwrap();
    let form = Form::collect([
        ("client_assertion_type", private_key_jwt::ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ]);
    let form = form.unwrap();
    let presented = Presented::form(&form);
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    for (key, is_let) in [(&world.key, true), (&stranger, false)] {
        let jwks = json!({ "keys": [key.public_jwk()] }).to_string();
        let client_keys = ClientKeys::new(Arc::new(Published(jwks.into_bytes())));
        let outcome = authenticate(&world.proof(&presented), &catalog, &client_keys).await;
        assert_eq!(outcome.is_ok(), is_let, "{outcome:?}");
    }
}
