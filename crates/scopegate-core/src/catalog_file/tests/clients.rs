//! Problems of clients and their credentials. No message may contain a secret.

use super::{SECRET, SHA256, parse, refusal_in_client, refusal_of, write_a_grant};
use crate::catalog::{ClientAuth, Spec};

#[test]
fn a_client_has_an_id_a_name_and_an_authentication_method() {
    assert_eq!(
        refusal_of("[[client]]"),
        r#"catalog.toml:2:1: missing key "id": a client needs it
catalog.toml:2:1: missing key "name": a client needs it
catalog.toml:2:1: missing key "auth": a client needs it"#
    );
    let rest = "name = 'A'\nauth = 'client_secret_post'\nsecrets = [{ env = 'READER_SECRET' }]";
    assert_eq!(
        refusal_of(&format!("[[client]]\nid = 'a:b'\n{rest}")),
        "catalog.toml:3:6: a client id has 1 to 100 printable ASCII characters, without space and `:`, or is an https URL"
    );
    assert_eq!(
        refusal_of(&format!("[[client]]\nid = 'https://Client.example'\n{rest}")),
        "catalog.toml:3:6: a client id that is a URL has its host in lower case, no default port, no \
         dot segments, and printable ASCII characters only"
    );
    assert_eq!(
        refusal_of(&format!("[[client]]\nid = '00u1'\n{rest}")),
        "catalog.toml:3:6: a client id may not begin with `00u`: user ids do"
    );
    assert_eq!(
        refusal_of(&format!("[[client]]\nid = 'a'\n{rest}\n[[client]]\nid = 'a'\n{rest}")),
        r#"catalog.toml:8:6: duplicate client "a": write another or leave it out, the first one is in line 3"#
    );
}

#[test]
fn a_client_id_that_is_a_url_works_with_every_method_except_basic() {
    let client = |id: &str, auth: &str| {
        format!(
            "version = 1\n[[client]]\nid = '{id}'\nname = 'A'\nauth = '{auth}'\n\
             secrets = [{{ sha256 = '{SHA256}' }}]"
        )
    };
    let url = "https://client.example/oauth.json";
    let file = parse(client(url, "client_secret_post")).unwrap();
    assert_eq!(file.entities[0].key.name, url);
    let refusal = |id| parse(client(id, "client_secret_basic")).unwrap_err().to_string();
    assert_eq!(
        refusal(url),
        "catalog.toml:5:8: client_secret_basic cannot carry a client id with a colon: write \
         \"client_secret_post\", \"private_key_jwt\" or \"none\""
    );
    // The audience of an ID token is the client id, so it would look like a token for this server.
    let issuer = "https://id.example/oauth2/later";
    let base = scopegate_claims::Issuer::parse("https://id.example").unwrap();
    let context = super::Context { issuer: base, ..super::Context::default() };
    let content = client(issuer, "client_secret_post");
    let source = super::CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    assert_eq!(
        super::CatalogFile::parse(&source, &context).unwrap_err().to_string(),
        format!("catalog.toml:3:6: the client id \"{issuer}\" is an issuer: write another id")
    );
}

#[test]
fn unknown_types_methods_and_grants_are_refused() {
    let client =
        |line: &str| refusal_in_client(&format!("secrets = [{{ sha256 = '{SHA256}' }}]\n{line}"));
    assert_eq!(
        client("type = 'machine'"),
        r#"catalog.toml:7:8: unknown type "machine": write one of "service", "web", "native", "browser""#
    );
    assert_eq!(
        client("type = 'browser'"),
        r#"catalog.toml:2:1: missing key "grant_types": a client for persons needs it"#
    );
    assert_eq!(
        client("status = 'ON'"),
        r#"catalog.toml:7:10: unknown status "ON": write one of "ACTIVE", "INACTIVE""#
    );
    assert_eq!(
        client("grant_types = ['implicit']"),
        format!(r#"catalog.toml:7:16: unknown grant type "implicit": {}"#, write_a_grant())
    );
    assert_eq!(
        client("grant_types = ['client_credentials', 'client_credentials']"),
        r#"catalog.toml:7:38: duplicate grant type "client_credentials": write another or leave it out, the first one is in line 7"#
    );
    let auth =
        |name: &str| refusal_of(&format!("[[client]]\nid = 'a'\nname = 'A'\nauth = '{name}'"));
    for later in ["client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"] {
        assert_eq!(
            auth(later),
            format!(
                "catalog.toml:5:8: the authentication method \"{later}\" is not supported yet: write one of \"client_secret_basic\", \"client_secret_post\", \"private_key_jwt\", \"none\""
            ),
        );
    }
    assert_eq!(
        auth("client_secret_basics"),
        r#"catalog.toml:5:8: unknown authentication method "client_secret_basics": write "client_secret_basic""#
    );
    assert_eq!(
        auth("password"),
        r#"catalog.toml:5:8: unknown authentication method "password": write one of "client_secret_basic", "client_secret_post", "private_key_jwt", "none""#
    );
}

#[test]
fn a_secret_in_the_file_is_refused() {
    for line in [
        format!("secret = '{SECRET}'"),
        format!("client_secret = '{SECRET}'"),
        format!("secrets = ['{SECRET}']"),
        format!("secrets = '{SECRET}'"),
        format!("secrets = [{{ secret = '{SECRET}' }}]"),
        format!("secrets = [{{ value = '{SECRET}' }}]"),
        format!("secrets = [{{ sha256 = '{SECRET}' }}]"),
        format!("secrets = [{{ env = '{SECRET}!' }}]"),
        format!("secrets = [{{ sha256 = ['{SECRET}'] }}]"),
        format!("secrets = [{{ sha256 = {SECRET} }}]"),
    ] {
        let shown = refusal_in_client(&line);
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(shown.lines().any(|line| line.starts_with("catalog.toml:6:")), "{shown}");
    }
    assert_eq!(
        refusal_in_client(&format!("secrets = ['{SECRET}']")),
        r#"catalog.toml:6:12: a secret never stands in the file: write secrets = [{ sha256 = "…" }] with what `printf %s "$SECRET" | sha256sum` prints, or secrets = [{ env = "NAME" }]"#
    );
    assert_eq!(
        refusal_in_client(&format!("secret = '{SECRET}'\nsecrets = [{{ sha256 = '{SHA256}' }}]")),
        r#"catalog.toml:6:1: unknown key "secret": a secret never stands in the file: write secrets = [{ sha256 = "…" }] with what `printf %s "$SECRET" | sha256sum` prints, or secrets = [{ env = "NAME" }]"#
    );
}

#[test]
fn a_secret_is_a_sha_256_or_an_environment_variable() {
    assert_eq!(
        refusal_in_client("secrets = [{}]"),
        r#"catalog.toml:6:12: write { sha256 = "…" } or { env = "NAME" }, one of them"#
    );
    assert_eq!(
        refusal_in_client(&format!("secrets = [{{ sha256 = '{SHA256}', env = 'READER_SECRET' }}]")),
        r#"catalog.toml:6:12: write { sha256 = "…" } or { env = "NAME" }, one of them"#
    );
    assert_eq!(
        refusal_in_client(&format!("secrets = [{{ sha256 = '{}' }}]", &SHA256[1..])),
        r#"catalog.toml:6:23: not a SHA-256: write the 64 hex digits that `printf %s "$SECRET" | sha256sum` prints, or 43 characters of base64url"#
    );
    assert_eq!(
        refusal_in_client("secrets = [{ env = 'NOT_SET' }]"),
        r#"catalog.toml:6:20: the environment variable "NOT_SET" is not set: set it to the secret"#
    );
    assert_eq!(
        refusal_in_client("secrets = [{ env = 'SHORT' }]"),
        r#"catalog.toml:6:20: the secret in the environment variable "SHORT" is too short: make one of 32 random characters or more"#
    );
    assert_eq!(
        refusal_in_client("secrets = [{ env = '' }]"),
        "catalog.toml:6:20: not the name of an environment variable: write letters, digits and `_`"
    );
    assert_eq!(
        refusal_in_client(&format!(
            "secrets = [{{ sha256 = '{SHA256}' }}, {{ sha256 = '{SHA256}' }}]"
        )),
        "catalog.toml:6:93: duplicate secret: leave it out"
    );
    let three = [1, 2, 3].map(|n| format!("{{ sha256 = '{n}{}' }}", &SHA256[1..]));
    assert_eq!(
        refusal_in_client(&format!("secrets = [{}]", three.join(", "))),
        "catalog.toml:6:11: too many secrets: write at most 2, the new and the old one"
    );
}

/// The public key of the demonstration.
const KEY: &str = "kty = 'EC', crv = 'P-256', x = 'vT_w4m3chl_z2-qmf6ZdtQGUqo-TsOxB80-pF_Cr8bw', y = 'f0kdEhXNt0AJamNx_WTyeXAxPG617IoONL8t522iwBw'";

/// The problems of `line` as line 6 of a client with a key.
fn refusal_of_key_client(line: &str) -> String {
    refusal_of(&format!("[[client]]\nid = 'a'\nname = 'A'\nauth = 'private_key_jwt'\n{line}"))
}

#[test]
fn a_client_has_the_credentials_of_its_method_and_no_others() {
    assert_eq!(
        refusal_in_client(""),
        r#"catalog.toml:2:1: missing key "secrets": client_secret_basic needs it"#
    );
    assert_eq!(
        refusal_in_client("secrets = []"),
        r#"catalog.toml:6:11: "secrets" is empty: client_secret_basic needs it"#
    );
    assert_eq!(
        refusal_in_client(&format!(
            "secrets = [{{ sha256 = '{SHA256}' }}]\njwks = {{ keys = [{{ {KEY} }}] }}"
        )),
        r#"catalog.toml:7:8: "jwks" does not go with client_secret_basic: leave it out"#
    );
    assert_eq!(
        refusal_of_key_client(""),
        r#"catalog.toml:2:1: missing key "jwks": private_key_jwt needs it"#
    );
    assert_eq!(
        refusal_of_key_client(&format!(
            "secrets = [{{ sha256 = '{SHA256}' }}]\njwks = {{ keys = [{{ {KEY} }}] }}"
        )),
        r#"catalog.toml:6:11: "secrets" does not go with private_key_jwt: leave it out"#
    );
    let both = format!(
        "version = 1\n[[client]]\nid = 'a'\nname = 'A'\nauth = 'private_key_jwt'\nsecrets = []\njwks = {{ keys = [{{ {KEY} }}] }}"
    );
    assert!(parse(both).is_ok());
}

#[test]
fn a_key_must_be_public_and_strong() {
    let key = |key: &str| refusal_of_key_client(&format!("jwks = {{ keys = [{{ {key} }}] }}"));
    assert_eq!(
        key(&format!("{KEY}, d = 'vt-XV5LduYUcmHbeZ4u6PIgOEG0Q3z-tQr_alLoIfY0'")),
        "catalog.toml:6:18: the key holds private key material: keep it with the client, and write its public members only (RSA: kty, n, e; EC: kty, crv, x, y; OKP: kty, crv, x)"
    );
    assert_eq!(
        key(&format!("{KEY}, use = 'enc'")),
        "catalog.toml:6:18: the key is not for signatures: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    assert_eq!(
        key("kty = 'oct', k = 'c2VjcmV0'"),
        "catalog.toml:6:18: the key is symmetric: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    assert_eq!(
        key("kty = 'RSA', e = 'AQAB'"),
        "catalog.toml:6:18: `n` is missing: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    assert_eq!(
        key(&format!(
            "kty = 'RSA', e = 'AQAB', n = '{}'",
            scopegate_jose::base64url::encode(&[0xff; 128])
        )),
        "catalog.toml:6:18: an RSA key of 1024 bits is too weak: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    assert_eq!(
        key(&KEY.replace("f0kd", "f0ke")),
        "catalog.toml:6:18: the point is not on the curve: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    let n = scopegate_jose::base64url::encode(&[0xff; 256]);
    assert_eq!(
        key(&format!("kty = 'RSA', n = '{n}', e = 'AQAB', alg = 'RS512'")),
        "catalog.toml:6:18: the algorithm of the key is not supported: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    // RFC 7520 §3.1.
    let (x, y) = (
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    );
    assert_eq!(
        key(&format!("kty = 'EC', crv = 'P-521', x = '{x}', y = '{y}'")),
        "catalog.toml:6:18: the curve of the key is not supported: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
    );
    assert_eq!(
        key(&format!("{KEY} }}, {{ {KEY}, kid = 'b'")),
        r#"catalog.toml:6:18: missing key "kid": each of several keys needs one"#
    );
    assert_eq!(
        key(&format!("{KEY}, kid = 'b' }}, {{ {KEY}, kid = 'b'")),
        r#"catalog.toml:6:299: duplicate kid "b": write another or leave it out, the first one is in line 6"#
    );
    assert_eq!(
        refusal_of_key_client("jwks = { keys = [] }"),
        r#"catalog.toml:6:17: a client has 1 to 16 keys: write keys = [{ kty = "EC", … }]"#
    );
    assert_eq!(
        refusal_of_key_client("jwks = {}"),
        r#"catalog.toml:6:8: missing key "keys": a key set needs it"#
    );
    assert_eq!(
        refusal_of_key_client("jwks = []"),
        r#"catalog.toml:6:8: "jwks" must be a table in braces, not a list"#
    );
    assert_eq!(
        refusal_of_key_client("jwks = { keys = ['key'] }"),
        r#"catalog.toml:6:18: a key must be a table in braces: write { kty = "EC", … }"#
    );
}

#[test]
fn unsupported_members_of_a_client_are_refused() {
    let secrets = format!("secrets = [{{ sha256 = '{SHA256}' }}]\n");
    let pushes =
        format!("{}\n{secrets}require_pushed_authorization_requests = true", super::CLIENT);
    assert!(parse(pushes).is_ok());
    for (line, expected) in [
        ("origins = ['http://127.0.0.1']", "only browser and web clients have scripts in browsers"),
        ("pkce_required = false", "only a web client can do without PKCE"),
    ] {
        let shown = refusal_in_client(&format!("{secrets}{line}"));
        assert!(shown.starts_with("catalog.toml:7:") && shown.contains(expected), "{shown}");
    }
    assert!(parse(format!("{}\n{secrets}redirect_uris = []", super::CLIENT)).is_ok());
    assert_eq!(
        refusal_in_client(&format!("{secrets}admin = true")),
        r#"catalog.toml:7:1: unknown key "admin": make admin clients with `scopegate clients create --admin`"#
    );
}

#[test]
fn attributes_have_simple_names_and_a_maximum_size() {
    let attributes = |table: &str| {
        refusal_in_client(&format!("secrets = [{{ sha256 = '{SHA256}' }}]\nattributes = {table}"))
    };
    assert_eq!(
        attributes("{ 'a.b' = 1, '' = 2 }"),
        r#"catalog.toml:7:16: "a.b" is no name of an attribute: write 1 to 100 letters, digits, `-` or `_`
catalog.toml:7:27: "" is no name of an attribute: write 1 to 100 letters, digits, `-` or `_`"#
    );
    assert_eq!(
        attributes("[]"),
        r#"catalog.toml:7:14: "attributes" must be a table in braces, not a list"#
    );
    assert_eq!(
        attributes("{ a = inf }"),
        "catalog.toml:7:20: the number is out of range: write a finite one of 64 bits"
    );
    assert_eq!(
        attributes(&format!("{{ a = '{}' }}", "b".repeat(4096))),
        "catalog.toml:7:14: the value is too large: write at most 4096 bytes of JSON"
    );
    let header = format!("secrets = [{{ sha256 = '{SHA256}' }}]\n[client.attributes]\n'ä' = 1");
    assert_eq!(
        refusal_in_client(&header),
        r#"catalog.toml:8:1: "ä" is no name of an attribute: write 1 to 100 letters, digits, `-` or `_`"#
    );
}

/// A catalog with a browser client.
const PORTAL: &str = "version = 1\n[[client]]\nid = 'portal'\nname = 'Portal'\ntype = 'browser'\nauth = 'none'\n\
    grant_types = ['authorization_code']\nredirect_uris = ['http://127.0.0.1/cb']\n";

#[test]
fn a_public_client_does_not_authenticate_and_has_redirect_uris() {
    let file = parse(PORTAL).unwrap();
    let Spec::Client(client) = &file.entities[0].spec else { unreachable!("it is a client") };
    assert_eq!(client.auth, ClientAuth::None);
    assert!(client.redirect_uris[0].admits("http://127.0.0.1:4000/cb"));
    assert!(client.pkce_required);
    for (line, other) in [
        ("auth = 'none'", "auth = 'client_secret_basic'"),
        ("type = 'browser'", "type = 'service'"),
        ("type = 'browser'", "type = 'web'"),
        ("redirect_uris = ['http://127.0.0.1/cb']", ""),
        ("redirect_uris = ['http://127.0.0.1/cb']", "redirect_uris = ['com.example.app:/cb']"),
        ("redirect_uris = ['http://127.0.0.1/cb']", "redirect_uris = ['http://app.example/cb']"),
        ("grant_types = ['authorization_code']", "grant_types = ['refresh_token']"),
        (
            "grant_types = ['authorization_code']",
            "grant_types = ['authorization_code']\npkce_required = false",
        ),
        (
            "grant_types = ['authorization_code']",
            "grant_types = ['authorization_code']\norigins = ['*']",
        ),
    ] {
        assert!(parse(PORTAL.replace(line, other)).is_err(), "{other}");
    }
}
