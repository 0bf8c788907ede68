//! Refusals as OpenAPI 3.1 describes them.

use serde_json::{Value, json};

use crate::{ChallengeSettings, RefusalStatus};

/// The response object for refusals with this status: description, headers, and the body that is
/// set.
///
/// ```
/// use scopegate_bearer::{ChallengeSettings, RefusalStatus, openapi};
///
/// let response = openapi::response(RefusalStatus::Unauthorized, &ChallengeSettings::new());
/// assert!(response["headers"]["WWW-Authenticate"].is_object());
/// assert!(response["content"]["application/problem+json"]["schema"].is_object());
/// ```
pub fn response(status: RefusalStatus, settings: &ChallengeSettings) -> Value {
    let challenge =
        || Some(("WWW-Authenticate", "The challenge (RFC 6750 §3, RFC 9470 §3)", "string"));
    let retry = || Some(("Retry-After", "When to try again, in seconds", "integer"));
    let (description, header) = match status {
        RefusalStatus::BadRequest => ("The request is malformed", challenge()),
        RefusalStatus::Unauthorized => (
            "There is no good access token: `WWW-Authenticate` says what is wrong with it",
            challenge(),
        ),
        RefusalStatus::Forbidden => {
            ("The access token allows too little: `WWW-Authenticate` names the scopes", challenge())
        }
        RefusalStatus::InternalServerError => ("The service is configured wrongly", None),
        RefusalStatus::ServiceUnavailable => {
            ("The access token cannot be checked at the moment", retry())
        }
    };
    let body = settings.body();
    let content = match body.schema() {
        Some(schema) => json!({ "schema": schema }),
        None => json!({}),
    };
    let mut response =
        json!({ "description": description, "content": { body.content_type(): content } });
    if let Some((name, about, kind)) = header {
        let header = json!({ "description": about, "schema": { "type": kind } });
        response["headers"] = json!({ name: header });
    }
    response
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Refusal, RefusalBody};

    #[derive(Debug)]
    pub(crate) struct Text;

    impl RefusalBody for Text {
        fn content_type(&self) -> &str {
            "text/plain"
        }

        fn body(&self, _: &Refusal) -> Vec<u8> {
            Vec::new()
        }
    }

    #[test]
    fn each_status_has_its_header() {
        let header = |status| {
            let response = response(status, &ChallengeSettings::new());
            let headers = response["headers"].as_object().cloned().unwrap_or_default();
            headers.keys().next().cloned().unwrap_or_default()
        };
        for challenged in
            [RefusalStatus::BadRequest, RefusalStatus::Unauthorized, RefusalStatus::Forbidden]
        {
            assert_eq!(header(challenged), "WWW-Authenticate");
        }
        assert_eq!(header(RefusalStatus::ServiceUnavailable), "Retry-After");
        assert_eq!(header(RefusalStatus::InternalServerError), "");
    }

    #[test]
    fn the_content_is_that_of_the_body_that_is_set() {
        let settings = ChallengeSettings::new();
        let problem = response(RefusalStatus::Forbidden, &settings);
        let schema = &problem["content"]["application/problem+json"]["schema"];
        assert_eq!(*schema, settings.body().schema().unwrap());
        let text = response(RefusalStatus::Forbidden, &settings.with_body(Text));
        assert_eq!(text["content"], json!({ "text/plain": {} }));
    }
}
