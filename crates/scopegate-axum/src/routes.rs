//! A router that lists what its handlers require: one declaration, three uses.
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
mod endpoint;
mod error;
mod metadata;
mod methods;
mod openapi;
mod operation;
mod ready;
mod required;

use std::any::type_name;
use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use tower_layer::Layer;
use tower_service::Service;

pub use self::arguments::Arguments;
pub use self::audit::Audit;
use self::endpoint::{Endpoint, Place};
pub use self::error::RoutesError;
pub use self::methods::{
    IntoMethods, Methods, any, any_service, delete, get, head, options, patch, post, put, trace,
};
pub use self::openapi::{Document, OpenApi};
pub use self::operation::Operation;
pub use self::ready::HasState;
use crate::IntoGuard;

/// A router that lists what its handlers require.
///
/// ```
/// use axum::{body::Body, http::Request};
/// use scopegate_axum::routes::{Routes, get};
/// use scopegate_axum::{RequireScope, scopes};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// scopes! {
///     pub ReadOrders = "read:orders";
/// }
///
/// async fn list(_: RequireScope<ReadOrders>) -> &'static str {
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
/// // The layer covers everything that is not public.
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = routes.protect(issuer.layer());
/// let ask = async |scope: &str| {
///     let token = issuer.token().scope(scope).sign();
///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("read:orders").await, 200);
/// assert_eq!(ask("write:orders").await, 403);
/// # }
/// ```
///
/// If the router has a state, set it first, because some extractors need it to be probed:
/// `Routes::new().route(…).with_state(state).protect(auth)`.
#[derive(Debug)]
#[must_use]
pub struct Routes<S = ()> {
    endpoints: Vec<Endpoint<S>>,
    unseen: Vec<(String, Router<S>)>,
    /// The names of CORS layers that were added, for the audit.
    cors: Vec<&'static str>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Creates a router without routes.
    pub fn new() -> Self {
        Self { endpoints: Vec::new(), unseen: Vec::new(), cors: Vec::new() }
    }

    /// Adds the handlers of a path, like axum's `Router::route`.
    pub fn route(mut self, path: &str, methods: impl IntoMethods<S>) -> Self {
        let methods = methods.into_methods();
        // One endpoint for each method, because some may be public and others not.
        let endpoint = |handled| Endpoint::new(Place::Route, path, vec![handled]);
        self.endpoints.extend(methods.handlers.into_iter().map(endpoint));
        self
    }

    /// Adds a service for all methods of a path, like axum's `Router::route_service`.
    ///
    /// The service cannot say what it requires, so the audit reports it as unguarded. To declare it
    /// at the route, write `.route(path, any_service(service).require(…))`, or `.public()`.
    pub fn route_service<T>(self, path: &str, service: T) -> Self
    where
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse + 'static,
        T::Future: Send + 'static,
    {
        self.route(path, any_service(service))
    }

    /// Adds a handler or a service for everything below a prefix, like axum's
    /// `Router::nest_service`, which removes the prefix from the path that the service sees.
    ///
    /// ```
    /// use axum::extract::Request;
    /// use scopegate_axum::routes::{Routes, any_service};
    /// use scopegate_axum::scope;
    /// use std::convert::Infallible;
    ///
    /// // Stands for a service such as tower-http's `ServeDir`.
    /// let files = tower::service_fn(async |_: Request| Ok::<_, Infallible>("a file"));
    /// let routes = Routes::new()
    ///     .nest_service("/public", any_service(files.clone()).public())
    ///     .nest_service("/reports", any_service(files).require(scope!("reports")));
    /// assert_eq!(
    ///     routes.audit().to_string(),
    ///     "ANY     /public/{*rest}   public\nANY     /reports/{*rest}  reports\n"
    /// );
    /// ```
    pub fn nest_service(mut self, prefix: &str, methods: impl IntoMethods<S>) -> Self {
        self.endpoints.push(Endpoint::new(Place::Below, prefix, methods.into_methods().handlers));
        self
    }

    /// Answers requests for all other paths, like axum's `Router::fallback`. A second call replaces
    /// the first one.
    ///
    /// Without a fallback, unknown paths are 404 for a request with a token, and 401 for others.
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use scopegate_axum::routes::{Routes, any};
    ///
    /// let routes = Routes::new().fallback(any(async || StatusCode::NOT_FOUND).public());
    /// assert!(routes.audit().refuse_unguarded().is_ok());
    /// ```
    ///
    /// A document does not describe it. Unless all its methods are public, all are behind the
    /// authentication layer. A public fallback does not hide the metadata document that the layer
    /// of [`protect`](Self::protect) serves.
    pub fn fallback(mut self, methods: impl IntoMethods<S>) -> Self {
        self.endpoints.retain(|endpoint| !endpoint.is_fallback_of_root());
        self.endpoints.push(Endpoint::new(Place::Fallback, "/", methods.into_methods().handlers));
        self
    }

    /// Adds the routes of another router.
    ///
    /// # Panics
    ///
    /// Like axum's `Router::merge`, once it is made into a router, if both have a fallback.
    pub fn merge(mut self, other: Self) -> Self {
        self.endpoints.extend(other.endpoints);
        self.unseen.extend(other.unseen);
        self.cors.extend(other.cors);
        self
    }

    /// Adds the routes of another router under a prefix, like axum's `Router::nest`.
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.endpoints.extend(other.endpoints.into_iter().map(|one| one.below(prefix)));
        self.unseen.extend(other.unseen.into_iter().map(|(inner, router)| {
            let path = format!("{}{inner}", prefix.trim_end_matches('/'));
            (path, Router::new().nest(prefix, router))
        }));
        self.cors.extend(other.cors);
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

    /// Requires a guard for all routes added so far: a scope rule, or any other [`Guard`](crate::Guard), such as
    /// [`role`](scopegate_bearer::role) or [`fresh`](scopegate_bearer::fresh).
    ///
    /// The answers are those of the extractors.
    pub fn require(self, guard: impl IntoGuard) -> Self {
        let guard = guard.into_guard();
        let mut routes = self.layer(required::layer(guard));
        for endpoint in &mut routes.endpoints {
            endpoint.declare(guard);
        }
        routes
    }

    /// Adds a layer to all routes added so far, like axum's `Router::layer`.
    ///
    /// A layer that is added here is inside of the authentication layer. A CORS layer goes outside,
    /// because preflights have no token: add it to the router that [`protect`](Self::protect)
    /// returns. The audit reports a CORS layer that is added here.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let Self { endpoints, unseen, mut cors } = self;
        // The name is for a diagnostic only.
        let name = type_name::<L>();
        if name.contains("CorsLayer") {
            cors.push(name);
        }
        Self {
            endpoints: endpoints.into_iter().map(|one| one.layer(&layer)).collect(),
            unseen: unseen
                .into_iter()
                .map(|(path, router)| (path, router.layer(layer.clone())))
                .collect(),
            cors,
        }
    }

    /// Sets the state of the handlers, like axum's `Router::with_state`, and probes their guards.
    pub fn with_state<S2: Clone + Send + Sync + 'static>(self, state: S) -> Routes<S2> {
        let Self { endpoints, unseen, cors } = self;
        Routes {
            endpoints: endpoints.into_iter().map(|one| one.with_state(&state)).collect(),
            unseen: unseen
                .into_iter()
                .map(|(path, router)| (path, router.with_state(state.clone())))
                .collect(),
            cors,
        }
    }
}

/// A plain axum router; its routes are not visible.
impl<S: Clone + Send + Sync + 'static> From<Router<S>> for Routes<S> {
    fn from(router: Router<S>) -> Self {
        Self::new().unseen("/", router)
    }
}
