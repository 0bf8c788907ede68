//! A request and its answer, over HTTP/1 or HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response, Version};
use hyper::body::{Body as _, Incoming};
use tower_service::Service;

use super::activity::{Activity, RunningRequest};
use super::answer_body::AnswerBody;
use super::request_body::{Expects, RequestBody, Rest};

/// Answers the requests of one connection.
pub(super) struct Exchanges {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) activity: Arc<Activity>,
}

impl Exchanges {
    /// Answers a request.
    pub(super) fn answer(
        &self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
        let version = request.version();
        let running = self.activity.begin_request(version);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let has_body = !request.body().is_end_stream();
        let expects = match request.headers().contains_key(EXPECT) {
            true => Expects::Continue,
            false => Expects::Nothing,
        };
        let (request, rest) = if has_body {
            let (parts, body) = request.into_parts();
            let (body, rest) = RequestBody::new(body, Arc::clone(&self.activity));
            (Request::from_parts(parts, Body::new(body)), Some(rest))
        } else {
            (request.map(|_| Body::empty()), None)
        };
        let answering = self.router.clone().call(request);
        let activity = Arc::clone(&self.activity);
        async move {
            let answer = answering.await?;
            drop::<RunningRequest>(running);
            if version == Version::HTTP_2 {
                // Each request has its own stream, so an unread body does not affect the next
                // request.
                return Ok(answer.map(|body| hand_over(body, activity)));
            }
            Ok(match rest {
                Some(rest) => finish(answer, &rest, expects, &activity).await,
                None => answer,
            })
        }
    }
}

/// Reads the rest of the request's body. If that is too much, the answer says `connection: close`:
/// the next request could not be told from the rest of this body (RFC 9112 §9.3).
async fn finish(
    mut answer: Response<Body>,
    rest: &Rest,
    expects: Expects,
    activity: &Activity,
) -> Response<Body> {
    if !rest.is_read(expects).await {
        activity.leave_unread();
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn hand_over(body: Body, activity: Arc<Activity>) -> Body {
    if body.is_end_stream() { body } else { Body::new(AnswerBody::new(body, activity)) }
}
