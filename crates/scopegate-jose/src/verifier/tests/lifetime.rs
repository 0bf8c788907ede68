//! When a token is valid.

use super::*;

#[test]
fn a_token_expires_at_exp_plus_leeway() {
    let token = signed(None, payload(json!({})).to_string().as_bytes());
    let at = |now, leeway| {
        let rules = rules().with_leeway(Duration::from_secs(leeway)).unwrap();
        verify_at(&token, &rules, now).map(|_| ())
    };
    assert_eq!(at(NOW + 599, 0), Ok(()));
    assert_eq!(at(NOW + 600, 0), Err(JoseError::Expired));
    assert_eq!(at(NOW + 659, 60), Ok(()));
    assert_eq!(at(NOW + 660, 60), Err(JoseError::Expired));
    assert_eq!(at(UnixTime::MAX.as_seconds(), 300), Err(JoseError::Expired));
}

#[test]
fn nbf_may_not_be_in_the_future_beyond_the_leeway() {
    assert!(with(json!({ "nbf": NOW + 60 })).is_ok());
    assert_eq!(refusal(json!({ "nbf": NOW + 61 })), JoseError::NotYetValid);
    let end_of_time = UnixTime::MAX.as_seconds();
    assert_eq!(refusal(json!({ "nbf": end_of_time })), JoseError::NotYetValid);
    assert!(refusal(json!({ "nbf": "1700000000" })).reason() == "invalid_claims");
    assert!(with(json!({ "nbf": null })).is_ok());
    assert!(with(json!({ "nbf": 0 })).is_ok());
}

/// RFC 7519 §4.1.6 gives `iat` no such meaning. The clock of an issuer may be ahead of ours.
#[test]
fn iat_ahead_of_our_clock_does_not_make_a_token_bad() {
    for iat in [NOW + 61, NOW + 86_400, UnixTime::MAX.as_seconds()] {
        let verified = with(json!({ "iat": iat })).unwrap();
        assert_eq!(verified.claims().issued_at(), Some(UnixTime::from_seconds(iat)));
        let leeway = Duration::from_secs(60);
        assert!(verified.lifetime(leeway).contains(&UnixTime::from_seconds(NOW)), "{iat}");
    }
    assert_eq!(refusal(json!({ "iat": NOW + 61, "nbf": NOW + 61 })), JoseError::NotYetValid);
}

#[test]
fn the_lifetime_begins_with_nbf_and_ends_with_exp() {
    let verified = with(json!({ "nbf": NOW - 5, "iat": NOW + 50 })).unwrap();
    let at = UnixTime::from_seconds;
    assert_eq!(verified.lifetime(Duration::ZERO), at(NOW - 5)..at(NOW + 600));
    assert_eq!(verified.lifetime(Duration::from_secs(60)), at(NOW - 65)..at(NOW + 660));
    let verified = with(json!({ "nbf": null })).unwrap();
    assert_eq!(verified.lifetime(Duration::ZERO).start, at(0));
}

#[test]
fn exp_is_required_and_must_be_a_number_in_range() {
    for exp in
        [json!(null), json!("1700000600"), json!(-1), json!(true), json!(253_402_300_800_u64)]
    {
        assert_eq!(refusal(json!({ "exp": exp })), malformed("exp"), "{exp}");
    }
    assert!(with(json!({ "exp": UnixTime::MAX.as_seconds() })).is_ok());
    assert!(with(json!({ "exp": NOW as f64 + 0.5 })).is_ok());
}

#[test]
fn the_leeway_is_bounded() {
    assert!(rules().with_leeway(Duration::ZERO).is_ok());
    assert!(rules().with_leeway(MAX_LEEWAY).is_ok());
    let error = rules().with_leeway(MAX_LEEWAY + Duration::from_nanos(1)).unwrap_err();
    assert_eq!(error, JoseError::LeewayTooLong);
}
