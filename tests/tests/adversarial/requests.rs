//! The rest of a request: method, path, query and body, and other requests on the same connection.

use crate::service::{Service, invalid_request, no_token, passes};

const IN_QUERY: &str = "There is a token in the query beside the Authorization header";

fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{line}\r\nHost: api\r\nConnection: close\r\n{headers}{length}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn a_token_in_the_query_is_ignored_alone_and_refused_beside_the_header() {
    let service = Service::start().await;
    let token = service.good();
    let header = format!("Authorization: Bearer {token}\r\n");
    let named = [
        "access_token",
        "access%5Ftoken",
        "%61ccess_token",
        "access_toke%6e",
        "%61%63%63%65%73%73_token",
    ];
    for name in named {
        for query in [
            format!("{name}={token}"),
            format!("a=b&{name}={token}"),
            name.to_owned(),
            format!("{name}=&x"),
            format!("&&{name}=a&{name}=b"),
        ] {
            let line = format!("GET /orders?{query} HTTP/1.1");
            service.expect_bytes(&line, &request(&line, "", ""), no_token()).await;
            let basic = "Authorization: Basic dTpw\r\n";
            service.expect_bytes(&line, &request(&line, basic, ""), no_token()).await;
            let answer = invalid_request(IN_QUERY);
            service.expect_bytes(&line, &request(&line, &header, ""), answer).await;
        }
    }
    for query in [
        "",
        "token=x",
        "ACCESS_TOKEN=x",
        "access_tokens=x",
        "access-token=x",
        "x=access_token",
        "access_token%00=x",
        "%access_token=x",
        "a=b;access_token=x",
        "?access_token=x",
        "+access_token=x",
        "access_token%20=x",
    ] {
        let line = format!("GET /orders?{query} HTTP/1.1");
        service.expect_bytes(&line, &request(&line, &header, ""), passes()).await;
        service.expect_bytes(&line, &request(&line, "", ""), no_token()).await;
    }
    service.ends_well(99).await;
}

#[tokio::test]
async fn a_token_in_the_body_is_not_read() {
    let service = Service::start().await;
    let token = service.good();
    let line = "POST /orders HTTP/1.1";
    let bodies = [
        ("application/x-www-form-urlencoded", format!("access_token={token}")),
        ("application/x-www-form-urlencoded; charset=utf-8", format!("a=b&access_token={token}")),
        ("application/json", format!(r#"{{"access_token":"{token}"}}"#)),
        (
            "multipart/form-data; boundary=x",
            format!(
                "--x\r\nContent-Disposition: form-data; name=access_token\r\n\r\n{token}\r\n--x--"
            ),
        ),
        ("text/plain", format!("Authorization: Bearer {token}")),
    ];
    for (kind, body) in bodies {
        let kind = format!("Content-Type: {kind}\r\n");
        service.expect_bytes(&kind, &request(line, &kind, &body), no_token()).await;
        let with = format!("{kind}Authorization: Bearer {token}\r\n");
        service.expect_bytes(&kind, &request(line, &with, &body), passes()).await;
    }
    service.ends_well(10).await;
}

#[tokio::test]
async fn no_method_and_no_path_bypasses_the_layer() {
    let service = Service::start().await;
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X",
    ];
    for method in methods {
        let line = format!("{method} /orders HTTP/1.1");
        service.expect_bytes(&line, &request(&line, "", ""), no_token()).await;
    }
    let paths = [
        "/",
        "//orders",
        "/orders/",
        "/./orders",
        "/x/../orders",
        "/orders%00",
        "/%6frders",
        "/ORDERS",
        "/orders;x=1",
        "/orders.json",
        "http://api/orders",
        "http://elsewhere/orders",
        "/.well-known/oauth-protected-resource",
        "/.well-known/openid-configuration",
        "/orders?x",
        "/%ff",
        "/%2e%2e/",
    ];
    for path in paths {
        let line = format!("GET {path} HTTP/1.1");
        service.expect_bytes(&line, &request(&line, "", ""), no_token()).await;
    }
    for header in [
        "X-Original-URL: /public",
        "X-Rewrite-URL: /public",
        "X-HTTP-Method-Override: OPTIONS",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-User: admin",
        "X-Remote-User: admin",
        "Forwarded: for=127.0.0.1",
        "Origin: null",
        "Access-Control-Request-Method: GET",
    ] {
        let bytes = request("GET /orders HTTP/1.1", &format!("{header}\r\n"), "");
        service.expect_bytes(header, &bytes, no_token()).await;
    }
    service.ends_well(37).await;
}

#[tokio::test]
async fn a_token_is_not_remembered_for_the_connection() {
    let service = Service::start().await;
    let with = format!(
        "GET /orders HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {}\r\n\r\n",
        service.good()
    );
    let without = "GET /orders HTTP/1.1\r\nHost: api\r\n\r\n";
    let last = "GET /orders HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n";
    let answers = service.send(format!("{with}{without}{with}{last}").as_bytes()).await;
    assert_eq!(answers, [passes(), no_token(), passes(), no_token()]);
    // Bytes after a request with a repeated or invalid length are not treated as a second request.
    for length in [
        "Content-Length: 0\r\nContent-Length: 9",
        "Content-Length: x",
        "Content-Length: -1",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Transfer-Encoding: x",
    ] {
        let smuggled = format!("POST /orders HTTP/1.1\r\nHost: api\r\n{length}\r\n\r\n{with}");
        let answers = service.send(smuggled.as_bytes()).await;
        assert!(
            answers.iter().all(|answer| matches!(answer.status, 400 | 401)),
            "{length}: {answers:?}"
        );
    }
    let old = format!("GET /orders HTTP/1.0\r\nAuthorization: Bearer {}\r\n\r\n", service.good());
    service.expect_bytes("HTTP/1.0", old.as_bytes(), passes()).await;
    service.expect_bytes("HTTP/1.0", b"GET /orders HTTP/1.0\r\n\r\n", no_token()).await;
    service.ends_well(8).await;
}
