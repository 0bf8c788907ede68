//! Reading the token of a request (RFC 6750 §2).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use url::form_urlencoded;

const SCHEME: &[u8] = b"Bearer";

/// The credentials of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credentials<'a> {
    /// No bearer token, or one in a place where tokens are not read.
    Absent,
    /// A malformed header; the text says why.
    Malformed(&'static str),
    /// A token. Its characters are not checked yet, see [`is_b64token`]: a token in the cache of
    /// verified tokens needs no such check.
    Token(&'a [u8]),
}

impl<'a> Credentials<'a> {
    /// Reads the `Authorization` header. The query is only searched for a second token.
    pub(crate) fn read(headers: &'a HeaderMap, query: Option<&str>) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Self::Absent };
        if values.next().is_some() {
            return Self::Malformed("There is more than one Authorization header");
        }
        let value = value.as_bytes();
        let (scheme, token) = match value.iter().position(|&byte| byte == b' ') {
            Some(space) => (&value[..space], &value[space + 1..]),
            None => (value, &[][..]),
        };
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Self::of_another_scheme(value);
        }
        // RFC 9110 §11.4 allows one or more spaces between the scheme and the credentials.
        let spaces = token.iter().take_while(|&&byte| byte == b' ').count();
        let token = &token[spaces..];
        if token.is_empty() {
            return Self::Malformed("The Authorization header holds no token");
        }
        // RFC 6750 §2: a client must not use more than one method per request.
        if query.is_some_and(holds_token) {
            return Self::Malformed(
                "There is a token in the query beside the Authorization header",
            );
        }
        Self::Token(token)
    }

    const UNREADABLE: Self =
        Self::Malformed("The Authorization header holds something else than visible ASCII");

    fn of_another_scheme(value: &[u8]) -> Self {
        if !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            return Self::UNREADABLE;
        }
        let end = value.iter().position(|byte| !is_token_character(*byte)).unwrap_or(value.len());
        // `Bearer: …`, `Bearer,…` or a tab: meant as a bearer token, but not in the required form.
        if end == 0 || value[..end].eq_ignore_ascii_case(SCHEME) {
            return Self::Malformed("The Authorization header is malformed");
        }
        Self::Absent
    }
}

/// Whether a text has the form of a bearer token: `b64token` of RFC 6750 §2.1.
pub(crate) fn is_b64token(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let token = &text[..text.len() - padding];
    !token.is_empty()
        && token.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

fn holds_token(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read<'a>(headers: &'a HeaderMap, query: Option<&str>) -> Credentials<'a> {
        Credentials::read(headers, query)
    }

    fn header(value: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(value).unwrap();
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        for text in ["Bearer abc", "bearer abc", "BEARER abc", "bEaReR   abc"] {
            assert_eq!(read(&header(text.as_bytes()), None), Credentials::Token(b"abc"), "{text}");
        }
    }

    #[test]
    fn another_scheme_counts_as_no_token() {
        for text in ["Basic dTpw", "DPoP abc", "Bearers abc", "Bearer2 abc", "Digest a=\"b\"", "x"]
        {
            assert_eq!(read(&header(text.as_bytes()), None), Credentials::Absent, "{text}");
        }
        assert_eq!(read(&HeaderMap::new(), None), Credentials::Absent);
    }

    #[test]
    fn malformed_headers_are_recognized() {
        let not_ascii: [&[u8]; 3] = [b"B\xff a", b"Basic \xe9", "Basic é".as_bytes()];
        let texts =
            ["", "Bearer", "Bearer ", "bearer  ", "Bearer: abc", "Bearer\tabc", "Bearer,abc"];
        let texts =
            texts.iter().map(|text| text.as_bytes()).chain([&b" Bearer abc"[..], b"=x", b"\"a\""]);
        for value in texts.chain(not_ascii) {
            let headers = header(value);
            let read = read(&headers, None);
            assert!(matches!(read, Credentials::Malformed(_)), "{value:?}: {read:?}");
        }
    }

    #[test]
    fn two_authorization_headers_are_malformed() {
        for second in ["Bearer abc", "Basic dTpw", ""] {
            let mut headers = header(b"Bearer abc");
            headers.append(AUTHORIZATION, second.parse().unwrap());
            assert!(matches!(read(&headers, None), Credentials::Malformed(_)), "{second}");
        }
    }

    #[test]
    fn a_token_in_the_query_is_never_read() {
        let queries =
            ["access_token=abc", "a=b&access_token", "access%5Ftoken=abc", "access_token=&c"];
        for query in queries {
            assert_eq!(read(&HeaderMap::new(), Some(query)), Credentials::Absent, "{query}");
            assert_eq!(read(&header(b"Basic dTpw"), Some(query)), Credentials::Absent, "{query}");
            let beside = header(b"Bearer abc");
            assert!(matches!(read(&beside, Some(query)), Credentials::Malformed(_)), "{query}");
        }
        for query in ["", "token=abc", "access_token_hint=abc", "x=access_token", "ACCESS_TOKEN=x"]
        {
            let headers = header(b"Bearer abc");
            assert_eq!(read(&headers, Some(query)), Credentials::Token(b"abc"), "{query}");
        }
    }

    #[test]
    fn a_token_has_only_the_characters_of_b64token() {
        for good in ["a", "a.b.c", "A-._~+/9", "abc==", "a="] {
            assert!(is_b64token(good.as_bytes()), "{good}");
        }
        for bad in ["", "=", "a=b", "a b", "a,b", "a;b", "\"a\"", "é", "a ", "a\t", "a:b", "a%20"]
        {
            assert!(!is_b64token(bad.as_bytes()), "{bad}");
        }
    }
}
