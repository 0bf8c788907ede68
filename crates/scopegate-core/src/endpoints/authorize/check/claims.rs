//! The parameters `nonce` and `claims`: what the ID token and userinfo should contain (OpenID Connect Core
//! §5.5). Without the scope `openid` there is neither, and both parameters are ignored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::directory::standard_claims;
use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::people::session::PASSWORD_ACR;

/// The longest `nonce`, in bytes.
const MAX_NONCE: usize = 1024;

/// The longest `claims` parameter, in bytes.
const MAX_CLAIMS: usize = 8 * 1024;

/// The maximum number of requested claims.
const MAX_NAMES: usize = 50;

/// `nonce`: the ID token repeats it, so that the client can recognize a token for its own request.
pub(in crate::endpoints::authorize) fn nonce(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let nonce = draft.form.value("nonce").filter(|_| draft.parsed.is_openid());
    if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
        return Err(AuthorizeError::invalid_request("The nonce is too long."));
    }
    draft.parsed.id_token.nonce = nonce.map(str::to_owned);
    Ok(())
}

/// The parameter `claims`. Unknown members are ignored (§5.5).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    id_token: Option<Names>,
    userinfo: Option<Names>,
}

/// The requested claims with their requirements. Only the requirements of `sub` and `acr` are read, because no
/// others must be met.
type Names = BTreeMap<String, Value>;

/// The requirements for a claim (§5.5.1).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Requirement {
    essential: Option<bool>,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl Requirement {
    /// The requirement for a claim. `None` if the claim is absent, or named without a requirement.
    fn of(name: &str, names: &Names) -> Result<Option<Self>, AuthorizeError> {
        match names.get(name) {
            None | Some(Value::Null) => Ok(None),
            // Serde would also accept a list for the struct.
            Some(requirement @ Value::Object(_)) => {
                Self::deserialize(requirement).map(Some).map_err(|_| MALFORMED)
            }
            Some(_) => Err(MALFORMED),
        }
    }

    fn values(&self) -> impl Iterator<Item = &Value> {
        self.value.iter().chain(self.values.iter().flatten())
    }
}

const MALFORMED: AuthorizeError = AuthorizeError::invalid_request("The claims are malformed.");

/// `claims`: the claims that are requested by name.
pub(in crate::endpoints::authorize) fn claims(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let Some(text) = draft.form.value("claims").filter(|_| draft.parsed.is_openid()) else {
        return Ok(());
    };
    // Serde would also accept a list for the struct, with the members in order.
    if !text.trim_start().starts_with('{') {
        return Err(MALFORMED);
    }
    let is_short = text.len() <= MAX_CLAIMS;
    let claims: Claims = match is_short.then(|| serde_json::from_str(text)) {
        Some(Ok(claims)) => claims,
        Some(Err(_)) => return Err(MALFORMED),
        None => return Err(AuthorizeError::invalid_request("The claims are too long.")),
    };
    let (id_token, userinfo) =
        (claims.id_token.unwrap_or_default(), claims.userinfo.unwrap_or_default());
    if id_token.len() + userinfo.len() > MAX_NAMES {
        return Err(AuthorizeError::invalid_request("The claims name too many."));
    }
    if let Some(requirement) = Requirement::of("sub", &id_token)? {
        let subjects: Option<BTreeSet<_>> =
            requirement.values().map(|value| value.as_str().map(str::to_owned)).collect();
        draft.parsed.subjects = subjects.ok_or(MALFORMED)?;
    }
    if let Some(requirement) = Requirement::of("acr", &id_token)? {
        let has_values = requirement.values().next().is_some();
        let is_met = requirement.values().any(|value| value == PASSWORD_ACR);
        draft.parsed.needs_unavailable_acr =
            requirement.essential == Some(true) && has_values && !is_met;
    }
    draft.parsed.id_token.claims = known(&id_token);
    draft.parsed.userinfo_claims = known(&userinfo);
    Ok(())
}

fn known(names: &Names) -> Vec<String> {
    let is_known = |name: &&String| standard_claims::names().any(|known| known == name.as_str());
    names.keys().filter(is_known).cloned().collect()
}
