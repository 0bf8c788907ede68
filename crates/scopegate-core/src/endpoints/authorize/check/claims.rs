//! What the ID token and userinfo shall say (OpenID Connect Core §5.5). Without `openid` there is
//! neither, and nothing of this is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::directory::standard_claims;
use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::people::session::PASSWORD_ACR;

const MAX_NONCE: usize = 1024;
const MAX_CLAIMS: usize = 8 * 1024;
const MAX_NAMES: usize = 50;

/// What the ID token repeats, so that the client knows it for its own.
pub(in crate::endpoints::authorize) fn nonce(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let nonce = draft.form.value("nonce").filter(|_| draft.asked.is_openid());
    if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
        return Err(AuthorizeError::invalid_request("The nonce is too long."));
    }
    draft.asked.id_token.nonce = nonce.map(str::to_owned);
    Ok(())
}

/// The parameter `claims`. Names that mean nothing here are ignored (§5.5).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    id_token: Option<Names>,
    userinfo: Option<Names>,
}

/// What is wished of each claim: only that of the two that bind us is looked into.
type Names = BTreeMap<String, Value>;

/// What is wished of a claim (§5.5.1).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wish {
    essential: Option<bool>,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl Wish {
    /// The wish for a claim; none where it is only named.
    fn of(name: &str, names: &Names) -> Result<Option<Self>, AuthorizeError> {
        match names.get(name) {
            None | Some(Value::Null) => Ok(None),
            // A list would be read as an object, too.
            Some(wish @ Value::Object(_)) => {
                Self::deserialize(wish).map(Some).map_err(|_| MALFORMED)
            }
            Some(_) => Err(MALFORMED),
        }
    }

    fn values(&self) -> impl Iterator<Item = &Value> {
        self.value.iter().chain(self.values.iter().flatten())
    }
}

const MALFORMED: AuthorizeError = AuthorizeError::invalid_request("The claims are malformed.");

/// Claims that are asked for by name.
pub(in crate::endpoints::authorize) fn claims(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let Some(text) = draft.form.value("claims").filter(|_| draft.asked.is_openid()) else {
        return Ok(());
    };
    // A list would be read as an object whose members come in their order.
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
    if let Some(wish) = Wish::of("sub", &id_token)? {
        let subjects: Option<BTreeSet<_>> =
            wish.values().map(|value| value.as_str().map(str::to_owned)).collect();
        draft.asked.subjects = subjects.ok_or(MALFORMED)?;
    }
    if let Some(wish) = Wish::of("acr", &id_token)? {
        let is_asked_for = wish.values().next().is_some();
        let is_met = wish.values().any(|value| value == PASSWORD_ACR);
        draft.asked.is_beyond_us = wish.essential == Some(true) && is_asked_for && !is_met;
    }
    draft.asked.id_token.claims = known(&id_token);
    draft.asked.userinfo_claims = known(&userinfo);
    Ok(())
}

fn known(names: &Names) -> Vec<String> {
    let is_known = |name: &&String| standard_claims::names().any(|known| known == name.as_str());
    names.keys().filter(is_known).cloned().collect()
}
