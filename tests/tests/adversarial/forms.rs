//! The format of a token: segments, alphabet, signature.

use scopegate_jose::base64url;

use crate::service::{Service, invalid_request, invalid_token, passes};

const MALFORMED: &str = "The access token is malformed";
const BAD_SIGNATURE: &str = "The signature is not valid";

#[tokio::test]
async fn a_string_that_is_not_a_token_is_malformed() {
    let service = Service::start().await;
    let good = service.good();
    let [header, payload, signature]: [&str; 3] =
        good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let malformed = [
        "a".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        "a.b".to_owned(),
        "a.b.c".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
        "~~~".to_owned(),
        "-._~+/".to_owned(),
        "0".to_owned(),
        header.to_owned(),
        format!("{header}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!(".{good}"),
        format!("{good}."),
        format!("{good}.."),
        format!("{good}.{signature}"),
        format!("{good}.{payload}.{signature}"),
        format!("{good}{good}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.{signature}~"),
        format!("{header}.{payload}.{signature}+"),
        format!("{header}.{payload}.+{}", &signature[1..]),
        format!("{header}.{payload}./{}", &signature[1..]),
        format!("{header}.{payload}.{}", "A".repeat(2000)),
        format!("+{header}.{payload}.{signature}"),
        format!("{header}.~{payload}.{signature}"),
        format!("{header}.{payload}/.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{signature}.{payload}.{header}"),
        good.chars().rev().collect(),
        good.to_uppercase(),
        good.to_lowercase(),
        base64url::encode(good.as_bytes()),
        format!("{}.{payload}.{signature}", "A".repeat(4000)),
    ];
    for token in malformed {
        service.expect(&token, &token, invalid_token(MALFORMED)).await;
    }
    for token in
        [format!("{header}=.{payload}.{signature}"), format!("{header}.{payload}=.{signature}")]
    {
        // `=` is allowed only at the end of a `b64token` (RFC 6750 §2.1).
        service.expect(&token, &token, invalid_request("The bearer token is malformed")).await;
    }
    service.ends_well(43).await;
}

#[tokio::test]
async fn a_truncated_token_is_refused() {
    let service = Service::start().await;
    let good = service.good();
    for length in (1..good.len()).rev().step_by(11) {
        let answers = service.send(&head(&good[..length])).await;
        let challenge = answers[0].challenge.clone().unwrap();
        assert_eq!(answers[0].status, 401, "{length}");
        let known = [MALFORMED, BAD_SIGNATURE].map(|why| invalid_token(why).challenge.unwrap());
        assert!(known.contains(&challenge), "{length}: {challenge}");
    }
    service.ends_well(40).await;
}

#[tokio::test]
async fn every_change_of_the_signature_is_refused() {
    let service = Service::start().await;
    let good = service.good();
    let start = good.rfind('.').unwrap() + 1;
    for at in start..good.len() - 1 {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        service.expect("a changed signature", &changed, invalid_token(BAD_SIGNATURE)).await;
    }
    // The last character has unused bits. Only one value of them is accepted.
    let last = good.chars().last().unwrap();
    let mut passed = 0;
    for other in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']) {
        let token = format!("{}{other}", &good[..good.len() - 1]);
        if other == last {
            service.expect("the same", &token, passes()).await;
            passed += 1;
            continue;
        }
        let answers = service.send(&head(&token)).await;
        assert_eq!(answers[0].status, 401, "{other}");
    }
    assert_eq!(passed, 1);
    service.ends_well(100).await;
}

#[tokio::test]
async fn other_signatures_are_refused() {
    let service = Service::start().await;
    let good = service.good();
    let signed = &good[..good.rfind('.').unwrap()];
    let other = service.issuer.token().subject("u2").scope("read:orders").sign();
    let signatures = [
        // CVE-2022-21449: zeros are not a valid ECDSA signature.
        ("zeros", vec![0; 64]),
        ("ones", vec![1; 64]),
        ("all bits", vec![0xff; 64]),
        ("an empty DER", vec![0x30, 0]),
        ("DER of zeros", vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ("one byte", vec![0]),
        ("too short", vec![7; 63]),
        ("too long", vec![7; 65]),
        ("as long as RSA's", vec![7; 256]),
        ("as long as RSA's longest", vec![7; 1024]),
        ("that of another token", base64url::decode(other.rsplit('.').next().unwrap()).unwrap()),
    ];
    for (name, signature) in signatures {
        let token = format!("{signed}.{}", base64url::encode(&signature));
        service.expect(name, &token, invalid_token(BAD_SIGNATURE)).await;
    }
    let longer = format!("{good}A");
    service.expect("a character more", &longer, invalid_token(BAD_SIGNATURE)).await;
    service.ends_well(12).await;
}

fn head(token: &str) -> Vec<u8> {
    format!("GET /orders HTTP/1.1\r\nHost: api\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}
