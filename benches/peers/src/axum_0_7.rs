//! Routers of axum 0.7, measured in the same way as those of 0.8.

use ::axum_0_7::body::Body;
use ::axum_0_7::http::{HeaderValue, Request, header};
use ::axum_0_7::{Router, routing::get};
use scopegate_benches::{Contender, finish};
use tower_service::Service;

use crate::peer::{Beside, Peer};

/// A router without authentication.
pub fn bare() -> Box<dyn Contender> {
    Box::new(Served::new(Router::new().route("/orders", get(|| async { "orders" }))))
}

/// A peer with this router.
pub fn peer(app: Router) -> Peer {
    let asked = Served::new(app.clone());
    Peer {
        contender: Box::new(Served::new(app)),
        status: Box::new(move |token| asked.serve(header_of(token))),
        beside: Beside::Axum07,
    }
}

struct Served {
    app: Router,
    received: Vec<HeaderValue>,
}

impl Served {
    fn new(app: Router) -> Self {
        Self { app, received: Vec::new() }
    }

    fn serve(&self, authorization: HeaderValue) -> u16 {
        let request = Request::get("/orders").header(header::AUTHORIZATION, authorization);
        let request = request.body(Body::empty()).expect("a request");
        finish(self.app.clone().call(request)).expect("infallible").status().as_u16()
    }
}

impl Contender for Served {
    fn prepare(&mut self, tokens: &[String]) {
        self.received.extend(tokens.iter().map(|token| header_of(token)));
    }

    fn run(&mut self) {
        for authorization in std::mem::take(&mut self.received) {
            assert_eq!(self.serve(authorization), 200);
        }
    }

    fn another(&self) -> Box<dyn Contender> {
        Box::new(Self::new(self.app.clone()))
    }
}

fn header_of(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("a token is a header's value")
}
