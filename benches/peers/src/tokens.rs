//! The tokens that all are given: those of the other benchmarks, and what some peers ask for besides.

use std::time::{SystemTime, UNIX_EPOCH};

use scopegate_benches::Setting;
use serde_json::{Value, json};

/// A token that everybody must accept, with these members changed.
///
/// aliri and tower-oauth2-resource-server refuse a token without `nbf` once they are told to check it,
/// and axum-keycloak-auth one without `typ` and `azp`.
pub fn token(setting: &mut Setting, members: Value) -> String {
    let mut all = json!({ "nbf": now() - 10, "typ": "Bearer", "azp": "orders-reader" });
    let (Some(all_members), Value::Object(members)) = (all.as_object_mut(), members) else {
        unreachable!("members are an object")
    };
    all_members.extend(members);
    setting.token(all)
}

/// So many tokens that nobody has seen.
pub fn tokens(setting: &mut Setting, count: usize) -> Vec<String> {
    (0..count).map(|_| token(setting, json!({}))).collect()
}

/// The tokens that must be refused, each with what is wrong with it and nothing else.
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

/// A good token whose signature is that of another.
fn forged(setting: &mut Setting) -> String {
    let [token, other] = [(); 2].map(|()| token(setting, json!({})));
    let (signed, _) = token.rsplit_once('.').expect("three segments");
    let (_, signature) = other.rsplit_once('.').expect("three segments");
    format!("{signed}.{signature}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
