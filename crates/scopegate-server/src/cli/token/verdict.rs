//! Whether a token is good, and every reason why not.

use std::fmt;
use std::process::ExitCode;

use scopegate_claims::{Audience, Audiences, Claims, Issuer, UnixTime};
use scopegate_jose::{
    AlgorithmSet, AudienceRule, JoseError, Mismatch, Rules, UnverifiedJws, verify_access_token,
};
use serde::Serialize;

use super::issuer_keys::IssuerKeys;
use crate::cli::time_text;

/// Whether a token is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Valid,
    Invalid,
    NotVerified,
}

/// Why a token is not good: a stable code, and a text for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl Reason {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The key that a token is signed with.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SignedBy {
    /// Who owns the key.
    pub(super) owner: String,
    pub(super) algorithm: &'static str,
    pub(super) kid: Option<String>,
}

/// Whether a token is good, with the evidence.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// Every reason why the token is invalid or cannot be verified.
    pub(super) reasons: Vec<Reason>,
    /// What one should know besides.
    pub(super) notes: Vec<Reason>,
    /// `None` if the signature could not be verified.
    pub(super) signed_by: Option<SignedBy>,
    /// The claims, if the signature is good.
    pub(super) claims: Option<Box<Claims>>,
}

impl Verdict {
    /// A token whose signature is bad or was not checked.
    pub(super) fn unsigned(outcome: Outcome, reason: Reason) -> Self {
        let (reasons, notes) = (vec![reason], Vec::new());
        Self { outcome, reasons, notes, signed_by: None, claims: None }
    }

    /// The same with more reasons why the token is invalid.
    pub(super) fn with_reasons(mut self, reasons: Vec<Reason>) -> Self {
        if !reasons.is_empty() {
            self.outcome = Outcome::Invalid;
        }
        self.reasons.extend(reasons);
        self
    }

    /// The exit code.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self.outcome {
            Outcome::Valid => ExitCode::SUCCESS,
            Outcome::Invalid | Outcome::NotVerified => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::Valid => "VALID: ",
            Outcome::Invalid => "INVALID: ",
            Outcome::NotVerified => "NOT VERIFIED: ",
        })?;
        let evidence = self.signed_by.as_ref().filter(|_| self.outcome == Outcome::Valid);
        let evidence = evidence.map(|SignedBy { owner, algorithm, kid }| {
            let key = kid.as_deref().map_or_else(String::new, |kid| format!(" {kid}"));
            format!("signed by {owner} with {algorithm}, key{key}")
        });
        let reasons = self.reasons.iter().chain(&self.notes).map(|reason| reason.text.clone());
        let parts: Vec<_> = evidence.into_iter().chain(reasons).collect();
        f.write_str(&parts.join("; "))
    }
}

/// Checks a token as the service that it is for would, and goes on after the first thing that is wrong.
pub(super) fn check(
    token: &str,
    keys: &IssuerKeys,
    audience: Option<&Audience>,
    now: UnixTime,
) -> Verdict {
    let invalid = |error: &JoseError| {
        Verdict::unsigned(Outcome::Invalid, Reason::new(error.reason(), told(error, keys)))
    };
    // The signature is checked first, so that nothing is reported about the claims of a forged
    // token.
    let jws = match UnverifiedJws::parse(token) {
        Ok(jws) => jws,
        Err(error) => return invalid(&error),
    };
    let signed = match jws.verify(&keys.keys, AlgorithmSet::all()) {
        Ok(signed) => signed,
        Err(error) => return invalid(&error),
    };
    let signed_by = Some(SignedBy {
        owner: keys.owner.clone(),
        algorithm: signed.algorithm().name(),
        kid: signed.kid().map(str::to_owned),
    });
    let claims = match serde_json::from_slice::<Claims>(signed.payload()) {
        Ok(claims) => claims,
        Err(error) => {
            let text = format!("the claims of the token are malformed: {error}");
            let reason = Reason::new("invalid_claims", text);
            return Verdict { signed_by, ..Verdict::unsigned(Outcome::Invalid, reason) };
        }
    };
    let (reasons, notes) = match rules(keys, &claims) {
        Ok(rules) => {
            let (mut reasons, mut notes) = times(&claims, &rules, now);
            reasons.extend(audience_reason(&claims, audience));
            // The rest is checked at a time at which the token is valid.
            let begin = claims.not_before().unwrap_or(now);
            let end = claims.expires_at().minus(std::time::Duration::from_secs(1));
            let moment = now.max(begin).min(end);
            if let Err(error) = verify_access_token(token, &keys.keys, &rules, moment) {
                reasons.push(Reason::new(error.reason(), told(&error, keys)));
            }
            if audience.is_none() {
                notes.push(Reason::new("audience_not_checked", "the audience was not checked"));
            }
            (reasons, notes)
        }
        Err(problem) => (vec![Reason::new("invalid_claims", problem)], Vec::new()),
    };
    let valid = Verdict {
        outcome: Outcome::Valid,
        reasons: Vec::new(),
        notes,
        signed_by,
        claims: Some(Box::new(claims)),
    };
    valid.with_reasons(reasons)
}

/// What `exp` and `nbf` say, with the leeway of services for clocks that differ.
fn times(claims: &Claims, rules: &Rules, now: UnixTime) -> (Vec<Reason>, Vec<Reason>) {
    let (mut reasons, mut notes) = (Vec::new(), Vec::new());
    let (leeway, end) = (rules.leeway(), claims.expires_at());
    let seconds = leeway.as_secs();
    if now >= end.plus(leeway) {
        let text = format!("the token has expired: {}", time_text::show(end, now));
        reasons.push(Reason::new("expired", text));
    } else if now >= end {
        let text = format!(
            "it has expired ({}), and is accepted only inside the leeway of {seconds} seconds \
             that services allow; introspection says that it is not active",
            time_text::show(end, now),
        );
        notes.push(Reason::new("expired_inside_leeway", text));
    }
    if let Some(begin) = claims.not_before().filter(|begin| now < *begin) {
        let shown = time_text::show(begin, now);
        if now < begin.minus(leeway) {
            let text = format!("the token is not valid yet: from {shown}");
            reasons.push(Reason::new("not_yet_valid", text));
        } else {
            let text = format!(
                "it is not valid yet (from {shown}), and is accepted only inside the leeway of \
                 {seconds} seconds that services allow"
            );
            notes.push(Reason::new("not_yet_valid_inside_leeway", text));
        }
    }
    (reasons, notes)
}

fn audience_reason(claims: &Claims, wanted: Option<&Audience>) -> Option<Reason> {
    let wanted = wanted?;
    let found: Vec<_> = claims.audiences().into_iter().flat_map(Audiences::iter).collect();
    let is_meant = found.contains(&wanted.as_str());
    (!is_meant).then(|| {
        let mismatch = Mismatch::new(wanted.as_str(), &found.join(", "));
        Reason::new("wrong_audience", format!("the token is for another audience: {mismatch}"))
    })
}

/// The rules of the issuer, with the token's own audiences.
fn rules(keys: &IssuerKeys, claims: &Claims) -> Result<Rules, String> {
    let issuer = match &keys.issuer {
        Some(issuer) => issuer.clone(),
        None => Issuer::parse(claims.issuer()).map_err(|error| error.to_string())?,
    };
    let audiences = match (claims.audiences(), claims.token_use()) {
        (None, Some(token_use)) => AudienceRule::client_ids(claims.client_id(), token_use),
        (audiences, _) => {
            let own = audiences.into_iter().flat_map(Audiences::iter);
            AudienceRule::any_of(own.filter_map(|audience| Audience::parse(audience).ok()))
        }
    };
    Ok(Rules::new(issuer, audiences))
}

/// An error with both values, and the keys that there are.
fn told(error: &JoseError, keys: &IssuerKeys) -> String {
    let details = match error {
        JoseError::UnknownKey { .. } => {
            let kids: Vec<_> = keys.keys.kids().map(|kid| format!("`{kid}`")).collect();
            let found = error.details().unwrap_or_else(|| "found no kid".to_owned());
            Some(format!("{found}; {} has {}", keys.owner, kids.join(", ")))
        }
        error => error.details(),
    };
    match details {
        None => error.to_string(),
        Some(details) => format!("{error}: {details}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scopegate_jose::{Algorithm, KeySet, SigningKey, TokenType, VerifyingKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn verdict(changed: &Value, audience: Option<&str>) -> Verdict {
        let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("one").unwrap();
        let mut claims = json!({
            "iss": "https://id.example", "sub": "batch", "aud": "api://orders",
            "client_id": "batch", "jti": "AT.1", "iat": 1_799_999_900,
            "nbf": 1_799_999_900, "exp": 1_800_000_500, "scope": "read",
        });
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let token = key.sign(TokenType::AccessToken, &claims).unwrap();
        let public = VerifyingKey::from_jwk(&key.public_jwk()).unwrap();
        let keys = IssuerKeys {
            keys: Arc::new(KeySet::from_keys([public])),
            issuer: Some(Issuer::parse("https://id.example").unwrap()),
            owner: "https://id.example".to_owned(),
        };
        let audience = audience.map(|audience| Audience::parse(audience).unwrap());
        check(&token, &keys, audience.as_ref(), NOW)
    }

    fn codes(reasons: &[Reason]) -> Vec<&'static str> {
        reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn a_token_is_expired_after_the_leeway_and_noted_inside_it() {
        for (exp, outcome, reasons, notes) in [
            (1, Outcome::Valid, &[][..], &[][..]),
            (0, Outcome::Valid, &[], &["expired_inside_leeway"]),
            (-59, Outcome::Valid, &[], &["expired_inside_leeway"]),
            (-60, Outcome::Invalid, &["expired"], &[]),
        ] {
            let verdict = verdict(&json!({ "exp": 1_800_000_000_i64 + exp }), Some("api://orders"));
            let found = (verdict.outcome, codes(&verdict.reasons), codes(&verdict.notes));
            assert_eq!(found, (outcome, reasons.to_vec(), notes.to_vec()), "{exp}");
        }
    }

    #[test]
    fn a_token_is_not_valid_before_nbf_and_noted_inside_the_leeway() {
        for (nbf, outcome, reasons, notes) in [
            (0, Outcome::Valid, &[][..], &[][..]),
            (1, Outcome::Valid, &[], &["not_yet_valid_inside_leeway"]),
            (60, Outcome::Valid, &[], &["not_yet_valid_inside_leeway"]),
            (61, Outcome::Invalid, &["not_yet_valid"], &[]),
        ] {
            let verdict = verdict(&json!({ "nbf": 1_800_000_000 + nbf }), Some("api://orders"));
            let found = (verdict.outcome, codes(&verdict.reasons), codes(&verdict.notes));
            assert_eq!(found, (outcome, reasons.to_vec(), notes.to_vec()), "{nbf}");
        }
    }

    #[test]
    fn every_reason_is_named_with_both_values() {
        let changed = json!({
            "exp": 1_799_999_000, "nbf": 1_799_998_000, "iss": "https://other.example",
        });
        let verdict = verdict(&changed, Some("api://stock"));
        assert_eq!(codes(&verdict.reasons), ["expired", "wrong_audience", "wrong_issuer"]);
        let text = verdict.to_string();
        for part in [
            "INVALID: the token has expired: 2027-01-15 07:43:20 UTC, 16 minutes ago; ",
            "another audience: wanted `api://stock`, found `api://orders`; ",
            "another issuer: wanted `https://id.example`, found `https://other.example`",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_reason_from_elsewhere_makes_a_valid_token_invalid() {
        let valid = verdict(&json!({}), None);
        assert!(
            valid
                .to_string()
                .starts_with("VALID: signed by https://id.example with ES256, key one; ")
        );
        let same = valid.with_reasons(Vec::new());
        assert_eq!(same.outcome, Outcome::Valid);
        let revoked = same.with_reasons(vec![Reason::new("revoked", "it was revoked")]);
        let text = revoked.to_string();
        assert_eq!(text, "INVALID: it was revoked; the audience was not checked");
    }
}
