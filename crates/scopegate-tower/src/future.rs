//! The future of a response.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::ResponseBody;
use crate::admission::Admission;
use crate::answers::Answers;
use crate::credentials::HeadRef;
use crate::decision::{Admitted, Refused};
use crate::layer::BearerLayer;
use crate::wait_for::WaitFor;
use crate::waiting::wait_and_decide;

pin_project! {
    /// The future of [`BearerService`](crate::BearerService).
    pub struct ResponseFuture<S, B, V>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        stage: ResponseStage<S, B>,
        answers: PhantomData<fn() -> V>,
    }
}

pin_project! {
    #[project = ResponseStageProjection]
    enum ResponseStage<S, B>
    where
        S: Service<Request<B>>,
    {
        Inner { #[pin] future: S::Future, admission: Admission },
        Answered { response: Option<Response<Bytes>> },
        // Boxed, so that the rare wait does not make every future larger.
        Waiting { waiting: Option<Box<Waiting<S, B>>> },
    }
}

/// A request that waits for its issuer or for keys, with the service that was polled ready for it.
struct Waiting<S, B> {
    decided: Pin<Box<dyn Future<Output = Decided> + Send>>,
    layer: BearerLayer,
    inner: S,
    body: B,
}

/// The head of a request, and whether the request is admitted.
type Decided = (Parts, Result<Admitted, Refused>);

impl<S: Service<Request<B>>, B, V: Answers> ResponseFuture<S, B, V> {
    /// The layer's own answer.
    pub(crate) fn answered(response: Response<Bytes>) -> Self {
        Self::of(ResponseStage::Answered { response: Some(response) })
    }

    /// The answer to an admitted request.
    pub(crate) fn admitted(future: S::Future, admission: Admission) -> Self {
        Self::of(ResponseStage::Inner { future, admission })
    }

    /// The answer to a request that must wait before it is decided.
    pub(crate) fn waiting(
        layer: BearerLayer,
        inner: S,
        request: Request<B>,
        wait_for: WaitFor,
    ) -> Self {
        let (head, body) = request.into_parts();
        let (authenticator, rule) = (Arc::clone(&layer.authenticator), layer.rule);
        let decided = Box::pin(async move {
            let decide = |now| authenticator.decide(HeadRef::from(&head), rule, now);
            let decision = wait_and_decide(&authenticator, wait_for, decide).await;
            (head, decision)
        });
        let waiting = Box::new(Waiting { decided, layer, inner, body });
        Self::of(ResponseStage::Waiting { waiting: Some(waiting) })
    }

    fn of(stage: ResponseStage<S, B>) -> Self {
        Self { stage, answers: PhantomData }
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
            let next = match this.stage.as_mut().project() {
                ResponseStageProjection::Inner { future, admission } => {
                    let (mut head, body) = match ready!(future.poll(cx)) {
                        Ok(response) => response.into_parts(),
                        Err(error) => {
                            admission.failed();
                            return Poll::Ready(Err(error));
                        }
                    };
                    admission.answered(&mut head);
                    let body = ResponseBody::inner(body);
                    return Poll::Ready(Ok(Response::from_parts(head, body)));
                }
                ResponseStageProjection::Answered { response } => {
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(response.map(ResponseBody::own)));
                }
                ResponseStageProjection::Waiting { waiting } => {
                    let pending = waiting.as_mut().expect("replaced when it is taken");
                    let (head, decision) = ready!(pending.decided.as_mut().poll(cx));
                    let waiting = *waiting.take().expect("it was polled above");
                    let Waiting { layer, mut inner, body, .. } = waiting;
                    let mut request = Request::from_parts(head, body);
                    match decision {
                        Ok(admitted) => {
                            let admission = layer.admit(&mut request, admitted);
                            ResponseStage::Inner { future: inner.call(request), admission }
                        }
                        Err(cause) => {
                            let response = layer.refuse::<V>(HeadRef::from(&request), cause);
                            ResponseStage::Answered { response: Some(response) }
                        }
                    }
                }
            };
            this.stage.set(next);
        }
    }
}

impl<S: Service<Request<B>>, B, V> fmt::Debug for ResponseFuture<S, B, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            ResponseStage::Inner { .. } => "inner",
            ResponseStage::Answered { .. } => "answered",
            ResponseStage::Waiting { .. } => "waiting",
        };
        f.debug_tuple("ResponseFuture").field(&stage).finish()
    }
}
