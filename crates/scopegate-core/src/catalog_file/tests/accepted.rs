//! The contents of valid files.

use std::time::Duration;

use scopegate_claims::{Dialect, ScopeSet};
use scopegate_jose::{Algorithm, SigningKey, sha256};
use serde_json::json;

use super::{CLIENT, Context, SECRET, SERVER, SHA256, parse};
use crate::catalog::{
    ClaimSource, ClientAuth, ClientSecret, ClientSpec, ClientType, Clients, Consent, Entity, Owner,
    Scopes, Spec, Status, TokenKind,
};
use crate::catalog_file::{CatalogContext, CatalogFile};

const DEMO: &str = include_str!("demo.toml");
const PARTNER: &str = include_str!("partner.demo.jwk.json");

fn find<'a>(file: &'a CatalogFile, key: &str) -> &'a Spec {
    let found = file.entities.iter().find(|entity| entity.key.to_string() == key);
    &found.expect(key).spec
}

fn client<'a>(file: &'a CatalogFile, id: &str) -> &'a ClientSpec {
    match find(file, &format!("client {id}")) {
        Spec::Client(client) => client,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_smallest_file_has_no_entities() {
    let file = parse("version = 7").unwrap();
    assert_eq!((file.version, file.demo, file.entities.len()), (7, false, 0));
}

#[test]
fn the_demonstration_is_read() {
    let file = parse(DEMO).unwrap();
    assert!(file.demo);
    let keys: Vec<String> = file.entities.iter().map(|entity| entity.key.to_string()).collect();
    assert_eq!(
        keys,
        [
            "server default",
            "scope default/read:orders",
            "scope default/write:orders",
            "claim default/tenant",
            "policy default/readers",
            "rule default/readers/read only",
            "policy default/writers",
            "rule default/writers/read and write",
            "policy default/people",
            "rule default/people/staff may write",
            "rule default/people/everybody may read",
            "policy default/in the name of people",
            "rule default/in the name of people/staff may write",
            "rule default/in the name of people/everybody may read",
            "trusted_issuer default/https://partner.example",
            "client orders-reader",
            "client orders-writer",
            "client orders-post",
            "client partner",
            "client orders-portal",
            "client orders-web",
            "client orders-device",
        ]
    );
    assert!(file.entities.iter().all(|entity| entity.owner == Owner::File));
    let Spec::Rule(rule) = find(&file, "rule default/readers/read only") else { panic!() };
    assert_eq!(rule.scopes, Scopes::Named(ScopeSet::parse("read:orders").unwrap()));
    assert_eq!(rule.access_token_lifetime, Duration::from_secs(600));
}

#[test]
fn the_demonstration_has_the_secrets_and_keys_of_its_clients() {
    let file = parse(DEMO).unwrap();
    for id in ["orders-reader", "orders-writer", "orders-post"] {
        let secret = format!("{id}-demo-secret-not-for-production");
        let mac = Context::default().secret_mac(&sha256(secret.as_bytes()));
        assert_eq!(client(&file, id).secrets, [ClientSecret::from_mac(mac)], "{id}");
    }
    let key = SigningKey::from_jwk_json(PARTNER).unwrap();
    let [public] = &client(&file, "partner").jwks[..] else { panic!() };
    assert_eq!(*public, key.public_jwk());
    assert_eq!(public.kid(), Some("partner-demo"));
    let issuer = find(&file, "trusted_issuer default/https://partner.example");
    let Spec::TrustedIssuer(issuer) = issuer else { panic!() };
    assert_eq!(issuer.jwks, [key.public_jwk()]);
}

#[test]
fn a_missing_key_has_its_default() {
    let rest = r#"
[[server.scope]]
name = "read:orders"
[[server.claim]]
name = "tier"
value = { constant = [1, 2.5, { since = 1979-05-27, ok = true }] }
[[server.policy]]
name = "all"
clients = ["*"]
[[server.policy.rule]]
name = "any"
grant_types = ["client_credentials"]
scopes = ["*"]
"#;
    let secrets = "secrets = [{ env = \"READER_SECRET\" }]";
    let clients = CLIENT.strip_prefix("version = 1\n").unwrap();
    let file = parse(format!("{SERVER}\n{rest}\n{clients}\n{secrets}")).unwrap();

    let Spec::Server(server) = find(&file, "server orders") else { panic!() };
    assert_eq!((server.dialect, server.status), (Dialect::Both, Status::Active));
    assert_eq!(server.algorithms, [Algorithm::Rs256]);
    let Spec::Scope(scope) = find(&file, "scope orders/read:orders") else { panic!() };
    assert_eq!((scope.consent, scope.default, &*scope.description), (Consent::Implicit, false, ""));
    let Spec::Claim(claim) = find(&file, "claim orders/tier") else { panic!() };
    let constant = json!([1, 2.5, { "since": "1979-05-27", "ok": true }]);
    assert_eq!(claim.value, ClaimSource::Constant(constant));
    assert!(claim.scopes.is_empty());
    let Spec::Policy(policy) = find(&file, "policy orders/all") else { panic!() };
    assert_eq!((&policy.clients, policy.priority), (&Clients::All, 1));
    let Spec::Rule(rule) = find(&file, "rule orders/all/any") else { panic!() };
    assert_eq!(
        (&rule.scopes, rule.access_token_lifetime),
        (&Scopes::Any, Duration::from_secs(3600))
    );
    let reader = client(&file, "reader");
    assert_eq!(
        (reader.client_type, reader.auth),
        (ClientType::Service, ClientAuth::ClientSecretBasic)
    );
    assert!(reader.grant_types.iter().eq(["client_credentials"]));
    let mac = Context::default().secret_mac(&sha256(SECRET.as_bytes()));
    assert_eq!(reader.secrets, [ClientSecret::from_mac(mac)]);
}

/// A claim in only one kind of token has the same key as in earlier versions.
#[test]
fn a_claim_may_be_in_both_kinds_of_token() {
    let keys = |claims: &[(&str, &str)]| {
        let claims = claims.iter().map(|(name, token)| {
            format!(
                "[[server.claim]]\nname = {name:?}\ntoken = {token:?}\nvalue = {{ constant = 1 }}\n"
            )
        });
        let file = parse(format!("{SERVER}\n{}", claims.collect::<String>())).unwrap();
        let entities = file.entities.iter().filter_map(|entity| match &entity.spec {
            Spec::Claim(claim) => Some((entity.key.to_string(), claim.token)),
            _ => None,
        });
        Vec::from_iter(entities)
    };
    let of = |key: &str, token| (key.to_owned(), token);
    assert_eq!(keys(&[("tier", "access")]), [of("claim orders/tier", TokenKind::Access)]);
    assert_eq!(keys(&[("tier", "id")]), [of("claim orders/tier", TokenKind::Id)]);
    let (access, id) =
        (of("claim orders/tier", TokenKind::Access), of("claim orders/id/tier", TokenKind::Id));
    assert_eq!(keys(&[("tier", "access"), ("tier", "id")]), [access.clone(), id.clone()]);
    assert_eq!(keys(&[("tier", "id"), ("tier", "access")]), [id, access]);
}

#[test]
fn priorities_follow_the_order_of_the_file() {
    let policy = |name: &str| {
        let rule = |name: &str| {
            format!(
                "[[server.policy.rule]]\nname = '{name}'\ngrant_types = ['client_credentials']\nscopes = ['*']\n"
            )
        };
        format!("[[server.policy]]\nname = '{name}'\nclients = ['*']\n{}{}", rule("z"), rule("a"))
    };
    let file = parse(format!("{SERVER}\n{}{}", policy("z"), policy("a"))).unwrap();
    let priority = |entity: &Entity| match &entity.spec {
        Spec::Policy(policy) => policy.priority,
        Spec::Rule(rule) => rule.priority,
        _ => 0,
    };
    let shown: Vec<String> =
        file.entities.iter().map(|entity| format!("{} {}", entity.key, priority(entity))).collect();
    assert_eq!(
        shown,
        [
            "server orders 0",
            "policy orders/z 1",
            "rule orders/z/z 1",
            "rule orders/z/a 2",
            "policy orders/a 2",
            "rule orders/a/z 1",
            "rule orders/a/a 2",
        ]
    );
}

#[test]
fn a_sha_256_is_hex_or_base64url() {
    let digest = sha256(SECRET.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let written = [hex.to_uppercase(), hex, scopegate_jose::base64url::encode(&digest)];
    let secrets = written.map(|text| {
        let file = parse(format!("{CLIENT}\nsecrets = [{{ sha256 = '{text}' }}]")).unwrap();
        client(&file, "reader").secrets.clone()
    });
    assert_eq!(secrets[0], [ClientSecret::from_mac(digest.map(|byte| !byte))]);
    assert!(secrets.iter().all(|secret| *secret == secrets[0]));
}

#[test]
fn two_servers_may_have_the_same_audience_and_scopes() {
    let second = SERVER.replace("version = 1", "").replace("\"orders\"", "\"stock\"");
    let scope = "[[server.scope]]\nname = 'read'";
    assert!(parse(format!("{SERVER}\n{scope}\n{second}\n{scope}")).is_ok());
}

#[test]
fn debug_output_contains_no_secret() {
    let file = parse(format!(
        "{CLIENT}\nsecrets = [{{ env = 'READER_SECRET' }}, {{ sha256 = '{SHA256}' }}]"
    ));
    let shown = format!("{:?}", file.unwrap());
    assert!(!shown.contains(SECRET) && !shown.contains(SHA256), "{shown}");
}
