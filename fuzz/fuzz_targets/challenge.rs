//! A challenge with arbitrary texts must be exactly one challenge and a valid header value.

#![no_main]

use std::time::Duration;

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use scopegate_bearer::{BearerChallenge, BearerError};
use scopegate_claims::ScopeSet;
use scopegate_fuzz::read_challenge;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (realm, error, description, scope) = (next(), next(), next(), next());
    let (acr, max_age, metadata) = (next(), next(), next());
    let error = match error {
        "invalid_token" => Some(BearerError::InvalidToken),
        "" => None,
        _ => Some(BearerError::InsufficientScope),
    };
    let scope = ScopeSet::parse(scope).ok();
    let max_age = max_age.parse().ok().map(Duration::from_secs);

    let mut challenge = BearerChallenge::new()
        .with_realm(realm)
        .with_description(description)
        .with_acr_values(acr.split_whitespace())
        .with_resource_metadata(metadata);
    if let Some(error) = error {
        challenge = challenge.with_error(error);
    }
    if let Some(scope) = &scope {
        challenge = challenge.with_scope(scope);
    }
    if let Some(age) = max_age {
        challenge = challenge.with_max_age(age);
    }
    let written = challenge.to_string();
    HeaderValue::try_from(&written).expect("a challenge is a header value");
    let parameters = read_challenge(&written).expect("a challenge is one challenge");
    let value = |name: &str| {
        let mut found = parameters.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} occurs twice");
        value
    };
    let plain: String =
        realm.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    assert_eq!(value("realm"), Some(&*plain));
    assert_eq!(value("error"), error.map(|error| error.as_str()));
    let named = scope.filter(|scope| !scope.is_empty());
    assert_eq!(value("scope"), named.as_ref().map(|scope| scope.as_str()));
    assert_eq!(value("max_age"), max_age.map(|age| age.as_secs().to_string()).as_deref());
});
