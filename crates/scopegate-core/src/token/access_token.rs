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
use crate::keys::Signer;

/// The claims that the administrator added, and those of delegation and userinfo.
pub(super) fn extra_claims<'a>(
    allowed: &Allowed<'a>,
) -> Result<BTreeMap<&'a str, Cow<'a, Value>>, CallError> {
    let Allowed { server, client, subject, granted, extras, .. } = *allowed;
    let user = subject.person().map(|person| &person.user);
    let mut claims = custom_claims(server, TokenKind::Access, client, user, &granted.scopes)?;
    // These names are reserved, so nothing is replaced.
    if let Some(actor) = &extras.actor {
        let actor = serde_json::to_value(actor).expect("an actor has text keys only");
        claims.insert("act", Cow::Owned(actor));
    }
    if let Some(may_act) = may_act(allowed) {
        let may_act = serde_json::to_value(may_act).expect("it has text keys only");
        claims.insert("may_act", Cow::Owned(may_act));
    }
    if !extras.userinfo_claims.is_empty() {
        let names = Value::from(extras.userinfo_claims.as_slice());
        claims.insert("userinfo_claims", Cow::Owned(names));
    }
    Ok(claims)
}

impl TokenDraft<'_> {
    /// Signs the access token.
    pub(super) async fn sign_access_token(&self, signer: &dyn Signer) -> Result<String, CallError> {
        let Allowed { server, client, subject, audience, now, .. } = self.allowed;
        let dialect = server.spec.dialect;
        let claims = Claims::builder(&server.issuer, now.plus(self.lifetime))
            .audience(audience.clone())
            .issued_at(now)
            .token_id(self.id.as_str())
            .client_id(client.id.as_str())
            .scopes(self.scopes.clone());
        let claims = match subject {
            Subject::Client => claims.subject(client.id.as_str()),
            Subject::Person(person) => of_person(claims, person, dialect),
        };
        let mut extra = Cow::Borrowed(&self.claims);
        if let Some(confirmation) = &self.confirmation {
            extra.to_mut().insert("cnf", Cow::Borrowed(confirmation));
        }
        let claims = claims.build();
        let payload = claims.in_dialect_with(dialect, &*extra);
        sign(signer, token_type(dialect), &payload).await
    }
}

/// Who may act for the person with this token: whom its client names, or else whom the token named
/// that it was exchanged for.
fn may_act(allowed: &Allowed<'_>) -> Option<MayAct> {
    allowed.subject.person()?;
    let named = allowed.client.spec.may_act.as_ref();
    let named = named.map(|id| MayAct { sub: Some(id.to_string()), ..MayAct::default() });
    named.or_else(|| allowed.extras.may_act.clone())
}

/// Who the person is, and how she showed it.
fn of_person(claims: ClaimsBuilder, person: &Person, dialect: Dialect) -> ClaimsBuilder {
    let Person { user, auth } = person;
    let claims = claims.subject(subject_of(user, dialect)).user_id(user.id.as_str());
    match auth {
        None => claims,
        Some(auth) => {
            claims.auth_time(auth.at).acr(&auth.acr).amr(auth.amr.iter().map(String::as_str))
        }
    }
}

/// The `sub` of a person's access tokens: Okta's is the login.
pub(crate) fn subject_of(user: &User, dialect: Dialect) -> &str {
    match dialect {
        Dialect::Okta => &user.login,
        Dialect::Both | Dialect::Rfc9068 => user.id.as_str(),
    }
}

/// Okta's tokens bear no type; RFC 9068 §2.1 requires one.
fn token_type(dialect: Dialect) -> TokenType {
    match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::AccessToken,
    }
}
