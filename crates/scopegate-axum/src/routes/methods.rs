//! The handlers of a path, by method.

use std::convert::Infallible;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::{self, MethodFilter, MethodRouter};
use http::Method;
use tower_service::Service;

use super::{Arguments, operation, required};
use crate::{Guard, IntoGuard};

/// The handlers of a path, by method, with their guards.
///
/// It corresponds to axum's `MethodRouter`, as [`Routes`](super::Routes) corresponds to its
/// `Router`. Start with [`get`], [`post`] and the like.
///
/// ```
/// use scopegate_axum::routes::{Routes, get};
/// use scopegate_axum::{RequireScope, scopes};
///
/// scopes! {
///     pub ReadOrders = "read:orders";
///     pub WriteOrders = "write:orders";
/// }
///
/// async fn list(_: RequireScope<ReadOrders>) {}
///
/// async fn place() {}
///
/// async fn health() {}
///
/// let routes = Routes::new()
///     .route("/orders", get(list))
///     // The guard can also be declared at the route, with the same answers.
///     .route("/new", get(place).require(WriteOrders))
///     .route("/health", get(health).public());
/// assert_eq!(routes.scopes(), ["read:orders", "write:orders"]);
/// assert!(routes.audit().refuse_unguarded().is_ok());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Methods<S = ()> {
    pub(super) handlers: Vec<Handled<S>>,
}

/// What [`Routes::route`](super::Routes::route) takes: [`Methods`].
///
/// Other crates cannot implement it.
#[diagnostic::on_unimplemented(
    message = "the guards of `{Self}` cannot be determined",
    label = "not `Methods` of these routes",
    note = "use `scopegate::routes::get` or the like (`scopegate_axum::routes::get`) instead of \
            `axum::routing::get`",
    note = "or give an axum router with this route to `Routes::unseen`"
)]
pub trait IntoMethods<S>: sealed::Sealed {
    #[doc(hidden)]
    fn into_methods(self) -> Methods<S>;
}

mod sealed {
    pub trait Sealed {}
}

impl<S> sealed::Sealed for Methods<S> {}

impl<S> IntoMethods<S> for Methods<S> {
    fn into_methods(self) -> Self {
        self
    }
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
        let (route, probe) = (routing::on(filter, handler), T::guards as fn(&S) -> Vec<Guard>);
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

    /// Requires a guard for the handlers added so far: a scope rule, or any other [`Guard`].
    ///
    /// The answers are those of the extractors.
    ///
    /// ```
    /// use scopegate_axum::routes::{Routes, get};
    /// use scopegate_bearer::{fresh, role};
    /// use std::time::Duration;
    ///
    /// async fn refund() {}
    ///
    /// let recent = fresh(Duration::from_secs(300));
    /// let routes = Routes::new().route("/refund", get(refund).require(recent).require(role("admin")));
    /// assert_eq!(
    ///     routes.audit().to_string(),
    ///     "GET     /refund  role admin, signed in within 300 s\n"
    /// );
    /// ```
    pub fn require(mut self, guard: impl IntoGuard) -> Self {
        let guard = guard.into_guard();
        self.handlers = self.handlers.into_iter().map(|handled| handled.require(guard)).collect();
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Handled<S> {
    fn require(mut self, guard: Guard) -> Self {
        self.declared.insert(0, guard);
        let layer = required::layer(guard);
        self.route = match self.method == operation::any_method() {
            // For axum, a handler of all methods is a fallback, which a `route_layer` leaves open.
            true => self.route.layer(layer),
            // A method without a handler stays 405 for everyone.
            false => self.route.route_layer(layer),
        };
        self
    }

    /// Sets the state, and probes the guards with it.
    pub(super) fn with_state<S2>(self, state: &S) -> Handled<S2> {
        let Self { method, route, mut declared, probe } = self;
        declared.extend(probe(state));
        Handled { method, route: route.with_state(state.clone()), declared, probe: |_| Vec::new() }
    }
}

/// Handles all methods, like axum's function of this name.
///
/// The audit lists it with the method `ANY`. An OpenAPI document has no such method: it has the
/// methods that the document given to [`OpenApi`](super::OpenApi) describes at this path.
pub fn any<H, T, S>(handler: H) -> Methods<S>
where
    H: Handler<T, S>,
    T: Arguments<S> + 'static,
    S: Clone + Send + Sync + 'static,
{
    of_any(routing::any(handler), T::guards)
}

/// Handles all methods by a service, like axum's function of this name.
///
/// A service cannot say what it requires: declare it by [`require`](Methods::require) or
/// [`public`](Methods::public).
pub fn any_service<T, S>(service: T) -> Methods<S>
where
    T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Response: IntoResponse + 'static,
    T::Future: Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    of_any(routing::any_service(service), |_| Vec::new())
}

fn of_any<S>(route: MethodRouter<S, Infallible>, probe: fn(&S) -> Vec<Guard>) -> Methods<S> {
    let method = operation::any_method();
    Methods { handlers: vec![Handled { method, route, declared: Vec::new(), probe }] }
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
