//! The answer to a refused request, in HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response};

use super::Refusal;

/// The answer to send.
pub(super) fn answer<B: From<Bytes>>(refusal: Refusal) -> Response<B> {
    let content = refusal.settings.body().render(&refusal);
    let mut response = Response::new(B::from(content.body.into()));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::try_from(&*content.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if let Some(challenge) = challenge(&refusal) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, whole_seconds(wait).into());
    }
    response.extensions_mut().insert(refusal);
    response
}

/// The value of `WWW-Authenticate`.
pub(super) fn challenge(refusal: &Refusal) -> Option<HeaderValue> {
    let challenge = refusal.challenge()?.to_string();
    Some(HeaderValue::try_from(challenge).expect("a challenge is printable ASCII"))
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
