//! The signature of a call, after Standard Webhooks (<https://www.standardwebhooks.com>).

use base64_simd::STANDARD;
use scopegate_jose::hmac_sha256;
use zeroize::Zeroizing;

/// The prefix of a key in its text form.
const PREFIX: &str = "whsec_";

/// Reads a key: `whsec_` and 24 to 64 random bytes in base64. The prefix may be missing.
pub fn signature_key(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
    let key = Zeroizing::new(STANDARD.decode_to_vec(encoded.as_bytes()).ok()?);
    (24..=64).contains(&key.len()).then_some(key)
}

/// The value of the header `webhook-signature`: `v1,` and the base64 of the HMAC-SHA-256 of
/// `{id}.{timestamp}.{body}`.
pub fn signature(key: &[u8], id: &str, timestamp: u64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    format!("v1,{}", STANDARD.encode_to_string(hmac_sha256(key, &signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_signature_of_the_specification() {
        let key = signature_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(signature(&key, "msg_other", 1_614_265_330, body), signed);
        assert_ne!(signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1, body), signed);
    }

    #[test]
    fn a_key_has_24_to_64_bytes() {
        let text = |bytes: usize| STANDARD.encode_to_string(vec![7; bytes]);
        for (bytes, is_key) in [(23, false), (24, true), (64, true), (65, false)] {
            assert_eq!(signature_key(&text(bytes)).is_some(), is_key, "{bytes}");
            assert_eq!(signature_key(&format!("whsec_{}", text(bytes))).is_some(), is_key);
        }
        for text in ["", "whsec_", "whsec_!!!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-"] {
            assert!(signature_key(text).is_none(), "{text}");
        }
    }
}
