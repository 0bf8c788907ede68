//! Tokens to test with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, Claims, Dialect, Issuer, ScopeSet, UnixTime};
use scopegate_core::catalog::AuthorizationServer;
use scopegate_jose::{SigningKey, TokenType};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Broken;

/// How long a token lives unless the test says otherwise.
const LIFETIME: Duration = Duration::from_secs(600);

/// Builds a token and signs it with the issuer's key.
///
/// Unless said otherwise it is for the issuer's audience, for the client `test-client`, begins now and
/// lives ten minutes.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenBuilder {
    issuer: Issuer,
    dialect: Dialect,
    audience: Audience,
    signer: Arc<SigningKey>,
    issued_at: UnixTime,
    lifetime: Duration,
    subject: Option<String>,
    user_id: Option<String>,
    client_id: String,
    scopes: ScopeSet,
    extra: BTreeMap<String, Value>,
}

impl TokenBuilder {
    pub(crate) fn new(
        server: &AuthorizationServer,
        audience: &Audience,
        signer: &Arc<SigningKey>,
        now: UnixTime,
    ) -> Self {
        Self {
            issuer: server.issuer.clone(),
            dialect: server.spec.dialect,
            audience: audience.clone(),
            signer: Arc::clone(signer),
            issued_at: now,
            lifetime: LIFETIME,
            subject: None,
            user_id: None,
            client_id: "test-client".to_owned(),
            scopes: ScopeSet::empty(),
            extra: BTreeMap::new(),
        }
    }

    /// Sets `sub`; unless it is set it is the client's id.
    pub fn subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Sets `uid`.
    pub fn user_id(mut self, id: &str) -> Self {
        self.user_id = Some(id.to_owned());
        self
    }

    /// Sets the client's id.
    pub fn client_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.client_id);
        self
    }

    /// Adds scopes, separated by spaces.
    ///
    /// # Panics
    ///
    /// If one is ill-formed.
    pub fn scope(mut self, scopes: &str) -> Self {
        let scopes = ScopeSet::parse(scopes).expect("the scopes are well-formed");
        self.scopes = self.scopes.union(&scopes);
        self
    }

    /// Sets `aud`.
    ///
    /// # Panics
    ///
    /// If the text is no audience.
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = Audience::parse(audience).expect("the audience is one");
        self
    }

    /// Sets how long the token lives.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Adds a claim of the service's own.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as JSON.
    pub fn claim(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("the claim can be written as JSON");
        self.extra.insert(name.to_owned(), value);
        self
    }

    /// Signs the token.
    ///
    /// # Panics
    ///
    /// If the key does not sign.
    pub fn sign(self) -> String {
        let payload = self.payload();
        self.signer.sign(TokenType::AccessToken, &payload).expect("the key signs")
    }

    /// Makes the token one that a service must refuse, and is good but for that.
    ///
    /// Give it all that the endpoint asks for, so that nothing else is the cause.
    ///
    /// ```
    /// # use axum::{Router, body::Body, http::Request, routing::get};
    /// # use scopegate_testkit::{Broken, TestIssuer};
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = TestIssuer::start("api://orders").await;
    /// let app = Router::new().route("/orders", get(|| async {})).layer(issuer.layer());
    /// for broken in Broken::ALL {
    ///     let token = issuer.token().subject("u1").scope("read:orders").broken(broken);
    ///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
    ///     let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    ///     assert_eq!(response.status(), 401, "{broken}");
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the key does not sign.
    pub fn broken(self, how: Broken) -> String {
        let payload = self.payload();
        how.make(&self.signer, payload, self.issued_at)
    }

    fn payload(&self) -> Map<String, Value> {
        let mut claims = Claims::builder(&self.issuer, self.issued_at.plus(self.lifetime))
            .subject(self.subject.as_deref().unwrap_or(&self.client_id))
            .audience(self.audience.clone())
            .issued_at(self.issued_at)
            .token_id(&scopegate_jose::random_token(16))
            .client_id(&self.client_id)
            .scopes(self.scopes.clone());
        if let Some(id) = &self.user_id {
            claims = claims.user_id(id);
        }
        let claims = claims.build();
        let payload = serde_json::to_value(claims.in_dialect_with(self.dialect, &self.extra));
        match payload {
            Ok(Value::Object(payload)) => payload,
            _ => unreachable!("claims are written as an object"),
        }
    }
}
