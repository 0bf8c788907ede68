//! The JSON Schema of a catalog file, for editors.
//!
//! The keys come from the shapes that the reader uses, so no key of the reader can be missing. The names of
//! values come from the reader's tables. The schema accepts each valid file. It does not refuse each invalid
//! one: `scopegate validate` does.

mod value;

use serde_json::{Value, json};

use self::value::{
    any, boolean, duration, list, names, object, one_of, short_list, table, tables, text, whole,
};
use super::{
    CATALOG, claim, client, jwks, policy, rule, scope, secret, server, status, trusted_issuer,
    user, zone,
};
use crate::catalog::{ClientAuth, Day, GroupMatch};
use crate::client_auth;
use crate::grants;
use crate::toml_reader::Shape;

/// The keys of a table with the schema of each value. The first list has the required keys.
type Types = (&'static Shape, &'static [&'static str], Vec<(&'static str, Value)>);

/// The JSON Schema (2020-12) of a catalog file.
pub fn schema() -> Value {
    let mut schema = object(catalog());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A catalog of scopegate");
    schema
}

fn catalog() -> Types {
    let types = vec![
        ("version", whole("Increase it with each change", 1)),
        ("demo", boolean("A demonstration, which is served on loopback addresses only")),
        ("zone", tables(zone_types())),
        ("server", tables(server_types())),
        ("client", tables(client_types())),
        ("user", tables(user_types())),
    ];
    (&CATALOG, &["version"], types)
}

fn zone_types() -> Types {
    let types = vec![
        ("name", text("The name that rules mention")),
        ("networks", list(text("A network such as 192.0.2.0/24, or an address"))),
    ];
    (&zone::ZONE, &["name", "networks"], types)
}

fn server_types() -> Types {
    let audience: Types = (
        &server::AUDIENCE,
        &["name"],
        vec![
            ("name", text("The value of `aud`")),
            ("resources", list(text("A value of `resource` that selects this audience"))),
        ],
    );
    let algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    let types = vec![
        ("id", text("The last part of its issuer, {base}/oauth2/{id}")),
        ("name", text("The display name")),
        ("audiences", list(object(audience))),
        ("dialect", one_of("The claims of its tokens", names(&server::DIALECTS))),
        ("algorithms", list(one_of("The first one signs", algorithms))),
        ("status", status()),
        ("scope", tables(scope_types())),
        ("claim", tables(claim_types())),
        ("policy", tables(policy_types())),
        ("trusted_issuer", tables(issuer_types())),
        ("trusted_servers", list(text("A server whose tokens may be exchanged here"))),
        ("keys", key_schedule()),
    ];
    (&server::SERVER, &["id", "name", "audiences"], types)
}

fn key_schedule() -> Value {
    let types = vec![
        ("rotation", one_of("Whether new keys come by themselves", names(&server::ROTATIONS))),
        ("every", duration("How long a key signs")),
        ("announce", duration("How long a key is published before it signs")),
    ];
    object((&server::KEYS, &[], types))
}

fn scope_types() -> Types {
    let types = vec![
        ("name", text("The value in `scope`")),
        ("display_name", text("The title on the consent page")),
        ("description", text("What users read who are asked for consent")),
        ("consent", one_of("Whether users are asked", names(&scope::CONSENT))),
        ("default", boolean("Granted to a request without `scope`")),
        ("optional", boolean("The user may refuse it and still grant the rest")),
        ("metadata_publish", one_of("Whether it is in the metadata", names(&scope::PUBLISH))),
    ];
    (&scope::SCOPE, &["name"], types)
}

fn claim_types() -> Types {
    let filters = GroupMatch::ALL.iter().map(|kind| kind.as_str()).chain(["regex"]);
    let filters = filters.map(|name| (name, text("The groups in the claim"))).collect();
    let groups = object((&claim::GROUPS, &[], filters));
    let value = vec![
        ("attribute", text("user.NAME or client.attributes.NAME")),
        ("constant", any("A value that is the same in all tokens")),
        ("expression", text("An expression in CEL")),
        ("groups", groups),
    ];
    let types = vec![
        ("name", text("The name of the claim")),
        ("token", one_of("The token that it is in", names(&claim::TOKENS))),
        ("value", object((&claim::VALUE, &[], value))),
        ("scopes", list(text("Only with one of these scopes"))),
        ("on_error", one_of("What happens if an expression fails", names(&claim::ON_ERROR))),
    ];
    (&claim::CLAIM, &["name", "value"], types)
}

fn policy_types() -> Types {
    let types = vec![
        ("name", text("The name of the policy")),
        ("clients", list(text("A client id, or \"*\" alone for all"))),
        ("status", status()),
        ("rule", tables(rule_types())),
    ];
    (&policy::POLICY, &["name", "clients"], types)
}

fn rule_types() -> Types {
    let grants = grants::kinds().iter().map(|grant| grant.name);
    let methods = ClientAuth::ALL.iter().map(|auth| auth.as_str());
    let hours = vec![
        ("days", list(one_of("A day", names(&Day::ALL)))),
        ("from", text("The first minute, such as 08:00")),
        ("to", text("The end, such as 18:00; not later than `from` means on the next day")),
        ("time_zone", text("A name of the IANA time zone database, such as Europe/Berlin")),
    ];
    let types = vec![
        ("name", text("The name of the rule")),
        ("effect", one_of("Whether it allows or denies", names(&rule::EFFECTS))),
        ("zones", list(text("A zone that the request must come from"))),
        ("not_zones", list(text("A zone that the request must not come from"))),
        ("hours", object((&rule::HOURS, &["from", "to", "time_zone"], hours))),
        ("client_auth", list(one_of("How the client must authenticate", methods))),
        ("acr_values", list(text("A class of the sign-in, one of which is enough"))),
        ("max_age", duration("How long ago the user may have signed in")),
        ("resources", list(text("A resource (RFC 8707) that the request must name"))),
        ("when", text("An expression in CEL that must be true")),
        ("narrow", boolean("Give the scopes that are inside instead of not matching")),
        ("scope_lifetimes", table("The longest lifetime of a token with a scope")),
        ("grant_types", list(one_of("A grant type", grants))),
        ("users", list(text("A login"))),
        ("groups", list(text("A group of users"))),
        ("scopes", list(text("A scope of the server, or \"*\" alone for any"))),
        ("access_token_lifetime", duration("5m to 1d")),
        ("refresh_token_lifetime", duration("Without it, no limit")),
        ("refresh_token_window", duration("How long a refresh token may stay unused")),
        ("status", status()),
    ];
    (&rule::RULE, &["name", "grant_types", "scopes"], types)
}

fn issuer_types() -> Types {
    let types = vec![
        ("issuer", text("The `iss` of its assertions")),
        ("jwks", key_set()),
        ("jwks_uri", text("The URL that publishes its keys")),
        ("subject", one_of("What `sub` is", names(&trusted_issuer::SUBJECTS))),
        ("clients", list(text("A client id, or \"*\" alone for all"))),
    ];
    (&trusted_issuer::TRUSTED_ISSUER, &["issuer", "clients"], types)
}

fn client_types() -> Types {
    let methods = ClientAuth::ALL
        .iter()
        .filter(|auth| client_auth::methods().iter().any(|method| method.auth == **auth));
    let grants = grants::kinds().iter().map(|grant| grant.name);
    let secret = vec![
        ("sha256", text("What `printf %s \"$SECRET\" | sha256sum` prints")),
        ("env", text("The environment variable that holds the secret")),
        ("kept", text("The id of a secret of the store, from an export")),
        ("expires", any("When it ends to be accepted, such as 2027-01-31T00:00:00Z")),
    ];
    let refresh = vec![
        ("rotation_type", one_of("Whether each use gives a new one", names(&client::ROTATION))),
        ("leeway", whole("Seconds for which the replaced one still works", 0)),
    ];
    let types = vec![
        ("id", text("The client id")),
        ("name", text("The display name")),
        ("type", one_of("Where the program runs", names(&client::TYPES))),
        ("auth", one_of("How it authenticates", methods.map(|auth| auth.as_str()))),
        ("secrets", short_list(object((&secret::SECRET, &[], secret)), 2)),
        ("jwks", key_set()),
        ("jwks_uri", text("The URL that publishes its keys")),
        ("grant_types", list(one_of("A grant type", grants))),
        ("attributes", table("Values for claims")),
        ("may_act", text("The only client that may exchange its tokens for users")),
        ("status", status()),
        ("audiences", list(text("An audience whose tokens it may introspect"))),
        ("consent_method", one_of("Whether users are asked", names(&client::CONSENT))),
        ("groups", list(text("A group whose users may use it"))),
        ("origins", list(text("A web origin, such as https://app.example"))),
        ("pkce_required", boolean("Whether it must use PKCE; the default is true")),
        ("post_logout_redirect_uris", list(text("A URI after signing out"))),
        ("redirect_uris", list(text("A URI that gets authorization responses"))),
        ("refresh_token", object((&client::REFRESH, &[], refresh))),
        ("require_pushed_authorization_requests", boolean("Whether it must push its requests")),
        ("users", list(text("The login of a user who may use it"))),
    ];
    (&client::CLIENT, &["id", "name", "auth"], types)
}

fn user_types() -> Types {
    let password = vec![
        ("hash", text("What `scopegate users hash` prints")),
        ("env", text("The environment variable that holds the password")),
    ];
    let types = vec![
        ("login", text("What the user types at sign-in")),
        ("groups", list(text("A group"))),
        ("profile", table("The attributes of the user")),
        ("password", object((&user::PASSWORD, &[], password))),
        ("status", status()),
    ];
    (&user::USER, &["login"], types)
}

fn key_set() -> Value {
    let keys =
        json!({ "type": "array", "items": { "type": "object" }, "minItems": 1, "maxItems": 16 });
    object((&jwks::JWKS, &["keys"], vec![("keys", keys)]))
}

fn status() -> Value {
    one_of("Whether it is in use", names(&status::STATUS))
}

#[cfg(test)]
mod tests;
