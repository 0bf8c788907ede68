//! What can be done with routes once their state is set.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use tower_layer::Layer;
use tower_service::Service;

use super::{Audit, Document, Endpoint, OpenApi, Operation, Routes, RoutesError, metadata};

/// Routes whose state is set, or that need none.
///
/// Only [`Routes<()>`](Routes) is one. Other crates cannot implement it.
#[diagnostic::on_unimplemented(
    message = "these routes still need their state",
    label = "the state is not set",
    note = "call `.with_state(state)` first"
)]
pub trait HasState: sealed::Sealed {
    #[doc(hidden)]
    fn ready(&self) -> &Routes;

    #[doc(hidden)]
    fn into_ready(self) -> Routes;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Routes {}

impl HasState for Routes {
    fn ready(&self) -> &Routes {
        self
    }

    fn into_ready(self) -> Routes {
        self
    }
}

// The bound is on the methods, so that the compiler says what to do instead of "method not found".
impl<S> Routes<S> {
    /// What each method of each path requires, in the order in which the routes were added.
    pub fn operations(&self) -> Vec<Operation>
    where
        Self: HasState,
    {
        self.ready().endpoints.iter().flat_map(Endpoint::operations).collect()
    }

    /// Every required scope, each once: the value for `scopes_supported` in the API's metadata
    /// document.
    ///
    /// `BearerLayer::issuer(…).resource(…).scopes_supported(routes.scopes())`
    pub fn scopes(&self) -> Vec<&'static str>
    where
        Self: HasState,
    {
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
    pub fn audit(&self) -> Audit
    where
        Self: HasState,
    {
        let unseen = self.unseen.iter().map(|(path, _)| path.clone()).collect();
        Audit::new(self.operations(), unseen, self.cors.clone())
    }

    /// Creates an OpenAPI document of all operations and their guards.
    ///
    /// # Errors
    ///
    /// [`RoutesError::NotRouted`] if `openapi` describes an operation that has no route.
    pub fn document(&self, openapi: OpenApi) -> Result<Document, RoutesError>
    where
        Self: HasState,
    {
        openapi.describe(&self.operations())
    }

    /// Puts the authentication layer on everything that is not public.
    ///
    /// The layer also answers requests for unknown paths, so that a client without a token cannot
    /// find out which paths exist. Operations that accept requests without a token need an optional layer:
    /// [`Audit::refuse_optional_behind`] checks this.
    ///
    /// If a public handler also answers for the path of the API's metadata document (RFC 9728), such
    /// as a public fallback or `/{*file}`, the layer is asked for the document first.
    pub fn protect<L>(self, auth: L) -> Router
    where
        Self: HasState,
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let mut routes = self.into_ready();
        metadata::serve_before(auth.clone(), &mut routes.endpoints);
        let (guarded, public) = routes.split();
        public.merge(guarded.layer(auth))
    }

    /// Splits the routes into two axum routers: the guarded and the public ones.
    ///
    /// Use this to add more layers than the authentication layer to the guarded router.
    /// [`protect`](Self::protect) is the same as `public.merge(guarded.layer(auth))`, unless a
    /// public fallback or a public `/{*file}` also answers for the path of the layer's metadata
    /// document. Then add a route for the document: the layer answers it, if the guarded router has
    /// any route at `auth.protected_resource().path()`.
    pub fn split(self) -> (Router, Router)
    where
        Self: HasState,
    {
        let Routes { endpoints, unseen, .. } = self.into_ready();
        let (mut guarded, mut public) = (Router::new(), Router::new());
        for (_, router) in unseen {
            guarded = guarded.merge(router);
        }
        for endpoint in endpoints {
            match endpoint.is_public() {
                true => public = public.merge(endpoint.into_router()),
                false => guarded = guarded.merge(endpoint.into_router()),
            }
        }
        (guarded, public)
    }
}
