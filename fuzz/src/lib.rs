//! What the targets share: one issuer, its key, and a second opinion on its tokens.

mod challenge_reader;
mod oracle;

use std::sync::{Arc, LazyLock};

use scopegate_claims::{Audience, Issuer, UnixTime};
use scopegate_jose::{AudienceRule, KeySet, Rules, SigningKey};

pub use challenge_reader::read_challenge;
pub use oracle::{accepts, sign};

/// The issuer of the tokens.
pub const ISSUER: &str = "https://id.example.com";

/// Whom they are for.
pub const AUDIENCE: &str = "api://orders";

/// The time.
pub const NOW: u64 = 1_700_000_100;

/// The private key of the issuer, in the open: it signs for nobody.
pub static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| {
    let key = SigningKey::from_jwk_json(include_str!("../key.jwk.json"));
    Arc::new(key.expect("the key is one"))
});

/// The public half, as a service holds it.
pub fn keys() -> KeySet {
    KeySet::from_keys([KEY.verifying_key().expect("the key is public")])
}

/// The rules that a service has.
pub fn rules() -> Rules {
    let audience = AudienceRule::any_of([Audience::parse(AUDIENCE).expect("it is one")]);
    Rules::new(Issuer::parse(ISSUER).expect("it is one"), audience)
}

/// The time.
pub fn now() -> UnixTime {
    UnixTime::from_seconds(NOW)
}
