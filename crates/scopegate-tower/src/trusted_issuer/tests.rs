//! Tokens as each provider writes them, with changed names.

use http::Request;
use http::header::AUTHORIZATION;
use scopegate_bearer::Refusal;
use scopegate_claims::Claims;
use scopegate_jose::{Algorithm, ClientRule, KeySet, SigningKey, TokenType};
use serde_json::{Value, json};

use super::*;
use crate::BearerLayer;
use crate::decision::Decision;
use crate::test_issuer::{NOW, TestIssuer};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// Signs a payload as an issuer and lets a layer decide about it.
fn decide(issuer: TrustedIssuer, typ: TokenType, payload: &Value) -> Result<Claims, String> {
    let test = TestIssuer::new();
    decide_with(issuer.keys(test.key_set()), &test.key(), typ, payload)
}

fn decide_with(
    issuer: TrustedIssuer,
    key: &SigningKey,
    typ: TokenType,
    payload: &Value,
) -> Result<Claims, String> {
    let clock = TestIssuer::new().clock;
    let layer = BearerLayer::issuers([issuer]).clock(Arc::new(clock)).build().unwrap();
    let token = key.sign(typ, payload).unwrap();
    let request = Request::get("/").header(AUTHORIZATION, format!("Bearer {token}"));
    match layer.decide(&request.body(()).unwrap()) {
        Decision::Admit(admitted) => Ok(admitted.token.unwrap().claims().clone()),
        Decision::Refuse(cause) => Err(Refusal::new(cause).reason().to_owned()),
        other => panic!("the keys are fixed, and no extra claims are read: {other:?}"),
    }
}

fn with(payload: &Value, members: Value) -> Value {
    let (Value::Object(mut object), Value::Object(members)) = (payload.clone(), members) else {
        panic!("both are objects");
    };
    object.extend(members);
    object.retain(|_, value| !value.is_null());
    Value::Object(object)
}

fn refused(reason: &str) -> Result<Claims, String> {
    Err(reason.to_owned())
}

fn scopes(claims: &Claims) -> Vec<&str> {
    claims.scopes().iter().collect()
}

fn roles(claims: &Claims) -> Vec<&str> {
    claims.roles().iter().collect()
}

fn groups(claims: &Claims) -> Vec<&str> {
    claims.groups().iter().collect()
}

#[test]
fn ours_in_every_dialect() {
    let issuer =
        || TrustedIssuer::new("https://id.example.com/oauth2/default").audience("api://orders");
    let common = json!({
        "iss": "https://id.example.com/oauth2/default", "aud": "api://orders", "sub": "orders-reader",
        "exp": NOW + 600, "iat": NOW, "jti": "AT.1",
    });
    let rfc9068 = json!({ "client_id": "orders-reader", "scope": "read:orders" });
    let okta = json!({ "ver": 1, "cid": "orders-reader", "scp": ["read:orders"] });
    let both = with(&rfc9068, okta.clone());
    for (typ, dialect) in [
        (TokenType::AccessToken, &rfc9068),
        (TokenType::Jwt, &rfc9068),
        (TokenType::None, &okta),
        (TokenType::AccessToken, &both),
    ] {
        let claims = decide(issuer(), typ, &with(&common, dialect.clone())).unwrap();
        assert_eq!(claims.client_id(), Some("orders-reader"));
        assert_eq!(scopes(&claims), ["read:orders"]);
    }
    let strict = decide(issuer().strict_type(), TokenType::Jwt, &with(&common, both.clone()));
    assert_eq!(strict, refused("wrong_type"));
    let strict = |members| {
        let payload = with(&with(&common, both.clone()), members);
        decide(issuer().strict_type(), TokenType::AccessToken, &payload)
    };
    assert!(strict(json!({})).is_ok());
    assert_eq!(strict(json!({ "jti": null })), refused("missing_claim"));
}

#[test]
fn okta() {
    let issuer =
        || TrustedIssuer::okta("https://acme.okta.com/oauth2/default").audience("api://default");
    let token = json!({
        "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
        "iss": "https://acme.okta.com/oauth2/default", "aud": "api://default",
        "iat": NOW, "exp": NOW + 3600, "cid": "0oabskvc6442nkvQO0h7", "uid": "00u5t60iloOHN9pBi0h7",
        "scp": ["openid", "read:orders"], "sub": "alice@example.com", "groups": ["Everyone", "Staff"],
    });
    let claims = decide(issuer(), TokenType::None, &token).unwrap();
    assert_eq!(claims.client_id(), Some("0oabskvc6442nkvQO0h7"));
    assert_eq!(claims.user_id(), Some("00u5t60iloOHN9pBi0h7"));
    assert_eq!(scopes(&claims), ["openid", "read:orders"]);
    assert_eq!(groups(&claims), ["Everyone", "Staff"]);
    // An ID token has the client as its audience and no `cid`.
    let id_token = with(&token, json!({ "cid": null, "scp": null, "amr": ["pwd"] }));
    assert_eq!(decide(issuer(), TokenType::None, &id_token), refused("missing_claim"));
    let id_token = with(&id_token, json!({ "nonce": "n" }));
    assert_eq!(decide(issuer(), TokenType::None, &id_token), refused("wrong_type"));
}

#[test]
fn auth0() {
    let issuer = || TrustedIssuer::auth0("acme.eu.auth0.com").audience("https://api.acme.example");
    let token = json!({
        "iss": "https://acme.eu.auth0.com/", "sub": "auth0|65f1c0", "iat": NOW, "exp": NOW + 86_400,
        "aud": ["https://api.acme.example", "https://acme.eu.auth0.com/userinfo"],
        "azp": "my_client_id", "scope": "openid profile", "permissions": ["read:orders"],
    });
    let claims = decide(issuer(), TokenType::Jwt, &token).unwrap();
    assert_eq!(claims.client_id(), Some("my_client_id"));
    assert_eq!(scopes(&claims), ["openid", "profile", "read:orders"]);

    let machine = with(
        &token,
        json!({
            "sub": "my_client_id@clients", "gty": "client-credentials", "permissions": [],
            "aud": "https://api.acme.example", "scope": "write:orders",
        }),
    );
    assert_eq!(scopes(&decide(issuer(), TokenType::Jwt, &machine).unwrap()), ["write:orders"]);
    // The slash at the end is part of the issuer.
    let other = with(&token, json!({ "iss": "https://acme.eu.auth0.com" }));
    assert_eq!(decide(issuer(), TokenType::Jwt, &other), refused("wrong_issuer"));
    for same in ["https://acme.eu.auth0.com/", "acme.eu.auth0.com/"] {
        assert_eq!(TrustedIssuer::auth0(same).issuer, "https://acme.eu.auth0.com/");
    }
}

/// Entra's keys declare no algorithm.
#[test]
fn entra_v2() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg").unwrap();
    let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap().keys;
    let api = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let issuer = || TrustedIssuer::entra(TENANT.to_uppercase()).audience(api).keys(keys.clone());
    let decide = |payload: &Value| decide_with(issuer(), &key, TokenType::Jwt, payload);
    let token = json!({
        "aud": api, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "iat": NOW, "nbf": NOW, "exp": NOW + 4000, "aio": "E2Zg", "azp": "client", "azpacr": "0",
        "name": "Alice", "oid": "o", "preferred_username": "alice@example.com", "rh": "r",
        "roles": ["Orders.Admin"], "scp": "Orders.Read access_as_user", "sub": "s", "tid": TENANT,
        "uti": "u", "ver": "2.0",
    });
    let claims = decide(&token).unwrap();
    assert_eq!(claims.client_id(), Some("client"));
    assert_eq!(scopes(&claims), ["Orders.Read", "access_as_user"]);
    assert_eq!(roles(&claims), ["Orders.Admin"]);

    // An application's permissions are in `roles`, and do not count as scopes.
    let app = with(&token, json!({ "scp": null, "roles": ["Orders.Read.All"], "idtyp": "app" }));
    let claims = decide(&app).unwrap();
    assert_eq!((scopes(&claims), roles(&claims)), (vec![], vec!["Orders.Read.All"]));

    // If an API is also a client, its ID tokens have the same audience.
    let id_token = with(&token, json!({ "azp": null, "azpacr": null, "scp": null }));
    assert_eq!(decide(&id_token), refused("missing_claim"));
    assert_eq!(decide(&with(&id_token, json!({ "nonce": "n" }))), refused("wrong_type"));
    let other = "11111111-86f1-41af-91ab-2d7cd011db47";
    let tenant = json!({ "iss": format!("https://login.microsoftonline.com/{other}/v2.0") });
    assert_eq!(decide(&with(&token, tenant)), refused("wrong_issuer"));
}

#[test]
fn entra_v1() {
    let issuer = || TrustedIssuer::entra_v1(TENANT).audience("api://orders");
    let token = json!({
        "aud": "api://orders", "iss": format!("https://sts.windows.net/{TENANT}/"), "iat": NOW,
        "nbf": NOW, "exp": NOW + 4000, "acr": "1", "amr": ["pwd", "mfa"], "appid": "client",
        "appidacr": "1", "scp": "Orders.Read", "sub": "s", "tid": TENANT, "upn": "alice@example.com",
        "ver": "1.0",
    });
    let claims = decide(issuer(), TokenType::Jwt, &token).unwrap();
    assert_eq!((claims.client_id(), scopes(&claims)), (Some("client"), vec!["Orders.Read"]));
    // A tenant has a separate issuer for each token version.
    let v2 = json!({ "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0") });
    assert_eq!(decide(issuer(), TokenType::Jwt, &with(&token, v2)), refused("wrong_issuer"));
    for tenant in
        ["common", "organizations", "consumers", "acme.onmicrosoft.com", "", "../x", "72f9"]
    {
        for issuer in [TrustedIssuer::entra(tenant), TrustedIssuer::entra_v1(tenant)] {
            let error = BearerLayer::issuers([issuer.audience("a")]).build().unwrap_err();
            assert!(matches!(error, ConfigError::InvalidTenant { .. }), "{tenant}: {error}");
        }
    }
}

#[test]
fn keycloak() {
    let issuer =
        || TrustedIssuer::keycloak("https://sso.example.com/realms/acme").audience("orders");
    let token = json!({
        "exp": NOW + 300, "iat": NOW, "jti": "j", "iss": "https://sso.example.com/realms/acme",
        "aud": ["orders", "account"], "sub": "s", "typ": "Bearer", "azp": "portal", "sid": "x",
        "acr": "1", "allowed-origins": ["*"], "realm_access": { "roles": ["offline_access", "staff"] },
        "resource_access": {
            "orders": { "roles": ["editor"] },
            "account": { "roles": ["manage-account"] },
            "a/b~c": { "roles": ["odd"] },
        },
        "scope": "email profile read:orders", "preferred_username": "alice",
    });
    let claims = decide(issuer(), TokenType::Jwt, &token).unwrap();
    assert_eq!(claims.client_id(), Some("portal"));
    assert_eq!(scopes(&claims), ["email", "profile", "read:orders"]);
    assert_eq!(roles(&claims), ["offline_access", "staff"]);
    let claims = decide(issuer().client_roles("orders"), TokenType::Jwt, &token).unwrap();
    assert_eq!(roles(&claims), ["offline_access", "staff", "editor"], "not those of other clients");
    let claims = decide(issuer().client_roles("a/b~c"), TokenType::Jwt, &token).unwrap();
    assert!(claims.roles().contains("odd"));
    for typ in [json!("ID"), json!("Refresh"), json!("Offline"), json!("Logout"), Value::Null] {
        let token = with(&token, json!({ "typ": typ }));
        assert_eq!(decide(issuer(), TokenType::Jwt, &token), refused("wrong_type"));
    }
}

#[test]
fn cognito() {
    let issuer = || {
        TrustedIssuer::cognito("eu-west-1", "eu-west-1_Example").client_ids(["portal"], "access")
    };
    let token = json!({
        "sub": "s", "device_key": "d", "cognito:groups": ["staff"],
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example", "version": 2,
        "client_id": "portal", "origin_jti": "o", "event_id": "e", "token_use": "access",
        "scope": "openid orders/read", "auth_time": NOW, "exp": NOW + 3600, "iat": NOW, "jti": "j",
        "username": "alice",
    });
    let claims = decide(issuer(), TokenType::None, &token).unwrap();
    assert_eq!(claims.client_id(), Some("portal"));
    assert_eq!(scopes(&claims), ["openid", "orders/read"]);
    assert_eq!(groups(&claims), ["staff"]);
    let other = with(&token, json!({ "client_id": "other" }));
    assert_eq!(decide(issuer(), TokenType::None, &other), refused("wrong_audience"));
    let id_token = with(&token, json!({ "token_use": "id", "client_id": null, "aud": "portal" }));
    assert_eq!(decide(issuer(), TokenType::None, &id_token), refused("wrong_type"));
}

#[test]
fn other_providers_by_a_mapping() {
    let mapping = ClaimMapping::new()
        .scopes("authorities")
        .roles("https://acme.example/roles")
        .groups("/org/groups")
        .client_id("/client/id");
    let issuer = TrustedIssuer::new("https://id.acme.example").audience("orders").mapping(mapping);
    let token = json!({
        "iss": "https://id.acme.example", "aud": "orders", "exp": NOW + 60,
        "authorities": "read:orders write:orders", "https://acme.example/roles": ["admin"],
        "org": { "groups": ["staff"] }, "client": { "id": "portal" },
    });
    let claims = decide(issuer, TokenType::Jwt, &token).unwrap();
    assert_eq!(scopes(&claims), ["read:orders", "write:orders"]);
    assert_eq!((roles(&claims), groups(&claims)), (vec!["admin"], vec!["staff"]));
    assert_eq!(claims.client_id(), Some("portal"));
}

#[test]
fn an_issuer_with_given_keys_can_have_any_name() {
    for name in ["http://adfs.example/adfs/services/trust", "acme.com", "urn:acme", "Acme, Inc."] {
        let issuer = || TrustedIssuer::new(name).audience("orders");
        let token = json!({ "iss": name, "aud": "orders", "exp": NOW + 60 });
        assert!(decide(issuer(), TokenType::Jwt, &token).is_ok(), "{name}");
        for other in [name.to_uppercase(), format!("{name}/"), format!(" {name}")] {
            let token = with(&token, json!({ "iss": other }));
            assert_eq!(decide(issuer(), TokenType::Jwt, &token), refused("wrong_issuer"));
        }
        let remote = issuer().jwks_url("https://adfs.example/adfs/discovery/keys");
        assert!(BearerLayer::issuers([remote]).build().is_ok(), "{name}");
        // Without keys they must be discovered, and that needs a URL.
        let error = BearerLayer::issuers([issuer()]).build().unwrap_err();
        assert!(matches!(error, ConfigError::Claims(_)), "{name}: {error}");
        assert!(error.to_string().contains("`.jwks_url(…)`"), "{error}");
    }
    for name in [String::new(), "x".repeat(2049), "x".repeat(10_000)] {
        let issuer = TrustedIssuer::new(name).audience("a").jwks_url("https://a.example/k");
        let error = BearerLayer::issuers([issuer]).build().unwrap_err();
        assert!(matches!(error, ConfigError::Claims(_)), "{error:.60}");
    }
}

#[test]
fn a_token_without_audience_is_accepted_by_its_authorized_party_only_where_that_is_set() {
    let realm = || TrustedIssuer::keycloak("https://sso.example.com/realms/acme");
    let token = json!({
        "iss": "https://sso.example.com/realms/acme", "exp": NOW + 60, "typ": "Bearer",
        "azp": "portal", "scope": "email",
    });
    let decide = |issuer, token: &Value| decide(issuer, TokenType::Jwt, token).map(drop);
    let no_audience = Err("wrong_audience".to_owned());
    let party = || realm().authorized_party("portal").authorized_party("app");
    assert_eq!(decide(party(), &token), Ok(()));
    assert_eq!(decide(party().audience("orders"), &token), Ok(()));
    assert_eq!(decide(realm().audience("orders"), &token), no_audience);
    assert_eq!(decide(party(), &with(&token, json!({ "azp": "other" }))), no_audience);
    assert_eq!(decide(party(), &with(&token, json!({ "aud": "orders" }))), no_audience);
    let for_us = with(&token, json!({ "aud": "orders", "azp": "other" }));
    assert_eq!(decide(party().audience("orders"), &for_us), Ok(()));
    let for_another = with(&token, json!({ "aud": "billing" }));
    assert_eq!(decide(party().audience("orders"), &for_another), no_audience);

    let layer = |builder: crate::BearerBuilder| {
        let layer = builder.keys(TestIssuer::new().key_set()).build()?;
        Ok::<_, ConfigError>(layer.authenticator.issuers.fixed()[0].rules.audience().clone())
    };
    let one = |issuer| BearerLayer::issuers([issuer]);
    let expected = layer(one(party().audience("orders"))).unwrap();
    // The builder's settings are for issuers without their own.
    assert_eq!(layer(one(party()).audience("orders")).unwrap(), expected);
    let shared = one(realm()).audience("orders").authorized_party("portal");
    assert_eq!(layer(shared.authorized_party("app")).unwrap(), expected);
    let own = layer(one(realm().audience("orders")).authorized_party("portal")).unwrap();
    assert_ne!(own, layer(one(realm().audience("orders").authorized_party("portal"))).unwrap());
    let both = one(party()).client_ids(["portal"], "access");
    assert_eq!(layer(both).unwrap_err(), ConfigError::AudienceAndClientIds);
}

#[test]
fn a_client_is_required_where_that_is_set() {
    let issuer = || TrustedIssuer::new("https://id.acme.example").audience("orders");
    let azp = || issuer().mapping(ClaimMapping::new().client_id("azp"));
    let token = json!({ "iss": "https://id.acme.example", "aud": "orders", "exp": NOW + 60 });
    assert!(decide(issuer(), TokenType::Jwt, &token).is_ok());
    let missing = refused("missing_claim");
    assert_eq!(decide(issuer().require_client(), TokenType::Jwt, &token), missing);
    for client in [json!({ "client_id": "portal" }), json!({ "cid": "portal" })] {
        assert!(decide(issuer().require_client(), TokenType::Jwt, &with(&token, client)).is_ok());
    }
    let token = with(&token, json!({ "azp": "portal" }));
    assert_eq!(decide(issuer().require_client(), TokenType::Jwt, &token), missing);
    assert!(decide(azp().require_client(), TokenType::Jwt, &token).is_ok());
    let shared = BearerLayer::issuers([issuer().keys(TestIssuer::new().key_set())]);
    let layer = shared.require_client().build().unwrap();
    assert_eq!(layer.authenticator.issuers.fixed()[0].rules.client_rule(), ClientRule::Named);
    let own = TrustedIssuer::okta("https://acme.okta.com/oauth2/default").audience("a");
    let layer = BearerLayer::issuers([own.keys(TestIssuer::new().key_set())]).build().unwrap();
    assert_eq!(layer.authenticator.issuers.fixed()[0].rules.client_rule(), ClientRule::Named);
}

#[test]
fn at_hash_is_accepted_only_where_that_is_set() {
    let issuer = || TrustedIssuer::new("https://dex.acme.example").audience("orders");
    let token = json!({
        "iss": "https://dex.acme.example", "aud": "orders", "exp": NOW + 60, "at_hash": "h",
    });
    assert_eq!(decide(issuer(), TokenType::Jwt, &token), refused("wrong_type"));
    let dex = || issuer().dangerous_accept_at_hash();
    assert!(decide(dex(), TokenType::Jwt, &token).is_ok());
    for mark in [json!({ "c_hash": "c" }), json!({ "nonce": "n" }), json!({ "events": {} })] {
        assert_eq!(decide(dex(), TokenType::Jwt, &with(&token, mark)), refused("wrong_type"));
    }
    for (shared, allows) in [(true, true), (false, false)] {
        let builder = BearerLayer::issuers([issuer().keys(TestIssuer::new().key_set())]);
        let builder = if shared { builder.dangerous_accept_at_hash() } else { builder };
        let layer = builder.build().unwrap();
        assert_eq!(layer.authenticator.issuers.fixed()[0].rules.allows_at_hash(), allows);
    }
}

#[test]
fn each_setting_makes_two_answers_of_a_resolver_differ() {
    let issuer = || TrustedIssuer::new("https://id.acme.example");
    let changed: [fn(TrustedIssuer) -> TrustedIssuer; 10] = [
        |issuer| issuer.audience("orders"),
        |issuer| issuer.client_ids(["portal"], "access"),
        |issuer| issuer.authorized_party("portal"),
        |issuer| issuer.jwks_url("https://id.acme.example/keys"),
        |issuer| issuer.algorithms([Algorithm::Es256]),
        |issuer| issuer.strict_type(),
        |issuer| issuer.require_client(),
        |issuer| issuer.dangerous_accept_at_hash(),
        |issuer| issuer.mapping(ClaimMapping::new().roles("r")),
        |issuer| issuer.allow_http_host("keycloak"),
    ];
    assert!(issuer().is_same(&issuer()));
    for (index, change) in changed.iter().enumerate() {
        assert!(change(issuer()).is_same(&change(issuer())), "{index}");
        assert!(!change(issuer()).is_same(&issuer()), "{index}");
    }
    let keys = issuer().keys(TestIssuer::new().key_set());
    assert!(!keys.is_same(&keys.clone()), "keys are not compared");
}
