//! The tokens that all get: those of the other benchmarks, with the claims that some peers require.

use std::time::{SystemTime, UNIX_EPOCH};

use scopegate_benches::Setting;
use serde_json::{Value, json};

/// A token that every peer must accept, with these members changed.
///
/// aliri and tower-oauth2-resource-server refuse a token without `nbf` if they are configured to
/// check it, and axum-keycloak-auth refuses one without `typ` and `azp`.
pub fn token(setting: &mut Setting, members: Value) -> String {
    let mut all = json!({ "nbf": now() - 10, "typ": "Bearer", "azp": "orders-reader" });
    let (Some(all_members), Value::Object(members)) = (all.as_object_mut(), members) else {
        unreachable!("members are an object")
    };
    all_members.extend(members);
    setting.token(all)
}

/// This many new tokens.
pub fn tokens(setting: &mut Setting, count: usize) -> Vec<String> {
    (0..count).map(|_| token(setting, json!({}))).collect()
}

/// The tokens that must be refused, each with the one thing that is wrong with it.
pub fn refused(setting: &mut Setting) -> Vec<(&'static str, String)> {
    vec![
        ("signature", forged(setting)),
        ("iss", token(setting, json!({ "iss": "https://evil.example" }))),
        ("aud", token(setting, json!({ "aud": "api://other" }))),
        ("exp", token(setting, json!({ "exp": now() - 3_600 }))),
        ("nbf", token(setting, json!({ "nbf": now() + 3_600 }))),
        ("scope", token(setting, json!({ "scope": "openid", "scp": ["openid"] }))),
    ]
}

/// A valid token with the signature of another one.
fn forged(setting: &mut Setting) -> String {
    let [token, other] = [(); 2].map(|()| token(setting, json!({})));
    let (signed, _) = token.rsplit_once('.').expect("three segments");
    let (_, signature) = other.rsplit_once('.').expect("three segments");
    format!("{signed}.{signature}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
