use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;
use scopegate_claims::Issuer;
use scopegate_jose::{Algorithm, AlgorithmSet, KeySet, SigningKey, UnverifiedJws};
use serde_json::json;

use super::*;
use crate::catalog::{
    ClaimSource, ClaimSpec, ClientId, Edit, Entity, EntityKey, EntityKind, Owner, ServerId,
    Snapshot, Spec, Status, UserId, is_reserved,
};
use crate::directory::{Authentication, LoginMatch, Profile, User};
use crate::expression::Work;
use crate::store::SessionId;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// The access token of the example in OpenID Connect Core A.3.
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";

struct World {
    server: AuthorizationServer,
    client: Client,
    person: Person,
    wish: IdTokenWish,
}

impl World {
    fn new() -> Self {
        let (default, id) = (ServerId::default_server(), ClientId::parse("portal").unwrap());
        let claim = |name: &str, token, value| {
            let spec = ClaimSpec {
                token,
                value: ClaimSource::Constant(value),
                scopes: Vec::new(),
                status: Status::Active,
            };
            (EntityKey::of_server(EntityKind::Claim, &default, name), Spec::Claim(spec))
        };
        let value = ClaimSource::Constant(json!("of the ID token"));
        let level =
            ClaimSpec { token: TokenKind::Id, value, scopes: Vec::new(), status: Status::Active };
        let edits = [
            (EntityKey::client(&id), Spec::Client(Box::default())),
            claim("plan", TokenKind::Id, json!("gold")),
            claim("internal", TokenKind::Access, json!(true)),
            claim("level", TokenKind::Access, json!("of the access token")),
            (EntityKey::id_claim_beside(&default, "level"), Spec::Claim(level)),
        ];
        let put = |(key, spec)| Edit::Put(Entity { key, owner: Owner::File, spec });
        let base = Issuer::parse("https://id.example").unwrap();
        let catalog = Snapshot::empty(&base).edited(1, edits.into_iter().map(put).collect());
        let profile = json!({ "name": "Alice", "email": "alice@example.com" });
        let user = User {
            id: UserId::generate(),
            login: "alice".to_owned(),
            login_match: LoginMatch::default(),
            status: Status::Active,
            owner: Owner::File,
            groups: BTreeSet::new(),
            profile: Profile::collect(profile.as_object().unwrap().clone()).unwrap(),
            created_at: NOW,
            updated_at: NOW,
            version: 0,
        };
        let auth = Authentication {
            at: NOW.minus(Duration::from_secs(60)),
            acr: "urn:okta:loa:1fa:pwd".to_owned(),
            amr: vec!["pwd".to_owned()],
            session: Some(SessionId::stored("ses1".to_owned())),
        };
        Self {
            server: AuthorizationServer::clone(catalog.server(&default).unwrap().unwrap()),
            client: Client::clone(catalog.client("portal").unwrap().unwrap()),
            person: Person { user, auth: Some(auth) },
            wish: IdTokenWish { nonce: Some("n-0S6_WzA2Mj".to_owned()), claims: Vec::new() },
        }
    }

    fn minted(&self, algorithm: Algorithm) -> (String, Value) {
        let key = SigningKey::generate(algorithm).unwrap();
        let granted = ScopeSet::parse("openid profile email").unwrap();
        let Self { server, client, person, wish } = self;
        let draft = IdTokenDraft::new(server, client, person, wish, &granted, NOW).unwrap();
        let token = draft.sign(&key, ACCESS_TOKEN).now_or_never().unwrap().unwrap();
        let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
        let jws = UnverifiedJws::parse(&token).unwrap();
        let claims = jws.verify(&keys, AlgorithmSet::all()).unwrap().deserialize().unwrap();
        (token, claims)
    }

    fn claims(&self) -> Value {
        self.minted(Algorithm::Rs256).1
    }
}

#[test]
fn s2_an_id_token_names_the_user_the_client_and_the_sign_in() {
    let world = World::new();
    let mut claims = world.claims();
    let id = claims["jti"].take();
    assert!(id.as_str().unwrap().starts_with(TokenId::ID), "{id}");
    let expected = json!({
        "iss": "https://id.example/oauth2/default",
        "sub": world.person.user.id.as_str(),
        "aud": "portal",
        "exp": 1_800_003_600,
        "iat": 1_800_000_000,
        "jti": null,
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        "nonce": "n-0S6_WzA2Mj",
        "auth_time": 1_799_999_940,
        "acr": "urn:okta:loa:1fa:pwd",
        "amr": ["pwd"],
        "sid": "ses1",
        "ver": 1,
        "level": "of the ID token",
        "plan": "gold",
    });
    assert_eq!(claims, expected);
}

#[test]
fn s3_1_3_6_at_hash_uses_the_hash_of_the_signature_algorithm() {
    let (_, claims) = World::new().minted(Algorithm::Es384);
    assert_eq!(claims["at_hash"].as_str().unwrap().len(), 32);
}

#[test]
fn s3_1_2_1_without_a_requested_nonce_the_token_has_none() {
    let mut world = World::new();
    world.wish.nonce = None;
    assert!(world.claims().get("nonce").is_none());
}

#[test]
fn s5_4_scope_claims_are_in_userinfo_and_s5_5_requested_claims_in_the_token() {
    let mut world = World::new();
    assert!(world.claims().get("email").is_none(), "a scope adds no claim to the ID token");
    world.wish.claims = ["email", "sub", "iss", "groups", "phone_number"].map(String::from).into();
    let claims = world.claims();
    assert_eq!(claims["email"], "alice@example.com");
    assert_eq!(claims["sub"], world.person.user.id.as_str());
    assert_eq!(claims["iss"], "https://id.example/oauth2/default");
    assert!(claims.get("groups").is_none() && claims.get("phone_number").is_none(), "{claims}");
}

#[test]
fn access_token_and_id_token_may_have_different_claims_of_the_same_name() {
    let world = World::new();
    assert_eq!(world.claims()["level"], "of the ID token");
    let World { server, client, .. } = &world;
    let scopes = ScopeSet::empty();
    let inputs = Inputs {
        user: None,
        client: client.into(),
        server: ServerInput { id: "default", audience: "" },
        scopes: &scopes,
        request: RequestInput { grant_type: "", resource: None, address: None, time: NOW },
        session: None,
    };
    let claims = custom_claims(server, TokenKind::Access, &inputs, &scopes, &Work::new()).unwrap();
    assert_eq!(*claims["level"], "of the access token");
}

#[test]
fn a_claim_of_the_administrator_never_replaces_a_reserved_claim() {
    let mut world = World::new();
    let value = ClaimSource::Constant(json!("forged"));
    let forged =
        ClaimSpec { token: TokenKind::Id, value, scopes: Vec::new(), status: Status::Active };
    for name in ["sub", "aud", "nonce", "sid", "acr"] {
        let key = EntityKey::of_server(EntityKind::Claim, &world.server.id, name);
        world.server.claims.insert(key, forged.clone());
    }
    let claims = world.claims();
    assert!(!claims.to_string().contains("forged"), "{claims}");
}

#[test]
fn every_claim_that_the_server_writes_is_reserved_and_no_standard_claim_is() {
    assert!(standard_claims::names().all(|name| !is_reserved(TokenKind::Id, name)));
    let claims = World::new().claims();
    let is_added = |name: &str| ["level", "plan"].contains(&name);
    let written = claims.as_object().unwrap().keys().filter(|name| !is_added(name));
    for name in written {
        assert!(is_reserved(TokenKind::Id, name), "{name}");
    }
}

#[test]
fn the_okta_dialect_has_no_typ_and_the_rfc9068_dialect_has_no_ver() {
    let header = |token: &str| {
        let head = scopegate_jose::base64url::decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&head).unwrap()
    };
    let mut world = World::new();
    for (dialect, typ, ver) in [
        (Dialect::Both, json!("JWT"), json!(1)),
        (Dialect::Rfc9068, json!("JWT"), Value::Null),
        (Dialect::Okta, Value::Null, json!(1)),
    ] {
        world.server.spec.dialect = dialect;
        let (token, claims) = world.minted(Algorithm::Rs256);
        assert_eq!((&header(&token)["typ"], &claims["ver"]), (&typ, &ver), "{dialect:?}");
        assert_eq!(header(&token)["alg"], "RS256");
        assert_eq!(claims["sub"], world.person.user.id.as_str(), "never the login");
    }
}
