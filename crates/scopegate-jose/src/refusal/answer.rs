//! A refusal as it goes on the wire.

use std::borrow::Cow;
use std::time::Duration;

use super::{Refusal, RefusalStatus};

/// A refusal as it goes on the wire; layers and extractors of every protocol write this.
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
    /// The value of `WWW-Authenticate`, in printable ASCII; our own failures have none.
    pub challenge: Option<String>,
    /// The value of `Retry-After` (RFC 9110 §10.2.3): whole seconds, at least one, never too early.
    pub retry_after: Option<u64>,
    refusal: &'a Refusal,
}

impl Refusal {
    /// What goes on the wire.
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
    /// The headers of an answer in HTTP, by their names in lower case.
    ///
    /// The content type is the [renderer's](crate::RefusalBody::content_type): if it is no value of a
    /// header, it is to be left out.
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

    /// The body of an answer in HTTP.
    pub fn body(&self) -> Vec<u8> {
        self.refusal.renderer().body(self.refusal)
    }
}

/// Rounds up, so that nobody comes back too early, and to one second at least.
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
