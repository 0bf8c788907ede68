//! The Authorization header (RFC 6750 §2.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Credentials;

const SCHEME: &[u8] = b"Bearer";

/// Reads the bearer token of the Authorization header.
pub(super) fn read(headers: &HeaderMap) -> Credentials<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Credentials::Absent };
    if values.next().is_some() {
        return Credentials::Malformed("There is more than one Authorization header");
    }
    let value = value.as_bytes();
    let space = value.iter().position(|&byte| byte == b' ');
    let (scheme, token) = value.split_at(space.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return of_another_scheme(value);
    }
    // RFC 9110 §11.4 allows one or more spaces between the scheme and the credentials.
    let spaces = token.iter().take_while(|&&byte| byte == b' ').count();
    match &token[spaces..] {
        [] => Credentials::Malformed("The Authorization header holds no token"),
        token => Credentials::Token(token.into()),
    }
}

fn of_another_scheme(value: &[u8]) -> Credentials<'_> {
    if !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Credentials::Malformed(
            "The Authorization header holds something else than visible ASCII",
        );
    }
    let end = value.iter().position(|byte| !is_token_character(*byte)).unwrap_or(value.len());
    // `Bearer: …`, `Bearer,…` or a tab: meant as a bearer token, but not in the required form.
    if end == 0 || value[..end].eq_ignore_ascii_case(SCHEME) {
        return Credentials::Malformed("The Authorization header is malformed");
    }
    Credentials::Absent
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
