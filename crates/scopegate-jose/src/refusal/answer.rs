//! The HTTP answer to a refused request.

use std::borrow::Cow;
use std::time::Duration;

use super::{Refusal, RefusalStatus};

/// The answer to a refused request. Layers and extractors of every protocol send this.
///
/// ```
/// use scopegate_jose::{Refusal, RefusalCause};
/// use std::time::Duration;
///
/// let retry_after = Duration::from_millis(1200);
/// let refusal = Refusal::new(RefusalCause::KeysUnavailable { retry_after });
/// let answer = refusal.answer();
/// assert_eq!(answer.status.code(), 503);
/// let headers: Vec<_> = answer.headers().collect();
/// assert_eq!(
///     headers,
///     [("content-type", "application/problem+json".into()), ("retry-after", "2".into())]
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusalAnswer<'a> {
    /// The status.
    pub status: RefusalStatus,
    /// The value of `WWW-Authenticate`, in printable ASCII. Failures of the service itself have
    /// none.
    pub challenge: Option<String>,
    /// The value of `Retry-After` (RFC 9110 §10.2.3): seconds, rounded up, at least 1.
    pub retry_after: Option<u64>,
    refusal: &'a Refusal,
}

impl Refusal {
    /// The answer to send.
    pub fn answer(&self) -> RefusalAnswer<'_> {
        RefusalAnswer {
            status: self.cause.terms().status,
            challenge: self.challenge().map(|challenge| challenge.to_string()),
            retry_after: self.retry_after().map(whole_seconds),
            refusal: self,
        }
    }
}

impl RefusalAnswer<'_> {
    /// The headers of an HTTP answer, with names in lower case.
    ///
    /// The content type comes from the [renderer](crate::RefusalBody::content_type). Callers must
    /// leave it out if it is not a valid header value.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let Self { status: _, challenge, retry_after, refusal } = self;
        [
            ("content-type", Some(refusal.renderer().content_type().into())),
            ("www-authenticate", challenge.as_deref().map(Cow::from)),
            ("retry-after", retry_after.map(|seconds| seconds.to_string().into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// The body of an HTTP answer.
    pub fn body(&self) -> Vec<u8> {
        self.refusal.renderer().body(self.refusal)
    }
}

/// Rounds up to whole seconds, so that no client retries too early. The result is at least 1.
fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalCause;

    #[test]
    fn a_retry_is_never_too_early() {
        for (millis, seconds) in
            [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (1200, 2), (15_000, 15)]
        {
            let retry_after = Duration::from_millis(millis);
            let refusal = Refusal::new(RefusalCause::KeysUnavailable { retry_after });
            assert_eq!(refusal.answer().retry_after, Some(seconds), "{millis} ms");
        }
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
        assert_eq!(Refusal::new(RefusalCause::NoToken).answer().retry_after, None);
    }
}
