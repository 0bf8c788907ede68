//! The URL of a client's keys, the expiry of its secrets, and the tokens that it may introspect.

use scopegate_claims::{Issuer, UnixTime};

use super::{CLIENT, Context, SECRET, SERVER, SHA256, parse, refusal, refusal_in_client};
use crate::catalog::Spec;
use crate::catalog_file::{CatalogFile, CatalogSource};

/// A client that authenticates with a key. Further lines begin at line 6.
const KEY_CLIENT: &str =
    "version = 1\n[[client]]\nid = 'a'\nname = 'A'\nauth = 'private_key_jwt'\n";

/// The public key of the demonstration.
const KEY: &str = "kty = 'EC', crv = 'P-256', x = 'vT_w4m3chl_z2-qmf6ZdtQGUqo-TsOxB80-pF_Cr8bw', y = 'f0kdEhXNt0AJamNx_WTyeXAxPG617IoONL8t522iwBw'";

#[test]
fn keys_are_fetched_over_https_or_loopback_only() {
    const BAD: &str = r#"not a place of keys: write an https URL without user name and fragment, such as "https://client.example/jwks.json""#;
    for good in [
        "https://client.example/keys?of=a",
        "http://127.0.0.1:8080/keys",
        "http://localhost/keys",
        "https://[::1]/keys",
    ] {
        let file = parse(format!("{KEY_CLIENT}jwks_uri = '{good}'")).unwrap();
        let Spec::Client(client) = &file.entities[0].spec else { unreachable!("it is a client") };
        assert_eq!(client.jwks_uri.as_deref(), Some(good));
    }
    for bad in [
        "",
        "keys",
        "http://client.example/keys",
        "https://user@client.example/keys",
        "https://client.example/keys#a",
        "https://client.example/a b",
        "ftp://client.example/keys",
        "file:///keys",
        &format!("https://client.example/{}", "a".repeat(1024)),
    ] {
        assert_eq!(
            refusal(format!("{KEY_CLIENT}jwks_uri = '{bad}'")),
            format!("catalog.toml:6:12: {BAD}"),
        );
    }
    assert_eq!(
        refusal(format!(
            "{KEY_CLIENT}jwks_uri = 'https://a/keys'\njwks = {{ keys = [{{ {KEY} }}] }}"
        )),
        r#"catalog.toml:6:12: "jwks_uri" does not go with "jwks": leave one of them out"#
    );
    assert_eq!(
        refusal_in_client(&format!(
            "secrets = [{{ sha256 = '{SHA256}' }}]\njwks_uri = 'https://a/keys'"
        )),
        r#"catalog.toml:7:12: "jwks_uri" does not go with client_secret_basic: leave it out"#
    );
}

#[test]
fn a_server_with_a_public_base_url_fetches_no_keys_over_loopback() {
    let context =
        Context { issuer: Issuer::parse("https://id.example.com").unwrap(), ..Context::default() };
    for (url, is_read) in [
        ("https://client.example/keys", true),
        ("http://127.0.0.1/keys", false),
        ("https://127.0.0.1/keys", false),
        ("https://localhost/keys", false),
    ] {
        let content = format!("{KEY_CLIENT}jwks_uri = '{url}'");
        let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
        assert_eq!(CatalogFile::parse(&source, &context).is_ok(), is_read, "{url}");
    }
}

#[test]
fn a_secret_may_have_an_expiry() {
    let secrets = |expires: &str| {
        format!(
            "secrets = [{{ sha256 = '{SHA256}', expires = {expires} }}, {{ env = 'READER_SECRET' }}]"
        )
    };
    for moment in ["'2027-01-15T08:00:00Z'", "2027-01-15T09:00:00+01:00"] {
        let file = parse(format!("{}\n{}", CLIENT, secrets(moment))).unwrap();
        let Spec::Client(client) = &file.entities[0].spec else { unreachable!("it is a client") };
        let [old, new] = &client.secrets[..] else { unreachable!("there are two") };
        // The MAC of the tests inverts the bits of the SHA-256.
        let mac = |sha256: [u8; 32]| sha256.map(|byte| !byte);
        let shown = mac(scopegate_jose::sha256(SECRET.as_bytes()));
        let end = UnixTime::from_seconds(1_800_000_000);
        assert!(new.matches(&shown, end));
        let hex = (0..32).map(|at| u8::from_str_radix(&SHA256[2 * at..2 * at + 2], 16).unwrap());
        let shown = mac(hex.collect::<Vec<_>>().try_into().unwrap());
        assert!(old.matches(&shown, end.minus(std::time::Duration::from_secs(1))));
        assert!(!old.matches(&shown, end));
    }
    for bad in ["'2027-01-15'", "2027-01-15", "'soon'", "1800000000", "'2027-01-15T08:00:00'"] {
        let refusal = refusal_in_client(&secrets(bad));
        assert!(refusal.starts_with("catalog.toml:6:101: not a moment: write a day"), "{refusal}");
    }
    let twice = format!(
        "secrets = [{{ sha256 = '{SHA256}' }}, {{ sha256 = '{SHA256}', expires = 2027-01-15T08:00:00Z }}]"
    );
    assert!(refusal_in_client(&twice).contains("duplicate secret"));
}

#[test]
fn the_audiences_of_a_client_must_exist() {
    let client = format!(
        "[[client]]\nid = 'orders-api'\nname = 'API'\nauth = 'client_secret_basic'\nsecrets = [{{ sha256 = '{SHA256}' }}]"
    );
    let file = parse(format!("{SERVER}\n{client}\naudiences = ['api://orders']")).unwrap();
    let api = file.entities.iter().find_map(|entity| match &entity.spec {
        Spec::Client(client) => Some(client),
        _ => None,
    });
    assert!(api.unwrap().audiences.iter().any(|audience| audience.as_str() == "api://orders"));
    let refusal = refusal(format!("{SERVER}\n{client}\naudiences = ['api://order']"));
    assert_eq!(
        refusal,
        r#"catalog.toml:11:14: unknown audience "api://order": write "api://orders""#
    );
}
