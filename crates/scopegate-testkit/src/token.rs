//! Tokens for tests.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::request::Parts;
use scopegate_bearer::{Authenticated, Token};
use scopegate_claims::{Audience, Claims, Dialect, Issuer, ScopeSet, UnixTime};
use scopegate_jose::{AudienceRule, KeySet, Rules, SigningKey, TokenType, verify_access_token};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Broken;

/// Claims that exist under two names, either of which a test may use.
const TWINS: [[&str; 2]; 2] = [["scope", "scp"], ["client_id", "cid"]];

/// How long a token is valid unless the test sets it.
const LIFETIME: Duration = Duration::from_secs(600);

/// Builds a token and signs it with the issuer's key.
///
/// By default the token is for the issuer's audience and the client `test-client`, is issued now
/// and expires after ten minutes.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenBuilder {
    issuer: Issuer,
    dialect: Dialect,
    /// The audience that a service accepts, whatever `aud` the token has.
    accepted_audience: Audience,
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
        issuer: &Issuer,
        audience: &Audience,
        signer: Arc<SigningKey>,
        now: UnixTime,
    ) -> Self {
        Self {
            issuer: issuer.clone(),
            dialect: Dialect::default(),
            accepted_audience: audience.clone(),
            audience: audience.clone(),
            signer,
            issued_at: now,
            lifetime: LIFETIME,
            subject: None,
            user_id: None,
            client_id: "test-client".to_owned(),
            scopes: ScopeSet::empty(),
            extra: BTreeMap::new(),
        }
    }

    /// Sets `sub`. By default it is the client's id.
    pub fn subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self.instead_of(&["sub"])
    }

    /// Sets `uid`.
    pub fn user_id(mut self, id: &str) -> Self {
        self.user_id = Some(id.to_owned());
        self.instead_of(&["uid"])
    }

    /// Sets the client's id.
    pub fn client_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.client_id);
        self.instead_of(&["client_id", "cid"])
    }

    /// Adds scopes, separated by spaces.
    ///
    /// # Panics
    ///
    /// If a scope is ill-formed.
    pub fn scope(mut self, scopes: &str) -> Self {
        let scopes = ScopeSet::parse(scopes).expect("the scopes are well-formed");
        self.scopes = self.scopes.union(&scopes);
        self.instead_of(&["scope", "scp"])
    }

    /// Sets `aud`.
    ///
    /// # Panics
    ///
    /// If the text is not an audience.
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = Audience::parse(audience).expect("the audience is well-formed");
        self.instead_of(&["aud"])
    }

    /// Sets how long the token is valid.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.instead_of(&["exp"])
    }

    /// Sets a claim of the service's own, or any other claim to any value.
    ///
    /// The last setting of a claim wins, also against the methods above. Setting `scope` also
    /// replaces `scp`, and `client_id` also replaces `cid`, and the other way round, unless a test
    /// sets both. To repeat a claim within the token, use [`Broken::DuplicateClaim`].
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use scopegate_testkit::TestIssuer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = TestIssuer::start("api://orders").await;
    /// let app = Router::new().route("/", get(|| async {})).layer(issuer.layer());
    /// let ask = async |token: String| {
    ///     let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    ///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    /// };
    ///
    /// let several = issuer.token().claim("aud", ["api://stock", "api://orders"]).sign();
    /// assert_eq!(ask(several).await, 200);
    ///
    /// let another = issuer.token().claim("aud", ["api://stock"]).sign();
    /// assert_eq!(ask(another).await, 401);
    /// # }
    /// ```
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

    /// Breaks the token in one way, and signs or forges it, so that a service must refuse it.
    ///
    /// Set everything that the endpoint requires, so that nothing else can be the cause of the
    /// refusal.
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use scopegate_testkit::{Broken, TestIssuer};
    /// use tower::ServiceExt;
    ///
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
    /// The argument is a value or a reference, as in a loop over [`Broken::ALL`].
    ///
    /// # Panics
    ///
    /// If the key does not sign.
    pub fn broken(self, how: impl Borrow<Broken>) -> String {
        let payload = self.payload();
        how.borrow().make(&self.signer, payload, self.issued_at)
    }

    /// Signs the token and verifies it, as the layer does: the state of a request behind the layer.
    ///
    /// For unit tests of code behind the layer, without a layer and a router.
    ///
    /// ```
    /// use scopegate_bearer::role;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
    /// let admin = issuer.token().claim("roles", ["admin"]).authenticated();
    /// assert!(admin.allow(role("admin")).is_ok());
    /// assert_eq!(admin.allow(role("owner")).unwrap_err().status(), 403);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the layer would refuse the token.
    pub fn authenticated(self) -> Authenticated {
        let now = self.issued_at;
        let audience = AudienceRule::any_of([self.accepted_audience.clone()]);
        let rules = Rules::new(self.issuer.clone(), audience);
        let keys = KeySet::from_keys([self.signer.verifying_key().expect("the key is valid")]);
        let verified = verify_access_token(&self.sign(), &keys, &rules, now);
        let verified = verified.unwrap_or_else(|why| refused_by_the_layer(&why));
        Authenticated::new(Arc::new(verified), Arc::default()).at(now)
    }

    /// A token for a unit test of a handler, with the service's own claims of the type `X`.
    ///
    /// It is signed and verified like any other. To test claims that do not fit `X`, use
    /// `Token::<X>::of(&builder.authenticated())`.
    ///
    /// ```
    /// use scopegate_bearer::Token;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Tenant {
    ///     tenant: String,
    /// }
    ///
    /// async fn whoami(token: Token<Tenant>) -> String {
    ///     format!("{} of {}", token.subject().unwrap_or("nobody"), token.extra().tenant)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
    /// let token = issuer.token().subject("u1").claim("tenant", "acme").extract();
    /// assert_eq!(whoami(token).await, "u1 of acme");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the layer would refuse the token, or if its claims do not fit `X`.
    pub fn extract<X>(self) -> Token<X>
    where
        X: DeserializeOwned + Send + Sync + 'static,
    {
        match Token::of(&self.authenticated()) {
            Ok(token) => token,
            Err(refusal) => refused_by_the_layer(&refusal.cause()),
        }
    }

    /// The head of a request with this token, behind the layer, for extractors and other code that
    /// reads requests.
    ///
    /// ```
    /// use axum::extract::FromRequestParts;
    /// use scopegate_axum::{RequireScope, scope};
    ///
    /// type Reader = RequireScope<scope!("read:orders")>;
    ///
    /// async fn list(_: Reader) -> &'static str {
    ///     "all orders"
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
    /// let mut parts = issuer.token().subject("u1").scope("read:orders").parts();
    /// let reader = Reader::from_request_parts(&mut parts, &()).await.unwrap();
    /// assert_eq!(list(reader).await, "all orders");
    ///
    /// let mut parts = issuer.token().subject("u1").scope("write:orders").parts();
    /// let refusal = Reader::from_request_parts(&mut parts, &()).await.unwrap_err();
    /// assert_eq!(refusal.status(), 403);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the layer would refuse the token.
    pub fn parts(self) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(self.authenticated());
        parts
    }

    /// Removes values that were set for these claims by name.
    fn instead_of(mut self, names: &[&str]) -> Self {
        self.extra.retain(|name, _| !names.contains(&&**name));
        self
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
        let written = serde_json::to_value(claims.build().in_dialect(self.dialect));
        let Ok(Value::Object(mut payload)) = written else {
            unreachable!("claims are written as an object");
        };
        for twins in TWINS.iter().filter(|twins| self.sets_any(*twins)) {
            payload.retain(|name, _| !twins.contains(&&**name));
        }
        payload.extend(self.extra.clone());
        payload
    }

    fn sets_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.extra.contains_key(*name))
    }
}

#[expect(clippy::panic, reason = "a test that made an invalid token must fail")]
fn refused_by_the_layer(why: &dyn fmt::Debug) -> ! {
    panic!("the layer would refuse this token: {why:?}")
}

#[cfg(test)]
mod tests {
    use scopegate_claims::Clock;
    use serde_json::json;

    use super::*;
    use crate::TestIssuer;

    /// The members of a token's payload. Fails if a member occurs twice.
    fn members(token: &str) -> Map<String, Value> {
        let payload = token.split('.').nth(1).unwrap();
        let payload = scopegate_jose::base64url::decode(payload).unwrap();
        let text = String::from_utf8(payload).unwrap();
        let members: Map<String, Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(Value::Object(members.clone()).to_string().len(), text.len(), "no name twice");
        members
    }

    #[tokio::test]
    async fn a_claim_replaces_the_builders_own() {
        let issuer = TestIssuer::start("api://orders").await;
        for name in ["iss", "sub", "aud", "exp", "iat", "jti", "uid", "ver"] {
            let token = issuer.token().user_id("u1").claim(name, json!([7])).sign();
            assert_eq!(members(&token)[name], json!([7]), "{name}");
        }
    }

    #[tokio::test]
    async fn setting_one_name_of_a_claim_replaces_both() {
        let issuer = TestIssuer::start("api://orders").await;
        for [name, twin] in
            [["scope", "scp"], ["scp", "scope"], ["client_id", "cid"], ["cid", "client_id"]]
        {
            let token = issuer.token().scope("read:orders").claim(name, "other");
            let claims = members(&token.clone().sign());
            assert_eq!(
                (claims.get(name), claims.get(twin)),
                (Some(&json!("other")), None),
                "{name}"
            );
            let claims = members(&token.claim(twin, "another").sign());
            assert_eq!(claims[name], "other", "setting both names keeps both");
            assert_eq!(claims[twin], "another");
        }
    }

    #[tokio::test]
    async fn the_last_setting_wins() {
        let issuer = TestIssuer::start("api://orders").await;
        let token = issuer.token().claim("scope", "x").claim("aud", "x").claim("cid", "x");
        let token = token.claim("exp", 0).claim("sub", "x").claim("uid", "x");
        let token = token.scope("read:orders").audience("api://stock").client_id("c");
        let token = token.lifetime(Duration::from_secs(60)).subject("s").user_id("u");
        let claims = members(&token.claim("tenant", "x").claim("tenant", "acme").sign());
        let expected = [
            ("scope", json!("read:orders")),
            ("scp", json!(["read:orders"])),
            ("aud", json!("api://stock")),
            ("client_id", json!("c")),
            ("cid", json!("c")),
            ("sub", json!("s")),
            ("uid", json!("u")),
            ("tenant", json!("acme")),
        ];
        for (name, value) in expected {
            assert_eq!(claims[name], value, "{name}");
        }
        assert_ne!(claims["exp"], 0);
    }

    #[tokio::test]
    async fn an_extracted_token_has_what_the_builder_says_at_the_time_of_the_clock() {
        let issuer = TestIssuer::start("api://orders").await;
        issuer.clock().advance(Duration::from_secs(3600));
        let authenticated = issuer.token().user_id("u1").scope("read:orders").authenticated();
        assert_eq!(authenticated.time(), issuer.clock().now());
        let token: Token = issuer.token().client_id("c").scope("read:orders").extract();
        assert_eq!((token.client_id(), token.scopes().as_str()), (Some("c"), "read:orders"));
        assert_eq!(token.issuer(), issuer.url());
    }

    #[tokio::test]
    #[should_panic(expected = "the layer would refuse this token: Expired")]
    async fn a_token_that_the_layer_refuses_cannot_be_extracted() {
        let issuer = TestIssuer::start("api://orders").await;
        let _: Token = issuer.token().claim("exp", 0).extract();
    }

    #[tokio::test]
    #[should_panic(expected = "the layer would refuse this token: WrongAudience")]
    async fn a_token_for_another_audience_cannot_be_extracted() {
        let issuer = TestIssuer::start("api://orders").await;
        issuer.token().audience("api://stock").parts();
    }

    #[tokio::test]
    #[should_panic(expected = "the layer would refuse this token: InvalidToken")]
    async fn claims_that_do_not_fit_cannot_be_extracted() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "it is never read")]
        struct Tenant {
            tenant: String,
        }
        let issuer = TestIssuer::start("api://orders").await;
        let _: Token<Tenant> = issuer.token().claim("tenant", 7).extract();
    }
}
