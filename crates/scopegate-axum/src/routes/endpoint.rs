//! One place in a router, with its handlers.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, Route};
use tower_layer::Layer;
use tower_service::Service;

use super::Operation;
use super::methods::Handled;
use super::operation::FALLBACK;
use crate::Guard;

/// Handlers in one place of a router. They are all public, or all behind the layer.
#[derive(Debug)]
pub(super) struct Endpoint<S> {
    place: Place,
    path: String,
    handlers: Vec<Handled<S>>,
    /// The prefixes it is nested under, the innermost first.
    prefixes: Vec<String>,
}

/// Which requests an endpoint answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// Those for its path.
    Route,
    /// Those for its path and everything below.
    Below,
    /// Those that no other endpoint answers.
    Fallback,
}

impl<S: Clone + Send + Sync + 'static> Endpoint<S> {
    pub(super) fn new(place: Place, path: &str, handlers: Vec<Handled<S>>) -> Self {
        Self { place, path: path.to_owned(), handlers, prefixes: Vec::new() }
    }

    pub(super) fn below(mut self, prefix: &str) -> Self {
        self.prefixes.push(prefix.to_owned());
        self
    }

    pub(super) fn is_fallback_of_root(&self) -> bool {
        self.place == Place::Fallback && self.prefixes.is_empty()
    }

    pub(super) fn declare(&mut self, guard: Guard) {
        self.handlers.iter_mut().for_each(|handled| handled.declared.insert(0, guard));
    }

    pub(super) fn layer<L>(mut self, layer: &L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let layered =
            |handled: Handled<S>| Handled { route: handled.route.layer(layer.clone()), ..handled };
        self.handlers = self.handlers.into_iter().map(layered).collect();
        self
    }

    pub(super) fn with_state<S2>(self, state: &S) -> Endpoint<S2> {
        let Self { place, path, handlers, prefixes } = self;
        let handlers = handlers.into_iter().map(|handled| handled.with_state(state)).collect();
        Endpoint { place, path, handlers, prefixes }
    }

    fn full_path(&self) -> String {
        let path = match self.place {
            Place::Route => self.path.clone(),
            Place::Below => format!("{}/{{*rest}}", self.path.trim_end_matches('/')),
            Place::Fallback => FALLBACK.to_owned(),
        };
        let below = |path: String, prefix: &String| match &*path {
            "/" => prefix.clone(),
            path => format!("{}{path}", prefix.trim_end_matches('/')),
        };
        self.prefixes.iter().fold(path, below)
    }
}

impl Endpoint<()> {
    pub(super) fn operations(&self) -> impl Iterator<Item = Operation> {
        let path = self.full_path();
        self.handlers.iter().map(move |Handled { method, declared, probe, .. }| {
            let guards = declared.iter().copied().chain(probe(&())).collect();
            Operation::new(method.clone(), path.clone(), guards)
        })
    }

    /// Whether all its handlers are public on purpose.
    pub(super) fn is_public(&self) -> bool {
        self.operations().all(|operation| operation.is_public())
    }

    /// Whether it also answers for this path, by a parameter or as a fallback.
    pub(super) fn covers(&self, path: &str) -> bool {
        let own = self.full_path();
        self.prefixes.is_empty()
            && own.split_once('{').is_some_and(|(literal, _)| path.starts_with(literal))
    }

    pub(super) fn into_router(self) -> Router {
        let routes = self.handlers.into_iter().map(|handled| handled.route);
        let route = routes.fold(MethodRouter::new(), MethodRouter::merge);
        let router = match self.place {
            Place::Route => Router::new().route(&self.path, route),
            Place::Below => Router::new().nest_service(&self.path, route),
            Place::Fallback => Router::new().fallback_service(route),
        };
        self.prefixes.iter().fold(router, |router, prefix| Router::new().nest(prefix, router))
    }
}
