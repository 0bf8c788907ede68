mod keys;

use scopegate_claims::Issuer;
use scopegate_jose::{Algorithm, SigningKey, TokenType, sha256};
use serde_json::{Value, json};

use super::private_key_jwt::SIGNED_BY_PLACEHOLDER;
use super::*;
use crate::catalog::{
    ClientId, ClientSpec, Edit, Entity, EntityKey, Owner, ServerId, Spec, Status,
};
use crate::keys::fetch::NoFetch;

const SECRET: &str = "a secret: with + and % and ümlaut, long enough";
/// A secret that looks form-encoded but is not.
const ESCAPED: &str = "like%41an+escape, and meant as it is";
const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

struct World {
    catalog: Snapshot,
    master_key: MasterKey,
    key: SigningKey,
}

impl World {
    fn new() -> Self {
        let (master_key, key) =
            (MasterKey::generate(), SigningKey::generate(Algorithm::Es256).unwrap());
        let secrets = [SECRET, ESCAPED].map(|secret| {
            ClientSecret::from_mac(secret_mac(&master_key, &sha256(secret.as_bytes())))
        });
        let clients = [
            ("basic", ClientAuth::ClientSecretBasic, Status::Active),
            ("post", ClientAuth::ClientSecretPost, Status::Active),
            ("partner", ClientAuth::PrivateKeyJwt, Status::Active),
            ("off", ClientAuth::ClientSecretPost, Status::Inactive),
            ("public", ClientAuth::None, Status::Active),
        ];
        let edits = clients.map(|(name, auth, status)| {
            let is_key = auth == ClientAuth::PrivateKeyJwt;
            let spec = ClientSpec {
                name: name.to_owned(),
                auth,
                secrets: if is_key { vec![] } else { secrets.to_vec() },
                jwks: if is_key { vec![key.public_jwk()] } else { vec![] },
                status,
                ..ClientSpec::default()
            };
            let key = EntityKey::client(&ClientId::parse(name).unwrap());
            Edit::Put(Entity { key, owner: Owner::File, spec: Spec::Client(Box::new(spec)) })
        });
        let base = Issuer::parse("https://id.example").unwrap();
        Self { catalog: Snapshot::empty(&base).edited(1, edits.into()), master_key, key }
    }

    fn ask(
        &self,
        header: Option<&str>,
        form: &[(&str, &str)],
    ) -> Result<AuthenticatedClient, CallError> {
        let form = Form::collect(form.iter().copied()).unwrap();
        let presented = Presented::form(&form).with_authorization(header.map(Authorization));
        let proof = self.proof(&presented);
        let client_keys = ClientKeys::new(Arc::new(NoFetch));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(authenticate(&proof, &self.catalog, &client_keys))
    }

    fn proof<'a>(&'a self, presented: &'a Presented<'a>) -> Proof<'a> {
        Proof {
            presented,
            server: self.catalog.server(&ServerId::default_server()).unwrap().unwrap(),
            endpoint: "token",
            also_at: &[],
            master_key: &self.master_key,
            keys: None,
            now: NOW,
        }
    }

    fn assert_by(
        &self,
        key: &SigningKey,
        change: impl FnOnce(&mut Value),
    ) -> Result<AuthenticatedClient, CallError> {
        let mut claims = json!({
            "iss": "partner", "sub": "partner", "jti": "j1",
            "aud": "https://id.example/oauth2/default/v1/token",
            "iat": NOW.as_seconds(), "exp": NOW.as_seconds() + 60,
        });
        change(&mut claims);
        let assertion = key.sign(TokenType::Jwt, &claims).unwrap();
        self.ask(
            None,
            &[
                ("client_assertion_type", private_key_jwt::ASSERTION_TYPE),
                ("client_assertion", &assertion),
            ],
        )
    }

    fn assert(&self, change: impl FnOnce(&mut Value)) -> Result<AuthenticatedClient, CallError> {
        self.assert_by(&self.key, change)
    }
}

fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    format!(
        "Basic {}",
        base64_simd::STANDARD.encode_to_string(format!("{}:{}", encode(id), encode(secret)))
    )
}

fn id(outcome: Result<AuthenticatedClient, CallError>) -> String {
    outcome.unwrap().client.id.to_string()
}

fn is_invalid_client(outcome: &Result<AuthenticatedClient, CallError>) -> bool {
    matches!(outcome, Err(CallError::InvalidClient(_)))
}

#[test]
fn each_method_proves_its_client() {
    let world = World::new();
    assert_eq!(id(world.ask(Some(&basic("basic", SECRET)), &[])), "basic");
    assert_eq!(id(world.ask(None, &[("client_id", "post"), ("client_secret", SECRET)])), "post");
    assert_eq!(id(world.assert(|_| {})), "partner");
}

/// Basic credentials without form-encoding.
fn unencoded(id: &str, secret: &str) -> String {
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}")))
}

/// Whether the warning about an unencoded secret was already logged for a client. The call itself marks it as
/// logged.
fn was_warned(world: &World, client: &str) -> bool {
    !world.catalog.client(client).unwrap().unwrap().is_first_unencoded_secret()
}

#[test]
fn a_basic_secret_that_is_wrong_after_decoding_is_tried_without_decoding() {
    let world = World::new();
    assert_eq!(id(world.ask(Some(&unencoded("basic", SECRET)), &[])), "basic");
    assert!(was_warned(&world, "basic"), "a warning is logged");
    assert_eq!(id(World::new().ask(Some(&unencoded("basic", ESCAPED)), &[])), "basic");

    let world = World::new();
    for secret in [SECRET, ESCAPED] {
        assert_eq!(id(world.ask(Some(&basic("basic", secret)), &[])), "basic");
    }
    assert!(!was_warned(&world, "basic"), "an encoded secret logs no warning");

    let world = World::new();
    // Encoded twice, encoded in part, one character off, another client's id, and a secret in the form.
    for wrong in [
        unencoded("basic", &SECRET.replace('+', "%252B")),
        unencoded("basic", &SECRET.replace('+', "%2B")),
        unencoded("basic", &SECRET.replace('+', " ")),
        unencoded("basic", &format!("{SECRET}%")),
        unencoded("basic", "likeAan escape, and meant as it is"),
        unencoded("nobody", SECRET),
        unencoded("post", SECRET),
    ] {
        assert!(is_invalid_client(&world.ask(Some(&wrong), &[])), "{wrong}");
    }
    let form = [("client_id", "post"), ("client_secret", &*SECRET.replace('+', "%2B"))];
    assert!(is_invalid_client(&world.ask(None, &form)));
    assert!(
        !was_warned(&world, "post") && !was_warned(&world, "basic"),
        "a wrong secret logs no warning"
    );
}

#[test]
fn the_id_of_basic_credentials_is_always_decoded() {
    let world = World::new();
    assert_eq!(id(world.ask(Some(&unencoded("b%61sic", SECRET)), &[])), "basic");
    for wrong in ["b+sic", "b%zzsic", "b%FFsic"] {
        assert!(is_invalid_client(&world.ask(Some(&unencoded(wrong, SECRET)), &[])), "{wrong}");
    }
    // Two different ids are reported, whether the secret is right or wrong.
    for secret in [SECRET, "%", "%FF", ""] {
        let outcome = world.ask(Some(&unencoded("basic", secret)), &[("client_id", "post")]);
        assert!(matches!(outcome, Err(CallError::InvalidRequest(_))), "{secret}: {outcome:?}");
    }
}

#[test]
fn basic_credentials_are_form_encoded() {
    let world = World::new();
    assert_eq!(
        id(world.ask(Some(&basic("basic", SECRET).replace("Basic", "bAsIc")), &[])),
        "basic"
    );
}

#[test]
fn a_wrong_secret_and_an_unknown_client_get_the_same_refusal() {
    let world = World::new();
    let wrong = [
        world.ask(Some(&basic("basic", "wrong")), &[]),
        world.ask(Some(&basic("nobody", SECRET)), &[]),
        world.ask(Some("Basic !!!"), &[]),
        world.ask(Some("Basic"), &[]),
        world.ask(Some("Bearer x"), &[]),
        world.ask(None, &[("client_id", "post"), ("client_secret", "wrong")]),
        world.ask(None, &[("client_id", "nobody"), ("client_secret", SECRET)]),
        world.ask(None, &[("client_secret", SECRET)]),
        world.ask(None, &[("client_id", "post")]),
        world.ask(None, &[]),
        world.ask(None, &[("client_id", "off"), ("client_secret", SECRET)]),
    ];
    for (case, outcome) in wrong.iter().enumerate() {
        assert!(is_invalid_client(outcome), "case {case}: {outcome:?}");
    }
}

#[test]
fn a_client_must_use_the_method_for_which_it_is_registered() {
    let world = World::new();
    assert!(is_invalid_client(&world.ask(Some(&basic("post", SECRET)), &[])));
    let form = [("client_id", "basic"), ("client_secret", SECRET)];
    assert!(is_invalid_client(&world.ask(None, &form)));
    assert!(is_invalid_client(
        &world.ask(None, &[("client_id", "partner"), ("client_secret", "x")])
    ));
}

#[test]
fn a_public_client_sends_its_id_and_no_credentials() {
    let world = World::new();
    let form = Form::collect([("client_id", "nobody")]).unwrap();
    let presented = Presented::form(&form);
    assert!(none::NoProof.prove(&world.proof(&presented), None).is_err());
    assert_eq!(id(world.ask(None, &[("client_id", "public")])), "public");
    let refused = [
        world.ask(None, &[("client_id", "nobody")]),
        world.ask(None, &[("client_id", "public"), ("client_secret", SECRET)]),
        world.ask(Some(&basic("public", SECRET)), &[]),
        world.ask(Some(&basic("public", "")), &[("client_id", "public")]),
    ];
    for (case, outcome) in refused.iter().enumerate() {
        assert!(is_invalid_client(outcome), "case {case}: {outcome:?}");
    }
}

#[test]
fn a_confidential_client_without_its_secret_is_refused() {
    let world = World::new();
    for client in ["basic", "post", "partner", "off"] {
        assert!(is_invalid_client(&world.ask(None, &[("client_id", client)])), "{client}");
    }
}

#[test]
fn a_client_may_have_two_secrets_and_one_may_expire() {
    let mac = |secret: &str| secret_mac(&MasterKey::generate(), &sha256(secret.as_bytes()));
    let (old, new) = (mac("old"), mac("new"));
    let secrets = [ClientSecret::from_mac(old).until(Some(NOW)), ClientSecret::from_mac(new)];
    let before = NOW.minus(std::time::Duration::from_secs(1));
    let matches = |mac: &[u8; 32], now| secrets.iter().any(|secret| secret.matches(mac, now));
    assert!(matches(&old, before) && matches(&new, before));
    assert!(!matches(&old, NOW) && matches(&new, NOW));
}

#[test]
fn two_methods_in_one_request_are_refused() {
    let world = World::new();
    let header = basic("basic", SECRET);
    for form in [[("client_secret", SECRET)], [("client_assertion", "x")]] {
        let outcome = world.ask(Some(&header), &form);
        assert!(matches!(outcome, Err(CallError::SeveralClientAuthentications)));
    }
}

#[test]
fn the_form_may_repeat_the_client_id_but_not_change_it() {
    let world = World::new();
    let header = basic("basic", SECRET);
    assert_eq!(id(world.ask(Some(&header), &[("client_id", "basic")])), "basic");
    let outcome = world.ask(Some(&header), &[("client_id", "post")]);
    assert!(matches!(outcome, Err(CallError::InvalidRequest(_))));
}

#[test]
fn an_assertion_may_name_the_issuer_as_its_audience() {
    let world = World::new();
    for aud in [
        json!("https://id.example/oauth2/default"),
        json!(["x", "https://id.example/oauth2/default/v1/token"]),
    ] {
        assert!(world.assert(|claims| claims["aud"] = aud.clone()).is_ok(), "{aud}");
    }
}

#[test]
fn an_assertion_of_another_client_for_another_server_or_another_time_is_refused() {
    let world = World::new();
    let now = NOW.as_seconds();
    for (member, value) in [
        ("iss", json!("basic")),
        ("sub", json!("basic")),
        ("sub", json!("nobody")),
        ("aud", json!("https://id.example")),
        ("aud", json!("https://id.example/oauth2/other")),
        ("aud", json!([])),
        ("exp", json!(now - 61)),
        ("exp", json!(now + 3600 + 61)),
        ("exp", json!((now + 60).to_string())),
        ("exp", Value::Null),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
        ("jti", json!("")),
        ("jti", Value::Null),
        ("jti", json!("x".repeat(256))),
    ] {
        let outcome = world.assert(|claims| claims[member] = value.clone());
        assert!(is_invalid_client(&outcome), "{member}: {value}");
    }
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert!(is_invalid_client(&world.assert_by(&stranger, |_| {})));
    let with_known_kid = stranger.with_kid(world.key.kid()).unwrap();
    assert!(is_invalid_client(&world.assert_by(&with_known_kid, |_| {})));
}

#[test]
fn an_assertion_without_its_type_is_refused() {
    let world = World::new();
    for form in [
        &[("client_assertion", "a.b.c")][..],
        &[("client_assertion_type", private_key_jwt::ASSERTION_TYPE)],
    ] {
        assert!(is_invalid_client(&world.ask(None, form)));
    }
}

#[test]
fn an_assertion_is_used_up_with_the_token() {
    let changes = World::new().assert(|_| {}).unwrap().changes;
    assert!(matches!(&changes[..], [Change::UseAssertion { jti, .. }] if jti == "j1"));
}

/// The private key of the placeholder key for ES256. It gives access to nothing.
const PLACEHOLDER: &str = r#"{"kty":"EC","crv":"P-256","x":"s0AusdbhvmFMZULlMg4JOxZ3Sras834_UNJ291KH7Mo","y":"rP16_NAHH6oMxJfMuOi_rAk3GiBDJQISzxNhoEMEBNc","d":"fbwRJdMiB5x9gABlrXKVJCY79uIl1KUWuKnrw0vl5YM"}"#;

/// An assertion with an unknown key is verified with a placeholder key, so that it takes as long as one with a
/// known key.
#[test]
fn one_signature_is_verified_whether_the_client_is_known_or_not() {
    let world = World::new();
    let claims = json!({ "sub": "anybody" });
    let placeholder = || SigningKey::from_jwk_json(PLACEHOLDER).unwrap();
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let assertion = stranger.sign(TokenType::Jwt, &claims).unwrap();
    let form = Form::collect([("client_assertion", &*assertion)]).unwrap();
    let presented = Presented::form(&form);
    let proved = private_key_jwt::PrivateKeyJwt.prove(&world.proof(&presented), None);
    assert_ne!(proved.unwrap_err(), "the assertion is signed by nobody");
    for key in [placeholder(), placeholder().with_kid(world.key.kid()).unwrap()] {
        let assertion = key.sign(TokenType::Jwt, &claims).unwrap();
        let form = Form::collect([
            ("client_assertion_type", private_key_jwt::ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let form = form.unwrap();
        let presented = Presented::form(&form);
        let prove = |name: Option<&str>| {
            let client = name.map(|name| &**world.catalog.client(name).unwrap().unwrap());
            let proved = private_key_jwt::PrivateKeyJwt.prove(&world.proof(&presented), client);
            proved.unwrap_err()
        };
        for unknown_key in [None, Some("basic"), Some("post"), Some("off"), Some("public")] {
            assert_eq!(prove(unknown_key), SIGNED_BY_PLACEHOLDER, "{unknown_key:?}");
        }
        let is_named = key.kid() == world.key.kid();
        let refusal = match is_named {
            true => "bad_signature",
            false => SIGNED_BY_PLACEHOLDER,
        };
        assert_eq!(prove(Some("partner")), refusal);
    }
}

#[test]
fn keys_are_fetched_only_for_an_active_client_that_uses_private_key_jwt() {
    let published = |auth, status| {
        let jwks_uri = Some("https://partner.example/keys".to_owned());
        let spec = ClientSpec { auth, status, jwks_uri, ..ClientSpec::default() };
        let key = EntityKey::client(&ClientId::parse("partner").unwrap());
        let spec = Spec::Client(Box::new(spec));
        let edit = Edit::Put(Entity { key, owner: Owner::File, spec });
        let world = World::new();
        let world = World { catalog: world.catalog.edited(2, vec![edit]), ..world };
        world.assert(|_| {})
    };
    let fetched = published(ClientAuth::PrivateKeyJwt, Status::Active);
    assert!(matches!(fetched, Err(CallError::KeysUnavailable)), "{fetched:?}");
    for (auth, status) in [
        (ClientAuth::PrivateKeyJwt, Status::Inactive),
        (ClientAuth::ClientSecretBasic, Status::Active),
        (ClientAuth::None, Status::Active),
    ] {
        assert!(is_invalid_client(&published(auth, status)), "{auth:?} {status:?}");
    }
}

#[test]
fn a_secret_that_is_stored_twice_matches_and_an_unknown_client_never_matches() {
    let world = World::new();
    let stored = || {
        let mac = secret_mac(&world.master_key, &sha256(SECRET.as_bytes()));
        ClientSecret::from_mac(mac)
    };
    let spec = ClientSpec { secrets: vec![stored(), stored()], ..ClientSpec::default() };
    let client = Client::new(ClientId::parse("twice").unwrap(), spec);
    let form = Form::default();
    let presented = Presented::form(&form);
    let proof = world.proof(&presented);
    assert!(is_secret_of(Some(&client), SECRET, &proof));
    assert!(!is_secret_of(Some(&client), ESCAPED, &proof));
    assert!(!is_secret_of(None, SECRET, &proof));
}

#[test]
fn a_client_whose_id_has_a_colon_cannot_use_basic() {
    let world = World::new();
    let id = ClientId::parse("https://a.example").unwrap();
    let mac = secret_mac(&world.master_key, &sha256(SECRET.as_bytes()));
    let spec = ClientSpec { secrets: vec![ClientSecret::from_mac(mac)], ..ClientSpec::default() };
    let spec = Spec::Client(Box::new(spec));
    let edit = Edit::Put(Entity { key: EntityKey::client(&id), owner: Owner::File, spec });
    let world = World { catalog: world.catalog.edited(2, vec![edit]), ..world };
    assert!(is_invalid_client(&world.ask(Some(&basic(id.as_str(), SECRET)), &[])));
}

#[test]
fn all_credentials_count_as_a_proof_and_debug_hides_them() {
    let shows = |pairs: &[(&str, &str)]| {
        Presented::form(&Form::collect(pairs.iter().copied()).unwrap()).shows_proof()
    };
    for name in ["client_secret", "client_assertion", "client_assertion_type"] {
        assert!(shows(&[("client_id", "public"), (name, "x")]), "{name}");
    }
    assert!(!shows(&[("client_id", "public"), ("scope", "x")]) && !shows(&[]));
    let form = Form::default();
    let header = Presented::form(&form).with_authorization(Some(Authorization("Basic x")));
    assert!(header.shows_proof());
    assert_eq!(format!("{:?}", Authorization("Basic x")), "Authorization(…)");
}

#[test]
fn each_method_has_the_name_of_the_catalog() {
    let named: Vec<_> = METHODS.iter().map(|method| method.auth().as_str()).collect();
    assert_eq!(named, ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]);
}
