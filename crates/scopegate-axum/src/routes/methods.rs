//! The handlers of a path, by method.

use std::convert::Infallible;

use axum::handler::Handler;
use axum::middleware::from_extractor;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use scopegate_claims::ScopeRule;

use super::Arguments;
use crate::{Guard, RequireScope};

/// The handlers of a path, by method, with their guards.
///
/// It corresponds to axum's `MethodRouter`, as [`Routes`](super::Routes) corresponds to its
/// `Router`. Start with [`get`], [`post`] and the like.
///
/// ```
/// use scopegate_axum::routes::{Routes, get};
/// use scopegate_axum::{RequireScope, scope, scoped};
///
/// #[scoped]
/// async fn list(_: RequireScope<"read:orders">) {}
///
/// async fn place() {}
///
/// async fn health() {}
///
/// let routes = Routes::new()
///     .route("/orders", get(list))
///     // The guard can also be declared at the route, with the same answers.
///     .route("/new", get(place).require(scope!("write:orders")))
///     .route("/health", get(health).public());
/// assert_eq!(routes.scopes(), ["read:orders", "write:orders"]);
/// assert!(routes.audit().refuse_unguarded().is_ok());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Methods<S = ()> {
    pub(super) handlers: Vec<Handled<S>>,
}

/// One method and its handler.
#[derive(Debug)]
pub(super) struct Handled<S> {
    pub(super) method: Method,
    pub(super) route: MethodRouter<S, Infallible>,
    /// The guards declared at the route.
    pub(super) declared: Vec<Guard>,
    /// Probes the arguments of the handler for guards.
    pub(super) probe: fn(&S) -> Vec<Guard>,
}

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    /// Adds a handler for one more method.
    fn on<H, T>(mut self, method: Method, filter: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments<S> + 'static,
    {
        let (route, probe) = (on(filter, handler), T::guards as fn(&S) -> Vec<Guard>);
        self.handlers.push(Handled { method, route, declared: Vec::new(), probe });
        self
    }

    /// Declares the handlers added so far as public on purpose.
    ///
    /// Guards in a handler's signature still apply.
    pub fn public(mut self) -> Self {
        self.handlers.iter_mut().for_each(|handled| handled.declared.push(Guard::Public));
        self
    }

    /// Requires a scope rule for the handlers added so far.
    ///
    /// The guard is [`RequireScope`], and the answers are the same.
    pub fn require<R: ScopeRule>(mut self, _: R) -> Self {
        let guard = Guard::Scopes(R::REQUIREMENT);
        let guarded = |Handled { method, route, mut declared, probe }| {
            declared.insert(0, guard);
            let route = MethodRouter::route_layer(route, from_extractor::<RequireScope<R>>());
            Handled { method, route, declared, probe }
        };
        self.handlers = self.handlers.into_iter().map(guarded).collect();
        self
    }
}

macro_rules! methods {
    ($($name:ident $method:ident $filter:ident;)+) => {
        impl<S: Clone + Send + Sync + 'static> Methods<S> {$(
            #[doc = concat!("Also handles `", stringify!($method), "`.")]
            pub fn $name<H, T>(self, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: Arguments<S> + 'static,
            {
                self.on(Method::$method, MethodFilter::$filter, handler)
            }
        )+}

        $(
            #[doc = concat!("Handles `", stringify!($method), "`, like axum's function of this name.")]
            pub fn $name<H, T, S>(handler: H) -> Methods<S>
            where
                H: Handler<T, S>,
                T: Arguments<S> + 'static,
                S: Clone + Send + Sync + 'static,
            {
                Methods { handlers: Vec::new() }.$name(handler)
            }
        )+
    };
}

methods! {
    get GET GET;
    post POST POST;
    put PUT PUT;
    patch PATCH PATCH;
    delete DELETE DELETE;
    head HEAD HEAD;
    options OPTIONS OPTIONS;
    trace TRACE TRACE;
}
