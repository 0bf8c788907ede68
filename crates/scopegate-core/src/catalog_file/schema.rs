//! The JSON Schema of a catalog file, for editors.
//!
//! The keys come from the shapes that the reader uses, so no key of the reader can be missing. The names of
//! values come from the reader's tables. The schema accepts each valid file. It does not refuse each invalid
//! one: `scopegate validate` does.

mod value;

use serde_json::{Value, json};

use self::value::{
    any, boolean, duration, formed, list, names, object, one_of, pattern, short_list, table,
    table_of, tables, text, whole,
};
use super::{
    CATALOG, claim, client, hook, jwks, policy, rule, scope, secret, server, status,
    trusted_issuer, user, zone,
};
use crate::catalog::{ClientAuth, Day, GroupMatch, RefreshPolicy, SettableClaim};
use crate::client_auth;
use crate::grants;
use crate::toml_reader::Shape;

/// The keys of a table with the schema of each value. The first list has the required keys.
type Types = (&'static Shape, &'static [&'static str], Vec<(&'static str, Value)>);

/// Maximum length of a name, in characters.
const NAME: usize = 100;

/// Maximum length of the description of a server or a policy, in characters.
const DESCRIPTION: usize = 1000;

/// Maximum length of an expression, in characters.
const EXPRESSION: usize = 1024;

/// The JSON Schema (2020-12) of a catalog file.
pub fn schema() -> Value {
    let mut schema = object("The servers, clients and users of an organisation", catalog());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A catalog of scopegate");
    schema
}

fn catalog() -> Types {
    let types = vec![
        ("version", whole("Increase it with each change", 1, i64::MAX.cast_unsigned())),
        ("demo", boolean("A demonstration, which is served on loopback addresses only")),
        ("zone", tables("Networks with a name, which rules mention", zone_types())),
        ("hook", tables("A token hook, which rules mention", hook_types())),
        ("server", tables("An authorization server", server_types())),
        ("client", tables("A client", client_types())),
        ("user", tables("A user, who is created once and never overwritten", user_types())),
    ];
    (&CATALOG, &["version"], types)
}

fn zone_types() -> Types {
    let network = "A network such as 192.0.2.0/24, or an address";
    let types = vec![
        ("name", text("The name that rules mention", NAME)),
        ("networks", list(formed(network, pattern::NETWORK))),
    ];
    (&zone::ZONE, &["name", "networks"], types)
}

fn hook_types() -> Types {
    let secret = |description: &str| {
        let ways = vec![
            ("env", text("The environment variable that holds the secret", 1024)),
            ("kept", text("The id of a secret of the store, from an export", 1024)),
        ];
        object(description, (&hook::SECRET, &[], ways))
    };
    let oauth = vec![
        ("token_url", text("The token endpoint", 1024)),
        ("client_id", text("The client id of this server there", 1024)),
        ("secret", secret("The secret of the client, for client_secret_post")),
        ("key", secret("The private key of the client as a JWK, for private_key_jwt")),
        ("scope", text("The scopes, separated by spaces", 1024)),
    ];
    let oauth = object(
        "Sends an access token of another authorization server",
        (&hook::OAUTH, &["token_url", "client_id"], oauth),
    );
    let auth = vec![
        ("header", text("The name of the header", 1024)),
        ("value", secret("The value of the header")),
        ("oauth", oauth),
        ("signature", secret("The key of a signature in the header webhook-signature")),
    ];
    let expression = "An expression in CEL: requests with the same value share an answer";
    let cache = vec![
        ("key", text(expression, EXPRESSION)),
        ("ttl", duration("How long an answer is used without a call")),
        ("stale", duration("How long an answer is used if a call fails: 1h at most")),
    ];
    let cache = object("How long answers are kept", (&hook::CACHE, &["key", "ttl"], cache));
    let header = text("The value of the header", 1024);
    let column = text("The column", 1024);
    let types = vec![
        ("name", text("The name that rules mention", NAME)),
        ("type", one_of("What is called", hook::TYPES)),
        ("url", text("The https URL of the service", 1024)),
        ("auth", object("How the service knows this server", (&hook::AUTH, &[], auth))),
        ("headers", table_of("Further headers, which are no secrets", &header)),
        ("connection", text("A connection of [hooks.connections] in scopegate.toml", NAME)),
        (
            "query",
            formed("A statement that reads one row; $1 is the first parameter", pattern::QUERY),
        ),
        ("parameters", list(text("An expression in CEL", EXPRESSION))),
        ("claims", table_of("The column of each claim", &column)),
        ("tokens", list(one_of("A token that gets the claims", names(&claim::TOKENS)))),
        ("deadline", text("The longest time of a call, such as 500ms or 1s", 20)),
        ("failure", one_of("What happens if it fails", names(&hook::FAILURES))),
        ("cache", cache),
        ("may_set", list(one_of("A standard claim it may set", names(&SettableClaim::ALL)))),
        ("independent", boolean("Whether it is called beside the hooks before it")),
        ("status", status()),
    ];
    (&hook::HOOK, &["name", "type"], types)
}

fn server_types() -> Types {
    let resource =
        "A value of `resource` that selects this audience, such as https://orders.example";
    let audience: Types = (
        &server::AUDIENCE,
        &["name"],
        vec![
            ("name", text("The value of `aud`, such as api://orders", 256)),
            ("resources", list(formed(resource, pattern::URI))),
        ],
    );
    let algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    let trusted = "The id of a server whose tokens may be exchanged here";
    let types = vec![
        ("id", formed("The last part of its issuer, {base}/oauth2/{id}", pattern::SERVER_ID)),
        ("name", text("The display name", NAME)),
        ("description", text("What it is for", DESCRIPTION)),
        (
            "audiences",
            list(object("An audience of its tokens. The first one is the default", audience)),
        ),
        ("dialect", one_of("The claims of its tokens", names(&server::DIALECTS))),
        ("algorithms", list(one_of("A signature algorithm. The first one signs", algorithms))),
        ("status", status()),
        ("scope", tables("A scope", scope_types())),
        ("claim", tables("A claim of its tokens", claim_types())),
        ("policy", tables("A policy. The first rule that matches decides", policy_types())),
        ("trusted_issuer", tables("An issuer whose assertions are accepted", issuer_types())),
        ("trusted_servers", list(formed(trusted, pattern::SERVER_ID))),
        ("keys", key_schedule()),
    ];
    (&server::SERVER, &["id", "name", "audiences"], types)
}

fn key_schedule() -> Value {
    let types = vec![
        ("rotation", one_of("Whether new keys come by themselves", names(&server::ROTATIONS))),
        ("every", duration("How long a key signs, without which it is 90d")),
        ("announce", duration("How long a key is published before it signs")),
    ];
    object("When its signing keys change", (&server::KEYS, &[], types))
}

fn scope_types() -> Types {
    let name = "The value in `scope`, such as read:orders";
    let types = vec![
        ("name", formed(name, pattern::SCOPE)),
        ("display_name", text("The title on the consent page", NAME)),
        ("description", text("What users read who are asked for consent", 1000)),
        ("consent", one_of("Whether users are asked", names(&scope::CONSENT))),
        ("default", boolean("Whether it is granted to a request without `scope`")),
        ("optional", boolean("Whether the user may refuse it and still grant the rest")),
        ("metadata_publish", one_of("Whether it is in the metadata", names(&scope::PUBLISH))),
    ];
    (&scope::SCOPE, &["name"], types)
}

fn claim_types() -> Types {
    let filter = |kind: &GroupMatch| {
        (kind.as_str(), text("The part of the name that the groups in the claim share", NAME))
    };
    let regex = ("regex", text("A regular expression for the groups in the claim", 256));
    let filters = GroupMatch::ALL.iter().map(filter).chain([regex]).collect();
    let groups = object("The user's groups that pass one filter", (&claim::GROUPS, &[], filters));
    let attribute = "An attribute: user.NAME or client.attributes.NAME";
    let value = vec![
        ("attribute", formed(attribute, pattern::ATTRIBUTE)),
        ("constant", any("A value that is the same in all tokens")),
        ("expression", text("An expression in CEL", EXPRESSION)),
        ("groups", groups),
    ];
    let types = vec![
        ("name", text("The name of the claim", NAME)),
        ("token", one_of("The token that it is in", names(&claim::TOKENS))),
        ("value", object("Where its value comes from: one key", (&claim::VALUE, &[], value))),
        ("scopes", list(formed("A scope, one of which must be granted", pattern::SCOPE))),
        ("on_error", one_of("What happens if an expression fails", names(&claim::ON_ERROR))),
        ("status", status()),
    ];
    (&claim::CLAIM, &["name", "value"], types)
}

fn policy_types() -> Types {
    let types = vec![
        ("name", text("The name of the policy", NAME)),
        ("description", text("What it is for", DESCRIPTION)),
        ("clients", list(formed("A client id, or \"*\" alone for all", pattern::CLIENT_ID))),
        ("status", status()),
        ("rule", tables("A rule", rule_types())),
    ];
    (&policy::POLICY, &["name", "clients"], types)
}

fn hours() -> Value {
    let from = "The first minute, such as 08:00";
    let to = "The end, such as 18:00. If it is not later than `from`, it is on the next day";
    let zone = "A name of the IANA time zone database, such as Europe/Berlin";
    let types = vec![
        ("days", list(one_of("A day", names(&Day::ALL)))),
        ("from", formed(from, pattern::TIME_OF_DAY)),
        ("to", formed(to, pattern::TIME_OF_DAY)),
        ("time_zone", formed(zone, pattern::TIME_ZONE)),
    ];
    object("A time window", (&rule::HOURS, &["from", "to", "time_zone"], types))
}

fn rule_types() -> Types {
    let grants = grants::kinds().iter().map(|grant| grant.name);
    let methods = ClientAuth::ALL.iter().map(|auth| auth.as_str());
    let resource = "A resource (RFC 8707) that the request must name";
    let lifetime = duration("The longest lifetime of a token with this scope");
    let scope = "A scope of the server, or \"*\" alone for any";
    let types = vec![
        ("name", text("The name of the rule", NAME)),
        ("effect", one_of("Whether it allows or denies", names(&rule::EFFECTS))),
        ("zones", list(text("A zone that the request must come from", NAME))),
        ("not_zones", list(text("A zone that the request must not come from", NAME))),
        ("hours", hours()),
        ("client_auth", list(one_of("How the client must authenticate", methods))),
        ("acr_values", list(text("A class of the sign-in, one of which is enough", 1024))),
        ("max_age", duration("How long ago the user may have signed in")),
        ("resources", list(text(resource, 1024))),
        ("when", text("An expression in CEL that must be true", EXPRESSION)),
        ("narrow", boolean("Whether it gives the scopes that are inside instead of not matching")),
        ("scope_lifetimes", table_of("The longest lifetime of a token, by scope", &lifetime)),
        ("grant_types", list(one_of("A grant type", grants))),
        ("users", list(text("The login of a user", 1024))),
        ("groups", list(text("A group of users", NAME))),
        ("scopes", list(formed(scope, pattern::SCOPE))),
        ("access_token_lifetime", duration("The lifetime of access tokens, 5m to 1d")),
        ("refresh_token_lifetime", duration("How long refreshing goes on; without it, no limit")),
        ("refresh_token_window", duration("How long a refresh token may stay unused")),
        ("hooks", list(text("A hook that may change the tokens, in the order of the list", NAME))),
        ("status", status()),
    ];
    (&rule::RULE, &["name", "grant_types", "scopes"], types)
}

fn issuer_types() -> Types {
    let types = vec![
        ("issuer", formed("The `iss` of its assertions", pattern::VISIBLE)),
        ("jwks", key_set()),
        ("jwks_uri", formed("The URL that publishes its keys", pattern::URL_OF_KEYS)),
        ("subject", one_of("What `sub` is", names(&trusted_issuer::SUBJECTS))),
        ("clients", list(formed("A client id, or \"*\" alone for all", pattern::CLIENT_ID))),
    ];
    (&trusted_issuer::TRUSTED_ISSUER, &["issuer", "clients"], types)
}

fn client_types() -> Types {
    let methods = ClientAuth::ALL
        .iter()
        .filter(|auth| client_auth::methods().iter().any(|method| method.auth == **auth));
    let grants = grants::kinds().iter().map(|grant| grant.name);
    let may_act = "The only client that may exchange its tokens for users";
    let types = vec![
        ("id", formed("The client id", pattern::CLIENT_ID)),
        ("name", text("The display name", NAME)),
        ("type", one_of("Where the program runs", names(&client::TYPES))),
        ("auth", one_of("How it authenticates", methods.map(|auth| auth.as_str()))),
        ("secrets", short_list(secret(), 2)),
        ("jwks", key_set()),
        ("jwks_uri", formed("The URL that publishes its keys", pattern::URL_OF_KEYS)),
        ("grant_types", list(one_of("A grant type", grants))),
        ("attributes", table("Values for claims and conditions")),
        ("may_act", formed(may_act, pattern::CLIENT_ID)),
        ("status", status()),
        ("audiences", list(text("An audience whose tokens it may introspect", 256))),
        ("consent_method", one_of("Whether users are asked", names(&client::CONSENT))),
        ("groups", list(text("A group whose users may use it", NAME))),
        ("origins", list(formed("A web origin, such as https://app.example", pattern::ORIGIN))),
        ("pkce_required", boolean("Whether it must use PKCE; the default is true")),
        ("post_logout_redirect_uris", list(formed("A URI after signing out", pattern::URI))),
        ("redirect_uris", list(formed("A URI that gets authorization responses", pattern::URI))),
        ("refresh_token", refresh_token()),
        ("require_pushed_authorization_requests", boolean("Whether it must push its requests")),
        ("users", list(text("The login of a user who may use it", 1024))),
    ];
    (&client::CLIENT, &["id", "name", "auth"], types)
}

fn secret() -> Value {
    let sha256 = "What `printf %s \"$SECRET\" | sha256sum` prints";
    let expires = "When it ends to be accepted, such as 2027-01-31T00:00:00Z";
    let types = vec![
        ("sha256", formed(sha256, pattern::SHA256)),
        ("env", formed("The environment variable that holds the secret", pattern::VARIABLE)),
        ("kept", text("The id of a secret of the store, from an export", NAME)),
        ("expires", formed(expires, pattern::MOMENT)),
    ];
    object("A secret: the SHA-256 or the variable", (&secret::SECRET, &[], types))
}

fn refresh_token() -> Value {
    let leeway = "Seconds for which the replaced one still works";
    let types = vec![
        ("rotation_type", one_of("Whether each use gives a new one", names(&client::ROTATION))),
        ("leeway", whole(leeway, 0, RefreshPolicy::MAX_LEEWAY.into())),
    ];
    object("How its refresh tokens change", (&client::REFRESH, &[], types))
}

fn user_types() -> Types {
    let env = "The environment variable that holds the password";
    let password = vec![
        ("hash", formed("What `scopegate users hash` prints", pattern::HASH)),
        ("env", formed(env, pattern::VARIABLE)),
    ];
    let password = object("The hash or the variable", (&user::PASSWORD, &[], password));
    let types = vec![
        ("login", text("What the user types at sign-in", 1024)),
        ("groups", list(text("A group", NAME))),
        ("profile", table("The attributes of the user")),
        ("password", password),
        ("status", status()),
    ];
    (&user::USER, &["login"], types)
}

fn key_set() -> Value {
    let key = json!({
        "type": "object",
        "description": "A public key (RFC 7517 §4)",
        "properties": {
            "kty": one_of("The type of the key", ["EC", "OKP", "RSA"]),
            "kid": { "type": "string", "description": "The name of the key. Each of several keys needs one" },
        },
        "required": ["kty"],
    });
    let mut keys = short_list(key, 16);
    keys["minItems"] = 1.into();
    object("A key set (RFC 7517 §5)", (&jwks::JWKS, &["keys"], vec![("keys", keys)]))
}

fn status() -> Value {
    one_of("Whether it is in use; the default is ACTIVE", names(&status::STATUS))
}

#[cfg(test)]
mod tests;
