use std::panic::catch_unwind;

use super::*;

#[test]
fn acr_takes_at_least_one_value_and_no_value_with_a_space() {
    for bad in [&[] as &[&str], &["a b"], &["a", "b "], &[" "], &["a", "b\t"]] {
        assert!(catch_unwind(|| acr(bad)).is_err(), "{bad:?}");
    }
    let values = &["urn:mfa", "!~é"];
    assert_eq!(acr(values), Guard::Authentication { acr_values: values, max_age: None });
}

#[test]
fn a_sign_in_is_fresh_up_to_max_age_and_an_unknown_one_never() {
    let at = UnixTime::from_seconds;
    let age = Duration::from_secs(300);
    assert!(is_fresh(Some(at(1_000)), age, at(1_300)));
    assert!(!is_fresh(Some(at(1_000)), age, at(1_301)));
    assert!(is_fresh(Some(at(1_000)), age, at(990)), "the issuer's clock is a little ahead");
    assert!(!is_fresh(None, age, at(1_000)));
}

#[test]
fn guards_are_displayed_as_readable_text() {
    let acr_values: &[_] = &["urn:mfa", "urn:pwd"];
    let max_age = Some(Duration::from_secs(300));
    for (guard, text) in [
        (Guard::Scopes(Requirement::scope("a")), "a"),
        (Guard::Role("admin"), "role admin"),
        (Guard::Group("/staff"), "group /staff"),
        (Guard::Authentication { acr_values, max_age: None }, "signed in by urn:mfa or urn:pwd"),
        (
            Guard::Authentication { acr_values, max_age },
            "signed in by urn:mfa or urn:pwd within 300 s",
        ),
        (Guard::Authentication { acr_values: &[], max_age }, "signed in within 300 s"),
        (Guard::Rule(Rule::named("the premium plan")), "the premium plan"),
        (Guard::OptionalToken, "a token or none"),
    ] {
        assert_eq!(guard.to_string(), text);
    }
}

#[test]
fn a_guard_that_failed_is_503_with_retry_after_and_names_itself_only_in_the_log() {
    let refusal = crate::Refusal::new(RefusalCause::guard_failed("own orders only", "panicked"));
    assert_eq!((refusal.reason(), refusal.challenge()), ("guard_failed", None));
    let response = refusal.into_http::<Vec<u8>>();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(!String::from_utf8_lossy(response.body()).contains("own orders"));
}

#[test]
fn rules_are_equal_if_their_names_are() {
    let rule = Rule::named("own orders only");
    assert_eq!(rule.name(), "own orders only");
    assert_eq!(rule, Rule::decided_by("own orders only", |_| Ok(())));
    assert_ne!(rule, Rule::named("own orders"));
}
