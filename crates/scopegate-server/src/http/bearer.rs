//! Access tokens that are sent to the server itself (RFC 6750).

use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};
use scopegate_core::error::{CallError, ErrorCode, OAuthError};
use scopegate_core::form::Form;

use super::failure::{Failure, NEVER_STORED, RequestError};

/// The access token of a request, in the header or in the form but not in both (RFC 6750 §2). A
/// token in the URL is never used.
pub(super) fn token<'a>(parts: &'a Parts, form: Option<&'a Form>) -> Result<&'a str, RequestError> {
    let in_header = in_header(&parts.headers)?;
    let in_form = form.and_then(|form| form.value("access_token"));
    let ways = [in_header.is_some(), in_form.is_some(), is_in_url(&parts.uri)];
    if ways.into_iter().filter(|used| *used).count() > 1 {
        return Err(malformed("The access token was sent in more than one way."));
    }
    in_header.or(in_form).ok_or(RequestError::NoToken)
}

fn is_in_url(uri: &Uri) -> bool {
    let names = |query: &str| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    };
    uri.query().is_some_and(names)
}

/// The token in the Authorization header. `None` if there is no header, or one of another scheme.
fn in_header(headers: &HeaderMap) -> Result<Option<&str>, RequestError> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(malformed("There is more than one Authorization header."));
    }
    // `HeaderValue::to_str` checks byte by byte, which is slower. The result is the same: the only
    // control character in an ASCII header is the tab, which `is_b64token` refuses.
    let line = str::from_utf8(line.as_bytes()).ok().filter(|line| line.is_ascii());
    let line = line.ok_or_else(|| malformed("The Authorization header is malformed."))?;
    let (scheme, token) = line.split_once(' ').unwrap_or((line, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    let token = token.trim_matches(' ');
    match is_b64token(token) {
        true => Ok(Some(token)),
        false => Err(malformed("The Authorization header is malformed.")),
    }
}

/// Tells whether a text is a `b64token` (RFC 6750 §2.1).
fn is_b64token(text: &str) -> bool {
    let signs = text.trim_end_matches('=');
    // Without early exit or branch the compiler checks many bytes at once.
    !signs.is_empty() && signs.bytes().fold(true, |all, byte| all & is_token_character(byte))
}

/// A letter, a digit, or one of `-._~+/`. In ASCII `-./` are the characters right before the
/// digits.
const fn is_token_character(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit_or_before = byte.wrapping_sub(b'-') <= b'9' - b'-';
    is_letter | is_digit_or_before | (byte == b'_') | (byte == b'~') | (byte == b'+')
}

const fn malformed(text: &'static str) -> RequestError {
    RequestError::Token(CallError::InvalidRequest(text))
}

/// The answer to a refused request, with its challenge (RFC 6750 §3).
pub(super) fn refused(failure: Failure) -> Response {
    let challenge = challenge(&failure);
    let mut response = match failure.error() {
        // A request without a token gets no error code (RFC 6750 §3.1).
        RequestError::NoToken => failure.onto(NEVER_STORED.into_response()),
        _ => failure.into_response(),
    };
    response.headers_mut().remove(WWW_AUTHENTICATE);
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn challenge(failure: &Failure) -> Option<HeaderValue> {
    let OAuthError { status, error, description, .. } = failure.answer();
    let mut challenge = String::from("Bearer");
    if let Some(realm) = failure.realm() {
        challenge.push_str(&format!(" {realm}"));
    }
    match (failure.error(), status) {
        (RequestError::NoToken, _) => {}
        (_, 400 | 401 | 403) => {
            let code = error.as_str();
            challenge.push_str(&format!(r#", error="{code}", error_description="{description}""#));
        }
        (_, _) => return None,
    }
    if error == ErrorCode::InsufficientScope {
        challenge.push_str(r#", scope="openid""#);
    }
    HeaderValue::try_from(challenge).ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn shown(uri: &str, headers: &[&str], body: Option<&str>) -> Result<String, &'static str> {
        let mut request = Request::post(uri);
        for line in headers {
            request = request.header(AUTHORIZATION, *line);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let form = body.map(|token| Form::collect([("access_token", token)]).unwrap());
        let read = token(&parts, form.as_ref()).map(str::to_owned);
        read.map_err(|error| match error {
            RequestError::NoToken => "no token",
            error => OAuthError::from(&error).error.as_str(),
        })
    }

    #[test]
    fn s2_1_and_s2_2_the_header_and_the_form_are_read() {
        assert_eq!(shown("/", &["Bearer a.b-c="], None), Ok("a.b-c=".to_owned()));
        assert_eq!(shown("/", &["bEARER  a"], None), Ok("a".to_owned()));
        assert_eq!(shown("/", &[], Some("a")), Ok("a".to_owned()));
    }

    #[test]
    fn s2_3_the_url_is_not_read() {
        assert_eq!(shown("/?access_token=a", &[], None), Err("no token"));
    }

    #[test]
    fn s2_1_a_token_has_the_characters_of_the_standard_and_no_others() {
        for byte in 0..=u8::MAX {
            let is_named = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_token_character(byte), is_named, "{byte}");
        }
        let long = format!("{}~{}==", "a".repeat(100), "b".repeat(100));
        assert!(is_b64token(&long));
        assert!(!is_b64token(&long.replace('~', "=")));
    }

    #[test]
    fn s3_1_no_token_and_another_scheme_are_no_error() {
        assert_eq!(shown("/", &[], None), Err("no token"));
        assert_eq!(shown("/", &["Basic YTpi"], None), Err("no token"));
        assert_eq!(shown("/", &[], Some("")), Err("no token"));
    }

    #[test]
    fn s2_two_ways_at_once_and_a_broken_header_are_refused() {
        for (uri, headers, body) in [
            ("/", &["Bearer a", "Bearer a"][..], None),
            ("/", &["Bearer a"], Some("a")),
            ("/?access_token=a", &["Bearer a"], None),
            ("/?access_token=a", &[], Some("a")),
            ("/", &["Bearer"], None),
            ("/", &["Bearer "], None),
            ("/", &["Bearer a b"], None),
            ("/", &["Bearer a,b"], None),
            ("/", &["Bearer =="], None),
            ("/", &["Bearer é"], None),
            ("/", &["Basic é"], None),
        ] {
            assert_eq!(shown(uri, headers, body), Err("invalid_request"), "{uri} {headers:?}");
        }
    }
}
