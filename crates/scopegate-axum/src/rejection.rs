//! The answer to a request that an extractor refuses.

use std::error::Error;
use std::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use scopegate_jose::Refusal;

/// The rejection of every extractor in this crate: a [`Refusal`] as an axum response.
///
/// Status and challenge follow RFC 6750 §3. The body is a problem document, or what the layer's
/// settings say. The refusal is stored in the extensions of the response, where an outer layer
/// finds the cause, which the client is not told.
///
/// A handler may answer in the same form:
///
/// ```
/// use axum::response::IntoResponse;
/// use scopegate_axum::AuthRejection;
/// use scopegate_claims::ScopeSet;
/// use scopegate_jose::{Refusal, RefusalCause};
///
/// let needed = ScopeSet::parse("write:orders").unwrap();
/// let refusal = Refusal::new(RefusalCause::InsufficientScope { needed });
/// let response = AuthRejection::from(refusal).into_response();
///
/// assert_eq!(response.status(), 403);
/// let challenge = response.headers()["www-authenticate"].to_str().unwrap();
/// assert!(challenge.ends_with(r#"scope="write:orders""#));
/// assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "insufficient_scope");
/// ```
#[derive(Clone, Debug)]
pub struct AuthRejection(Refusal);

impl AuthRejection {
    /// Why the request was refused.
    pub fn refusal(&self) -> &Refusal {
        &self.0
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).expect("it is a status of HTTP")
    }
}

impl From<Refusal> for AuthRejection {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        let answer = self.0.answer();
        let mut response = Response::new(Body::from(answer.body()));
        *response.status_mut() = self.status();
        for (name, value) in answer.headers() {
            // A custom content type that is not a valid header value is left out.
            if let Ok(value) = HeaderValue::try_from(&*value) {
                response.headers_mut().insert(name, value);
            }
        }
        response.extensions_mut().insert(self.0);
        response
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for AuthRejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
    use scopegate_jose::{ChallengeSettings, JoseError, RefusalBody, RefusalCause};

    use super::*;

    #[test]
    fn challenge_and_body_follow_the_settings() {
        #[derive(Debug)]
        struct Terse;

        impl RefusalBody for Terse {
            fn content_type(&self) -> &'static str {
                "text/plain"
            }

            fn body(&self, refusal: &Refusal) -> Vec<u8> {
                refusal.reason().into()
            }
        }

        let settings = ChallengeSettings::new()
            .with_realm("orders")
            .with_resource_metadata("https://api.example.com/.well-known/oauth-protected-resource")
            .with_body(Terse);
        let refusal = Refusal::new(RefusalCause::NoToken).with_settings(Arc::new(settings));
        let response = AuthRejection::from(refusal).into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
        assert_eq!(
            response.headers()[WWW_AUTHENTICATE],
            "Bearer realm=\"orders\", resource_metadata=\
             \"https://api.example.com/.well-known/oauth-protected-resource\""
        );
    }

    #[test]
    fn the_log_text_has_a_source_and_no_internal_cause() {
        let rejection =
            AuthRejection::from(Refusal::new(RefusalCause::InvalidToken(JoseError::Expired)));
        assert!(rejection.source().is_some());
        assert!(rejection.to_string().starts_with("401 expired: "), "{rejection}");

        let ours = AuthRejection::from(Refusal::new(RefusalCause::Misconfigured("secret".into())));
        assert!(!ours.to_string().contains("secret"), "{ours}");
    }
}
