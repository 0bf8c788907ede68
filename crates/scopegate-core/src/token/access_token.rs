//! The access token (RFC 9068 §2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use scopegate_claims::{Claims, ClaimsBuilder, Dialect};
use scopegate_jose::TokenType;
use serde_json::Value;

use super::custom_claims::custom_claims;
use super::sign::sign;
use super::{Allowed, MayAct, Subject, TokenDraft};
use crate::catalog::TokenKind;
use crate::directory::{Person, User};
use crate::error::CallError;
use crate::expression::{Inputs, Work};
use crate::keys::Signer;

/// The claims of the administrator, of delegation and of userinfo.
pub(super) fn extra_claims<'a>(
    allowed: &Allowed<'a>,
    inputs: &Inputs<'a>,
    work: &Work,
) -> Result<BTreeMap<Cow<'a, str>, Cow<'a, Value>>, CallError> {
    let Allowed { server, granted, extras, .. } = *allowed;
    let mut claims = custom_claims(server, TokenKind::Access, inputs, &granted.scopes, work)?;
    // These names are reserved, so they replace no claim of the administrator.
    if let Some(actor) = &extras.actor {
        let actor = serde_json::to_value(actor).expect("an actor has text keys only");
        claims.insert("act".into(), Cow::Owned(actor));
    }
    if let Some(may_act) = may_act(allowed) {
        let may_act = serde_json::to_value(may_act).expect("may_act has text keys only");
        claims.insert("may_act".into(), Cow::Owned(may_act));
    }
    if !extras.userinfo_claims.is_empty() {
        let names = Value::from(extras.userinfo_claims.as_slice());
        claims.insert("userinfo_claims".into(), Cow::Owned(names));
    }
    Ok(claims)
}

impl TokenDraft<'_> {
    /// Signs the access token.
    pub(super) async fn sign_access_token(&self, signer: &dyn Signer) -> Result<String, CallError> {
        let Allowed { server, client, subject, now, .. } = self.allowed;
        let dialect = server.spec.dialect;
        let claims = Claims::builder(&server.issuer, now.plus(self.lifetime))
            .audience(self.audience().clone())
            .issued_at(now)
            .token_id(self.id.as_str())
            .client_id(client.id.as_str())
            .scopes(self.scopes.clone());
        let claims = match subject {
            Subject::Client => claims.subject(self.subject()),
            Subject::Person(person) => add_user(claims.subject(self.subject()), person),
        };
        let mut extra = Cow::Borrowed(&self.claims);
        if let Some(confirmation) = &self.confirmation {
            extra.to_mut().insert("cnf".into(), Cow::Borrowed(confirmation));
        }
        let claims = claims.build();
        let payload = claims.in_dialect_with(dialect, &*extra);
        sign(signer, token_type(dialect), &payload).await
    }
}

/// Who may act for the user with this token: the client that the settings of the token's client name.
/// Otherwise the `may_act` of the token that was exchanged for this one.
fn may_act(allowed: &Allowed<'_>) -> Option<MayAct> {
    allowed.subject.person()?;
    let configured = allowed.client.spec.may_act.as_ref();
    let configured = configured.map(|id| MayAct { sub: Some(id.to_string()), ..MayAct::default() });
    configured.or_else(|| allowed.extras.may_act.clone())
}

/// Adds who the user is, and how they signed in.
fn add_user(claims: ClaimsBuilder, person: &Person) -> ClaimsBuilder {
    let Person { user, auth } = person;
    let claims = claims.user_id(user.id.as_str());
    match auth {
        None => claims,
        Some(auth) => {
            claims.auth_time(auth.at).acr(&auth.acr).amr(auth.amr.iter().map(String::as_str))
        }
    }
}

/// The `sub` of a user's access tokens. In Okta's dialect it is the login.
pub(crate) fn subject_of(user: &User, dialect: Dialect) -> &str {
    match dialect {
        Dialect::Okta => &user.login,
        Dialect::Both | Dialect::Rfc9068 => user.id.as_str(),
    }
}

/// The header `typ`. Okta's tokens have none. RFC 9068 §2.1 requires it.
fn token_type(dialect: Dialect) -> TokenType {
    match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::AccessToken,
    }
}
