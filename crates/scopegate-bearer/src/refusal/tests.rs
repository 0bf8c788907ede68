use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::ScopeSet;
use scopegate_jose::JoseError;
use serde_json::{Value, json};

use super::*;
fn body(refusal: &Refusal) -> Value {
    serde_json::from_slice(refusal.clone().into_http::<Vec<u8>>().body()).unwrap()
}

#[test]
fn the_cause_determines_status_challenge_and_body() {
    let needed = ScopeSet::parse("read:orders write:orders").unwrap();
    for (cause, status, reason, challenge, error) in [
        (RefusalCause::NoToken, 401, "no_token", Some("Bearer"), None),
        (
            RefusalCause::InvalidRequest("Two Authorization headers"),
            400,
            "invalid_request",
            Some(
                r#"Bearer error="invalid_request", error_description="Two Authorization headers""#,
            ),
            Some("invalid_request"),
        ),
        (
            RefusalCause::InvalidToken(JoseError::Expired),
            401,
            "expired",
            Some(r#"Bearer error="invalid_token", error_description="The access token expired""#),
            Some("invalid_token"),
        ),
        (
            RefusalCause::InsufficientScope { needed },
            403,
            "insufficient_scope",
            Some(
                r#"Bearer error="insufficient_scope", error_description="The access token lacks a scope that this request needs", scope="read:orders write:orders""#,
            ),
            Some("insufficient_scope"),
        ),
        (
            RefusalCause::InsufficientAuthentication {
                acr_values: &["urn:mfa", "urn:pwd"],
                max_age: Some(Duration::from_secs(300)),
            },
            401,
            "insufficient_user_authentication",
            Some(
                r#"Bearer error="insufficient_user_authentication", error_description="The user must sign in again, or by stronger means", acr_values="urn:mfa urn:pwd", max_age="300""#,
            ),
            Some("insufficient_user_authentication"),
        ),
        (
            RefusalCause::MissingClaim { claim: "sub" },
            401,
            "missing_claim",
            Some(
                r#"Bearer error="invalid_token", error_description="The access token lacks a claim that this request needs""#,
            ),
            Some("invalid_token"),
        ),
        (
            RefusalCause::RuleNotMet { rule: "the role `admin`".into() },
            403,
            "rule_not_met",
            Some(
                r#"Bearer error="insufficient_scope", error_description="The access token does not allow this request""#,
            ),
            Some("insufficient_scope"),
        ),
        (
            RefusalCause::KeysUnavailable { retry_after: Duration::from_secs(7) },
            503,
            "keys_unavailable",
            None,
            None,
        ),
        (RefusalCause::Misconfigured("no layer".into()), 500, "misconfigured", None, None),
    ] {
        let refusal = Refusal::new(cause);
        assert_eq!(refusal.status(), status);
        assert_eq!(refusal.reason(), reason);
        assert_eq!(
            refusal.challenge().map(|challenge| challenge.to_string()).as_deref(),
            challenge
        );
        let body = body(&refusal);
        assert_eq!(body["status"], status);
        assert_eq!(body.get("error").and_then(Value::as_str), error);
        assert_eq!(refusal.retry_after().is_some(), status == 503);
    }
}

#[test]
fn a_problem_document_names_the_scopes_that_are_needed() {
    let needed = ScopeSet::parse("write:orders").unwrap();
    let refusal = Refusal::new(RefusalCause::InsufficientScope { needed });
    assert_eq!(
        body(&refusal),
        json!({
            "type": "about:blank",
            "title": "Forbidden",
            "status": 403,
            "detail": "The access token lacks a scope that this request needs",
            "error": "insufficient_scope",
            "scope": "write:orders",
        })
    );
}

#[test]
fn internal_details_are_not_shown_to_the_client() {
    let refusal = Refusal::new(RefusalCause::Misconfigured("the secret detail".into()));
    assert!(!body(&refusal).to_string().contains("secret"));
    let refusal = Refusal::new(RefusalCause::RuleNotMet { rule: "the secret role".into() });
    assert!(!body(&refusal).to_string().contains("secret"));
    assert!(!refusal.challenge().unwrap().to_string().contains("secret"));
}

#[test]
fn settings_appear_in_every_challenge() {
    let settings = ChallengeSettings::new()
        .with_realm("orders")
        .with_resource_metadata("https://api.example/.well-known/oauth-protected-resource");
    let settings = Arc::new(settings);
    let refusal = Refusal::new(RefusalCause::NoToken).with_settings(Arc::clone(&settings));
    assert_eq!(
        refusal.challenge().unwrap().to_string(),
        r#"Bearer realm="orders", resource_metadata="https://api.example/.well-known/oauth-protected-resource""#
    );
    let refusal = Refusal::new(RefusalCause::Misconfigured("".into())).with_settings(settings);
    assert!(refusal.challenge().is_none());
}
