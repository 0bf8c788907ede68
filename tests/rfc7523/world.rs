//! A server that trusts another issuer, and that issuer.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::people::User;
use scopegate_jose::{Algorithm, SigningKey, TokenType, random_token};
use scopegate_tests::{Answer, BASE, TestServer};
use serde_json::{Value, json};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The issuer that is trusted to know logins.
pub(crate) const IDP: &str = "https://idp.example";

/// `{idp}`, `{directory}` become public keys; `{more}` something of a test.
const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders", resources = ["https://orders.example"] }, { name = "api://stock" }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"
default = true

[[server.scope]]
name = "write:orders"

[[server.scope]]
name = "sell:orders"
consent = "REQUIRED"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "staff"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
groups = ["staff"]
scopes = ["*"]
access_token_lifetime = "10m"

[[server.policy.rule]]
name = "everybody"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
scopes = ["read:orders"]
access_token_lifetime = "5m"

[[server.trusted_issuer]]
issuer = "https://idp.example"
jwks = { keys = [{idp}] }
clients = ["portal", "trusted"]

[[server.trusted_issuer]]
issuer = "https://directory.example"
jwks = { keys = [{directory}] }
subject = "id"
clients = ["*"]

{more}

[[server]]
id = "billing"
name = "Billing"
audiences = [{ name = "api://billing" }]
algorithms = ["ES256"]

[[client]]
id = "portal"
name = "Portal"
auth = "client_secret_basic"
secrets = [{ env = "portal" }]
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

[[client]]
id = "trusted"
name = "A client that no consent is asked for"
auth = "client_secret_basic"
secrets = [{ env = "trusted" }]
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
groups = ["staff"]
consent_method = "TRUSTED"

[[client]]
id = "other"
name = "A client that the issuer is not trusted for"
auth = "client_secret_basic"
secrets = [{ env = "other" }]
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

[[client]]
id = "reader"
name = "A client without the grant"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]
"#;

/// The server, Alice of the staff, and the keys of the two issuers.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) alice: User,
    pub(crate) idp: SigningKey,
    pub(crate) directory: SigningKey,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With something more of the server.
    pub(crate) async fn start_with(more: &str) -> Self {
        let (idp, directory) = (key(), key());
        let catalog = CATALOG
            .replace("{idp}", &in_toml(&idp))
            .replace("{directory}", &in_toml(&directory))
            .replace("{more}", more);
        let server = TestServer::start(&catalog).await;
        let alice = server.add_user("alice", &["staff"]).await;
        Self { server, alice, idp, directory }
    }

    /// What the issuer says of Alice, with changes; one of null is left out.
    pub(crate) fn claims(&self, changes: &Value) -> Value {
        let now = self.server.clock().now().as_seconds();
        let mut claims = json!({
            "iss": IDP, "sub": "alice", "aud": format!("{BASE}/oauth2/default"),
            "exp": now + 300, "iat": now, "jti": random_token(16),
        });
        let all = claims.as_object_mut().unwrap();
        all.extend(changes.as_object().unwrap().clone());
        all.retain(|_, value| !value.is_null());
        claims
    }

    /// An assertion of the issuer, with changes.
    pub(crate) fn assertion(&self, changes: &Value) -> String {
        self.idp.sign(TokenType::Jwt, &self.claims(changes)).unwrap()
    }

    /// `portal` brings an assertion.
    pub(crate) async fn bring(&self, assertion: &str) -> Answer {
        self.bring_as("portal", assertion, &[]).await
    }

    /// A client brings an assertion, with more parameters.
    pub(crate) async fn bring_as(
        &self,
        client: &str,
        assertion: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let form = [("grant_type", GRANT_TYPE), ("assertion", assertion)];
        self.server.as_client(client).token(&[&form, more].concat()).await
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// The public half of a key, as the catalog has it.
fn in_toml(key: &SigningKey) -> String {
    let jwk = serde_json::to_value(key.public_jwk()).unwrap();
    let members = jwk.as_object().unwrap().iter();
    let members: Vec<String> = members.map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{{ {} }}", members.join(", "))
}

/// The claims of an access token that was just issued.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let payload = scopegate_jose::base64url::decode(payload.as_bytes()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}
