//! A scope rule for a route, as a layer.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::{Request, Response};
use scopegate_claims::{Requirement, ScopeRule};
use scopegate_jose::{Authenticated, Refusal, RefusalCause};
use tower_layer::Layer;
use tower_service::Service;

use crate::answers::{Answers, HttpAnswers, refuse};
use crate::future::ResponseFuture;

/// Admits only requests whose token meets a scope rule.
///
/// Use it to state the rule at the route instead of in the handler's signature, and for services
/// that do not use axum. Its answers are those of `RequireScope`. It must be placed *inside* a
/// [`BearerLayer`](crate::BearerLayer), which stores the verified token. Without one it answers 500
/// and logs an error. [`BearerLayer::require`](crate::BearerLayer::require) combines both layers.
///
/// In axum it is added to routes: `Router::route_layer(require(rule))`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_claims::{ScopeName, any_of};
/// use scopegate_tower::{BearerLayer, require};
/// use tower::{Layer, ServiceExt, service_fn};
/// # use scopegate_claims::{Audience, Claims, Clock, Dialect, Issuer, ScopeSet, SystemClock};
/// # use scopegate_jose::{Algorithm, KeySet, SigningKey, TokenType};
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let keys = KeySet::from_keys([key.verifying_key()?]);
/// # let token = |scopes: &str| {
/// #     let until = SystemClock.now().plus(std::time::Duration::from_secs(60));
/// #     let claims = Claims::builder(&Issuer::parse("https://id.example.com").unwrap(), until)
/// #         .audience(Audience::parse("api://orders").unwrap())
/// #         .scopes(ScopeSet::parse(scopes).unwrap()).build();
/// #     key.sign(TokenType::AccessToken, &claims.in_dialect(Dialect::Both)).unwrap()
/// # };
///
/// struct ReadOrders; // the `scopes!` macro generates this
///
/// impl ScopeName for ReadOrders {
///     const NAME: &'static str = "read:orders";
/// }
/// # struct Admin;
/// # impl ScopeName for Admin { const NAME: &'static str = "admin"; }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .keys(keys)
///     .build()?;
/// let orders = service_fn(async |_: Request<()>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("all orders")))
/// });
/// let service = auth.layer(require(any_of((ReadOrders, Admin))).layer(orders));
///
/// let ask = |token: String| {
///     let request = Request::get("/").header("authorization", format!("Bearer {token}"));
///     service.clone().oneshot(request.body(()).unwrap())
/// };
/// assert_eq!(ask(token("read:orders")).await?.status(), 200);
///
/// let response = ask(token("write:orders")).await?;
/// assert_eq!(response.status(), 403);
/// let challenge = response.headers()["www-authenticate"].to_str()?;
/// assert!(challenge.ends_with(r#"scope="read:orders""#));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn require<R: ScopeRule>(_: R) -> RequireLayer {
    RequireLayer { requirement: R::REQUIREMENT }
}

/// The layer that [`require`] makes.
#[derive(Clone, Copy, Debug)]
pub struct RequireLayer {
    requirement: Requirement,
}

impl RequireLayer {
    /// The rule, as data.
    pub fn requirement(&self) -> Requirement {
        self.requirement
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService::new(inner, self.requirement)
    }
}

/// A service behind a [`RequireLayer`].
pub struct RequireService<S, V = HttpAnswers> {
    inner: S,
    requirement: Requirement,
    answers: PhantomData<fn() -> V>,
}

impl<S, V> RequireService<S, V> {
    pub(crate) fn new(inner: S, requirement: Requirement) -> Self {
        Self { inner, requirement, answers: PhantomData }
    }
}

impl<S, B, R, V> Service<Request<B>> for RequireService<S, V>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    V: Answers<R>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, V>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match decide(request.extensions().get(), &self.requirement) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(refusal) => ResponseFuture::answered(refuse::<R, V>(refusal)),
        }
    }
}

/// Whether the token that the authentication layer stored meets the requirement.
fn decide(left: Option<&Authenticated>, requirement: &Requirement) -> Result<(), Refusal> {
    let Some(authenticated) = left else {
        tracing::error!(
            %requirement,
            "`require({requirement})` found no authentication: the scopegate layer is missing on \
             this route, or inside of `require` instead of context it"
        );
        let cause = format!("`require({requirement})` without the layer");
        return Err(Refusal::new(RefusalCause::Misconfigured(cause.into())));
    };
    authenticated.allow(requirement).map(drop)
}

impl<S: Clone, V> Clone for RequireService<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), requirement: self.requirement, answers: PhantomData }
    }
}

impl<S: fmt::Debug, V> fmt::Debug for RequireService<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService")
            .field("inner", &self.inner)
            .field("requirement", &format_args!("{}", self.requirement))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scopegate_jose::ChallengeSettings;

    use super::*;

    const READ: Requirement = Requirement::scope("read:orders");

    #[test]
    fn a_missing_layer_is_500_and_a_missing_token_is_401() {
        assert_eq!(decide(None, &READ).unwrap_err().status(), 500);

        let settings = Arc::new(ChallengeSettings::new().with_realm("orders"));
        let refusal = decide(Some(&Authenticated::anonymous(settings)), &READ).unwrap_err();
        assert_eq!(refusal.status(), 401);
        assert_eq!(refusal.challenge().unwrap().to_string(), r#"Bearer realm="orders""#);
    }
}
