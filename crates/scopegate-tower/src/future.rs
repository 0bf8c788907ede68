//! The future of a response.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::answers::Answers;
use crate::decision::Decision;
use crate::keys::{Outcome, Refresh};
use crate::layer::BearerLayer;
use crate::service::admit;

pin_project! {
    /// The future of [`BearerService`](crate::BearerService).
    pub struct ResponseFuture<S, B, V>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        kind: Kind<S, B>,
        answers: PhantomData<fn() -> V>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<S, B>
    where
        S: Service<Request<B>>,
    {
        Inner { #[pin] future: S::Future },
        Answered { response: Option<S::Response> },
        // Boxed, so that the rare wait does not make every future larger.
        Waiting { waiting: Option<Box<Waiting<S, B>>> },
    }
}

struct Waiting<S, B> {
    outcome: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    parked: Parked<S, B>,
}

/// A request that waits for keys, with the service that is ready for it.
pub(crate) struct Parked<S, B> {
    pub(crate) layer: BearerLayer,
    pub(crate) inner: S,
    pub(crate) request: Request<B>,
}

impl<S: Service<Request<B>>, B, V> ResponseFuture<S, B, V> {
    pub(crate) fn inner(future: S::Future) -> Self {
        Self::of(Kind::Inner { future })
    }

    pub(crate) fn answered(response: S::Response) -> Self {
        Self::of(Kind::Answered { response: Some(response) })
    }

    pub(crate) fn waiting(refresh: Refresh, parked: Parked<S, B>) -> Self {
        let outcome = Box::pin(refresh.outcome_for_request());
        Self::of(Kind::Waiting { waiting: Some(Box::new(Waiting { outcome, parked })) })
    }

    pub(crate) fn resumed<R>(parked: Parked<S, B>, outcome: Outcome) -> Self
    where
        S: Service<Request<B>, Response = Response<R>>,
        V: Answers<R>,
    {
        Self::of(parked.resume::<R, V>(outcome))
    }

    fn of(kind: Kind<S, B>) -> Self {
        Self { kind, answers: PhantomData }
    }
}

impl<S, B, R, V> Future for ResponseFuture<S, B, V>
where
    S: Service<Request<B>, Response = Response<R>>,
    V: Answers<R>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.kind.as_mut().project() {
                KindProjection::Inner { future } => return future.poll(cx),
                KindProjection::Answered { response } => {
                    return Poll::Ready(Ok(response.take().expect("polled after completion")));
                }
                KindProjection::Waiting { waiting } => {
                    let refresh = waiting.as_mut().expect("replaced when it is taken");
                    let outcome = ready!(refresh.outcome.as_mut().poll(cx));
                    let waiting = waiting.take().expect("it was polled above");
                    waiting.parked.resume::<R, V>(outcome)
                }
            };
            this.kind.set(next);
        }
    }
}

impl<S, B> Parked<S, B> {
    /// Decides again; this time the answer is final.
    fn resume<R, V>(self, outcome: Outcome) -> Kind<S, B>
    where
        S: Service<Request<B>, Response = Response<R>>,
        V: Answers<R>,
    {
        let Self { layer: BearerLayer { gate, rule }, mut inner, mut request } = self;
        let now = gate.clock.now();
        let cause = match gate.decide(request.headers(), request.uri().query(), rule, now) {
            Decision::Admit(authenticated) => {
                admit(&mut request, authenticated);
                return Kind::Inner { future: inner.call(request) };
            }
            Decision::Refuse(cause) => cause,
            Decision::NeedsKeys(trust, error) => trust.keys.refusal(outcome, error, now),
        };
        Kind::Answered { response: Some(gate.refuse::<R, V>(cause)) }
    }
}

impl<S: Service<Request<B>>, B, V> fmt::Debug for ResponseFuture<S, B, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Inner { .. } => "inner",
            Kind::Answered { .. } => "answered",
            Kind::Waiting { .. } => "waiting for keys",
        };
        f.debug_tuple("ResponseFuture").field(&kind).finish()
    }
}
