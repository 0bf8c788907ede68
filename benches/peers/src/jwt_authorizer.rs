use ::jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
use axum_0_7::body::Body;
use axum_0_7::http::{HeaderValue, Request, header};
use axum_0_7::{Router, routing::get};
use scopegate_benches::{AUDIENCE, Contender, ISSUER, SCOPE, Setting, finish};
use tower_service::Service;

use crate::Peer;
use crate::claims::Claims;

async fn guarded(_: JwtClaims<Claims>) -> &'static str {
    "orders"
}

pub async fn peer(setting: &Setting) -> Peer {
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).nbf(true);
    let auth: Authorizer<Claims> = JwtAuthorizer::from_jwks_text(&setting.jwks())
        .validation(validation)
        .check(|claims: &Claims| claims.holds(SCOPE))
        .build()
        .await
        .expect("a layer");
    let app = Router::new().route("/orders", get(guarded)).layer(auth.into_layer());
    let asked = app.clone();
    Peer {
        name: "jwt-authorizer 0.15 (axum 0.7)",
        contender: Box::new(Served { app, received: Vec::new() }),
        status: Box::new(move |token| serve(&asked, header_of(token))),
    }
}

/// A router of axum 0.7, measured as the others are.
struct Served {
    app: Router,
    received: Vec<HeaderValue>,
}

impl Contender for Served {
    fn prepare(&mut self, tokens: &[String]) {
        self.received.extend(tokens.iter().map(|token| header_of(token)));
    }

    fn run(&mut self) {
        for authorization in std::mem::take(&mut self.received) {
            assert_eq!(serve(&self.app, authorization), 200);
        }
    }

    fn another(&self) -> Box<dyn Contender> {
        Box::new(Self { app: self.app.clone(), received: Vec::new() })
    }
}

fn serve(app: &Router, authorization: HeaderValue) -> u16 {
    let request = Request::get("/orders").header(header::AUTHORIZATION, authorization);
    let request = request.body(Body::empty()).expect("a request");
    finish(app.clone().call(request)).expect("infallible").status().as_u16()
}

fn header_of(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("a token is a header's value")
}
