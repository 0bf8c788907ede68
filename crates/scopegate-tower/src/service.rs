//! The service: decides about each request, then calls the inner service or refuses.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::ResponseBody;
use crate::answers::{Answers, HttpAnswers};
use crate::credentials::HeadRef;
use crate::decision::{Decision, Refused};
use crate::future::ResponseFuture;
use crate::layer::BearerLayer;
use crate::wait_for::WaitFor;

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
        if let Some(document) = self.layer.metadata::<V, B>(&request) {
            return ResponseFuture::answered(document);
        }
        let refused = match self.layer.decide(&request) {
            Decision::Admit(admitted) => {
                let admission = self.layer.admit(&mut request, admitted);
                return ResponseFuture::admitted(self.inner.call(request), admission);
            }
            Decision::Refuse(cause) => cause.into(),
            Decision::RefuseVerified(error, token) => Refused::verified(error, token),
            Decision::Wait(wait_for) => return self.wait(request, wait_for),
        };
        ResponseFuture::answered(self.layer.refuse::<V>(HeadRef::from(&request), refused))
    }
}

impl<S: Clone, V: Answers> BearerService<S, V> {
    #[cold]
    fn wait<B>(&mut self, request: Request<B>, wait_for: WaitFor) -> ResponseFuture<S, B, V>
    where
        S: Service<Request<B>>,
    {
        // The service that was polled ready must be the one to call; its clone replaces it here.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::waiting(self.layer.clone(), inner, request, wait_for)
    }
}

impl<S> Layer<S> for BearerLayer {
    type Service = BearerService<S>;

    fn layer(&self, inner: S) -> BearerService<S> {
        BearerService::new(inner, self.clone())
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
