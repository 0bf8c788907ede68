//! An `Authorization` header and a query, separated by a line break, sent through the whole layer.

#![no_main]

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, Uri};
use libfuzzer_sys::fuzz_target;
use scopegate_claims::ManualClock;
use scopegate_fuzz::{AUDIENCE, ISSUER, accepts, keys, now, read_challenge};
use scopegate_tower::{Authenticated, BearerLayer};
use tower_layer::Layer;
use tower_service::Service;

static LAYER: LazyLock<BearerLayer> = LazyLock::new(|| {
    let builder = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(keys());
    builder.clock(Arc::new(ManualClock::at(now()))).build().expect("the layer is complete")
});

/// The inner service. It asserts that a request has a token when it passes the layer.
#[derive(Clone)]
struct Behind;

impl Service<Request<()>> for Behind {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let authenticated = request.extensions().get::<Authenticated>();
        assert!(authenticated.is_some_and(|authenticated| authenticated.token().is_some()));
        ready(Ok(Response::new(Bytes::new())))
    }
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (value, query) = (parts.next().unwrap_or_default(), parts.next());
    let Ok(value) = HeaderValue::from_bytes(value) else { return };
    let mut request = Request::new(());
    if let Some(query) = query.and_then(|query| std::str::from_utf8(query).ok()) {
        let Ok(uri) = Uri::try_from(format!("/orders?{query}")) else { return };
        *request.uri_mut() = uri;
    }
    request.headers_mut().insert(AUTHORIZATION, value.clone());

    let mut future = pin!(LAYER.layer(Behind).call(request));
    // The layer has the keys, so the future must be ready at once.
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("the future is pending although the layer has the keys");
    };
    let status = response.status().as_u16();
    if status == 200 {
        let text = value.to_str().expect("only ASCII passes");
        let (scheme, token) = text.split_once(' ').expect("only a scheme and a token pass");
        assert!(scheme.eq_ignore_ascii_case("bearer"));
        assert!(accepts(token.trim_start_matches(' ')), "{text}");
        return;
    }
    let challenge = response.headers()[WWW_AUTHENTICATE].to_str().expect("it is ASCII");
    let parameters = read_challenge(challenge).expect("it is one challenge");
    let error = parameters.iter().find(|(name, _)| name == "error").map(|(_, value)| &**value);
    match (status, error) {
        (401, None | Some("invalid_token")) | (400, Some("invalid_request")) => {}
        other => panic!("{other:?}"),
    }
});
