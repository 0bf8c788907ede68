//! The measured contenders.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::signature::ParsedPublicKey;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use scopegate_jose::base64url;
use tower_service::Service;

use crate::Setting;

/// Does the measured work with tokens.
pub trait Contender: Send {
    /// Prepares everything that is not measured, such as the requests.
    fn prepare(&mut self, tokens: &[String]);

    /// Does the measured work, for all prepared tokens.
    fn run(&mut self);

    /// A copy for another thread.
    fn another(&self) -> Box<dyn Contender>;
}

/// The signature check alone, by the crypto library, with a parsed key.
pub struct Raw {
    setting: ParsedKey,
    prepared: Vec<(String, Vec<u8>)>,
}

type ParsedKey = std::sync::Arc<ParsedPublicKey>;

impl Raw {
    /// Checks signatures with this key.
    pub fn new(setting: &Setting) -> Self {
        Self { setting: setting.raw_key().into(), prepared: Vec::new() }
    }
}

impl Contender for Raw {
    fn prepare(&mut self, tokens: &[String]) {
        self.prepared.extend(tokens.iter().map(|token| {
            let (signed, signature) = token.rsplit_once('.').expect("three segments");
            (signed.to_owned(), base64url::decode(signature).expect("base64url"))
        }));
    }

    fn run(&mut self) {
        for (signed, signature) in &self.prepared {
            let verified = self.setting.verify_sig(black_box(signed.as_bytes()), signature);
            verified.expect("the signature is right");
        }
        self.prepared.clear();
    }

    fn another(&self) -> Box<dyn Contender> {
        Box::new(Self { setting: self.setting.clone(), prepared: Vec::new() })
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").finish_non_exhaustive()
    }
}

/// A service that gets requests with a token.
///
/// The whole life of a request is measured: it is built from a received header, served by a clone
/// of the service, as servers do, and dropped with its response.
#[derive(Debug)]
pub struct Served<S> {
    service: S,
    received: Vec<HeaderValue>,
}

impl<S> Served<S> {
    /// Measures this service.
    pub fn new(service: S) -> Self {
        Self { service, received: Vec::new() }
    }
}

impl<S, B> Served<S>
where
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone,
{
    /// The status of the answer to a request with this token.
    pub fn status(&mut self, token: &str) -> u16 {
        self.serve(header_of(token))
    }

    fn serve(&self, authorization: HeaderValue) -> u16 {
        let request = Request::get("/orders").header(header::AUTHORIZATION, authorization);
        let request = request.body(Body::empty()).expect("a request");
        finish(self.service.clone().call(request)).expect("infallible").status().as_u16()
    }
}

impl<S, B> Contender for Served<S>
where
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
{
    fn prepare(&mut self, tokens: &[String]) {
        self.received.extend(tokens.iter().map(|token| header_of(token)));
    }

    fn run(&mut self) {
        for authorization in std::mem::take(&mut self.received) {
            assert_eq!(self.serve(authorization), 200);
        }
    }

    fn another(&self) -> Box<dyn Contender> {
        Box::new(Self::new(self.service.clone()))
    }
}

fn header_of(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("a token is a header's value")
}

/// The output of a future that never has to wait.
pub fn finish<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic_pending(),
    }
}

#[cold]
#[expect(clippy::panic, reason = "a measurement that waits measures something else")]
fn panic_pending() -> ! {
    panic!("a measured future must not wait")
}
