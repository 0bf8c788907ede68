//! Reading the token of a request (RFC 6750 §2).

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use crate::query;
use crate::token_source::{CookieSource, Source};

mod authorization;
mod cookie;
mod handshake;
mod origin;

/// The credentials of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Credentials<'a> {
    /// No bearer token, or one in a place where tokens are not read.
    Absent,
    /// A malformed request; the text says why.
    Malformed(&'static str),
    /// A cookie with a token, in a request that may come from another origin.
    CrossOrigin,
    /// A token. Its characters are not checked yet, see [`is_b64token`]: a token in the cache of
    /// verified tokens needs no such check.
    Token(Cow<'a, [u8]>),
}

/// What of a request its credentials are read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadRef<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> Credentials<'a> {
    /// Reads the token from its source. More than one token is malformed (RFC 6750 §2).
    pub(crate) fn read(source: &Source, head: HeadRef<'a>) -> Self {
        match source {
            Source::Authorization => Self::in_authorization(head),
            Source::Header(name) => Self::in_header(name, head),
            Source::Cookie(cookie) => Self::in_cookie(cookie, head),
            Source::Query => Self::in_query(head),
        }
    }

    fn in_authorization(head: HeadRef<'a>) -> Self {
        match authorization::read(head.headers) {
            Self::Token(_) if head.query_holds_token() => {
                Self::Malformed("There is a token in the query beside the Authorization header")
            }
            credentials => credentials,
        }
    }

    fn in_header(name: &HeaderName, head: HeadRef<'a>) -> Self {
        let token = match head.only(name) {
            Ok(Some(token)) => token,
            Ok(None) => return Self::Absent,
            Err(Repeated) => return Self::Malformed("There is more than one header with a token"),
        };
        if token.is_empty() {
            return Self::Malformed("The header holds no token");
        }
        match authorization::read(head.headers) {
            Self::Absent => {}
            malformed @ Self::Malformed(_) => return malformed,
            _ => return Self::Malformed("There are tokens in two headers"),
        }
        if head.query_holds_token() {
            return Self::Malformed("There is a token in the query beside the header");
        }
        Self::Token(token.into())
    }

    fn in_cookie(source: &CookieSource, head: HeadRef<'a>) -> Self {
        if head.headers.contains_key(AUTHORIZATION) {
            return Self::in_authorization(head);
        }
        match cookie::find(head.headers, source.name()) {
            Ok(None) => Self::Absent,
            Err(Repeated) => Self::Malformed("There is more than one cookie with a token"),
            Ok(Some(b"")) => Self::Malformed("The cookie holds no token"),
            Ok(Some(_)) if head.query_holds_token() => {
                Self::Malformed("There is a token in the query beside the cookie")
            }
            Ok(Some(_)) if !origin::may_use_cookies(head, source.origins()) => Self::CrossOrigin,
            Ok(Some(token)) => Self::Token(token.into()),
        }
    }

    fn in_query(head: HeadRef<'a>) -> Self {
        if head.headers.contains_key(AUTHORIZATION) {
            return Self::in_authorization(head);
        }
        if !handshake::is_websocket_or_event_stream(head) {
            return Self::Absent;
        }
        let mut tokens = query::tokens(head.uri.query().unwrap_or_default());
        match (tokens.next(), tokens.next()) {
            (None, _) => Self::Absent,
            (Some(_), Some(_)) => Self::Malformed("There is more than one token in the query"),
            (Some(token), None) if token.is_empty() => Self::Malformed("The query holds no token"),
            (Some(Cow::Borrowed(token)), None) => Self::Token(token.as_bytes().into()),
            (Some(Cow::Owned(token)), None) => Self::Token(token.into_bytes().into()),
        }
    }
}

/// A header or a cookie that may be sent once was sent more often.
#[derive(Debug, Eq, PartialEq)]
struct Repeated;

impl<'a> HeadRef<'a> {
    /// The value of a header that may be sent only once.
    fn only(self, name: &HeaderName) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (value, None) => Ok(value.map(HeaderValue::as_bytes)),
        }
    }

    fn query_holds_token(self) -> bool {
        self.uri.query().is_some_and(query::holds_token)
    }
}

impl<'a, B> From<&'a Request<B>> for HeadRef<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }
}

impl<'a> From<&'a Parts> for HeadRef<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
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

#[cfg(test)]
mod tests;
