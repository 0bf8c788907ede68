//! A key set as an issuer or an attacker in its place might publish it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scopegate_fuzz::{KEY, now, rules};
use scopegate_jose::{Jwk, KeySet, MAX_KEYS, SigningKey, TokenType, verify_access_token};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        // Parsing a private key must not panic. A `Jwk` must never contain private members.
        let _ = SigningKey::from_jwk_json(text);
        if let Ok(jwk) = serde_json::from_str::<Jwk>(text) {
            let written = serde_json::to_value(&jwk).expect("a key is plain data");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(written.get(private).is_none(), "{private}");
            }
        }
    }
    let Ok(parsed) = KeySet::parse(data) else { return };
    assert!(parsed.keys.len() <= MAX_KEYS);
    for set_aside in &parsed.set_aside {
        assert!(!set_aside.problem.to_string().is_empty());
    }
    let payload = serde_json::json!({ "iss": scopegate_fuzz::ISSUER, "exp": u32::MAX });
    let token = KEY.sign(TokenType::AccessToken, &payload).expect("the key signs");
    // A token without an audience must be refused with any key set.
    assert!(verify_access_token(&token, &parsed.keys, &rules(), now()).is_err());
});
