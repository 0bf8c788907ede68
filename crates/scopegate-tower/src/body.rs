//! The body of the layer's responses.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response: that of the inner service, or that of the layer's own answer.
    ///
    /// So the layer works around every body type, and needs no way to make one. Where the body type is
    /// prescribed, as by `axum::serve`, wrap with [`BearerLayer::same_body`](crate::BearerLayer::same_body).
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: BodyKind<B>,
    }
}

pin_project! {
    #[project = BodyKindProjection]
    #[derive(Debug)]
    enum BodyKind<B> {
        Inner { #[pin] body: B },
        Own { content: Bytes },
    }
}

impl<B> ResponseBody<B> {
    /// The body of the inner service's response.
    pub(crate) fn inner(body: B) -> Self {
        Self { kind: BodyKind::Inner { body } }
    }

    /// The body of the layer's own answer.
    pub(crate) fn own(content: Bytes) -> Self {
        Self { kind: BodyKind::Own { content } }
    }
}

impl<B: From<Bytes>> ResponseBody<B> {
    /// As the body type of the inner service.
    pub fn into_inner(self) -> B {
        match self.kind {
            BodyKind::Inner { body } => body,
            BodyKind::Own { content } => B::from(content),
        }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            BodyKindProjection::Inner { body } => body.poll_frame(cx),
            BodyKindProjection::Own { content } if content.is_empty() => Poll::Ready(None),
            BodyKindProjection::Own { content } => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(content).into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Inner { body } => body.is_end_stream(),
            BodyKind::Own { content } => content.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Inner { body } => body.size_hint(),
            BodyKind::Own { content } => SizeHint::with_exact(content.len() as u64),
        }
    }
}

/// An empty body.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::own(Bytes::new())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    type Ours = ResponseBody<Full<Bytes>>;

    #[tokio::test]
    async fn both_kinds_give_their_content_and_their_exact_length() {
        let content = Bytes::from_static(b"refused");
        for body in [Ours::own(content.clone()), Ours::inner(content.clone().into())] {
            assert_eq!(body.size_hint().exact(), Some(7));
            assert!(!body.is_end_stream());
            assert_eq!(body.collect().await.unwrap().to_bytes(), content);
        }
    }

    #[tokio::test]
    async fn both_kinds_give_their_content_as_the_inner_type() {
        let content = Bytes::from_static(b"refused");
        for body in [Ours::own(content.clone()), Ours::inner(content.clone().into())] {
            let body: Full<Bytes> = body.into_inner();
            assert_eq!(body.collect().await.unwrap().to_bytes(), content);
        }
    }

    #[tokio::test]
    async fn an_empty_body_ends_at_once() {
        let body = Ours::default();
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());
        assert!(body.collect().await.unwrap().to_bytes().is_empty());
    }
}
