//! Reads a form: `application/x-www-form-urlencoded`, UTF-8, bounded in length and time.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::LengthLimitError;
use percent_encoding::percent_decode;
use scopegate_core::error::CallError;
use scopegate_core::form::{Form, FormProblem};

use super::failure::RequestError;

/// The longest form, in bytes. A few assertions fit into it.
const MAX_LENGTH: usize = 64 * 1024;

/// How long a client may take to send a form.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Reads the form of a request.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Form, RequestError> {
    Ok(parse(&bytes(headers, body).await?)?)
}

/// The bytes of the form of a request.
pub(super) async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, RequestError> {
    check_type(headers)?;
    let reading = tokio::time::timeout(MAX_TIME, to_bytes(body, MAX_LENGTH)).await;
    reading.map_err(|_| RequestError::BodyTooSlow)?.map_err(broken)
}

fn broken(error: axum::Error) -> RequestError {
    let mut cause = Some(&error as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return RequestError::BodyTooLong;
        }
        cause = error.source();
    }
    RequestError::BodyBroken(error)
}

/// Refuses a body that is not a form in UTF-8 (RFC 6749 appendix B).
fn check_type(headers: &HeaderMap) -> Result<(), CallError> {
    let refuse = |text| Err(CallError::InvalidRequest(text));
    let is_encoded = |encoding: &HeaderValue| {
        !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")
    };
    if headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return refuse("A Content-Encoding is not supported.");
    }
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (line, another) = (lines.next(), lines.next());
    let line = line.filter(|_| another.is_none()).and_then(|line| line.to_str().ok());
    let mut parts = line.unwrap_or_default().split(';').map(str::trim);
    let is_form = |essence: &str| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !parts.next().is_some_and(is_form) {
        return refuse("The Content-Type must be application/x-www-form-urlencoded.");
    }
    let charsets = parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| {
        name.trim().eq_ignore_ascii_case("charset") //
    });
    for (_, charset) in charsets {
        let charset = charset.trim().trim_matches('"');
        // Many clients send `utf8`, though no registry has it.
        if !["utf-8", "utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name)) {
            return refuse("The charset of the form must be UTF-8.");
        }
    }
    Ok(())
}

/// Parses strictly: malformed encodings are refused, not repaired.
pub(super) fn parse(bytes: &[u8]) -> Result<Form, CallError> {
    Ok(Form::collect(pairs(bytes)?)?)
}

/// Parses strictly, except that names which occur more than once are returned and not refused.
pub(super) fn parse_noting(bytes: &[u8]) -> Result<(Form, BTreeSet<Box<str>>), CallError> {
    Ok(Form::collect_noting(pairs(bytes)?)?)
}

fn pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, CallError> {
    let pairs = bytes.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let middle = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(middle);
        Ok((decode(name)?, decode(value.get(1..).unwrap_or_default())?))
    });
    pairs.take(Form::MAX_PARAMETERS + 1).collect()
}

/// Decodes a name or a value.
fn decode(text: &[u8]) -> Result<String, CallError> {
    let mut percents = text.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let is_escape = |digits: Option<&[u8]>| {
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) //
    };
    if !percents.all(|(at, _)| is_escape(text.get(at + 1..at + 3))) {
        return Err(CallError::InvalidRequest("The form has a % that begins no escape."));
    }
    // A literal plus is percent-encoded, so each plus here stands for a space.
    let mut spaced = text.to_vec();
    for plus in spaced.iter_mut().filter(|byte| **byte == b'+') {
        *plus = b' ';
    }
    let decoded = match percent_decode(&spaced).into() {
        Cow::Borrowed(_) => spaced,
        Cow::Owned(decoded) => decoded,
    };
    String::from_utf8(decoded).map_err(|_| CallError::Form(FormProblem::NotUtf8))
}

#[cfg(test)]
mod tests {
    use scopegate_core::error::OAuthError;

    use super::*;

    fn refusal(form: &[u8]) -> &'static str {
        OAuthError::from(&parse(form).unwrap_err()).description
    }

    #[test]
    fn a_form_is_decoded_as_html_encodes_it() {
        let form = parse(b"&a=b+c%2Bd&e=%C3%A9=&f&g=&=x&h=+%2f%2F+&").unwrap();
        assert_eq!(form.value("a"), Some("b c+d"));
        assert_eq!(form.value("h"), Some(" // "));
        assert_eq!(form.value("e"), Some("é="));
        assert_eq!(form.value("f"), None);
        assert_eq!(form.value(""), Some("x"));
    }

    #[test]
    fn a_malformed_encoding_is_refused() {
        for broken in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%=a", b"a=%+1", b"a=%2x%ff"] {
            assert_eq!(refusal(broken), "The form has a % that begins no escape.");
        }
        for foreign in [&b"a=\xff"[..], b"a=%FF", b"%C3=a", b"a=%ED%A0%80"] {
            assert_eq!(refusal(foreign), "The form is not UTF-8.");
        }
    }

    #[test]
    fn names_are_compared_after_decoding() {
        assert_eq!(refusal(b"scope=a&sco%70e=b"), "A parameter occurs more than once.");
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        assert_eq!(refusal(&b"a&".repeat(30_000)), "A parameter occurs more than once.");
        let many: String = (0..100).map(|i| format!("p{i}=1&")).collect();
        assert_eq!(refusal(many.as_bytes()), "The form has too many parameters.");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_not_waited_for() {
        let headers = HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )]);
        let endless = Body::from_stream(futures_util::stream::pending::<Result<String, String>>());
        let error = read(&headers, endless).await.unwrap_err();
        assert!(matches!(error, RequestError::BodyTooSlow), "{error}");
    }

    #[test]
    fn the_type_is_a_form_in_utf_8() {
        let check = |line: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, line.parse().unwrap())]);
            check_type(&headers).is_ok()
        };
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-URLEncoded; Charset=\"UTF-8\"",
            "application/x-www-form-urlencoded;charset=utf-8; x=y",
            "application/x-www-form-urlencoded; charset=utf8",
            "application/x-www-form-urlencoded;",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "",
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded-not",
            "application/x-www-form-urlencoded; charset=iso-8859-1",
            "application/x-www-form-urlencoded; charset=utf-16",
            "application/x-www-form-urlencoded; charset=",
            "application/x-www-form-urlencoded, application/json",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check_type(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_form_is_not_encoded_once_more() {
        let check = |encodings: &[&str]| {
            let mut headers = HeaderMap::new();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
            for encoding in encodings {
                headers.append(CONTENT_ENCODING, encoding.parse().unwrap());
            }
            check_type(&headers).is_ok()
        };
        assert!(check(&[]) && check(&["identity"]) && check(&["Identity"]));
        for encodings in [&["gzip"][..], &["identity, gzip"], &["identity", "gzip"], &[""]] {
            assert!(!check(encodings), "{encodings:?}");
        }
    }
}
