//! A server that trusts two other issuers, and the keys of these issuers.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::directory::User;
use scopegate_jose::{SigningKey, TokenType, random_token};
use scopegate_tests::{Answer, BASE, Catalog, TestServer, in_toml, key};
use serde_json::{Value, json};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The issuer whose subjects are logins.
pub(crate) const IDP: &str = "https://idp.example";

/// The staff may have all scopes, others may read. `trusted` is only for the staff and needs no
/// consent. The issuer of logins is not trusted for `other`. `reader` may not use assertions.
fn catalog(idp: &SigningKey, directory: &SigningKey) -> Catalog {
    let may_bring = format!("grant_types = [\"{GRANT_TYPE}\"]");
    Catalog::of_orders()
        .client("portal", &may_bring)
        .client(
            "trusted",
            &format!("{may_bring}\ngroups = [\"staff\"]\nconsent_method = \"TRUSTED\""),
        )
        .client("other", &may_bring)
        .server("billing", "")
        .server("default", "")
        .scope("read:orders", "default = true")
        .scope("sell:orders", "consent = \"REQUIRED\"")
        .staff_and_everybody(&[GRANT_TYPE])
        .rule("everybody", "access_token_lifetime = \"5m\"")
        .trusted_issuer(
            IDP,
            &format!("jwks = {{ keys = [{}] }}\nclients = [\"portal\", \"trusted\"]", in_toml(idp)),
        )
        .trusted_issuer(
            "https://directory.example",
            &format!(
                "jwks = {{ keys = [{}] }}\nsubject = \"id\"\nclients = [\"*\"]",
                in_toml(directory)
            ),
        )
}

/// The server, Alice, who is in the group `staff`, and the keys of the two issuers.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) alice: User,
    pub(crate) idp: SigningKey,
    pub(crate) directory: SigningKey,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|catalog| catalog).await
    }

    /// Starts with additions to the catalog.
    pub(crate) async fn start_with(more: impl FnOnce(Catalog) -> Catalog) -> Self {
        let (idp, directory) = (key(), key());
        let catalog = more(catalog(&idp, &directory));
        let (server, alice) = TestServer::start_with_alice(catalog).await;
        Self { server, alice, idp, directory }
    }

    /// The claims of an assertion about Alice, with changes. A change to null removes the claim.
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

    /// `portal` sends a token request with an assertion.
    pub(crate) async fn use_assertion(&self, assertion: &str) -> Answer {
        self.use_assertion_as("portal", assertion, &[]).await
    }

    /// A client sends a token request with an assertion and additional parameters.
    pub(crate) async fn use_assertion_as(
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
