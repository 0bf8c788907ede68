//! The body of an answer over HTTP/2, where the client says how much of it may be sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body as Answer;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::activity::Activity;

/// What is handed over at once, in bytes. A client that takes less of it in the time to write is one
/// that takes nothing.
const PIECE: usize = 4 * 1024;

/// The body of an answer that is handed over piece by piece, each when the client has made room for a
/// part of it. So it is seen when a client makes none.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Answer,
    /// What of the last frame was not handed over.
    pending: Bytes,
    activity: Arc<Activity>,
    /// The body itself has nothing to hand over: the server must work.
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
    async fn an_answer_is_handed_over_in_pieces_and_stands_until_it_is_let_go() {
        let activity = Arc::new(Activity::new());
        drop(activity.turn(http::Version::HTTP_2));
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
    async fn a_body_that_is_still_being_made_is_the_servers_turn() {
        let activity = Arc::new(Activity::new());
        drop(activity.turn(http::Version::HTTP_2));
        let endless = Answer::from_stream(futures_util::stream::pending::<Result<Bytes, String>>());
        let mut body = AnswerBody::new(endless, Arc::clone(&activity));
        assert!(futures_util::FutureExt::now_or_never(body.frame()).is_none());
        assert_eq!(activity.standing(), Standing::Working);
        drop(body);
        assert!(matches!(activity.standing(), Standing::Idle(_)));
    }
}
