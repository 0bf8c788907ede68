//! Recognizes requests that browsers cannot send with an Authorization header.

use http::header::{ACCEPT, HeaderName, UPGRADE};
use http::{HeaderMap, Method};

use super::HeadRef;

/// Whether a request opens a WebSocket (RFC 6455 §4.1, RFC 8441 §4) or a stream of server-sent
/// events.
///
/// Only GET opens an event stream: JavaScript's `EventSource` sends nothing else, and clients that
/// send POST can send an Authorization header as well.
pub(super) fn is_websocket_or_event_stream(head: HeadRef<'_>) -> bool {
    match *head.method {
        Method::GET => {
            asks_for_websocket(head.headers) || lists(head.headers, &ACCEPT, "text/event-stream")
        }
        // The extended CONNECT of HTTP/2. A plain CONNECT has no path and no query.
        Method::CONNECT => true,
        _ => false,
    }
}

/// Whether the headers ask for a WebSocket.
pub(super) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE, "websocket")
}

/// Whether a comma-separated header has this element, without regard to case and parameters.
fn lists(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    let values = headers.get_all(name).iter();
    values.flat_map(|value| value.as_bytes().split(|&byte| byte == b',')).any(|listed| {
        let listed = listed.split(|&byte| byte == b';').next().unwrap_or_default();
        listed.trim_ascii().eq_ignore_ascii_case(element.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_handshake(method: &str, name: &str, value: &str) -> bool {
        let request = Request::builder().method(method).header(name, value).body(()).unwrap();
        is_websocket_or_event_stream(HeadRef::from(&request))
    }

    #[test]
    fn a_websocket_is_opened_by_get_with_upgrade_or_by_connect() {
        for value in ["websocket", "WebSocket", "h2c, websocket", " websocket "] {
            assert!(is_handshake("GET", "upgrade", value), "{value}");
            assert!(!is_handshake("POST", "upgrade", value), "{value}");
        }
        assert!(!is_handshake("GET", "upgrade", "websockets"));
        assert!(!is_handshake("GET", "connection", "websocket"));
        assert!(is_handshake("CONNECT", "x", "y"));
    }

    #[test]
    fn an_event_stream_is_opened_by_get_with_accept() {
        for value in ["text/event-stream", "text/html, Text/Event-Stream;q=0.9"] {
            assert!(is_handshake("GET", "accept", value), "{value}");
            assert!(!is_handshake("POST", "accept", value), "{value}");
        }
        assert!(!is_handshake("GET", "accept", "text/*"));
        assert!(!is_handshake("GET", "accept", "*/*"));
    }
}
