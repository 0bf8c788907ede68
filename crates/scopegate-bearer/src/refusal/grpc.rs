//! The answer to a refused call, in gRPC, whose clients read their own status next to that of HTTP.

use ::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use ::http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::{Refusal, RefusalStatus, http};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// The answer to a gRPC call.
pub(super) fn answer<B: Default>(refusal: Refusal) -> Response<B> {
    // A gRPC answer without messages is sent as headers only ("Trailers-Only").
    let mut response = Response::new(B::default());
    *response.headers_mut() = trailers(&refusal);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response.extensions_mut().insert(refusal);
    response
}

/// The trailers of a refused call.
pub(super) fn trailers(refusal: &Refusal) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(4);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static(code(refusal.cause().status())));
    let message = HeaderValue::try_from(percent_encoded(refusal.description()));
    trailers.insert(GRPC_MESSAGE, message.expect("it is ASCII once it is encoded"));
    if let Some(challenge) = http::challenge(refusal) {
        trailers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = refusal.retry_after() {
        // gRFC A6 defines the value as an int32 in milliseconds.
        let wait = i32::try_from(http::whole_seconds(wait).saturating_mul(1000));
        trailers.insert(GRPC_RETRY_PUSHBACK, wait.unwrap_or(i32::MAX).into());
    }
    trailers
}

/// Derives the gRPC code from the HTTP status, so that a new cause is classified in one place.
fn code(status: RefusalStatus) -> &'static str {
    match status {
        RefusalStatus::BadRequest | RefusalStatus::Unauthorized => "16",
        RefusalStatus::Forbidden => "7",
        RefusalStatus::InternalServerError => "13",
        RefusalStatus::ServiceUnavailable => "14",
    }
}

/// The encoding of `grpc-message`: `%` and everything that is not printable ASCII is
/// percent-encoded.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..b' ' | 0x7f.. => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scopegate_claims::ScopeSet;
    use scopegate_jose::JoseError;

    use super::*;
    use crate::RefusalCause;

    fn trailers(cause: RefusalCause) -> HeaderMap {
        super::trailers(&Refusal::new(cause))
    }

    #[test]
    fn every_cause_has_a_grpc_code() {
        let needed = ScopeSet::parse("read:orders").unwrap();
        for (cause, code) in [
            (RefusalCause::NoToken, "16"),
            (RefusalCause::InvalidRequest("x"), "16"),
            (RefusalCause::InvalidToken(JoseError::Expired), "16"),
            (RefusalCause::InsufficientAuthentication { acr_values: &[], max_age: None }, "16"),
            (RefusalCause::MissingClaim { claim: "sub" }, "16"),
            (RefusalCause::InsufficientScope { needed }, "7"),
            (RefusalCause::RuleNotMet { rule: "x".into() }, "7"),
            (RefusalCause::KeysUnavailable { retry_after: Duration::from_secs(3) }, "14"),
            (RefusalCause::Misconfigured("x".into()), "13"),
        ] {
            assert_eq!(trailers(cause.clone())[GRPC_STATUS], code, "{cause:?}");
        }
    }

    #[test]
    fn trailers_have_the_challenge_and_a_retry_time_rounded_up() {
        let needed = ScopeSet::parse("read:orders").unwrap();
        let refused = trailers(RefusalCause::InsufficientScope { needed });
        let challenge = refused[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.ends_with(r#"scope="read:orders""#), "{challenge}");

        let refused =
            trailers(RefusalCause::KeysUnavailable { retry_after: Duration::from_millis(1500) });
        assert_eq!(refused[GRPC_RETRY_PUSHBACK], "2000", "as long as HTTP says in whole seconds");
        assert!(!refused.contains_key(WWW_AUTHENTICATE));
    }

    #[test]
    fn a_message_is_printable_ascii() {
        assert_eq!(percent_encoded("50 % é\n~"), "50 %25 %C3%A9%0A~");
    }
}
