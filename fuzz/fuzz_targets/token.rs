//! An arbitrary token. If scopegate accepts it, the oracle must accept it too.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scopegate_fuzz::{accepts, keys, now, rules};
use scopegate_jose::{KeySet, Rules, UnverifiedJws, verify_access_token};

static KEYS: LazyLock<KeySet> = LazyLock::new(keys);
static RULES: LazyLock<Rules> = LazyLock::new(rules);

fuzz_target!(|token: &str| {
    if let Ok(jws) = UnverifiedJws::parse(token) {
        let _ = jws.unverified_issuer();
    }
    match verify_access_token(token, &KEYS, &RULES, now()) {
        Ok(verified) => {
            assert!(accepts(token), "{token}");
            assert!(!format!("{verified:?}").contains("u1"), "a claim in Debug");
        }
        Err(error) => assert!(!error.description().is_empty() && !error.reason().is_empty()),
    }
});
