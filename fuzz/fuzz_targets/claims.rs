//! A payload, or a header and a payload separated by a line break, signed with the issuer's key.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scopegate_claims::{Claims, Dialect};
use scopegate_fuzz::{accepts, keys, now, rules, sign};
use scopegate_jose::{KeySet, Rules, verify_access_token};

const HEADER: &[u8] = br#"{"typ":"at+jwt","alg":"EdDSA","kid":"fuzz"}"#;

static KEYS: LazyLock<KeySet> = LazyLock::new(keys);
static RULES: LazyLock<Rules> = LazyLock::new(rules);

fuzz_target!(|data: &[u8]| {
    let line_break = data.iter().position(|byte| *byte == b'\n');
    let (header, payload) = match line_break {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (HEADER, data),
    };
    let token = sign(header, payload);
    let Ok(verified) = verify_access_token(&token, &KEYS, &RULES, now()) else { return };
    assert!(accepts(&token), "{token}");
    // Claims that are written and read again must not change.
    let claims = verified.claims();
    let written =
        serde_json::to_string(&claims.in_dialect(Dialect::Both)).expect("claims can be written");
    let again: Claims = serde_json::from_str(&written).expect("written claims can be read");
    assert_eq!(again.subject(), claims.subject());
    assert_eq!(again.scopes(), claims.scopes());
    assert_eq!(again.client_id(), claims.client_id());
    assert_eq!(again.expires_at(), claims.expires_at());
});
