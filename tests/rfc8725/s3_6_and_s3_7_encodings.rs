use scopegate_jose::base64url;
use scopegate_testkit::Broken;
use serde_json::json;

use crate::protected_api::{Api, signed_by};

/// Encrypted tokens are not supported, so nothing is decrypted or decompressed.
#[tokio::test]
async fn s3_6_nothing_is_decompressed() {
    let api = Api::start().await;
    let header = json!({ "alg": "dir", "enc": "A256GCM", "zip": "DEF" }).to_string();
    let encrypted = format!("{}..AAAA.AAAA.AAAA", base64url::encode(header.as_bytes()));
    api.ask(&encrypted).await.is_invalid_token();
    api.ask(&api.broken(Broken::FourSegments)).await.is_invalid_token();
    api.ask(&api.good()).await.passes();
}

#[tokio::test]
async fn s3_7_json_must_be_utf_8() {
    let api = Api::start().await;
    let (key, header) = (api.issuer.signer(), api.header_with(json!({})).to_string());
    let claims = api.claims_with(json!({ "name": "Zoë 🦀" })).to_string();
    api.ask(&signed_by(&key, header.as_bytes(), claims.as_bytes())).await.passes();

    let latin_1: Vec<u8> =
        claims.replace('🦀', "").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = [&b"\xef\xbb\xbf"[..], claims.as_bytes()].concat();
    for payload in [&latin_1, &utf_16(&claims), &marked] {
        api.ask(&signed_by(&key, header.as_bytes(), payload)).await.is_invalid_token();
    }
    for header in [utf_16(&header), [header.as_bytes(), b"\xff"].concat()] {
        api.ask(&signed_by(&key, &header, claims.as_bytes())).await.is_invalid_token();
    }
}
