//! The future of a response.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use scopegate_claims::UnixTime;
use tokio::time::Instant;
use tower_service::Service;

use crate::ResponseBody;
use crate::admission::Admission;
use crate::answers::Answers;
use crate::decision::{Decision, Need};
use crate::keys::{MAX_WAIT, Outcome};
use crate::layer::BearerLayer;

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
        Inner { #[pin] future: S::Future, admission: Admission },
        Answered { response: Option<Response<Bytes>> },
        // Boxed, so that the rare wait does not make every future larger.
        Waiting { waiting: Option<Box<Waiting<S, B>>> },
    }
}

struct Waiting<S, B> {
    outcome: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    need: Need,
    parked: Parked<S, B>,
}

/// A request that waits for its issuer or for keys, with the service that was polled ready for it.
pub(crate) struct Parked<S, B> {
    layer: BearerLayer,
    inner: S,
    request: Request<B>,
    /// When it stops waiting, whatever it waits for.
    deadline: Instant,
}

impl<S: Service<Request<B>>, B, V> ResponseFuture<S, B, V> {
    /// The answer to an admitted request. The request is counted when the answer is ready.
    pub(crate) fn admitted(future: S::Future, admission: Admission) -> Self {
        Self::of(Kind::Inner { future, admission })
    }

    pub(crate) fn answered(response: Response<Bytes>) -> Self {
        Self::of(Kind::Answered { response: Some(response) })
    }

    /// Waits for what is needed, or decides again if there is nothing to wait for.
    pub(crate) fn parked(parked: Parked<S, B>, need: Need, now: UnixTime) -> Self
    where
        V: Answers,
    {
        Self::of(parked.wait_for::<V>(need, now))
    }

    fn of(kind: Kind<S, B>) -> Self {
        Self { kind, answers: PhantomData }
    }
}

impl<S, B, R, V> Future for ResponseFuture<S, B, V>
where
    S: Service<Request<B>, Response = Response<R>>,
    V: Answers,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.kind.as_mut().project() {
                KindProjection::Inner { future, admission } => {
                    let mut result = ready!(future.poll(cx));
                    match &mut result {
                        Ok(answer) => admission.answered(answer.extensions_mut()),
                        Err(_) => admission.failed(),
                    }
                    return Poll::Ready(result.map(|response| response.map(ResponseBody::inner)));
                }
                KindProjection::Answered { response } => {
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(response.map(ResponseBody::own)));
                }
                KindProjection::Waiting { waiting } => {
                    let refresh = waiting.as_mut().expect("replaced when it is taken");
                    let outcome = ready!(refresh.outcome.as_mut().poll(cx));
                    let waiting = waiting.take().expect("it was polled above");
                    waiting.parked.resume::<V>(&waiting.need, outcome)
                }
            };
            this.kind.set(next);
        }
    }
}

impl<S, B> Parked<S, B> {
    pub(crate) fn new(layer: BearerLayer, inner: S, request: Request<B>) -> Self {
        Self { layer, inner, request, deadline: Instant::now() + MAX_WAIT }
    }

    fn wait_for<V>(self, need: Need, now: UnixTime) -> Kind<S, B>
    where
        S: Service<Request<B>>,
        V: Answers,
    {
        match need.begin(&self.layer.gate, now) {
            Ok(refresh) => {
                let outcome = Box::pin(refresh.outcome_until(self.deadline));
                Kind::Waiting { waiting: Some(Box::new(Waiting { outcome, need, parked: self })) }
            }
            // A refresh may have ended since the decision, so the decision is made again.
            Err(outcome) => self.resume::<V>(&need, outcome),
        }
    }

    /// Decides again. This decision is final, except if it waited for the issuer and now needs the
    /// issuer's keys.
    fn resume<V>(mut self, waited_for: &Need, outcome: Outcome) -> Kind<S, B>
    where
        S: Service<Request<B>>,
        V: Answers,
    {
        let BearerLayer { gate, rule, .. } = &self.layer;
        let now = gate.clock.now();
        let request = &mut self.request;
        let cause = match gate.decide(request.headers(), request.uri().query(), *rule, now) {
            Decision::Admit(authenticated) => {
                let admission = Admission::of(request, authenticated, self.layer.find_refusal);
                return Kind::Inner { future: self.inner.call(self.request), admission };
            }
            Decision::Refuse(cause) => cause,
            Decision::Wait(need) if waited_for.leads_to(&need) => {
                return self.wait_for::<V>(need, now);
            }
            Decision::Wait(need) => need.refusal(outcome, now),
        };
        Kind::Answered { response: Some(gate.refuse::<V>(cause)) }
    }
}

impl<S: Service<Request<B>>, B, V> fmt::Debug for ResponseFuture<S, B, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Inner { .. } => "inner",
            Kind::Answered { .. } => "answered",
            Kind::Waiting { .. } => "waiting",
        };
        f.debug_tuple("ResponseFuture").field(&kind).finish()
    }
}
