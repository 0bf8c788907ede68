//! One mistake in each kind of entity gives one message, with its place and what to write.

mod cases;

use std::fmt::Write;

use self::cases::MISTAKES;
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::testing::WithoutStore;

/// A right catalog, in which each key occurs.
const RIGHT: &str = include_str!("../schema/everything.toml");

/// The problems of a file, each with its line and column.
fn problems(text: &str) -> Vec<String> {
    let source = CatalogSource { name: "catalog.toml", content: text.as_bytes() };
    let read = CatalogFile::parse(&source, &WithoutStore as &dyn CatalogContext);
    let problems = read.err().map(|errors| errors.to_string()).unwrap_or_default();
    problems.lines().map(|line| line.trim_start_matches("catalog.toml:").to_owned()).collect()
}

#[test]
fn one_mistake_gives_one_message_that_says_where_it_is_and_what_to_write() {
    assert_eq!(problems(RIGHT), [""; 0]);
    let mut shown = String::new();
    for (entity, mistake, right, wrong) in MISTAKES {
        assert!(RIGHT.contains(right), "{entity}, {mistake}");
        let problems = problems(&RIGHT.replacen(right, wrong, 1));
        assert_eq!(problems.len(), 1, "{entity}, {mistake}: {problems:#?}");
        writeln!(shown, "{entity}, {mistake}").unwrap();
        for problem in &problems {
            writeln!(shown, "    {problem}").unwrap();
        }
    }
    insta::assert_snapshot!(shown, @r##"
    root, unknown key
        3:1: unknown key "dmeo": write "demo"
    root, no version
        1:1: missing key "version": a catalog needs it
    root, wrong type of the version
        2:11: "version" must be a whole number, not a text
    root, unknown table
        9:3: unknown key "zoen": write "zone"
    root, a table instead of a list
        9:2: unknown key "zones": write "zone"
    root, syntax
        3:8: not TOML: string values must be quoted, expected literal string
    zone, unknown key
        12:1: unknown key "network": write "networks"
    zone, missing key
        9:1: missing key "networks": a zone needs it
    zone, wrong type
        11:12: "networks" must be a list in brackets, not a text
    zone, duplicate
        10:8: duplicate zone "office": write another or leave it out, the first one is in line 6
    zone, bad network
        11:13: "198.51.100.0/33" is no network: write an address with its prefix, such as "192.0.2.0/24" or "2001:db8::/32"
    server, unknown key
        17:1: unknown key "dialects": write "dialect"
    server, missing key
        113:1: missing key "name": a server needs it
    server, missing id
        113:1: missing key "id": a server needs it
    server, bad id
        114:6: a server id has 1 to 64 letters, digits, `-` or `_`
    server, bad enum
        17:11: unknown dialect "octa": write "okta"
    server, bad algorithm
        18:24: unknown algorithm "RS265": write "RS256"
    server, secret algorithm
        18:24: unknown algorithm "HS256": write "RS256"
    server, duplicate algorithm
        18:24: duplicate algorithm "ES256": write another or leave it out, the first one is in line 18
    server, duplicate
        114:6: duplicate server "default": write another or leave it out, the first one is in line 14
    server, bad reference
        20:20: unknown server "stok": write "stock"
    server, trusts itself
        20:20: a server takes its own tokens anyway: leave it out
    server, bad status
        19:10: unknown status "active": write "ACTIVE"
    audience, unknown key
        21:39: unknown key "resource": write "resources"
    audience, a text
        116:14: an entry of "audiences" must be a table in braces, not a text
    audience, bad resource
        21:52: "orders.example" is no resource: write an absolute URL without fragment, such as "https://api.example.com"
    keys, unknown key
        22:44: unknown key "anounce": write "announce"
    keys, too short
        22:37: "30s" is too short for the time that a key signs: write "1m" to "3650d"
    keys, announced too late
        22:55: "91d" is too long for the time that a key is published before it signs: write "45s" to "90d"
    keys, no duration
        22:37: "90 days" is no duration: write numbers with units, such as "10m" or "1h30m"
    keys, bad enum
        22:21: unknown rotation "automatic": write one of "auto", "manual"
    scope, unknown key
        26:1: unknown key "displayname": write "display_name"
    scope, missing key
        24:1: missing key "name": a scope needs it
    scope, bad name
        25:8: "read orders" is no scope: write printable ASCII without space, `"` and `\`
    scope, reserved name
        25:8: the scope "openid" is reserved: write another name
    scope, duplicate
        34:8: duplicate scope "read:orders": write another or leave it out, the first one is in line 25
    scope, bad enum
        28:11: unknown consent "required": write "REQUIRED"
    scope, wrong type
        30:12: "optional" must be true or false, not a text
    claim, unknown key
        46:1: unknown key "onerror": write "on_error"
    claim, missing key
        39:1: missing key "value": a claim needs it
    claim, two values
        36:9: a claim has one value: write { attribute = "user.NAME" }, { groups = { … } }, { constant = … } or { expression = "…" }
    claim, unknown source
        36:11: unknown key "atribute": write "attribute"
    claim, unknown attribute
        36:23: unknown attribute "client.tenant": write "user.NAME" or "client.attributes.NAME"
    claim, protected name
        40:8: the claim "iss" is set by the server itself: write another name
    claim, duplicate
        44:8: duplicate claim "stage": write another or leave it out, the first one is in line 40
    claim, bad reference
        37:11: unknown scope "read:order" of this server: write "read:orders"
    claim, bad expression
        45:37: the expression ends here: write a value
    claim, unknown name in an expression
        45:25: unknown name "usr": write "user"
    claim, unknown function
        45:36: unknown function "lower": write one of "contains", "endsWith", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMinutes", "getMonth", "getSeconds", "indexOf", …
    claim, expression too deep
        45:75: too many macros inside of macros: write at most 2
    claim, bad regex
        63:32: unclosed group: write a backslash before a character that stands for itself
    claim, two filters
        51:20: groups are chosen in one way: write { starts_with = "…" }
    claim, unknown filter
        51:22: unknown key "startswith": write "starts_with"
    claim, on_error without an expression
        56:12: "on_error" is for expressions: leave it out
    policy, unknown key
        66:1: unknown key "names": write "name"
    policy, missing key
        65:1: missing key "clients": a policy needs it
    policy, bad reference
        67:12: unknown client "portl": write "portal"
    policy, star and a client
        67:12: "*" means all: write ["*"] alone, or client ids without it
    policy, duplicate client
        67:22: duplicate client "portal": write another or leave it out, the first one is in line 67
    policy, duplicate
        95:8: duplicate policy "portal": write another or leave it out, the first one is in line 66
    rule, unknown key
        86:1: unknown key "narow": write "narrow"
    rule, missing key
        71:1: missing key "grant_types": a rule needs it
    rule, bad enum
        73:10: unknown effect "permit": write one of "allow", "deny"
    rule, bad grant type
        74:16: unknown grant type "authorisation_code": write "authorization_code"
    rule, bad scope
        77:11: unknown scope "raed:orders" of this server: write "read:orders"
    rule, bad user
        75:17: a login has 1 to 100 characters
    rule, bad zone
        78:10: unknown zone "ofice": write "office"
    rule, bad day
        80:19: unknown day "monday": write one of "mon", "tue", "wed", "thu", "fri", "sat", "sun"
    rule, bad time
        80:34: "8:00" is no time of the day: write hours and minutes, such as "08:00"
    rule, bad time zone
        80:69: unknown time zone "Europe/Berln": write a name of the IANA database, such as "Europe/Berlin"
    rule, unknown key of hours
        80:27: unknown key "form": write "from"
    rule, bad method
        81:16: unknown client authentication method "client_secret_basics": write "client_secret_basic"
    rule, max_age too long
        83:11: "400d" is too long for the age of a sign-in: write "1s" to "365d"
    rule, bad expression
        85:19: `=` is no operator: write `==`
    rule, expression that is no condition
        85:9: the expression gives a text: write one that is true or false
    rule, lifetime too short
        88:25: "10s" is too short for an access token: write "5m" to "1d"
    rule, lifetime too long
        88:25: "25h" is too long for an access token: write "5m" to "1d"
    rule, no duration
        88:25: "10min" is no duration: write numbers with units, such as "10m" or "1h30m"
    rule, a number as duration
        88:25: "access_token_lifetime" must be a text in quotes, not an integer
    rule, lifetime of a scope that is not there
        87:21: unknown scope "write:orders" of this server: write "read:orders"
    rule, lifetime of a scope is too short
        87:21: "1s" is too short for an access token: write "5m" to "1d"
    rule, duplicate
        95:8: duplicate rule "with every condition": write another or leave it out, the first one is in line 72
    issuer, unknown key
        98:1: unknown key "jwks_url": write "jwks_uri"
    issuer, missing keys
        94:1: missing key "jwks": a trusted issuer needs it
    issuer, bad URL
        98:12: not a place of keys: write an https URL without user name and fragment, such as "https://client.example/jwks.json"
    issuer, bad enum
        96:11: unknown subject "email": write one of "login", "id"
    issuer, bad reference
        102:12: unknown client "portol": write "portal"
    issuer, duplicate
        101:10: duplicate trusted issuer "https://partner.example": write another or leave it out, the first one is in line 95
    client, unknown key
        132:1: unknown key "pkce": write "pkce_required"
    client, missing key
        142:1: missing key "auth": a client needs it
    client, bad enum
        121:8: unknown type "server": write one of "service", "web", "native", "browser"
    client, bad method
        145:8: unknown authentication method "private_key": write "private_key_jwt"
    client, later method
        145:8: the authentication method "tls_client_auth" is not supported yet: write one of "client_secret_basic", "client_secret_post", "private_key_jwt", "none"
    client, bad grant type
        123:38: unknown grant type "refresh_tokens": write "refresh_token"
    client, duplicate
        149:6: duplicate client "arm": write another or leave it out, the first one is in line 143
    client, bad reference
        125:11: unknown client "robto": write "robot"
    client, bad audience
        127:14: unknown audience "api://order": write "api://orders"
    client, bad redirect URI
        133:18: a redirect URI is https, or http on a loopback address
    client, no redirect URI
        118:1: missing key "redirect_uris": authorization_code needs it
    client, bad origin
        131:12: not an origin: write a scheme, a host and perhaps a port in lower case, such as "https://app.example"
    client, leeway too long
        135:54: a leeway is in seconds: write 0 to 60
    client, unknown key of refresh_token
        135:45: unknown key "leway": write "leeway"
    client, secret in the file
        137:1: unknown key "secret": a secret never stands in the file: write secrets = [{ sha256 = "…" }] with what `printf %s "$SECRET" | sha256sum` prints, or secrets = [{ env = "NAME" }]
    client, bad consent
        128:18: unknown consent_method "NEVER": write one of "REQUIRED", "TRUSTED"
    client, wrong type
        136:41: "require_pushed_authorization_requests" must be true or false, not a text
    secret, unknown key
        139:7: unknown key "evn": write "env"
    secret, no hash
        138:16: not a SHA-256: write the 64 hex digits that `printf %s "$SECRET" | sha256sum` prints, or 43 characters of base64url
    secret, bad date
        138:94: not a moment: write a day and a time from 1970 on with its offset, such as "2027-01-31T00:00:00Z"
    key, unknown curve
        153:1: the key holds private key material: keep it with the client, and write its public members only (RSA: kty, n, e; EC: kty, crv, x, y; OKP: kty, crv, x)
    key, no type
        153:1: the curve of the key is not supported: write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519
    user, unknown key
        164:1: unknown key "gruops": write "groups"
    user, missing key
        169:1: missing key "login": a user needs it
    user, duplicate
        170:9: duplicate user "ann": write another or leave it out, the first one is in line 163
    user, wrong case
        170:9: duplicate user "Ann": write another or leave it out, the first one is in line 163
    user, password in the file
        167:12: a password never stands in the file: write password = { hash = "…" } with what `scopegate users hash` prints, or password = { env = "NAME" }
    user, no hash
        171:21: the hash is not one of Argon2id, version 19: write what `scopegate users hash` prints
    user, unknown key of password
        167:14: unknown key "enw": write "env"
    "##);
}
