//! The service: decides about each request, then calls the inner service or refuses.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use scopegate_bearer::{Refusal, RefusalCause};
use scopegate_claims::UnixTime;
use tower_service::Service;

use crate::ResponseBody;
use crate::admission::Admission;
use crate::answers::{Answers, HttpAnswers};
use crate::decision::{Decision, Gate, Need};
use crate::future::{Parked, ResponseFuture};
use crate::layer::BearerLayer;
use crate::meter;

/// A service wrapped by a [`BearerLayer`].
pub struct BearerService<S, V = HttpAnswers> {
    inner: S,
    layer: BearerLayer,
    answers: PhantomData<fn() -> V>,
}

impl<S, V> BearerService<S, V> {
    pub(crate) fn new(inner: S, layer: BearerLayer) -> Self {
        Self { inner, layer, answers: PhantomData }
    }

    /// The wrapped service.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R, V> Service<Request<B>> for BearerService<S, V>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    V: Answers,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, V>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let BearerLayer { gate, rule, .. } = &self.layer;
        if let Some(document) = gate.metadata::<V, B>(&request) {
            return ResponseFuture::answered(document);
        }
        let now = gate.clock.now();
        gate.issuers.refresh_if_due(now);
        match gate.decide(request.headers(), request.uri().query(), *rule, now) {
            Decision::Admit(authenticated) => {
                let admission = Admission::of(&mut request, authenticated, self.layer.find_refusal);
                ResponseFuture::admitted(self.inner.call(request), admission)
            }
            Decision::Refuse(cause) => ResponseFuture::answered(gate.refuse::<V>(cause)),
            Decision::Wait(need) => self.park(request, need, now),
        }
    }
}

impl<S: Clone, V> BearerService<S, V> {
    #[cold]
    fn park<B>(&mut self, request: Request<B>, need: Need, now: UnixTime) -> ResponseFuture<S, B, V>
    where
        S: Service<Request<B>>,
        V: Answers,
    {
        // The service that was polled ready must be the one to call; its clone replaces it here.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::parked(Parked::new(self.layer.clone(), inner, request), need, now)
    }
}

impl Gate {
    /// The answer to a refused request, with the layer's realm and body.
    pub(crate) fn refuse<V: Answers>(&self, cause: RefusalCause) -> Response<Bytes> {
        let refusal = Refusal::new(cause).with_settings(Arc::clone(&self.settings));
        meter::request("refused", refusal.reason());
        V::refusal(refusal)
    }

    fn metadata<V: Answers, B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let resource = self.resource.as_ref()?;
        let asked = request.uri().path() == resource.path()
            && matches!(*request.method(), Method::GET | Method::HEAD);
        if asked { V::metadata(resource, request.method()) } else { None }
    }
}

impl<S: Clone, V> Clone for BearerService<S, V> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.layer.clone())
    }
}

impl<S: fmt::Debug, V> fmt::Debug for BearerService<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerService")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}

#[cfg(test)]
mod tests;
