//! Changes to a draft before it is signed: the token hooks of the rule.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::id_token::IdTokenDraft;
use super::{TokenDraft, TokenId};
use crate::audit::{DecisionId, HookRun};
use crate::catalog::{AuthorizationServer, Snapshot, TokenKind, is_reserved};
use crate::error::CallError;
use crate::hooks::{
    HookRefusal, HookRequest, HookTokens, Hooks, Remembered, Report, TokenParts, end,
};

/// Amends the draft of one request.
///
/// A request may be decided again when a concurrent commit wins. All attempts share this value, so that an
/// external call is made only once.
#[derive(Debug, Default)]
pub struct Amendments {
    remembered: Remembered,
    /// The time at which all hooks of the request are given up.
    ends_at: Option<Instant>,
    runs: Vec<HookRun>,
}

/// What hooks are told about the request of a draft, besides the draft.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) catalog: &'a Snapshot,
    /// The grant type of the request.
    pub(crate) grant_type: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) decision: DecisionId,
    /// The time at which the request is given up.
    pub(crate) deadline: Option<Instant>,
    /// The maximum lifetime of the access token.
    pub(crate) max_lifetime: Option<Duration>,
}

impl Amendments {
    /// Calls the hooks of the rule, and changes the draft as they say.
    ///
    /// # Errors
    ///
    /// [`CallError::RefusedByHook`], [`CallError::HookFailed`] or [`CallError::HooksLeftNoScope`].
    pub(crate) async fn amend<'a>(
        &mut self,
        draft: TokenDraft<'a>,
        hooks: &Hooks,
        asking: &Asking<'_>,
    ) -> Result<TokenDraft<'a>, CallError> {
        let names = draft.allowed.granted.hooks.as_slice();
        self.runs.clear();
        if names.is_empty() {
            return Ok(draft);
        }
        let begun = Instant::now();
        let ends_at =
            *self.ends_at.get_or_insert_with(|| end(begun, hooks.deadline(), asking.deadline));
        let before = tokens_of(&draft);
        let mut after = before.clone();
        let mut report = Report::default();
        let allowed = &draft.allowed;
        let family = TokenId::family_of(draft.id.as_str()).map(String::from);
        let request = HookRequest {
            catalog: asking.catalog,
            server: allowed.server,
            client: allowed.client,
            person: allowed.subject.person(),
            inputs: allowed.inputs(),
            grant_type: asking.grant_type,
            redirect_uri: asking.redirect_uri,
            rule: &allowed.granted.rule,
            token_id: draft.id.as_str(),
            family: family.as_deref(),
            nonce: draft.id_token.as_ref().and_then(IdTokenDraft::nonce),
            decision: asking.decision,
            now: allowed.now,
        };
        let done =
            hooks.run(names, &request, &mut after, &self.remembered, ends_at, &mut report).await;
        self.runs = report.runs;
        done?;
        let cap = [allowed.granted.lifetime_cap, asking.max_lifetime];
        amended(draft, &before, after, cap.into_iter().flatten().min())
    }

    /// What the hooks of the last attempt did.
    pub(crate) fn runs(&self) -> &[HookRun] {
        &self.runs
    }
}

impl From<HookRefusal> for CallError {
    fn from(refusal: HookRefusal) -> Self {
        match refusal {
            HookRefusal::Failed { hook, why } => {
                let (failure, why) = (why.label(), why.to_string().into());
                Self::HookFailed { hook: hook.into(), failure, why }
            }
            HookRefusal::Refused { hook, summary } => Self::RefusedByHook { hook, summary },
        }
    }
}

/// The parts of a draft that hooks may change.
fn tokens_of(draft: &TokenDraft<'_>) -> HookTokens {
    let parts = |token, claims: &BTreeMap<Cow<'_, str>, Cow<'_, Value>>, lifetime| {
        let own = claims.iter().filter(|(name, _)| !is_reserved(token, name));
        let own: Map<String, Value> = own
            .map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned()))
            .collect();
        TokenParts::new(own, lifetime)
    };
    let id = draft.id_token.as_ref();
    HookTokens::new(
        parts(TokenKind::Access, &draft.claims, draft.lifetime),
        id.map(|id| parts(TokenKind::Id, &id.claims, id.lifetime)),
        draft.scopes.clone(),
        draft.subject().to_owned(),
        draft.audience().clone(),
    )
}

/// The draft with the changes of the hooks.
fn amended<'a>(
    mut draft: TokenDraft<'a>,
    before: &HookTokens,
    after: HookTokens,
    cap: Option<Duration>,
) -> Result<TokenDraft<'a>, CallError> {
    let server = draft.allowed.server;
    if after.scopes.is_empty() && !before.scopes.is_empty() {
        return Err(CallError::HooksLeftNoScope);
    }
    let HookTokens { mut access, mut id, scopes, subject, audience } = after;
    if scopes != before.scopes {
        let kinds = [(TokenKind::Access, Some(&mut access)), (TokenKind::Id, id.as_mut())];
        for (kind, token) in kinds {
            let earlier = match kind {
                TokenKind::Access => Some(&before.access),
                TokenKind::Id => before.id.as_ref(),
            };
            if let (Some(token), Some(earlier)) = (token, earlier) {
                token.claims.retain(|name, value| {
                    let is_changed = earlier.claims.get(name) != Some(value);
                    is_changed || !needs_lost_scope(server, kind, name, &scopes)
                });
            }
        }
        draft.scopes = scopes;
    }
    draft.lifetime = cap.map_or(access.lifetime, |cap| access.lifetime.min(cap));
    replace(&mut draft.claims, TokenKind::Access, access.claims);
    // Without the scope `openid` there is no ID token (OpenID Connect Core §3.1.2.1).
    draft.id_token = match (draft.id_token.take(), id) {
        (Some(mut id_token), Some(parts)) if draft.scopes.contains("openid") => {
            id_token.lifetime = parts.lifetime;
            replace(&mut id_token.claims, TokenKind::Id, parts.claims);
            Some(id_token)
        }
        (_, _) => None,
    };
    if subject != before.subject {
        draft.subject = Some(subject);
    }
    if audience != before.audience {
        draft.audience = Some(audience);
    }
    Ok(draft)
}

/// Replaces the claims of a draft that hooks may change.
fn replace(
    claims: &mut BTreeMap<Cow<'_, str>, Cow<'_, Value>>,
    token: TokenKind,
    own: Map<String, Value>,
) {
    claims.retain(|name, _| is_reserved(token, name));
    let own = own.into_iter().filter(|(name, _)| !is_reserved(token, name));
    claims.extend(own.map(|(name, value)| (Cow::Owned(name), Cow::Owned(value))));
}

/// Tells whether a claim of the administrator is only for scopes that are not granted any more.
fn needs_lost_scope(
    server: &AuthorizationServer,
    kind: TokenKind,
    name: &str,
    scopes: &scopegate_claims::ScopeSet,
) -> bool {
    let mut specs = server.claims.iter();
    let spec = specs.find(|(key, spec)| key.name == name && spec.token == kind);
    spec.is_some_and(|(_, spec)| {
        let is_granted = |scope: &scopegate_claims::Scope| scopes.contains(scope.as_str());
        !spec.scopes.is_empty() && !spec.scopes.iter().any(is_granted)
    })
}
