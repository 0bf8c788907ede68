//! A router that knows what its handlers require: one declaration, three uses.
//!
//! A guard in a handler's signature says which scopes a request needs. [`Routes`] is a thin router
//! on top of axum's that reads these signatures, so that nothing is declared twice:
//!
//! 1. the guard itself, which works without this router;
//! 2. [`scopes`](Routes::scopes) for `scopes_supported` in the API's metadata document (RFC 9728);
//! 3. [`document`](Routes::document): OpenAPI 3.1 with the scopes of each operation.
//!
//! Before the service starts, [`audit`](Routes::audit) lists the handlers without a guard.
//!
//! Handlers and extractors need no change: any axum handler function works, with any extractors. A
//! guard is recognized by its rejection type, [`AuthRejection`](crate::AuthRejection), and is run
//! once at start with a probe, which is not a client's request. So an extractor of your own that
//! returns a guard's refusal counts as that guard, if its rejection is `AuthRejection`. Before it
//! runs the guard, it must do nothing that must not happen at the start of a service. An extractor
//! that turns the refusal into its own error type is not recognized: declare the scope with
//! [`require`](Methods::require) on its route.

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

/// A router that knows what its handlers require.
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
/// // The layer covers everything that is not public.
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
/// If the router has a state, set it first, because some extractors need it to be probed:
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
    /// The prefixes it is nested under, the innermost first.
    prefixes: Vec<String>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Creates a router without routes.
    pub fn new() -> Self {
        Self { endpoints: Vec::new(), unseen: Vec::new() }
    }

    /// Adds the handlers of a path, like axum's `Router::route`.
    pub fn route(mut self, path: &str, methods: Methods<S>) -> Self {
        let endpoint = |handled| Endpoint { handled, path: path.to_owned(), prefixes: Vec::new() };
        self.endpoints.extend(methods.handlers.into_iter().map(endpoint));
        self
    }

    /// Adds the routes of another router.
    pub fn merge(mut self, other: Self) -> Self {
        self.endpoints.extend(other.endpoints);
        self.unseen.extend(other.unseen);
        self
    }

    /// Adds the routes of another router under a prefix, like axum's `Router::nest`.
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

    /// Adds a plain axum router, whose routes are not visible here. The audit reports it under this
    /// path.
    ///
    /// Its routes are protected like the others. Their guards work, but do not appear in any
    /// document.
    pub fn unseen(mut self, path: &str, router: Router<S>) -> Self {
        self.unseen.push((path.to_owned(), router));
        self
    }

    /// Requires a scope rule for all routes added so far.
    ///
    /// The guard is [`RequireScope`], and the answers are the same.
    pub fn require<R: ScopeRule>(self, _: R) -> Self {
        let guard = Guard::Scopes(R::REQUIREMENT);
        let mut routes = self.layer(from_extractor::<RequireScope<R>>());
        for endpoint in &mut routes.endpoints {
            endpoint.handled.declared.insert(0, guard);
        }
        routes
    }

    /// Adds a layer to all routes added so far, like axum's `Router::layer`.
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

    /// Sets the state of the handlers, like axum's `Router::with_state`, and probes their guards.
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
    /// What each method of each path requires, in the order in which the routes were added.
    pub fn operations(&self) -> Vec<Operation> {
        self.endpoints.iter().map(Endpoint::operation).collect()
    }

    /// Every required scope, each once: the value for `scopes_supported` in the API's metadata
    /// document.
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

    /// Reports unguarded handlers and routes that are not visible.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let unseen = self.unseen.iter().map(|(path, _)| path.clone()).collect();
        Audit::new(self.operations(), unseen)
    }

    /// Creates an OpenAPI document of all operations and their guards.
    ///
    /// # Errors
    ///
    /// [`RoutesError::NotRouted`] if `openapi` describes an operation that has no route.
    pub fn document(&self, openapi: OpenApi) -> Result<Document, RoutesError> {
        openapi.describe(&self.operations())
    }

    /// Puts the authentication layer on everything that is not public.
    ///
    /// The layer also answers requests for unknown paths, so that without a token nobody learns
    /// which paths exist. Operations that accept requests without a token need an optional layer.
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

    /// Splits the routes into two axum routers: the guarded and the public ones.
    ///
    /// Use this to add more layers than the authentication layer to the guarded router, or a
    /// fallback. [`protect`](Self::protect) is the same as `public.merge(guarded.layer(auth))`.
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

/// A plain axum router; its routes are not visible.
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
        let Self { handled: Handled { method, route, mut declared, probe }, path, prefixes } = self;
        declared.extend(probe(state));
        let route = route.with_state(state.clone());
        Endpoint {
            handled: Handled { method, route, declared, probe: |_| Vec::new() },
            path,
            prefixes,
        }
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
        let Handled { method, declared, probe, .. } = &self.handled;
        let guards = declared.iter().copied().chain(probe(&())).collect();
        Operation::new(method.clone(), self.full_path(), guards)
    }

    fn into_router(self) -> Router {
        let router = Router::new().route(&self.path, self.handled.route);
        self.prefixes.iter().fold(router, |router, prefix| Router::new().nest(prefix, router))
    }
}
