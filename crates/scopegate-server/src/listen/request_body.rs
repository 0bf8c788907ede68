//! The body of a request: it must arrive in bounded time, and what the handler leaves unread is
//! discarded.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::activity::Activity;

/// How long a client may take to send a body, from when the handler first has to wait for it.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How many bytes of an unread body are read and discarded, and how long to wait for them. Reading
/// more would cost more than a new connection.
const REST_BYTES: u64 = 128 * 1024;
const REST_TIME: Duration = Duration::from_secs(1);

/// The body of a request, for its handler.
pub(super) struct RequestBody<B = Incoming>
where
    B: Body<Data = Bytes> + Unpin,
{
    body: Option<B>,
    rest: Arc<Rest<B>>,
    activity: Arc<Activity>,
    overdue: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    was_asked: bool,
    has_ended: bool,
}

/// The body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct BodyTooSlow;

impl<B: Body<Data = Bytes> + Unpin> RequestBody<B> {
    /// Wraps a body. When the handler drops it, the unread rest is in the `Rest`.
    pub(super) fn new(body: B, activity: Arc<Activity>) -> (Self, Arc<Rest<B>>) {
        let rest = Arc::new(Rest(Mutex::new(None)));
        let request_body = Self {
            body: Some(body),
            rest: Arc::clone(&rest),
            activity,
            overdue: None,
            is_waiting: false,
            was_asked: false,
            has_ended: false,
        };
        (request_body, rest)
    }

    /// Notes whether the handler is waiting for the client.
    fn note_waiting(&mut self, is_waiting: bool) {
        match (self.is_waiting, is_waiting) {
            (false, true) => self.activity.rest(),
            (true, false) => self.activity.work(),
            (false, false) | (true, true) => {}
        }
        self.is_waiting = is_waiting;
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        this.was_asked = true;
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.note_waiting(false);
                this.has_ended = !matches!(frame, Some(Ok(_)));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                this.note_waiting(true);
                let overdue =
                    this.overdue.get_or_insert_with(|| Box::pin(tokio::time::sleep(BODY_TIME)));
                match overdue.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        this.note_waiting(false);
                        Poll::Ready(Some(Err(BodyTooSlow.into())))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Drop for RequestBody<B> {
    fn drop(&mut self) {
        self.note_waiting(false);
        let unread = self.body.take().filter(|body| !self.has_ended && !body.is_end_stream());
        if let Some(body) = unread {
            self.rest.put(Unread { body, was_asked: self.was_asked });
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

/// The place for the unread rest of a body.
pub(super) struct Rest<B = Incoming>(Mutex<Option<Unread<B>>>);

struct Unread<B> {
    body: B,
    was_asked: bool,
}

/// Whether a client waits for `100 (Continue)` before it sends a body (RFC 9110 §10.1.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expects {
    Continue,
    Nothing,
}

impl<B: Body<Data = Bytes> + Unpin> Rest<B> {
    /// Reads and discards what the handler has left, if it is short and arrives soon. If it returns
    /// false, the connection cannot be used for another request.
    pub(super) async fn is_read(&self, expects: Expects) -> bool {
        let Some(Unread { body, was_asked }) = self.take() else { return true };
        // The client sends the body only when it is asked to. Reading would ask for it only to
        // discard it.
        if expects == Expects::Continue && !was_asked {
            return false;
        }
        tokio::time::timeout(REST_TIME, discard(body)).await.unwrap_or(false)
    }

    fn put(&self, unread: Unread<B>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unread);
    }

    fn take(&self) -> Option<Unread<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn discard<B: Body<Data = Bytes> + Unpin>(mut body: B) -> bool {
    let mut left = REST_BYTES;
    while body.size_hint().lower() <= left {
        match body.frame().await {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(less) = left.checked_sub(length) else { return false };
                left = less;
            }
            Some(Err(_)) => return false,
            None => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::to_bytes;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use tokio::time::Instant;

    use super::super::activity::Standing;
    use super::*;

    fn full(length: usize) -> Full<Bytes> {
        Full::from(vec![b'x'; length])
    }

    fn endless() -> impl Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static {
        StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>())
    }

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::new())
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_rest_is_read_and_a_large_one_is_not() {
        for (length, is_read) in [(0, true), (100_000, true), (200_000, false)] {
            let (body, rest) = RequestBody::new(full(length), activity());
            drop(body);
            assert_eq!(rest.is_read(Expects::Nothing).await, is_read, "{length}");
        }
        let (body, rest) = RequestBody::new(full(1000), activity());
        assert_eq!(to_bytes(axum::body::Body::new(body), 1000).await.unwrap().len(), 1000);
        assert!(rest.is_read(Expects::Nothing).await, "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_that_does_not_arrive_is_not_waited_for() {
        let (body, rest) = RequestBody::new(endless(), activity());
        drop(body);
        let began = Instant::now();
        assert!(!rest.is_read(Expects::Nothing).await);
        assert_eq!(began.elapsed().as_secs(), REST_TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_waits_for_continue_is_not_asked_for() {
        let (body, rest) = RequestBody::new(full(10), activity());
        drop(body);
        assert!(!rest.is_read(Expects::Continue).await);

        let (mut body, rest) = RequestBody::new(full(10), activity());
        body.frame().await.unwrap().unwrap();
        drop(body);
        assert!(rest.is_read(Expects::Continue).await, "it has been asked for, and is there");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_must_arrive_in_time_and_waiting_for_it_is_waiting_for_the_client() {
        let activity = activity();
        let running = activity.begin_request(http::Version::HTTP_2);
        let (mut body, _rest) = RequestBody::new(endless(), Arc::clone(&activity));
        let reading = async {
            let error = body.frame().await.unwrap().unwrap_err();
            assert!(error.is::<BodyTooSlow>(), "{error}");
        };
        let looking = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(matches!(activity.standing(), Standing::Idle(_)));
            assert!(activity.waiting_since().is_some());
        };
        tokio::join!(reading, looking);
        assert_eq!(activity.standing(), Standing::Working);
        drop((body, running));
        assert!(matches!(activity.standing(), Standing::Idle(_)));
    }
}
