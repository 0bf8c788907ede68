//! Code that the targets share: an issuer, its key, and an independent verifier (the oracle).

mod challenge_reader;
mod oracle;

use std::sync::{Arc, LazyLock};

use scopegate_claims::{Audience, Issuer, UnixTime};
use scopegate_jose::{AudienceRule, KeySet, Rules, SigningKey};

pub use challenge_reader::read_challenge;
pub use oracle::{accepts, sign};

/// The issuer of the tokens.
pub const ISSUER: &str = "https://id.example.com";

/// The audience of the tokens.
pub const AUDIENCE: &str = "api://orders";

/// The current time of the targets, in seconds since 1970.
pub const NOW: u64 = 1_700_000_100;

/// The private key of the issuer. It is published, and no real issuer uses it.
pub static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| {
    let key = SigningKey::from_jwk_json(include_str!("../key.jwk.json"));
    Arc::new(key.expect("the key is valid"))
});

/// The key set of a service.
pub fn keys() -> KeySet {
    KeySet::from_keys([KEY.verifying_key().expect("the key is public")])
}

/// The rules of a service.
pub fn rules() -> Rules {
    let audience = AudienceRule::any_of([Audience::parse(AUDIENCE).expect("it is valid")]);
    Rules::new(Issuer::parse(ISSUER).expect("it is valid"), audience)
}

/// The current time of the targets.
pub fn now() -> UnixTime {
    UnixTime::from_seconds(NOW)
}
