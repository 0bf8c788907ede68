//! Reading the claims of a token.

use scopegate_jose::base64url;
use serde_json::Value;

/// The claims of a JWT. The signature is not checked.
#[track_caller]
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("it is a JWS");
    let payload = base64url::decode(payload).expect("the payload is base64url");
    serde_json::from_slice(&payload).expect("the payload is JSON")
}
