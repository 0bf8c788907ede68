//! A router that sees what its handlers ask for: one declaration, three uses.
//!
//! A guard in a handler's signature says which scopes a request needs. [`Routes`] is a thin router over
//! axum's that sees these signatures, so that nothing is written twice:
//!
//! 1. the guard itself, which needs no router of ours;
//! 2. [`scopes`](Routes::scopes) for `scopes_supported` in the document about the API (RFC 9728);
//! 3. [`document`](Routes::document): OpenAPI 3.1 with the scopes of each operation;
//!
//! and before the service starts, [`audit`](Routes::audit) says what nothing guards.
//!
//! Handlers and extractors stay as they are: any function that axum takes will do, with any extractors.
//! A guard is known by its rejection, [`AuthRejection`](crate::AuthRejection), and asked once at the
//! start by a request that is none. So an extractor of yours that hands a guard's refusal on counts as
//! that guard, if `AuthRejection` is its rejection; it must not do more before it asks the guard than
//! it may at the start of a service. One that turns the refusal into an error of its own is not seen:
//! say [`require`](Methods::require) at its route.

mod arguments;
mod audit;
mod error;
mod methods;
mod openapi;
mod operation;

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_extractor;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, Route};
use scopegate_claims::ScopeRule;
use tower_layer::Layer;
use tower_service::Service;

pub use self::arguments::Arguments;
pub use self::audit::Audit;
pub use self::error::RoutesError;
use self::methods::Handled;
pub use self::methods::{Methods, delete, get, head, options, patch, post, put, trace};
pub use self::openapi::{Document, OpenApi};
pub use self::operation::Operation;
use crate::{Guard, RequireScope};

/// A router that sees what its handlers ask for.
///
/// ```
/// use scopegate_axum::routes::{Routes, get};
/// use scopegate_axum::{RequireScope, scoped};
///
/// #[scoped]
/// async fn list(_: RequireScope<"read:orders">) -> &'static str {
///     "all orders"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let routes = Routes::new()
///     .route("/orders", get(list))
///     .route("/health", get(async || "well").public());
/// assert_eq!(routes.scopes(), ["read:orders"]);
///
/// # let auth = tower::layer::util::Identity::new();
/// // The layer stands before all that is not public.
/// let app: axum::Router = routes.protect(auth);
///
/// assert_eq!(ask(&app, Some("read:orders")).await, 200);
/// assert_eq!(ask(&app, Some("write:orders")).await, 403);
/// # }
/// # async fn ask(app: &axum::Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
///
/// A router with a state is given it first, because some extractors need it to be asked:
/// `Routes::new().route(…).with_state(state).protect(auth)`.
#[derive(Debug)]
#[must_use]
pub struct Routes<S = ()> {
    endpoints: Vec<Endpoint<S>>,
    unseen: Vec<(String, Router<S>)>,
}

/// One method of one path.
#[derive(Debug)]
struct Endpoint<S> {
    handled: Handled<S>,
    path: String,
    /// Where it is nested, the innermost first.
    prefixes: Vec<String>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// A router without routes.
    pub fn new() -> Self {
        Self { endpoints: Vec::new(), unseen: Vec::new() }
    }

    /// Adds the handlers of a path, as axum's `Router::route`.
    pub fn route(mut self, path: &str, methods: Methods<S>) -> Self {
        let endpoint = |handled| Endpoint { handled, path: path.to_owned(), prefixes: Vec::new() };
        self.endpoints.extend(methods.handlers.into_iter().map(endpoint));
        self
    }

    /// Adds the routes of another.
    pub fn merge(mut self, other: Self) -> Self {
        self.endpoints.extend(other.endpoints);
        self.unseen.extend(other.unseen);
        self
    }

    /// Adds the routes of another below a path, as axum's `Router::nest`.
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.endpoints.extend(other.endpoints.into_iter().map(|mut endpoint| {
            endpoint.prefixes.push(prefix.to_owned());
            endpoint
        }));
        self.unseen.extend(other.unseen.into_iter().map(|(inner, router)| {
            let path = format!("{}{inner}", prefix.trim_end_matches('/'));
            (path, Router::new().nest(prefix, router))
        }));
        self
    }

    /// Adds the routes of a plain router, which cannot be seen; the path is for the audit to name it.
    ///
    /// They are protected with the others. Their guards work, but stand in no document.
    pub fn unseen(mut self, path: &str, router: Router<S>) -> Self {
        self.unseen.push((path.to_owned(), router));
        self
    }

    /// Lets only tokens to the routes so far that hold what the rule asks for.
    ///
    /// The guard is [`RequireScope`], so are its answers.
    pub fn require<R: ScopeRule>(self, _: R) -> Self {
        let guard = Guard::Scopes(R::REQUIREMENT);
        let mut routes = self.layer(from_extractor::<RequireScope<R>>());
        for endpoint in &mut routes.endpoints {
            endpoint.handled.said.insert(0, guard);
        }
        routes
    }

    /// Puts a layer before the routes so far, as axum's `Router::layer`.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let Self { endpoints, unseen } = self;
        Self {
            endpoints: endpoints
                .into_iter()
                .map(|endpoint| endpoint.map(|route| route.layer(layer.clone())))
                .collect(),
            unseen: unseen
                .into_iter()
                .map(|(path, router)| (path, router.layer(layer.clone())))
                .collect(),
        }
    }

    /// Gives the handlers their state, as axum's `Router::with_state`, and asks for their guards.
    pub fn with_state<S2: Clone + Send + Sync + 'static>(self, state: S) -> Routes<S2> {
        let Self { endpoints, unseen } = self;
        Routes {
            endpoints: endpoints.into_iter().map(|one| one.with_state(&state)).collect(),
            unseen: unseen
                .into_iter()
                .map(|(path, router)| (path, router.with_state(state.clone())))
                .collect(),
        }
    }
}

impl Routes {
    /// What each method of each path asks for, in the order of routing.
    pub fn operations(&self) -> Vec<Operation> {
        self.endpoints.iter().map(Endpoint::operation).collect()
    }

    /// Every scope that is asked for, each once: `scopes_supported` of the document about the API.
    ///
    /// `BearerLayer::issuer(…).resource(…).scopes_supported(routes.scopes())`
    pub fn scopes(&self) -> Vec<&'static str> {
        let mut scopes = Vec::new();
        for scope in self.operations().iter().flat_map(Operation::scopes) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    /// What is open, and what cannot be seen.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let unseen = self.unseen.iter().map(|(path, _)| path.clone()).collect();
        Audit::new(self.operations(), unseen)
    }

    /// Writes down what there is and what it asks for.
    ///
    /// # Errors
    ///
    /// [`RoutesError::NotRouted`] if the document describes an operation that there is not.
    pub fn document(&self, openapi: OpenApi) -> Result<Document, RoutesError> {
        openapi.describe(&self.operations())
    }

    /// Puts the authentication layer before all that is not public.
    ///
    /// A path that there is not is answered by the layer too, so that nobody learns more without a
    /// token. Operations that take a token or none need a layer that is optional.
    pub fn protect<L>(self, auth: L) -> Router
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let (guarded, public) = self.split();
        public.merge(guarded.layer(auth))
    }

    /// All but the public operations, and these, as routers of axum.
    ///
    /// For whoever puts more than the authentication layer before the first, or a fallback into it;
    /// `public.merge(guarded.layer(auth))` is what [`protect`](Self::protect) does.
    pub fn split(self) -> (Router, Router) {
        let (mut guarded, mut public) = (Router::new(), Router::new());
        for (_, router) in self.unseen {
            guarded = guarded.merge(router);
        }
        for endpoint in self.endpoints {
            match endpoint.operation().is_public() {
                true => public = public.merge(endpoint.into_router()),
                false => guarded = guarded.merge(endpoint.into_router()),
            }
        }
        (guarded, public)
    }
}

/// A plain router, in which nothing can be seen.
impl<S: Clone + Send + Sync + 'static> From<Router<S>> for Routes<S> {
    fn from(router: Router<S>) -> Self {
        Self::new().unseen("/", router)
    }
}

impl<S: Clone + Send + Sync + 'static> Endpoint<S> {
    fn map(mut self, change: impl FnOnce(MethodRouter<S>) -> MethodRouter<S>) -> Self {
        self.handled.route = change(self.handled.route);
        self
    }

    fn with_state<S2>(self, state: &S) -> Endpoint<S2> {
        let Self { handled: Handled { method, route, mut said, ask }, path, prefixes } = self;
        said.extend(ask(state));
        let route = route.with_state(state.clone());
        Endpoint { handled: Handled { method, route, said, ask: |_| Vec::new() }, path, prefixes }
    }

    fn full_path(&self) -> String {
        let below = |path: String, prefix: &String| match &*path {
            "/" => prefix.clone(),
            path => format!("{}{path}", prefix.trim_end_matches('/')),
        };
        self.prefixes.iter().fold(self.path.clone(), below)
    }
}

impl Endpoint<()> {
    fn operation(&self) -> Operation {
        let Handled { method, said, ask, .. } = &self.handled;
        let guards = said.iter().copied().chain(ask(&())).collect();
        Operation::new(method.clone(), self.full_path(), guards)
    }

    fn into_router(self) -> Router {
        let router = Router::new().route(&self.path, self.handled.route);
        self.prefixes.iter().fold(router, |router, prefix| Router::new().nest(prefix, router))
    }
}
