//! Whether a token is good.

use std::fmt;
use std::process::ExitCode;

use scopegate_claims::{Audience, Audiences, Claims, Issuer, UnixTime};
use scopegate_jose::{
    AlgorithmSet, AudienceRule, Evidence, Rules, UnverifiedJws, Verified, verify_access_token,
};

use super::issuer_keys::IssuerKeys;

/// Whether a token is good.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is not valid; the text says why.
    Invalid(String),
    /// It could not be verified; the text says why.
    NotVerified(String),
    /// It is valid; the text says by which evidence.
    Valid(String),
}

impl Verdict {
    /// The exit code.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Valid(_) => ExitCode::SUCCESS,
            Self::Invalid(_) | Self::NotVerified(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) => write!(f, "INVALID: {reason}"),
            Self::NotVerified(reason) => write!(f, "NOT VERIFIED: {reason}"),
            Self::Valid(evidence) => write!(f, "VALID: {evidence}"),
        }
    }
}

/// Checks a token as the service that it is for would.
pub(super) fn check(
    token: &str,
    keys: &IssuerKeys,
    audience: Option<&Audience>,
    now: UnixTime,
) -> Verdict {
    match verified(token, keys, audience, now) {
        Ok(verified) => {
            let unchecked = if audience.is_none() { "; the audience was not checked" } else { "" };
            Verdict::Valid(format!("{}{unchecked}", evidence(&verified, keys)))
        }
        Err(reason) => Verdict::Invalid(reason),
    }
}

fn verified(
    token: &str,
    keys: &IssuerKeys,
    audience: Option<&Audience>,
    now: UnixTime,
) -> Result<Verified, String> {
    // The signature is checked first, so that nothing is reported about the claims of a forged
    // token.
    let jws = UnverifiedJws::parse(token).map_err(|error| error.to_string())?;
    let signed = jws.verify(&keys.keys, AlgorithmSet::all()).map_err(|error| error.to_string())?;
    let claims = serde_json::from_slice::<Claims>(signed.payload())
        .map_err(|error| format!("the claims of the token are malformed: {error}"))?;
    let issuer = match &keys.issuer {
        Some(issuer) => issuer.clone(),
        None => Issuer::parse(claims.issuer()).map_err(|error| error.to_string())?,
    };
    let rules = Rules::new(issuer, audience_rule(audience, &claims));
    verify_access_token(token, &keys.keys, &rules, now).map_err(|error| error.to_string())
}

/// The audience to check: the one that was named, or else the token's own.
fn audience_rule(audience: Option<&Audience>, claims: &Claims) -> AudienceRule {
    match (audience, claims.audiences(), claims.token_use()) {
        (Some(audience), _, _) => AudienceRule::any_of([audience.clone()]),
        (None, None, Some(token_use)) => AudienceRule::client_ids(claims.client_id(), token_use),
        (None, audiences, _) => {
            let own = audiences.into_iter().flat_map(Audiences::iter);
            AudienceRule::any_of(own.filter_map(|audience| Audience::parse(audience).ok()))
        }
    }
}

fn evidence(verified: &Verified, keys: &IssuerKeys) -> String {
    match verified.evidence() {
        Evidence::Signature { algorithm, kid, .. } => {
            let key = kid.as_deref().map_or_else(String::new, |kid| format!(" {kid}"));
            format!("signed by {} with {}, key{key}", keys.owner, algorithm.name())
        }
        _ => format!("vouched for by {}", keys.owner),
    }
}
