use http::request::Builder;

use super::*;
use crate::TokenSource;

fn read(headers: &HeaderMap, query: Option<&str>) -> Credentials<'static> {
    let mut request = Request::get(query.map_or("/".into(), |query| format!("/?{query}")));
    *request.headers_mut().unwrap() = headers.clone();
    read_from(TokenSource::authorization(), request)
}

/// The credentials of a request, so that they outlive it.
fn read_from(source: impl Into<TokenSource>, request: Builder) -> Credentials<'static> {
    let request = request.body(()).unwrap();
    match Credentials::read(&source.into().checked().unwrap(), HeadRef::from(&request)) {
        Credentials::Token(token) => Credentials::Token(token.into_owned().into()),
        Credentials::Absent => Credentials::Absent,
        Credentials::Malformed(how) => Credentials::Malformed(how),
        Credentials::CrossOrigin => Credentials::CrossOrigin,
    }
}

fn token(token: &'static str) -> Credentials<'static> {
    Credentials::Token(token.as_bytes().into())
}

fn header(value: &[u8]) -> HeaderMap {
    let value = HeaderValue::from_bytes(value).unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

#[test]
fn the_scheme_is_case_insensitive() {
    for text in ["Bearer abc", "bearer abc", "BEARER abc", "bEaReR   abc"] {
        assert_eq!(read(&header(text.as_bytes()), None), token("abc"), "{text}");
    }
}

#[test]
fn another_scheme_counts_as_no_token() {
    for text in ["Basic dTpw", "DPoP abc", "Bearers abc", "Bearer2 abc", "Digest a=\"b\"", "x"] {
        assert_eq!(read(&header(text.as_bytes()), None), Credentials::Absent, "{text}");
    }
    assert_eq!(read(&HeaderMap::new(), None), Credentials::Absent);
}

#[test]
fn malformed_headers_are_recognized() {
    let not_ascii: [&[u8]; 3] = [b"B\xff a", b"Basic \xe9", "Basic é".as_bytes()];
    let texts = ["", "Bearer", "Bearer ", "bearer  ", "Bearer: abc", "Bearer\tabc", "Bearer,abc"];
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
    let queries = ["access_token=abc", "a=b&access_token", "access%5Ftoken=abc", "access_token=&c"];
    for query in queries {
        assert_eq!(read(&HeaderMap::new(), Some(query)), Credentials::Absent, "{query}");
        assert_eq!(read(&header(b"Basic dTpw"), Some(query)), Credentials::Absent, "{query}");
        let beside = header(b"Bearer abc");
        assert!(matches!(read(&beside, Some(query)), Credentials::Malformed(_)), "{query}");
    }
    for query in ["", "token=abc", "access_token_hint=abc", "x=access_token", "ACCESS_TOKEN=x"] {
        let headers = header(b"Bearer abc");
        assert_eq!(read(&headers, Some(query)), token("abc"), "{query}");
    }
}

#[test]
fn a_token_has_only_the_characters_of_b64token() {
    for good in ["a", "a.b.c", "A-._~+/9", "abc==", "a="] {
        assert!(is_b64token(good.as_bytes()), "{good}");
    }
    for bad in ["", "=", "a=b", "a b", "a,b", "a;b", "\"a\"", "é", "a ", "a\t", "a:b", "a%20"] {
        assert!(!is_b64token(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn a_named_header_replaces_authorization() {
    let read = |request| read_from(TokenSource::header("x-access-token"), request);
    let get = || Request::get("/").header("x-access-token", "abc");
    assert_eq!(read(get()), token("abc"));
    assert_eq!(read(get().header("authorization", "Basic dTpw")), token("abc"));
    let without = Request::get("/").header("authorization", "Bearer abc");
    assert_eq!(read(without), Credentials::Absent, "Authorization is not read");
    assert_eq!(read(Request::get("/")), Credentials::Absent);
}

#[test]
fn beside_a_named_header_a_malformed_authorization_header_is_named_as_the_reason() {
    let read = |request| read_from(TokenSource::header("x-access-token"), request);
    let get = || Request::get("/").header("x-access-token", "abc");
    let twice = get().header("authorization", "Basic a").header("authorization", "Basic b");
    let reason = "There is more than one Authorization header";
    assert_eq!(read(twice), Credentials::Malformed(reason));
    let token = get().header("authorization", "Bearer abc");
    assert_eq!(read(token), Credentials::Malformed("There are tokens in two headers"));
}

#[test]
fn a_named_header_with_a_second_token_is_malformed() {
    let read = |request| read_from(TokenSource::header("x-access-token"), request);
    let get = |path: &str| Request::get(path).header("x-access-token", "abc");
    for request in [
        get("/").header("x-access-token", "abc"),
        get("/").header("authorization", "Bearer abc"),
        get("/").header("authorization", "Bearer: abc"),
        get("/?access_token=abc"),
        Request::get("/").header("x-access-token", ""),
    ] {
        assert!(matches!(read(request), Credentials::Malformed(_)));
    }
}

#[test]
fn a_cookie_is_read_without_an_authorization_header_only() {
    let read = |request| read_from(TokenSource::cookie("token"), request);
    let get = || Request::get("/").header("cookie", "token=abc");
    assert_eq!(read(get()), token("abc"));
    assert_eq!(read(get().header("authorization", "Bearer def")), token("def"));
    assert_eq!(read(get().header("authorization", "Basic dTpw")), Credentials::Absent);
    assert_eq!(read(Request::get("/").header("cookie", "Token=abc")), Credentials::Absent);
    assert_eq!(read(Request::get("/")), Credentials::Absent);
    let header = Request::post("/").header("authorization", "Bearer def");
    assert_eq!(read(header), token("def"), "a header needs no origin");
}

#[test]
fn a_cookie_with_a_second_token_is_malformed() {
    let read = |request| read_from(TokenSource::cookie("token"), request);
    for request in [
        Request::get("/").header("cookie", "token=abc; token=def"),
        Request::get("/").header("cookie", "token=abc").header("cookie", "token=abc"),
        Request::get("/?access_token=abc").header("cookie", "token=abc"),
        Request::get("/").header("cookie", "token="),
        Request::get("/?access_token=abc")
            .header("cookie", "token=abc")
            .header("authorization", "Bearer abc"),
    ] {
        assert!(matches!(read(request), Credentials::Malformed(_)));
    }
}

#[test]
fn a_cookie_is_not_read_from_another_origin() {
    let source = || TokenSource::cookie("token").origin("https://app.example.com");
    let post = || Request::post("/").header("cookie", "token=abc");
    assert_eq!(read_from(source(), post()), Credentials::CrossOrigin);
    let from = |origin: &str| read_from(source(), post().header("origin", origin));
    assert_eq!(from("https://app.example.com"), token("abc"));
    assert_eq!(from("https://evil.example"), Credentials::CrossOrigin);
    let same = post().header("sec-fetch-site", "same-origin");
    assert_eq!(read_from(source(), same), token("abc"));
    assert_eq!(read_from(source(), Request::post("/")), Credentials::Absent);
}

#[test]
fn a_token_in_the_query_is_read_from_handshakes_only() {
    let read = |request| read_from(TokenSource::insecure_query_for_handshakes(), request);
    let path = "/?a=b&access_token=abc";
    assert_eq!(read(Request::get(path).header("upgrade", "websocket")), token("abc"));
    assert_eq!(read(Request::get(path).header("accept", "text/event-stream")), token("abc"));
    let encoded = "/?access%5ftoken=%61%2B%2fc";
    assert_eq!(read(Request::get(encoded).header("upgrade", "websocket")), token("a+/c"));
    assert_eq!(read(Request::get(path)), Credentials::Absent);
    assert_eq!(
        read(Request::post(path).header("accept", "text/event-stream")),
        Credentials::Absent
    );
    assert_eq!(read(Request::get("/").header("upgrade", "websocket")), Credentials::Absent);
    let header = Request::get("/").header("authorization", "Bearer def");
    assert_eq!(read(header), token("def"), "the header is always read");
}

#[test]
fn a_query_with_a_second_token_is_malformed() {
    let read = |path: &str, authorization: Option<&str>| {
        let mut request = Request::get(path).header("upgrade", "websocket");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        read_from(TokenSource::insecure_query_for_handshakes(), request)
    };
    for (path, authorization) in [
        ("/?access_token=abc&access_token=abc", None),
        ("/?access_token=abc&access%5Ftoken=", None),
        ("/?access_token=", None),
        ("/?access_token", None),
        ("/?access_token=abc", Some("Bearer abc")),
    ] {
        assert!(matches!(read(path, authorization), Credentials::Malformed(_)), "{path}");
    }
    assert_eq!(read("/?access_token=abc", Some("Basic dTpw")), Credentials::Absent);
}
