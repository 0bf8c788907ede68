//! The answer to a refused request, in HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response};

use super::Refusal;

impl Refusal {
    /// The answer to send, with a body that can be made from bytes. It is logged at debug,
    /// unless it [was logged](Self::log) before.
    ///
    /// The refusal is stored in the extensions of the response, for logs and outer layers.
    ///
    /// ```
    /// use scopegate_bearer::{Refusal, RefusalCause};
    /// use std::time::Duration;
    ///
    /// let retry_after = Duration::from_millis(1200);
    /// let refusal = Refusal::new(RefusalCause::KeysUnavailable { retry_after });
    /// let response = refusal.into_http::<Vec<u8>>();
    /// assert_eq!(response.status(), 503);
    /// assert_eq!(response.headers()["retry-after"], "2");
    /// assert!(response.extensions().get::<Refusal>().is_some());
    /// ```
    pub fn into_http<B: From<Bytes>>(mut self) -> Response<B> {
        self.log();
        let content = self.settings.body().render(&self);
        let mut response = Response::new(B::from(content.body.into()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if let Ok(content_type) = HeaderValue::try_from(&*content.content_type) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        if let Some(challenge) = self.challenge_header() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        response.extensions_mut().insert(self);
        response
    }

    /// The value of `WWW-Authenticate`.
    pub(super) fn challenge_header(&self) -> Option<HeaderValue> {
        let challenge = self.challenge()?.to_string();
        Some(HeaderValue::try_from(challenge).expect("a challenge is printable ASCII"))
    }
}

/// The value of `Retry-After` (RFC 9110 §10.2.3), rounded up to whole seconds, so that no client
/// retries too early. It is at least 1.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
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
            let response = refusal.into_http::<Vec<u8>>();
            assert_eq!(response.headers()[RETRY_AFTER], seconds.to_string(), "{millis} ms");
        }
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
        let response = Refusal::new(RefusalCause::NoToken).into_http::<Vec<u8>>();
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }
}
