//! The body of an answer over HTTP/2, where the client decides how much may be sent (its window).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body as Answer;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::activity::Activity;

/// How many bytes are handed over at once. A client that reads less than this within the write
/// time-out counts as one that reads nothing.
const PIECE: usize = 4 * 1024;

/// The body of an answer, handed over piece by piece. hyper asks for the next piece only when the
/// client's window has room, so that a client which makes no room is noticed.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Answer,
    /// The part of the last frame that was not handed over yet.
    pending: Bytes,
    activity: Arc<Activity>,
    /// The handler has not produced the next part of the body yet: the server is working, and not
    /// waiting for the client.
    is_working: bool,
}

impl AnswerBody {
    pub(super) fn new(body: Answer, activity: Arc<Activity>) -> Self {
        activity.begin_answer();
        Self { body, pending: Bytes::new(), activity, is_working: false }
    }

    fn note_working(&mut self, is_working: bool) {
        match (self.is_working, is_working) {
            (false, true) => self.activity.work(),
            (true, false) => self.activity.rest(),
            (false, false) | (true, true) => {}
        }
        self.is_working = is_working;
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let length = self.pending.len().min(PIECE);
        Frame::data(self.pending.split_to(length))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.activity.advance();
        if !this.pending.is_empty() {
            return Poll::Ready(Some(Ok(this.piece())));
        }
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.note_working(polled.is_pending());
        let frame = match ready!(polled) {
            Some(Ok(frame)) => frame,
            ended => return Poll::Ready(ended),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => {
                this.pending = data;
                this.piece()
            }
            Err(frame) => frame,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.pending.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, pending) = (self.body.size_hint(), self.pending.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + pending);
        }
        hint.set_lower(hint.lower() + pending);
        hint
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.note_working(false);
        self.activity.end_answer();
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::super::activity::Standing;
    use super::*;

    #[tokio::test]
    async fn an_answer_is_handed_over_in_pieces_and_counts_until_it_is_dropped() {
        let activity = Arc::new(Activity::new());
        drop(activity.begin_request(http::Version::HTTP_2));
        let mut body = AnswerBody::new(Answer::from(vec![b'x'; 10_000]), Arc::clone(&activity));
        assert_eq!(body.size_hint().exact(), Some(10_000));
        let mut lengths = Vec::new();
        while let Some(frame) = body.frame().await {
            lengths.push(frame.unwrap().into_data().unwrap().len());
            let left = 10_000 - lengths.iter().sum::<usize>() as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            assert_eq!(body.is_end_stream(), left == 0);
        }
        assert_eq!(lengths, [4096, 4096, 1808]);
        assert!(matches!(activity.standing(), Standing::Answering(_)));
        drop(body);
        assert!(matches!(activity.standing(), Standing::Idle(_)));
    }

    #[tokio::test]
    async fn while_a_body_is_being_made_the_server_is_working() {
        let activity = Arc::new(Activity::new());
        drop(activity.begin_request(http::Version::HTTP_2));
        let endless = Answer::from_stream(futures_util::stream::pending::<Result<Bytes, String>>());
        let mut body = AnswerBody::new(endless, Arc::clone(&activity));
        assert!(futures_util::FutureExt::now_or_never(body.frame()).is_none());
        assert_eq!(activity.standing(), Standing::Working);
        drop(body);
        assert!(matches!(activity.standing(), Standing::Idle(_)));
    }
}
