//! The layer itself.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{Request, Response};
use scopegate_bearer::{
    Authenticated, AuthenticationLayer, ChallengeSettings, IntoGuard, Refusal, RefusalCause,
    RequestHead, Verified,
};
use tower_layer::Stack;

use crate::admission::{Admission, FindRefusal, NO_STORE};
use crate::answers::Answers;
use crate::credentials::HeadRef;
use crate::decision::{Admitted, Authenticator, Decision, Refused, TokenRule};
use crate::token_source::Source;
use crate::waiting::wait_and_decide;
use crate::{
    BearerBuilder, ProtectedResource, Readiness, RequireLayer, TrustedIssuer, meter, preflight,
    span,
};

/// Admits requests with a valid access token and refuses all others.
///
/// Clones share their keys. The layer works with every service of `http` requests. What it protects
/// depends on where it is placed: in axum, `Router::layer` covers the routes that were added before
/// it.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_testkit::TestIssuer;
/// use scopegate_tower::Authenticated;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In production: `BearerLayer::issuer("https://…").audience("api://orders").build()?`.
/// let issuer = TestIssuer::start("api://orders").await;
/// let auth = issuer.layer();
///
/// let hello = service_fn(async |request: Request<()>| {
///     let authenticated: &Authenticated = request.extensions().get().unwrap();
///     let who = authenticated.token().unwrap().claims().subject().unwrap_or_default();
///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(who.to_owned())))
/// });
/// let service = auth.layer(hello);
///
/// let token = issuer.token().subject("u1").sign();
/// let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
/// assert_eq!(service.clone().oneshot(request).await?.status(), 200);
///
/// let response = service.oneshot(Request::get("/").body(())?).await?;
/// assert_eq!(response.status(), 401);
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BearerLayer {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) rule: TokenRule,
    /// Set if guards behind the layer answer with a type of their framework.
    pub(crate) find_refusal: Option<FindRefusal>,
}

impl BearerLayer {
    /// Starts to build a layer that accepts tokens of this issuer, named as in their `iss`.
    pub fn issuer(issuer: impl Into<String>) -> BearerBuilder {
        Self::issuers([TrustedIssuer::new(issuer)])
    }

    /// Starts to build a layer that accepts tokens of several issuers.
    ///
    /// The `iss` of a token selects the issuer that verifies it; no other is tried. Tenants that
    /// are not known at the start are [resolved](crate::ResolveIssuer) at run time.
    ///
    /// ```
    /// use scopegate_tower::{BearerLayer, ConfigError, TrustedIssuer};
    ///
    /// let auth = BearerLayer::issuers([
    ///     TrustedIssuer::new("https://id.example.com/oauth2/default"),
    ///     TrustedIssuer::auth0("acme.eu.auth0.com"),
    /// ])
    /// .audience("api://orders")
    /// .build();
    /// assert!(auth.is_ok());
    ///
    /// let twice = ["https://id.example.com"; 2].map(TrustedIssuer::new);
    /// let auth = BearerLayer::issuers(twice).audience("api://orders").build();
    /// assert!(matches!(auth.unwrap_err(), ConfigError::DuplicateIssuer { .. }));
    /// ```
    pub fn issuers(issuers: impl IntoIterator<Item = TrustedIssuer>) -> BearerBuilder {
        BearerBuilder::new(issuers.into_iter().collect())
    }

    /// The same layer, sharing its keys, which also admits requests *without* a token.
    ///
    /// A request with an invalid token is still refused.
    ///
    /// ```
    /// use scopegate_tower::BearerLayer;
    ///
    /// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
    /// let anyone = auth.clone().optional();
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub fn optional(self) -> Self {
        Self { rule: TokenRule::Optional, ..self }
    }

    /// The same layer with a guard for everything that it protects: only tokens that meet it are
    /// admitted.
    ///
    /// For services that do not use axum, or where one rule applies to all routes. See
    /// [`require`](crate::require).
    ///
    /// ```
    /// use scopegate_claims::ScopeName;
    /// use scopegate_tower::BearerLayer;
    ///
    /// struct ReadOrders;
    ///
    /// impl ScopeName for ReadOrders {
    ///     const NAME: &'static str = "read:orders";
    /// }
    ///
    /// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
    /// let readers_only = auth.clone().require(ReadOrders);
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub fn require(self, guard: impl IntoGuard) -> Stack<RequireLayer, Self> {
        Stack::new(crate::require(guard), self)
    }

    /// The state of the keys, for readiness probes.
    ///
    /// Keys that were never read start to be read. Otherwise a service that gets its first request
    /// only once it is ready would never become ready.
    pub fn readiness(&self) -> Readiness {
        let now = self.authenticator.clock.now();
        self.authenticator.issuers.readiness(now)
    }

    /// The metadata document of the API, if [`resource`](BearerBuilder::resource) was set.
    pub fn protected_resource(&self) -> Option<&ProtectedResource> {
        self.authenticator.resource.as_ref()
    }

    /// Verifies a token that is not in a request, such as the first message of a WebSocket, a message
    /// of a queue, or a token of a session.
    ///
    /// It is checked like the token of a request, with the same keys and the same cache, and it may
    /// wait for keys, at most five seconds. Extra claims are read as the layer reads them. A text
    /// that has not the form of a bearer token is refused as 400, like such a header.
    ///
    /// The call is not counted as a request. Its refusal is logged at debug by this call, and not
    /// again if it is turned into an answer later.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], with the layer's realm and body.
    ///
    /// ```
    /// use scopegate_testkit::TestIssuer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let issuer = TestIssuer::start("api://orders").await;
    /// let auth = issuer.layer();
    ///
    /// let message = issuer.token().subject("u1").sign();
    /// let token = auth.verify(&message).await?;
    /// assert_eq!(token.claims().subject(), Some("u1"));
    ///
    /// let refusal = auth.verify("not a token").await.unwrap_err();
    /// assert_eq!(refusal.status(), 400);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify(&self, token: &str) -> Result<Arc<Verified>, Refusal> {
        let authenticated = self.authenticate(token).await?;
        Ok(Arc::clone(authenticated.token().expect("it was made from a token")))
    }

    /// Verifies a token as [`verify`](Self::verify) does, for code that then checks guards.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], with the layer's realm and body.
    ///
    /// ```
    /// use scopegate_tower::{BearerLayer, Refusal, role};
    ///
    /// /// What a service does with the first message of a WebSocket.
    /// async fn open(auth: &BearerLayer, message: &str) -> Result<(), Refusal> {
    ///     let authenticated = auth.authenticate(message).await?;
    ///     let allowed = authenticated.allow(role("dispatcher"));
    ///     // No answer is written, so nothing else logs the refusal.
    ///     let token = allowed.inspect_err(|refusal| refusal.clone().log())?;
    ///     println!("{:?} is connected", token.claims().subject());
    ///     Ok(())
    /// }
    /// ```
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, Refusal> {
        let authenticator = &*self.authenticator;
        let now = authenticator.clock.now();
        authenticator.issuers.refresh_if_due(now);
        let decide = |now| authenticator.decide_token(token.as_bytes(), now);
        let decision = match decide(now) {
            Decision::Admit(admitted) => Ok(admitted),
            Decision::Refuse(cause) => Err(cause.into()),
            Decision::RefuseVerified(error, token) => Err(Refused::verified(error, token)),
            Decision::Wait(wait_for) => wait_and_decide(authenticator, wait_for, decide).await,
        };
        match decision {
            Ok(admitted) => Ok(self.authenticated(admitted)),
            Err(refused) => {
                let mut refusal = self.refusal(refused);
                refusal.log();
                Err(refusal)
            }
        }
    }

    /// Decides about a request. Keys that are due are refreshed in the background.
    pub(crate) fn decide<B>(&self, request: &Request<B>) -> Decision {
        let Self { authenticator, rule, .. } = self;
        let now = authenticator.clock.now();
        authenticator.issuers.refresh_if_due(now);
        authenticator.decide(HeadRef::from(request), *rule, now)
    }

    /// Stores the authentication in an admitted request.
    pub(crate) fn admit<B>(&self, request: &mut Request<B>, admitted: Admitted) -> Admission {
        let Authenticator { source, records_on_span, .. } = &*self.authenticator;
        if *records_on_span && let Some(token) = &admitted.token {
            span::record(token);
        }
        let mut authenticated = self.authenticated(admitted);
        if let Some(head) = self.head_if_read(HeadRef::from(&*request)) {
            authenticated = authenticated.with_head(head);
        }
        Admission::of(request, authenticated, source, self.find_refusal)
    }

    /// The answer to a refused request.
    pub(crate) fn refuse<V: Answers>(
        &self,
        head: HeadRef<'_>,
        refused: Refused,
    ) -> Response<Bytes> {
        if matches!(refused.cause, RefusalCause::NoToken) {
            preflight::explain_refusal(head);
        }
        let mut refusal = self.refusal(refused);
        if let Some(head) = self.head_if_read(head) {
            refusal = refusal.with_head(head);
        }
        meter::request("refused", refusal.reason());
        let mut response = V::refusal(refusal);
        if self.authenticator.source.is_in(head.uri) {
            response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
        }
        response
    }

    /// What handlers and guards are told of an admitted request.
    fn authenticated(&self, Admitted { token, at }: Admitted) -> Authenticated {
        let settings = Arc::clone(&self.authenticator.settings);
        let authenticated = match token {
            Some(token) => Authenticated::new(token, settings),
            None => Authenticated::anonymous(settings),
        };
        authenticated.at(at)
    }

    /// A refusal with the layer's realm and body.
    fn refusal(&self, Refused { cause, token }: Refused) -> Refusal {
        let settings = Arc::clone(&self.authenticator.settings);
        let refusal = Refusal::new(cause).with_settings(settings);
        match token {
            Some(token) => refusal.with_token(token),
            None => refusal,
        }
    }

    /// A copy of a request's head, if the log or the body of a refusal reads it. It holds no token.
    fn head_if_read(&self, head: HeadRef<'_>) -> Option<Arc<RequestHead>> {
        let Authenticator { settings, source, .. } = &*self.authenticator;
        if !settings.reads_head() {
            return None;
        }
        let head = RequestHead::new(head.method, head.uri, head.headers);
        Some(Arc::new(match source {
            Source::Header(name) => head.without(name),
            Source::Authorization | Source::Cookie(_) | Source::Query => head,
        }))
    }

    /// The answer to a request for the metadata document.
    pub(crate) fn metadata<V: Answers, B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let resource = self.authenticator.resource.as_ref()?;
        if request.uri().path() != resource.path() {
            return None;
        }
        V::metadata(resource, request.method(), request.headers())
    }
}

impl AuthenticationLayer for BearerLayer {
    fn is_optional(&self) -> bool {
        matches!(self.rule, TokenRule::Optional)
    }

    fn settings(&self) -> &Arc<ChallengeSettings> {
        &self.authenticator.settings
    }
}
