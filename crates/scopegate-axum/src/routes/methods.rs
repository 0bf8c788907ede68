//! The handlers of a path, by method.

use std::convert::Infallible;

use axum::handler::Handler;
use axum::middleware::from_extractor;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use scopegate_claims::ScopeRule;

use super::Arguments;
use crate::{Guard, RequireScope};

/// The handlers of a path, by method, with what they ask for.
///
/// It is to axum's `MethodRouter` what [`Routes`](super::Routes) is to its `Router`; begin with
/// [`get`], [`post`] and the like.
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
///     // At the route for those who prefer it: the same guard, and the same answers.
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
    /// What was said at the route.
    pub(super) said: Vec<Guard>,
    /// Asks the arguments of the handler.
    pub(super) ask: fn(&S) -> Vec<Guard>,
}

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    /// Handles one more method.
    fn on<H, T>(mut self, method: Method, filter: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments<S> + 'static,
    {
        let (route, ask) = (on(filter, handler), T::guards as fn(&S) -> Vec<Guard>);
        self.handlers.push(Handled { method, route, said: Vec::new(), ask });
        self
    }

    /// Says that the handlers so far are for everybody, by intent.
    ///
    /// It opens nothing that a guard in a handler's signature closes.
    pub fn public(mut self) -> Self {
        self.handlers.iter_mut().for_each(|handled| handled.said.push(Guard::Public));
        self
    }

    /// Lets only tokens to the handlers so far that hold what the rule asks for.
    ///
    /// The guard is [`RequireScope`], so are its answers.
    pub fn require<R: ScopeRule>(mut self, _: R) -> Self {
        let guard = Guard::Scopes(R::REQUIREMENT);
        let guarded = |Handled { method, route, mut said, ask }| {
            said.insert(0, guard);
            let route = MethodRouter::route_layer(route, from_extractor::<RequireScope<R>>());
            Handled { method, route, said, ask }
        };
        self.handlers = self.handlers.into_iter().map(guarded).collect();
        self
    }
}

macro_rules! methods {
    ($($name:ident $method:ident $filter:ident;)+) => {
        impl<S: Clone + Send + Sync + 'static> Methods<S> {$(
            #[doc = concat!("Handles `", stringify!($method), "` too.")]
            pub fn $name<H, T>(self, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: Arguments<S> + 'static,
            {
                self.on(Method::$method, MethodFilter::$filter, handler)
            }
        )+}

        $(
            #[doc = concat!("Handles `", stringify!($method), "`, as axum's function of this name.")]
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
