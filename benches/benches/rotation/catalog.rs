//! The catalog: one authorization server for each algorithm, and one with several algorithms.

use std::time::Duration;

/// The lifetime of access tokens.
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);

/// The only client, which uses `client_secret_post`.
pub(crate) const CLIENT: &str = "machine";
pub(crate) const SECRET: &str = "a secret of 43 characters is a good secret.";

/// The environment variable with the secret, for `scopegate apply`.
pub(crate) const SECRET_VARIABLE: &str = "ROTATION_SECRET";

/// The ids of the authorization servers, and their algorithms.
pub(crate) const SERVERS: [(&str, &[&str]); 6] = [
    ("rs256", &["RS256"]),
    ("ps256", &["PS256"]),
    ("es256", &["ES256"]),
    ("es384", &["ES384"]),
    ("eddsa", &["EdDSA"]),
    ("several", &["ES256", "RS256", "EdDSA"]),
];

pub(crate) fn audience(server: &str) -> String {
    format!("api://{server}")
}

pub(crate) fn issuer(base: &str, server: &str) -> String {
    format!("{base}/oauth2/{server}")
}

pub(crate) fn text() -> String {
    let client = format!(
        r#"version = 1

[[client]]
id = "{CLIENT}"
name = "A machine"
auth = "client_secret_post"
secrets = [{{ env = "{SECRET_VARIABLE}" }}]
"#
    );
    let servers = SERVERS.iter().map(|(id, algorithms)| {
        let (audience, lifetime) = (audience(id), LIFETIME.as_secs());
        format!(
            r#"
[[server]]
id = "{id}"
name = "{id}"
audiences = [{{ name = "{audience}" }}]
algorithms = {algorithms:?}

[server.keys]
every = "60s"
announce = "45s"

[[server.scope]]
name = "read:orders"
description = "See orders"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "all"
grant_types = ["client_credentials"]
scopes = ["*"]
access_token_lifetime = "{lifetime}s"
"#
        )
    });
    client + &servers.collect::<String>()
}
