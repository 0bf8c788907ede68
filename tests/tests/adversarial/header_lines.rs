//! The header lines of a request.

use crate::service::{Service, invalid_request, invalid_token, no_token, not_http, passes};

const TWICE: &str = "There is more than one Authorization header";
const NO_TOKEN_IN_IT: &str = "The Authorization header holds no token";
const NOT_ASCII: &str = "The Authorization header holds something else than visible ASCII";
const MALFORMED: &str = "The Authorization header is malformed";
const MALFORMED_TOKEN: &str = "The bearer token is malformed";

fn filled(lines: &[&[u8]], token: &str) -> Vec<Vec<u8>> {
    let fill = |line: &&[u8]| {
        let Some(at) = line.windows(3).position(|three| three == b"{T}") else {
            return line.to_vec();
        };
        [&line[..at], token.as_bytes(), &line[at + 3..]].concat()
    };
    lines.iter().map(fill).collect()
}

#[tokio::test]
async fn the_scheme_is_case_insensitive_and_spaces_around_it_are_ignored() {
    let service = Service::start().await;
    let lines: [&[u8]; 14] = [
        b"Authorization: Bearer {T}",
        b"authorization: Bearer {T}",
        b"AUTHORIZATION: Bearer {T}",
        b"AuThOrIzAtIoN: Bearer {T}",
        b"Authorization:Bearer {T}",
        b"Authorization:   Bearer {T}",
        b"Authorization:\tBearer {T}",
        b"Authorization: Bearer {T}   ",
        b"Authorization: Bearer {T}\t",
        b"Authorization: bearer {T}",
        b"Authorization: BEARER {T}",
        b"Authorization: bEaReR {T}",
        b"Authorization: Bearer  {T}",
        b"Authorization: Bearer          {T}",
    ];
    for line in lines {
        let name = String::from_utf8_lossy(line);
        service.expect_lines(&name, &filled(&[line], &service.good()), passes()).await;
    }
    service.ends_well(14).await;
}

#[tokio::test]
async fn other_schemes_and_other_headers_hold_no_token() {
    let service = Service::start().await;
    let lines: [&[u8]; 32] = [
        b"X-Nothing: 1",
        b"Authorization: Basic dTpw",
        b"Authorization: Basic {T}",
        b"Authorization: DPoP {T}",
        b"Authorization: dpop {T}",
        b"Authorization: Digest username=\"a\", realm=\"b\"",
        b"Authorization: Negotiate YII=",
        b"Authorization: NTLM TlRM",
        b"Authorization: AWS4-HMAC-SHA256 Credential=a",
        b"Authorization: Token {T}",
        b"Authorization: JWT {T}",
        b"Authorization: Bearers {T}",
        b"Authorization: Bearer2 {T}",
        b"Authorization: XBearer {T}",
        b"Authorization: Bear er {T}",
        b"Authorization: B {T}",
        b"Authorization: {T}",
        b"Authorization: {T} Bearer",
        b"Authorization: Bearer-{T}",
        b"Authorization: Bearer.{T}",
        b"Authorization: MAC id=\"h480djs93hd8\"",
        b"Authorization: GNAP {T}",
        b"Authorization: PoP {T}",
        b"Authorization: HOBA result=\"a\"",
        b"Proxy-Authorization: Bearer {T}",
        b"X-Authorization: Bearer {T}",
        b"X-Forwarded-Authorization: Bearer {T}",
        b"X-Access-Token: {T}",
        b"Cookie: access_token={T}; token={T}",
        b"WWW-Authenticate: Bearer {T}",
        b"Authorizatio: Bearer {T}",
        b"Authorization_: Bearer {T}",
    ];
    for line in lines {
        let name = String::from_utf8_lossy(line);
        service.expect_lines(&name, &filled(&[line], &service.good()), no_token()).await;
    }
    service.ends_well(32).await;
}

#[tokio::test]
async fn a_malformed_header_is_an_invalid_request() {
    let service = Service::start().await;
    let lines: [(&[u8], &str); 46] = [
        (b"Authorization:", MALFORMED),
        (b"Authorization: ", MALFORMED),
        (b"Authorization: \t ", MALFORMED),
        (b"Authorization: Bearer", NO_TOKEN_IN_IT),
        (b"Authorization: bearer", NO_TOKEN_IN_IT),
        (b"Authorization: Bearer ", NO_TOKEN_IN_IT),
        (b"Authorization: Bearer \t", NO_TOKEN_IN_IT),
        (b"Authorization: Bearer: {T}", MALFORMED),
        (b"Authorization: Bearer:{T}", MALFORMED),
        (b"Authorization: Bearer,{T}", MALFORMED),
        (b"Authorization: Bearer, {T}", MALFORMED),
        (b"Authorization: Bearer;{T}", MALFORMED),
        (b"Authorization: Bearer={T}", MALFORMED),
        (b"Authorization: Bearer\t{T}", MALFORMED),
        (b"Authorization: Bearer/{T}", MALFORMED),
        (b"Authorization: \"Bearer\" {T}", MALFORMED),
        (b"Authorization: \"Bearer {T}\"", MALFORMED),
        (b"Authorization: , Bearer {T}", MALFORMED),
        (b"Authorization: =Bearer {T}", MALFORMED),
        (b"Authorization: (Bearer) {T}", MALFORMED),
        (b"Authorization: [Bearer {T}]", MALFORMED),
        (b"Authorization: Bearer \t{T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T} {T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}, Bearer {T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}, Basic dTpw", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T};v=1", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}#x", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}?x", MALFORMED_TOKEN),
        (b"Authorization: Bearer \"{T}\"", MALFORMED_TOKEN),
        (b"Authorization: Bearer '{T}'", MALFORMED_TOKEN),
        (b"Authorization: Bearer <{T}>", MALFORMED_TOKEN),
        (b"Authorization: Bearer [{T}]", MALFORMED_TOKEN),
        (b"Authorization: Bearer {\"a\":1}", MALFORMED_TOKEN),
        (b"Authorization: Bearer token={T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer Bearer {T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer %65yJ{T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}%00", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}\\r\\nX: y", MALFORMED_TOKEN),
        (b"Authorization: Bearer ={T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer {T}\xff", MALFORMED_TOKEN),
        (b"Authorization: Bearer \xc0\xae{T}", MALFORMED_TOKEN),
        (b"Authorization: Bearer \xed\xa0\x80{T}", MALFORMED_TOKEN),
        (b"Authorization: Basic \xe9", NOT_ASCII),
        (b"Authorization: Bearer\xc2\xa0{T}", NOT_ASCII),
        (b"Authorization: \xef\xbc\xa2earer {T}", NOT_ASCII),
        (b"Authorization: Bearer {T}\xe2\x80\x8b", MALFORMED_TOKEN),
    ];
    for (line, why) in lines {
        let name = String::from_utf8_lossy(line);
        let answer = invalid_request(why);
        service.expect_lines(&name, &filled(&[line], &service.good()), answer).await;
    }
    service.ends_well(46).await;
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let service = Service::start().await;
    let pairs: [&[&[u8]]; 12] = [
        &[b"Authorization: Bearer {T}", b"Authorization: Bearer {T}"],
        &[b"Authorization: Bearer {T}", b"authorization: Bearer x"],
        &[b"authorization: x", b"AUTHORIZATION: Bearer {T}"],
        &[b"Authorization: Basic dTpw", b"Authorization: Bearer {T}"],
        &[b"Authorization: Bearer {T}", b"Authorization: Basic dTpw"],
        &[b"Authorization: Bearer {T}", b"Authorization:"],
        &[b"Authorization:", b"Authorization: Bearer {T}"],
        &[b"Authorization:", b"Authorization:"],
        &[b"Authorization: Basic a", b"Authorization: Digest b"],
        &[b"Authorization: Bearer {T}", b"X: y", b"Authorization: Bearer {T}"],
        &[b"Authorization: Bearer \xff", b"Authorization: \xff"],
        &[b"Authorization: a", b"Authorization: b", b"Authorization: Bearer {T}"],
    ];
    for lines in pairs {
        let name = format!("{:?}", lines.iter().map(|l| l.escape_ascii().to_string()));
        let lines = filled(lines, &service.good());
        service.expect_lines(&name, &lines, invalid_request(TWICE)).await;
    }
    service.ends_well(12).await;
}

#[tokio::test]
async fn malformed_http_does_not_reach_the_layer() {
    let service = Service::start().await;
    let lines: [&[u8]; 11] = [
        b"Authorization: Bearer\r\n {T}",
        b"Authorization:\r\n Bearer {T}",
        b"Authorization: Bearer {T}\r\n\tmore",
        b"Authorization : Bearer {T}",
        b"Author ization: Bearer {T}",
        b"Authorization",
        b": Bearer {T}",
        b"Authorization: Bearer {T}\0",
        b"Authorization: Bearer\0{T}",
        b"Authorization: Bearer {T}\x7f",
        b"Authorization: Bearer \x1b[31m{T}",
    ];
    for line in lines {
        let name = line.escape_ascii().to_string();
        service.expect_lines(&name, &filled(&[line], &service.good()), not_http(400)).await;
    }
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: y")).collect();
    service.expect_lines("200 headers", &many, not_http(431)).await;
    service.ends_well(12).await;
}

#[tokio::test]
async fn long_headers_are_refused() {
    let service = Service::start().await;
    let too_large = || invalid_token("The access token is too large");
    for length in [16 * 1024 + 1, 20_000, 65_536, 200_000] {
        service.expect("letters", "a".repeat(length), too_large()).await;
        let longer = format!("{}.{}", service.good(), "A".repeat(length));
        service.expect("a good token and more", longer, too_large()).await;
    }
    service
        .expect("dots", ".".repeat(16 * 1024), invalid_token("The access token is malformed"))
        .await;
    service
        .expect("letters", "a".repeat(16 * 1024), invalid_token("The access token is malformed"))
        .await;
    let scheme = format!("Authorization: {} x", "B".repeat(60_000));
    service.expect_lines("a long scheme", &[scheme], no_token()).await;
    let spaces = format!("Authorization: Bearer{}{}", " ".repeat(60_000), service.good());
    service.expect_lines("many spaces", &[spaces], passes()).await;
    let commas = format!("Authorization: Bearer {}", "a,".repeat(30_000));
    service.expect_lines("commas", &[commas], invalid_request(MALFORMED_TOKEN)).await;
    service.expect("half a megabyte", "a".repeat(600_000), not_http(431)).await;
    service.ends_well(14).await;
}
