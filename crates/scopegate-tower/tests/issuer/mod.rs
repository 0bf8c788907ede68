//! An issuer with one fixed key.

use std::time::Duration;

use scopegate_claims::{Clock, ScopeName, SystemClock};
use scopegate_jose::{Algorithm, KeySet, SigningKey, TokenType};
use scopegate_tower::{BearerBuilder, BearerLayer};
use serde_json::{Value, json};

pub(crate) struct ReadOrders;

impl ScopeName for ReadOrders {
    const NAME: &'static str = "read:orders";
}

pub(crate) struct TestIssuer(SigningKey);

impl TestIssuer {
    pub(crate) fn new() -> Self {
        Self(SigningKey::generate(Algorithm::EdDsa).unwrap())
    }

    /// A layer that accepts its tokens.
    pub(crate) fn builder(&self) -> BearerBuilder {
        BearerLayer::issuer("https://id.example.com")
            .audience("api://orders")
            .keys(KeySet::from_keys([self.0.verifying_key().unwrap()]))
    }

    /// A token with this scope.
    pub(crate) fn token(&self, scope: &str) -> String {
        self.sign(&json!({ "scope": scope }))
    }

    /// A token with these claims, beside the usual ones.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let until = SystemClock.now().plus(Duration::from_secs(60)).as_seconds();
        let mut payload = json!({
            "iss": "https://id.example.com",
            "aud": "api://orders",
            "sub": "alice",
            "client_id": "reader",
            "exp": until,
        });
        for (name, value) in claims.as_object().unwrap() {
            payload[name] = value.clone();
        }
        self.0.sign(TokenType::AccessToken, &payload).unwrap()
    }
}
