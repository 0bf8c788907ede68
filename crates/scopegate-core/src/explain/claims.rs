//! The claims of the tokens that would be issued, each with its source.

use async_trait::async_trait;
use scopegate_jose::{Algorithm, JoseError, TokenType};
use serde_json::Value;

use super::decide::Allowance;
use super::explanation::{ShownClaim, ShownToken};
use super::inquiry::Inquiry;
use crate::catalog::{AuthorizationServer, EntityKey, TokenKind};
use crate::directory::standard_claims;
use crate::expression::Work;
use crate::keys::{KeyError, Signer};
use crate::token::{self, TokenDraft, explain_claims};

/// Returns the payload instead of signing it. So the tokens are drafted and written as real ones.
#[derive(Debug)]
struct Unsigned(Algorithm);

#[async_trait]
impl Signer for Unsigned {
    fn algorithm(&self) -> Algorithm {
        self.0
    }

    fn kid(&self) -> &str {
        ""
    }

    async fn sign(&self, _: TokenType, payload: &[u8]) -> Result<String, KeyError> {
        String::from_utf8(payload.to_vec()).map_err(|_| JoseError::Unserializable.into())
    }
}

/// The claims whose values are known only once the token is signed.
const LATER: [(&str, &str); 2] = [("jti", "(random)"), ("at_hash", "(of the access token)")];

/// The payloads of the access token and of the ID token.
pub(super) async fn payloads(
    inquiry: &Inquiry,
    allowance: &Allowance,
) -> (Option<Value>, Option<Value>) {
    match token::draft(allowance.allowed(inquiry)) {
        Ok(draft) => payloads_of(draft, allowance).await,
        Err(_) => (None, None),
    }
}

/// The payloads of a draft.
pub(super) async fn payloads_of(
    draft: TokenDraft<'_>,
    allowance: &Allowance,
) -> (Option<Value>, Option<Value>) {
    let algorithm = allowance.parties.server.spec.algorithms.first();
    let signer = Unsigned(algorithm.copied().unwrap_or(Algorithm::Rs256));
    let Ok(tokens) = draft.sign(&signer).await else { return (None, None) };
    let read = |payload: &str| {
        let mut payload: Value = serde_json::from_str(payload).ok()?;
        for (name, text) in LATER {
            if let Some(value) = payload.get_mut(name) {
                *value = Value::from(text);
            }
        }
        Some(payload)
    };
    (read(&tokens.access_token), tokens.id_token.as_deref().and_then(read))
}

/// The claims of both tokens, in the order in which they are written.
pub(super) fn shown(
    (access, id): &(Option<Value>, Option<Value>),
    inquiry: &Inquiry,
    allowance: &Allowance,
) -> Vec<ShownClaim> {
    let of_token = |payload: &Option<Value>, token: ShownToken| -> Vec<ShownClaim> {
        let Some(Value::Object(members)) = payload else { return Vec::new() };
        let claim = |(name, value): (&String, &Value)| ShownClaim {
            name: name.clone(),
            value: value.clone(),
            source: source(inquiry, allowance, token, name),
            token,
        };
        members.iter().map(claim).collect()
    };
    let mut claims = of_token(access, ShownToken::Access);
    claims.extend(of_token(id, ShownToken::Id));
    claims
}

/// The claims that are left out because computing them failed.
pub(super) fn failures(inquiry: &Inquiry, allowance: &Allowance) -> Vec<String> {
    let allowed = allowance.allowed(inquiry);
    let (inputs, scopes) = (allowed.inputs(), &allowance.granted.scopes);
    let work = Work::new();
    let kinds = [TokenKind::Access, TokenKind::Id].into_iter();
    let claims =
        kinds.flat_map(|kind| explain_claims(allowed.server, kind, &inputs, scopes, &work));
    let failed = claims.filter_map(|claim| {
        let why = claim.failure?;
        Some(format!("the claim `{}` is left out: {why}; {}", claim.name, claim.source))
    });
    failed.collect()
}

/// Where the value of a claim comes from.
fn source(inquiry: &Inquiry, allowance: &Allowance, token: ShownToken, name: &str) -> String {
    let (server, client) = (&allowance.parties.server, &allowance.parties.client);
    let rule = &allowance.granted.rule;
    let is_access = token == ShownToken::Access;
    let fixed = match name {
        "iss" => "the issuer of the server",
        "aud" if !is_access => "the client id",
        "aud" if inquiry.resources.is_empty() => "the first audience of the server",
        "aud" => "selected by the resource",
        "sub" if is_access && allowance.subject.person().is_none() => "the client id",
        "sub" if is_access && server.spec.dialect == scopegate_claims::Dialect::Okta => {
            "the login of the user"
        }
        "sub" | "uid" => "the id of the user",
        "client_id" | "cid" => "the client id",
        "exp" if is_access => return format!("the lifetime of the rule {rule}"),
        "exp" => "one hour",
        "iat" => "the time of the request",
        "jti" => "random for each token",
        "scope" | "scp" => return format!("granted by the rule {rule}"),
        "ver" => "the dialect of the server",
        "auth_time" | "acr" | "amr" | "sid" => "the sign-in of the user",
        "nonce" | "at_hash" => "the request",
        "may_act" => return format!("may_act of the client {}", client.id),
        "act" => "the actor token, or the client",
        "userinfo_claims" => "the parameter `claims` of the request",
        _ => "",
    };
    match fixed {
        "" => written(server, token, name),
        fixed => fixed.to_owned(),
    }
}

/// The source of a claim that the administrator wrote, or of a standard claim of the user.
fn written(server: &AuthorizationServer, token: ShownToken, name: &str) -> String {
    let kind = match token {
        ShownToken::Access => TokenKind::Access,
        ShownToken::Id => TokenKind::Id,
    };
    let mut claims = server.claims.iter();
    let spec = claims.find(|(key, spec)| {
        let EntityKey { name: known, .. } = key;
        known == name && spec.token == kind
    });
    match spec {
        Some((_, spec)) => spec.value.to_string(),
        None if standard_claims::names().any(|known| known == name) => {
            "the profile of the user, asked for by `claims`".to_owned()
        }
        None => "a hook".to_owned(),
    }
}
