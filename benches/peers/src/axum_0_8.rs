//! Routers of axum 0.8.

use std::convert::Infallible;

use axum::extract::Request;
use axum::response::Response;
use axum::{Router, routing::get};
use scopegate_benches::{Contender, Served};
use tower_service::Service;

use crate::peer::{Beside, Peer};

/// A router without authentication.
pub fn bare() -> Box<dyn Contender> {
    Box::new(Served::new(Router::new().route("/orders", get(async || "orders"))))
}

/// A peer with this service.
pub fn peer<S, B>(service: S) -> Peer
where
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
{
    let mut asked = Served::new(service.clone());
    Peer {
        contender: Box::new(Served::new(service)),
        status: Box::new(move |token| asked.status(token)),
        beside: Beside::Axum08,
    }
}
