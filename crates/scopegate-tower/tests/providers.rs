//! What real providers publish and sign, with changed names, and the line of a builder for each.
//!
//! `tests/providers/*.json` has the discovery document, the key set and the tokens of a provider.
//! `docs/providers.md` has the same lines. The tokens are signed by another library, because ours
//! does not write their headers.

#![cfg(feature = "fetch")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a failure here fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use scopegate_bearer::Authenticated;
use scopegate_claims::{ManualClock, UnixTime};
use scopegate_jose::{Algorithm, SigningKey, base64url};
use scopegate_tower::{BearerLayer, ClaimMapping, Fetch, FetchError, TrustedIssuer};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt, service_fn};

const NOW: u64 = 1_700_000_000;

/// A file of `tests/providers`, and what the layer is told about the provider.
struct Row {
    file: &'static str,
    /// The line as it is written, without spaces.
    line: String,
    issuer: fn() -> TrustedIssuer,
    /// What the layer reads from the access token.
    reads: Reads,
}

#[derive(Default)]
struct Reads {
    client: Option<&'static str>,
    scopes: &'static [&'static str],
    roles: &'static [&'static str],
}

macro_rules! rows {
    ($($file:literal: $line:expr => $client:expr, $scopes:expr, $roles:expr;)*) => {
        vec![$(Row {
            file: $file,
            line: without_spaces(stringify!($line)),
            issuer: || $line,
            reads: Reads { client: $client, scopes: &$scopes, roles: &$roles },
        }),*]
    };
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    rows! {
        "adfs": TrustedIssuer::new("http://adfs.acme.example/adfs/services/trust").jwks_url("https://adfs.acme.example/adfs/discovery/keys").audience("microsoft:identityserver:api://orders").mapping(ClaimMapping::new().client_id("appid"))
            => Some("portal"), ["openid", "read:orders"], [];
        "auth0": TrustedIssuer::auth0("acme.eu.auth0.com").audience("https://api.acme.example")
            => Some("my_client_id"), ["openid", "profile", "read:orders"], [];
        "authelia": TrustedIssuer::new("https://auth.acme.example").audience("api://orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "authentik": TrustedIssuer::new("https://auth.acme.example/application/o/orders/").audience("orders-client").mapping(ClaimMapping::new().client_id("azp")).require_client()
            => Some("orders-client"), ["openid", "profile", "read:orders"], [];
        "azure_managed_identity": TrustedIssuer::entra_v1("72f988bf-86f1-41af-91ab-2d7cd011db47").audience("api://orders")
            => Some("my_client_id"), [], ["Orders.Read.All"];
        "casdoor": TrustedIssuer::new("https://casdoor.acme.example").audience("orders-client")
            => None, ["openid", "read:orders"], [];
        "clerk": TrustedIssuer::new("https://clerk.acme.example").audience("api://orders").mapping(ClaimMapping::new().roles("/o/rol"))
            => None, [], ["admin"];
        "cloudflare_access": TrustedIssuer::new("https://acme.cloudflareaccess.com").jwks_url("https://acme.cloudflareaccess.com/cdn-cgi/access/certs").audience("32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228")
            => None, [], [];
        "cognito": TrustedIssuer::cognito("eu-west-1", "eu-west-1_Example").client_ids(["portal"], "access")
            => Some("portal"), ["openid", "orders/read"], [];
        "curity": TrustedIssuer::new("https://curity.acme.example/oauth/v2/oauth-anonymous").audience("api://orders")
            => None, ["openid", "read:orders"], [];
        "descope": TrustedIssuer::new("P2OkfVnJi5Ht7mpCqHjx17nV5epH").jwks_url("https://api.descope.com/P2OkfVnJi5Ht7mpCqHjx17nV5epH/.well-known/jwks.json").audience("api://orders").mapping(ClaimMapping::new().scopes("permissions"))
            => None, ["orders:read"], ["editor"];
        "dex": TrustedIssuer::new("https://dex.acme.example").audience("orders").dangerous_accept_at_hash()
            => None, [], [];
        "duende": TrustedIssuer::new("https://ids.acme.example").audience("orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "entra_b2c": TrustedIssuer::new("https://acme.b2clogin.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0/").jwks_url("https://acme.b2clogin.com/acme.onmicrosoft.com/B2C_1_signin/discovery/v2.0/keys").audience("00001111-aaaa-2222-bbbb-3333cccc4444").mapping(ClaimMapping::new().client_id("azp")).require_client()
            => Some("my_client_id"), ["read:orders"], [];
        "entra_external_id": TrustedIssuer::new("https://72f988bf-86f1-41af-91ab-2d7cd011db47.ciamlogin.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0").audience("00001111-aaaa-2222-bbbb-3333cccc4444").mapping(ClaimMapping::new().client_id("azp")).require_client()
            => Some("my_client_id"), ["Orders.Read", "access_as_user"], ["Orders.Admin"];
        "entra_v1": TrustedIssuer::entra_v1("72f988bf-86f1-41af-91ab-2d7cd011db47").audience("api://orders")
            => Some("my_client_id"), ["Orders.Read"], [];
        "entra_v2": TrustedIssuer::entra("72f988bf-86f1-41af-91ab-2d7cd011db47").audience("00001111-aaaa-2222-bbbb-3333cccc4444")
            => Some("my_client_id"), ["Orders.Read", "access_as_user"], ["Orders.Admin"];
        "firebase": TrustedIssuer::new("https://securetoken.google.com/acme-orders").audience("acme-orders")
            => None, [], [];
        "forgerock": TrustedIssuer::new("https://am.acme.example/am/oauth2/alpha").audience("portal")
            => None, ["openid", "read:orders"], [];
        "fusionauth": TrustedIssuer::new("acme.com").jwks_url("https://auth.acme.example/.well-known/jwks.json").audience("00001111-aaaa-2222-bbbb-3333cccc4444")
            => None, ["openid", "read:orders"], ["editor"];
        "github_actions": TrustedIssuer::new("https://token.actions.githubusercontent.com").audience("https://api.acme.example")
            => None, [], [];
        "gitlab_ci": TrustedIssuer::new("https://gitlab.com").audience("https://api.acme.example")
            => None, [], [];
        "gluu": TrustedIssuer::new("https://gluu.acme.example").audience("api://orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "google_iap": TrustedIssuer::new("https://cloud.google.com/iap").jwks_url("https://www.gstatic.com/iap/verify/public_key-jwk").audience("/projects/1234567890/global/backendServices/9876543210")
            => None, [], [];
        "google_service_identity": TrustedIssuer::new("https://accounts.google.com").audience("https://orders.example.run.app")
            => None, [], [];
        "hashicorp_vault": TrustedIssuer::new("https://vault.acme.example:8200/v1/identity/oidc").audience("orders")
            => None, [], [];
        "ibm_verify": TrustedIssuer::new("https://acme.verify.ibm.com/oidc/endpoint/default").audience("api://orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "kanidm": TrustedIssuer::new("https://idm.acme.example/oauth2/openid/orders").audience("orders").require_client()
            => Some("orders"), ["openid", "read:orders"], [];
        "keycloak": TrustedIssuer::keycloak("https://sso.example.com/realms/acme").audience("orders").client_roles("orders")
            => Some("portal"), ["email", "profile", "read:orders"], ["offline_access", "staff", "editor"];
        "keycloak_in_compose": TrustedIssuer::keycloak("http://keycloak:8080/realms/acme").allow_http_host("keycloak").audience("orders")
            => Some("portal"), ["email", "profile", "read:orders"], ["offline_access", "staff"];
        "keycloak_without_audience": TrustedIssuer::keycloak("https://sso.example.com/realms/acme").authorized_party("portal")
            => Some("portal"), ["email", "profile", "read:orders"], ["offline_access", "staff"];
        "kinde": TrustedIssuer::new("https://acme.kinde.com").audience("https://api.acme.example").mapping(ClaimMapping::new().scopes("permissions").client_id("azp"))
            => Some("portal"), ["openid", "profile", "orders:read"], [];
        "kubernetes": TrustedIssuer::new("https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE").audience("api://orders")
            => None, [], [];
        "logto": TrustedIssuer::new("https://acme.logto.app/oidc").audience("https://api.acme.example").strict_type()
            => Some("portal"), ["read:orders"], [];
        "node_oidc_provider": TrustedIssuer::new("https://op.acme.example").audience("api://orders").strict_type()
            => Some("portal"), ["read:orders"], [];
        "okta": TrustedIssuer::okta("https://acme.okta.com/oauth2/default").audience("api://orders")
            => Some("0oabskvc6442nkvQO0h7"), ["openid", "read:orders"], [];
        "onelogin": TrustedIssuer::new("https://acme.onelogin.com/oidc/2").audience("api://orders")
            => None, ["read:orders"], [];
        "openiddict": TrustedIssuer::new("https://openiddict.acme.example/").audience("orders")
            => Some("portal"), ["read:orders"], [];
        "ory_hydra": TrustedIssuer::new("https://hydra.acme.example").audience("api://orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "pingfederate": TrustedIssuer::new("https://ping.acme.example").audience("api://orders")
            => Some("portal"), ["openid", "read:orders"], [];
        "pingone": TrustedIssuer::new("https://auth.pingone.eu/1a2b3c4d-0000-1111-2222-333344445555/as").audience("api://orders")
            => Some("portal"), ["read:orders"], [];
        "rauthy": TrustedIssuer::new("https://rauthy.acme.example/auth/v1").audience("orders").mapping(ClaimMapping::new().client_id("azp"))
            => Some("orders"), ["openid", "read:orders"], ["user"];
        "sap_xsuaa": TrustedIssuer::new("https://acme.authentication.eu10.hana.ondemand.com/oauth/token").jwks_url("https://acme.authentication.eu10.hana.ondemand.com/token_keys").audience("orders!t123")
            => Some("sb-orders!t123"), ["orders!t123.read", "openid"], [];
        "spring_authorization_server": TrustedIssuer::new("https://spring.acme.example").audience("api://orders")
            => None, ["openid", "read:orders"], [];
        "stytch": TrustedIssuer::new("stytch.com/project-live-11111111-2222-3333-4444-555555555555").jwks_url("https://api.stytch.com/v1/sessions/jwks/project-live-11111111-2222-3333-4444-555555555555").audience("project-live-11111111-2222-3333-4444-555555555555")
            => None, [], [];
        "supabase": TrustedIssuer::new("https://abcdefgh.supabase.co/auth/v1").audience("authenticated").mapping(ClaimMapping::new().roles("role"))
            => None, [], ["authenticated"];
        "workos": TrustedIssuer::new("https://api.workos.com").jwks_url("https://api.workos.com/sso/jwks/client_123456789").audience("api://orders").mapping(ClaimMapping::new().scopes("permissions"))
            => None, ["orders:read"], ["member"];
        "wso2": TrustedIssuer::new("https://is.acme.example:9443/oauth2/token").audience("portal").strict_type()
            => Some("portal"), ["openid", "read:orders"], [];
        "zitadel": TrustedIssuer::new("https://acme.zitadel.cloud").audience("344374183645413390").mapping(ClaimMapping::new().role_names("urn:zitadel:iam:org:project:roles"))
            => Some("portal@acme"), [], ["editor"];
    }
}

/// A file of `tests/providers`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    discovery: Option<Discovery>,
    key_set: KeySetShape,
    access_token: Token,
    id_token: Option<Token>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Discovery {
    url: String,
    document: Value,
}

/// A key set whose keys get numbers that are generated here.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySetShape {
    url: String,
    cache_control: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    byte_order_mark: bool,
    #[serde(default)]
    gzip: bool,
    keys: Vec<Map<String, Value>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    header: Value,
    payload: Value,
}

/// A provider that signs and publishes.
#[derive(Debug)]
struct Running {
    documents: BTreeMap<String, Response<Bytes>>,
}

impl Fetch for Running {
    fn fetch(
        &self,
        request: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        let answer = self.documents.get(&request.uri().to_string()).cloned();
        Box::pin(std::future::ready(Ok(answer.unwrap_or_else(|| {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }))))
    }
}

impl Provider {
    fn read(file: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/providers/{file}.json"));
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn run(&self) -> Running {
        let mut documents = BTreeMap::new();
        if let Some(Discovery { url, document }) = &self.discovery {
            documents.insert(url.clone(), Response::new(document.to_string().into()));
        }
        documents.insert(self.key_set.url.clone(), self.key_set.answer());
        Running { documents }
    }

    async fn layer(&self, issuer: TrustedIssuer) -> BearerLayer {
        let clock = ManualClock::at(UnixTime::from_seconds(NOW));
        let layer = BearerLayer::issuers([issuer.fetch(self.run())]).clock(Arc::new(clock));
        layer.start().await.unwrap()
    }
}

impl KeySetShape {
    fn answer(&self) -> Response<Bytes> {
        let keys: Vec<_> = self.keys.iter().map(published).collect();
        let mut body = json!({ "keys": keys }).to_string().into_bytes();
        if self.byte_order_mark {
            body.splice(0..0, *b"\xef\xbb\xbf");
        }
        let mut response = Response::builder();
        if self.gzip {
            let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
            response = response.header("content-encoding", "gzip");
        }
        for (name, value) in
            [("cache-control", &self.cache_control), ("content-type", &self.content_type)]
        {
            if let Some(value) = value {
                response = response.header(name, value);
            }
        }
        response.body(body.into()).unwrap()
    }
}

static KEYS: LazyLock<BTreeMap<&str, SigningKey>> = LazyLock::new(|| {
    let kinds = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
    kinds.map(|kind| (kind.name(), SigningKey::generate(kind).unwrap())).into()
});

/// The key that signs with an algorithm. One RSA key is enough for all of them.
fn key_for(algorithm: &str) -> &'static SigningKey {
    let name = if algorithm.starts_with("RS") { "RS256" } else { algorithm };
    KEYS.get(name).unwrap_or_else(|| panic!("{algorithm}"))
}

/// A key as the provider publishes it, with the numbers of ours.
fn published(shape: &Map<String, Value>) -> Value {
    let key = key_for(shape["generate"].as_str().unwrap());
    let Value::Object(ours) = serde_json::to_value(key.public_jwk()).unwrap() else {
        panic!("a key is an object");
    };
    let numbers = ["kty", "crv", "n", "e", "x", "y"];
    let mut published: Map<_, _> =
        ours.into_iter().filter(|(name, _)| numbers.contains(&&**name)).collect();
    published.extend(shape.clone().into_iter().filter(|(name, _)| name != "generate"));
    Value::Object(published)
}

impl Token {
    fn signed(&self) -> String {
        use jsonwebtoken::{Algorithm as Name, EncodingKey};

        let algorithm = self.header["alg"].as_str().unwrap();
        let der = key_for(algorithm).to_pkcs8().unwrap();
        let key = match algorithm {
            // The 26 bytes before the PKCS#1 key that it wants are those of PKCS#8.
            "RS256" | "RS512" => EncodingKey::from_rsa_der(&der[26..]),
            "EdDSA" => EncodingKey::from_ed_der(&der),
            _ => EncodingKey::from_ec_der(&der),
        };
        let encode = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(&self.header), encode(&self.payload));
        let name: Name = algorithm.parse().unwrap();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, name).unwrap();
        format!("{message}.{signature}")
    }

    fn with(&self, member: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.payload[member] = value;
        changed
    }
}

/// The status of the answer, and what the layer has read.
async fn ask(layer: &BearerLayer, token: &Token) -> (u16, Option<Authenticated>) {
    let inner = service_fn(async |request: Request<()>| {
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().extend(request.extensions().clone());
        Ok::<_, std::convert::Infallible>(response)
    });
    let request = Request::get("/").header("authorization", format!("Bearer {}", token.signed()));
    let response = layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap();
    (response.status().as_u16(), response.extensions().get().cloned())
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[tokio::test]
async fn the_access_token_of_each_provider_is_accepted() {
    for Row { file, issuer, reads, .. } in rows() {
        let provider = Provider::read(file);
        let layer = provider.layer(issuer()).await;
        let (status, authenticated) = ask(&layer, &provider.access_token).await;
        assert_eq!(status, 200, "{file}");
        let authenticated = authenticated.unwrap();
        let claims = authenticated.token().unwrap().claims();
        assert_eq!(claims.client_id(), reads.client, "{file}");
        assert_eq!(claims.scopes().iter().collect::<Vec<_>>(), reads.scopes, "{file}");
        assert_eq!(claims.roles().iter().collect::<Vec<_>>(), reads.roles, "{file}");
    }
}

#[tokio::test]
async fn the_id_token_of_each_provider_is_refused() {
    for Row { file, issuer, .. } in rows() {
        let provider = Provider::read(file);
        let Some(id_token) = &provider.id_token else { continue };
        let layer = provider.layer(issuer()).await;
        assert_eq!(ask(&layer, id_token).await.0, 401, "{file}");
    }
}

#[tokio::test]
async fn the_access_token_for_another_audience_issuer_or_time_is_refused() {
    for Row { file, issuer, .. } in rows() {
        let provider = Provider::read(file);
        let layer = provider.layer(issuer()).await;
        let token = &provider.access_token;
        for (member, value) in [
            ("aud", json!("another")),
            ("aud", json!([])),
            ("iss", json!("https://evil.example")),
            ("exp", json!(NOW - 61)),
            ("nbf", json!(NOW + 61)),
        ] {
            // The audience of Cognito is the client.
            let is_client = file == "cognito" && member == "aud";
            let member = if is_client { "client_id" } else { member };
            let value = if is_client { json!("another") } else { value };
            let status = ask(&layer, &token.with(member, value.clone())).await.0;
            assert_eq!(status, 401, "{file}: {member} {value}");
        }
        let fractional = token.with("exp", json!(1_700_000_600.123));
        assert_eq!(ask(&layer, &fractional).await.0, 200, "{file}: a fractional exp");
        let later = token.with("iat", json!(NOW + 30));
        assert_eq!(ask(&layer, &later).await.0, 200, "{file}: a clock that is ahead");
    }
}

#[test]
fn each_row_of_the_page_is_tested_and_each_file_has_a_row() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md");
    let page = std::fs::read_to_string(page).unwrap();
    let documented: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(2))
        .filter_map(|cell| cell.trim().strip_prefix('`')?.strip_suffix('`'))
        .map(without_spaces)
        .collect();
    let tested: BTreeSet<_> = rows().into_iter().map(|row| row.line).collect();
    assert_eq!(documented, tested);

    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<_> = files.map(|name| name.into_string().unwrap()).collect();
    let rows: BTreeSet<_> = rows().iter().map(|row| format!("{}.json", row.file)).collect();
    assert_eq!(files, rows);
}
