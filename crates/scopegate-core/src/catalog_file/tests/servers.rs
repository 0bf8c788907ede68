//! Problems of servers, audiences, scopes and claims.

use super::{SERVER, parse, refusal_in_server, refusal_of};

#[test]
fn a_server_has_an_id_that_fits_into_a_path() {
    let audience = "name = 'A'\naudiences = [{ name = 'api://a' }]";
    for id in ["org", "v1", "a/b", "", "é"] {
        let shown = refusal_of(&format!("[[server]]\nid = '{id}'\n{audience}"));
        assert!(shown.starts_with("catalog.toml:3:6: "), "{shown}");
    }
    assert_eq!(
        refusal_of("[[server]]"),
        r#"catalog.toml:2:1: missing key "id": a server needs it
catalog.toml:2:1: missing key "name": a server needs it
catalog.toml:2:1: missing key "audiences": a server needs it"#
    );
    assert_eq!(
        refusal_of(&format!("[[server]]\nid = 'a'\n{audience}\n[[server]]\nid = 'a'\n{audience}")),
        r#"catalog.toml:7:6: duplicate server "a": write another or leave it out, the first one is in line 3"#
    );
    assert_eq!(
        refusal_in_server("[[server]]\nid = 'b'\nname = ' '\naudiences = [{ name = 'api://a' }]"),
        r#"catalog.toml:8:8: " " is no name: write 1 to 100 characters on one line"#
    );
}

#[test]
fn unknown_dialects_algorithms_and_statuses_are_refused() {
    assert_eq!(
        refusal_in_server("dialect = 'Okta'"),
        r#"catalog.toml:6:11: unknown dialect "Okta": write "okta""#
    );
    assert_eq!(
        refusal_in_server("dialect = 'auth0'"),
        r#"catalog.toml:6:11: unknown dialect "auth0": write one of "both", "okta", "rfc9068""#
    );
    assert_eq!(
        refusal_in_server("algorithms = ['RS256', 'RS512']"),
        r#"catalog.toml:6:24: unknown algorithm "RS512": write one of "RS256", "PS256", "ES256", "ES384", "EdDSA""#
    );
    assert_eq!(
        refusal_in_server("algorithms = ['none']"),
        r#"catalog.toml:6:15: unknown algorithm "none": write one of "RS256", "PS256", "ES256", "ES384", "EdDSA""#
    );
    assert_eq!(
        refusal_in_server("algorithms = ['HS256']"),
        r#"catalog.toml:6:15: unknown algorithm "HS256": write "RS256""#
    );
    assert_eq!(
        refusal_in_server("algorithms = []"),
        r#"catalog.toml:6:14: "algorithms" is empty: write ["RS256"]"#
    );
    assert_eq!(
        refusal_in_server("algorithms = ['ES256', 'ES256']"),
        r#"catalog.toml:6:24: duplicate algorithm "ES256": write another or leave it out, the first one is in line 6"#
    );
    assert_eq!(
        refusal_in_server("status = 'active'"),
        r#"catalog.toml:6:10: unknown status "active": write "ACTIVE""#
    );
}

fn refusal_of_audiences(audiences: &str) -> String {
    refusal_of(&format!("[[server]]\nid = 'a'\nname = 'A'\naudiences = {audiences}"))
}

#[test]
fn an_audience_is_not_a_client_id_or_an_issuer() {
    assert_eq!(
        refusal_of_audiences("[]"),
        r#"catalog.toml:5:13: a server has 1 to 100 audiences: write audiences = [{ name = "api://…" }]"#
    );
    assert_eq!(
        refusal_of_audiences("['api://a']"),
        r#"catalog.toml:5:14: an entry of "audiences" must be a table in braces, not a text"#
    );
    assert_eq!(
        refusal_of_audiences("[{ name = '' }]"),
        r#"catalog.toml:5:23: "" is no audience: write a text such as "api://orders""#
    );
    assert_eq!(
        refusal_of_audiences("[{ nam = 'api://a' }]"),
        r#"catalog.toml:5:16: unknown key "nam": write "name""#
    );
    assert_eq!(
        refusal_of_audiences("[{ name = 'api://a' }, { name = 'api://a' }]"),
        r#"catalog.toml:5:45: duplicate audience "api://a": write another or leave it out, the first one is in line 5"#
    );
    assert_eq!(
        refusal_of_audiences("[{ name = 'http://127.0.0.1:9000' }]"),
        r#"catalog.toml:5:23: the audience "http://127.0.0.1:9000" is an issuer: write another name"#
    );
    assert_eq!(
        refusal_of_audiences("[{ name = 'http://127.0.0.1:9000/oauth2/later' }]"),
        r#"catalog.toml:5:23: the audience "http://127.0.0.1:9000/oauth2/later" is an issuer: write another name"#
    );
    assert_eq!(
        refusal_of_audiences("[{ name = 'made-by-the-api' }]"),
        r#"catalog.toml:5:23: the audience "made-by-the-api" is a client id: write another name"#
    );
    let client = "[[client]]\nid = 'reader'\nname = 'R'\nauth = 'client_secret_post'\nsecrets = [{ env = 'READER_SECRET' }]";
    assert_eq!(
        refusal_of_audiences(&format!("[{{ name = 'reader' }}]\n{client}")),
        r#"catalog.toml:5:23: the audience "reader" is a client id: write another name"#
    );
    let long = format!("[{{ name = '{}' }}]", "a".repeat(257));
    assert_eq!(
        refusal_of_audiences(&long),
        "catalog.toml:5:23: the text is too long: write at most 256 characters"
    );
}

#[test]
fn a_resource_is_an_absolute_url_without_fragment_and_selects_one_audience() {
    let resources =
        |list: &str| refusal_of_audiences(&format!("[{{ name = 'api://a', resources = {list} }}]"));
    for bad in [
        "/orders",
        "api.example.com",
        "https://a/#f",
        "https://a/#",
        "http://a b",
        "https://é",
        "https://[",
        "",
    ] {
        let shown = resources(&format!("['{bad}']"));
        assert!(
            shown.contains(" is no resource: write an absolute URL without fragment"),
            "{shown}"
        );
    }
    assert_eq!(
        resources("['https://a', '/b']"),
        r#"catalog.toml:5:60: "/b" is no resource: write an absolute URL without fragment, such as "https://api.example.com""#
    );
    assert_eq!(
        refusal_of_audiences(
            "[{ name = 'a', resources = ['https://a'] }, { name = 'b', resources = ['https://a'] }]"
        ),
        r#"catalog.toml:5:84: duplicate resource "https://a": write another or leave it out, the first one is in line 5"#
    );
    for same in ["https://a/", "HTTPS://A:443", "https://%61/./"] {
        assert_eq!(
            resources(&format!("['https://a', '{same}']")),
            format!(
                "catalog.toml:5:60: the resource \"{same}\" selects the same as \"https://a\": \
                 write another or leave it out, the first one is in line 5"
            )
        );
    }
    assert_eq!(
        refusal_of_audiences(
            "[{ name = 'https://a' }, { name = 'b', resources = ['https://a/'] }]"
        ),
        r#"catalog.toml:5:65: the resource "https://a/" selects the same as "https://a": write another or leave it out, the first one is in line 5"#
    );
    assert_eq!(
        refusal_of_audiences(
            "[{ name = 'a', resources = ['https://a'] }, { name = 'https://a/' }]"
        ),
        r#"catalog.toml:5:66: the audience "https://a/" selects the same as "https://a": write another or leave it out, the first one is in line 5"#
    );
    let many: Vec<String> = (0..101).map(|n| format!("'https://a/{n}'")).collect();
    assert_eq!(
        resources(&format!("[{}]", many.join(","))),
        "catalog.toml:5:1537: too many resources: write at most 100"
    );
}

#[test]
fn a_scope_is_a_token_that_is_not_reserved() {
    assert_eq!(
        refusal_in_server("scope = [{ name = 'read orders' }]"),
        r#"catalog.toml:6:19: "read orders" is no scope: write printable ASCII without space, `"` and `\`"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'openid' }]"),
        r#"catalog.toml:6:19: the scope "openid" is reserved: write another name"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'okta.users.read' }]"),
        r#"catalog.toml:6:19: the scope "okta.users.read" is reserved for administration: write a name that does not begin with `okta.` or `okta:`"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = '<a>' }]"),
        r#"catalog.toml:6:19: "<a>" is no scope: write `<` or `>`, not both"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'a' }, { name = 'a' }]"),
        r#"catalog.toml:6:35: duplicate scope "a": write another or leave it out, the first one is in line 6"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'a', consent = 'ALWAYS' }]"),
        r#"catalog.toml:6:34: unknown consent "ALWAYS": write one of "IMPLICIT", "REQUIRED", "FLEXIBLE""#
    );
    assert_eq!(
        refusal_in_server("scope = [{ name = 'a', default = 'yes' }]"),
        r#"catalog.toml:6:34: "default" must be true or false, not a text"#
    );
    assert_eq!(
        refusal_in_server("scope = [{ description = 'See' }]"),
        r#"catalog.toml:6:10: missing key "name": a scope needs it"#
    );
    let long = format!("scope = [{{ name = 'a', description = '{}' }}]", "é".repeat(1001));
    assert_eq!(
        refusal_in_server(&long),
        "catalog.toml:6:38: the text is too long: write at most 1000 characters"
    );
}

fn refusal_of_claim(claim: &str) -> String {
    refusal_in_server(&format!("scope = [{{ name = 'read:orders' }}]\nclaim = [{{ {claim} }}]"))
}

#[test]
fn the_name_of_a_claim_is_unique_and_not_reserved() {
    let value = "value = { constant = 1 }";
    for (reserved, token) in
        [("sub", "access"), ("scp", "id"), ("events", "access"), ("azp", "id"), ("did", "id")]
    {
        let shown = refusal_of_claim(&format!("name = '{reserved}', {value}, token = '{token}'"));
        assert_eq!(
            shown,
            format!(
                "catalog.toml:7:19: the claim \"{reserved}\" is set by the server itself: write another name"
            )
        );
    }
    assert_eq!(
        refusal_of_claim(value),
        r#"catalog.toml:7:10: missing key "name": a claim needs it"#
    );
    assert_eq!(
        refusal_of_claim(&format!("name = 't', {value} }}, {{ name = 't', {value}")),
        r#"catalog.toml:7:61: duplicate claim "t": write another or leave it out, the first one is in line 7"#
    );
    assert_eq!(
        refusal_of_claim(&format!("name = '', {value}")),
        r#"catalog.toml:7:19: "" is no name: write 1 to 100 characters on one line"#
    );
}

#[test]
fn a_claim_has_one_value_of_a_supported_kind() {
    assert_eq!(
        refusal_of_claim("name = 't'"),
        r#"catalog.toml:7:10: missing key "value": a claim needs it"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = 'acme'"),
        r#"catalog.toml:7:32: "value" must be a table in braces, not a text"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = {}"),
        r#"catalog.toml:7:32: a claim has one value: write { attribute = "user.NAME" }, { groups = { … } }, { constant = … } or { expression = "…" }"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { constant = 1, attribute = 'client.attributes.t' }"),
        r#"catalog.toml:7:32: a claim has one value: write { attribute = "user.NAME" }, { groups = { … } }, { constant = … } or { expression = "…" }"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { groups = '.*' }"),
        r#"catalog.toml:7:43: "groups" must be a table in braces, not a text"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { groups = { starts_with = 'a', contains = 'b' } }"),
        r#"catalog.toml:7:43: groups are chosen in one way: write { starts_with = "…" }"#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { attribute = 'user.a.b' }"),
        r#"catalog.toml:7:46: unknown attribute "user.a.b": write "user.NAME" or "client.attributes.NAME""#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { attribute = 'client.tenant' }"),
        r#"catalog.toml:7:46: unknown attribute "client.tenant": write "user.NAME" or "client.attributes.NAME""#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { attribute = 'client.attributes.a.b' }"),
        r#"catalog.toml:7:46: unknown attribute "client.attributes.a.b": write "user.NAME" or "client.attributes.NAME""#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { constnat = 1 }"),
        r#"catalog.toml:7:34: unknown key "constnat": write "constant""#
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { constant = [1, { a = nan }] }"),
        "catalog.toml:7:55: the number is out of range: write a finite one of 64 bits"
    );
    assert_eq!(
        refusal_of_claim("name = 't', value = { constant = 99999999999999999999 }"),
        "catalog.toml:7:45: the number is out of range: write a finite one of 64 bits"
    );
    let long = format!("name = 't', value = {{ constant = '{}' }}", "a".repeat(4095));
    assert_eq!(
        refusal_of_claim(&long),
        "catalog.toml:7:45: the value is too large: write at most 4096 bytes of JSON"
    );
}

#[test]
fn a_claim_has_a_kind_of_token_and_scopes_of_its_server() {
    let claim = "name = 't', value = { constant = 1 }";
    for kind in ["id", "access"] {
        assert!(parse(format!("{SERVER}\nclaim = [{{ {claim}, token = '{kind}' }}]")).is_ok());
    }
    assert_eq!(
        refusal_of_claim(&format!("{claim}, token = 'acces'")),
        r#"catalog.toml:7:58: unknown token "acces": write "access""#
    );
    assert_eq!(
        refusal_of_claim(&format!("{claim}, scopes = ['raed:orders']")),
        r#"catalog.toml:7:60: unknown scope "raed:orders" of this server: write "read:orders""#
    );
    assert_eq!(
        refusal_of_claim(&format!("{claim}, scopes = ['groups']")),
        r#"catalog.toml:7:60: unknown scope "groups" of this server: write "read:orders""#
    );
    assert_eq!(
        refusal_of_claim(&format!("{claim}, scopes = ['read:orders', 'read:orders']")),
        r#"catalog.toml:7:75: duplicate scope "read:orders": write another or leave it out, the first one is in line 7"#
    );
    let many: Vec<String> =
        (0..101).map(|n| format!("name = 'c{n}', value = {{ constant = 1 }}")).collect();
    assert_eq!(refusal_of_claim(&many.join(" }, { ")).lines().count(), 1);
}

#[test]
fn a_key_schedule_is_long_enough_for_caches() {
    for line in [
        "[server.keys]",
        "[server.keys]\nrotation = 'manual'\nannounce = '90d'",
        "[server.keys]\nrotation = 'auto'\nevery = '60s'\nannounce = '45s'",
        "[server.keys]\nevery = '1h'\nannounce = '1h'",
        "[server.keys]\nevery = '3650d'",
    ] {
        parse(format!("{SERVER}\n{line}\n")).unwrap();
    }
    for (line, refused) in [
        (
            "rotation = 'weekly'",
            r#"7:12: unknown rotation "weekly": write one of "auto", "manual""#,
        ),
        (
            "every = 'often'",
            r#"7:9: "often" is no duration: write numbers with units, such as "10m" or "1h30m""#,
        ),
        (
            "every = '59s'",
            r#"7:9: "59s" is too short for the time that a key signs: write "1m" to "3650d""#,
        ),
        (
            "every = '3651d'",
            r#"7:9: "3651d" is too long for the time that a key signs: write "1m" to "3650d""#,
        ),
        (
            "announce = '44s'",
            r#"7:12: "44s" is too short for the time that a key is published before it signs: write "45s" to "90d""#,
        ),
        (
            "every = '1h'\nannounce = '61m'",
            r#"8:12: "61m" is too long for the time that a key is published before it signs: write "45s" to "1h""#,
        ),
        (
            "rotation = 'manual'\nevery = '1h'\nannounce = '91d'",
            r#"9:12: "91d" is too long for the time that a key is published before it signs: write "45s" to "90d""#,
        ),
        (
            "often = true",
            r#"7:1: unknown key "often": write one of "rotation", "every", "announce""#,
        ),
    ] {
        let shown = refusal_in_server(&format!("[server.keys]\n{line}"));
        assert_eq!(shown, format!("catalog.toml:{refused}"));
    }
}
