//! Guards of a service's own, which look at what a request is about.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use scopegate_bearer::{Authenticated, Guard, OwnClaims, RefusalCause, Rule, Token};

use crate::GuardRejection;

mod attempt;

/// A guard of a service's own, with the service's state and the head of the request.
///
/// For rules that need more than the token, such as "an order is shown to its tenant only". The
/// handler takes it as [`Resource<Self>`](Resource) and gets what the guard found, so that nothing
/// is read twice. A rule that needs only the token is a [`ClaimRule`](crate::ClaimRule).
///
/// `S` is the state of the router. `Extra` is the type of your own claims, or `()` if the guard
/// needs only the common claims.
///
/// ```
/// use axum::extract::Path;
/// use axum::{RequestPartsExt, Router, body::Body, http::Request, routing::get};
/// use http::StatusCode;
/// use http::request::Parts;
/// use scopegate_axum::{GuardRejection, Resource, ResourceGuard, Token};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// #[derive(serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// #[derive(Clone)]
/// struct Orders(&'static [(&'static str, &'static str)]);
///
/// /// An order of the token's tenant.
/// struct OwnOrder(&'static str);
///
/// impl ResourceGuard<Orders> for OwnOrder {
///     const NAME: &'static str = "own orders only";
///     type Extra = Tenant;
///
///     async fn check(
///         token: &Token<Tenant>,
///         parts: &mut Parts,
///         orders: &Orders,
///     ) -> Result<Self, GuardRejection> {
///         let Path(id) = parts.extract::<Path<usize>>().await.map_err(GuardRejection::other)?;
///         let order = orders.0.get(id).ok_or(GuardRejection::other(StatusCode::NOT_FOUND))?;
///         match order {
///             (tenant, item) if *tenant == token.extra().tenant => Ok(Self(item)),
///             _ => Err(token.refuse(Self::NAME).into()),
///         }
///     }
/// }
///
/// async fn show(Resource(OwnOrder(item)): Resource<OwnOrder>) -> &'static str {
///     item
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let orders = Orders(&[("acme", "a lamp"), ("globex", "a chair")]);
/// let app = Router::new()
///     .route("/orders/{id}", get(show))
///     .with_state(orders)
///     .layer(issuer.layer());
/// let ask = async |path: &str| {
///     let token = issuer.token().claim("tenant", "acme").sign();
///     let request = Request::get(path).header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("/orders/0").await, 200);
/// assert_eq!(ask("/orders/1").await, 403);
/// assert_eq!(ask("/orders/2").await, 404);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard for a router with the state `{S}`",
    label = "not a guard for this state",
    note = "implement `ResourceGuard<{S}>` for it",
    note = "or implement it for every state: `impl<S: Send + Sync> ResourceGuard<S> for …`"
)]
pub trait ResourceGuard<S>: Sized + Send + 'static {
    /// The name of the rule, for the log, the audit and the OpenAPI document.
    const NAME: &'static str;

    /// How long [`check`](Self::check) may take: by default 5 seconds.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// The type of your own claims.
    type Extra: OwnClaims;

    /// Decides about a request, and returns what the handler gets.
    ///
    /// Write it as `async fn`. If it panics or takes longer than [`TIMEOUT`](Self::TIMEOUT), the
    /// request is answered with 503 and `Retry-After`, an error is logged with the name of the
    /// guard, and the handler does not run. The time limit applies while the future waits: code that
    /// blocks its thread is not interrupted.
    ///
    /// # Errors
    ///
    /// The answer to the request: [`token.refuse(Self::NAME)`](Token::refuse) for the refusal with
    /// the realm, the challenge and the body of the layer,
    /// [the same with a 404 for the client](GuardRejection::hidden) to hide that something exists,
    /// or [any other response](GuardRejection::other).
    fn check(
        token: &Token<Self::Extra>,
        parts: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<Self, GuardRejection>> + Send;
}

/// Admits a request that the guard `G` allows, and holds what the guard found.
///
/// See [`ResourceGuard`] for an example. A request without a token is answered with 401, and a token
/// whose claims do not fit `G::Extra` with 401 `invalid_token`. The guard does not run then.
///
/// A `Routes` lists it by the name of the guard and does not run the check for that.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart: `Resource(order)`")]
pub struct Resource<G>(pub G);

impl<S: Send + Sync, G: ResourceGuard<S>> FromRequestParts<S> for Resource<G> {
    type Rejection = GuardRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardRejection> {
        let guard = Guard::Rule(Rule::named(G::NAME));
        let authenticated = Authenticated::find_in(parts, "Resource", guard)?.clone();
        let token = Token::of(&authenticated)?;
        let check = async { G::check(&token, parts, state).await };
        match attempt::run(check, G::TIMEOUT).await {
            Ok(checked) => checked.map(Self),
            Err(failure) => {
                let (guard, how) = (G::NAME, failure.as_str());
                tracing::error!(guard, "the guard `{guard}` {how}");
                Err(authenticated.refuse(RefusalCause::guard_failed(guard, how)).into())
            }
        }
    }
}

impl<G> Deref for Resource<G> {
    type Target = G;

    fn deref(&self) -> &G {
        &self.0
    }
}

impl<G> DerefMut for Resource<G> {
    fn deref_mut(&mut self) -> &mut G {
        &mut self.0
    }
}

/// The name of the guard is not in the document, because aide does not name the state.
#[cfg(feature = "aide")]
impl<G> aide::OperationInput for Resource<G> {
    fn operation_input(
        _: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) {
        scopegate_bearer::aide::require(Guard::Token, operation);
    }

    fn inferred_early_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<u16>, aide::openapi::Response)> {
        scopegate_bearer::aide::refusals(Guard::Rule(Rule::named("")))
    }
}
