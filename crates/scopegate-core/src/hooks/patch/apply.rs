//! Applies a patch to the tokens of a request: all of it, or nothing.

use std::collections::BTreeSet;

use scopegate_claims::{Dialect, ScopeSet};
use serde_json::Value;

use super::{BadPatch, Edit, LIFETIME, MAX_NAME, Operation, Patch, PatchProblem, may_change};
use super::{Pointer, pointer};
use crate::catalog::{AuthorizationServer, SettableClaim, TokenKind, UserId};
use crate::hooks::tokens::HookTokens;

/// Maximum size of the claims of a token, in bytes of JSON. A token that is much longer does not fit into a
/// header.
const MAX_CLAIMS: usize = 10 * 1024;

/// What bounds the changes of a hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// The authorization server.
    pub(crate) server: &'a AuthorizationServer,
    /// The user of the tokens.
    pub(crate) user: Option<&'a UserId>,
    /// The standard claims that the hook may set.
    pub(crate) may_set: &'a BTreeSet<SettableClaim>,
}

impl Patch {
    /// Applies the patch. If any operation cannot be applied, the tokens stay as they are.
    ///
    /// # Errors
    ///
    /// [`BadPatch`] names the first operation that cannot be applied.
    pub(crate) fn apply(
        &self,
        tokens: &mut HookTokens,
        limits: &Limits<'_>,
    ) -> Result<(), BadPatch> {
        if self.is_empty() {
            return Ok(());
        }
        let mut changed = tokens.clone();
        for (number, operation) in (1..).zip(&self.operations) {
            let applied = apply(operation, &mut changed, limits);
            applied.map_err(|problem| BadPatch { operation: number, problem })?;
        }
        let tokens_of = [Some(&changed.access), changed.id.as_ref()];
        if tokens_of.into_iter().flatten().any(|token| token.json_length() > MAX_CLAIMS) {
            let (operation, problem) = (self.operations.len(), PatchProblem::TooLarge);
            return Err(BadPatch { operation, problem });
        }
        *tokens = changed;
        Ok(())
    }
}

fn apply(
    operation: &Operation,
    tokens: &mut HookTokens,
    limits: &Limits<'_>,
) -> Result<(), PatchProblem> {
    match operation {
        Operation::Claim { token, at, edit } => edit_claim(*token, at, edit, tokens, limits),
        Operation::Lifetime { token, lifetime } => {
            if !LIFETIME.contains(lifetime) {
                return Err(PatchProblem::Lifetime);
            }
            tokens.token_mut(*token).ok_or(PatchProblem::NoToken)?.lifetime = *lifetime;
            Ok(())
        }
        // Whether there is a refresh token was decided before.
        Operation::DropScope(scope) if scope.as_str() == "offline_access" => {
            Err(PatchProblem::Protected)
        }
        Operation::DropScope(scope) => {
            if !tokens.scopes.contains(scope.as_str()) {
                return Err(PatchProblem::Missing);
            }
            let dropped = ScopeSet::from_tokens([scope.as_str()]);
            let dropped = dropped.expect("a scope is a member of a set");
            tokens.scopes = tokens.scopes.difference(&dropped);
            Ok(())
        }
    }
}

fn edit_claim(
    token: TokenKind,
    at: &Pointer,
    edit: &Edit,
    tokens: &mut HookTokens,
    limits: &Limits<'_>,
) -> Result<(), PatchProblem> {
    let name = at.steps().first().ok_or(PatchProblem::Path)?;
    if name.is_empty() || name.chars().nth(MAX_NAME).is_some() {
        return Err(PatchProblem::Path);
    }
    if tokens.token_mut(token).is_none() {
        return Err(PatchProblem::NoToken);
    }
    if !may_change(token, name, limits.may_set) {
        return Err(PatchProblem::Protected);
    }
    let settable = SettableClaim::ALL.iter().find(|(known, _)| known == name);
    if let Some((_, claim)) = settable.filter(|_| token == TokenKind::Access) {
        let value = match edit {
            Edit::Add(value) | Edit::Replace(value) if at.steps().len() == 1 => value,
            // An access token always has both.
            Edit::Add(_) | Edit::Remove | Edit::Replace(_) => return Err(PatchProblem::Protected),
        };
        return set(*claim, value, tokens, limits);
    }
    let parts = tokens.token_mut(token).ok_or(PatchProblem::NoToken)?;
    // The claims are taken out and put back as one object, so that a path begins at a claim.
    let mut claims = Value::Object(std::mem::take(&mut parts.claims));
    let edited = pointer::edit(&mut claims, at.steps(), edit);
    if let Value::Object(claims) = claims {
        parts.claims = claims;
    }
    edited
}

fn set(
    claim: SettableClaim,
    value: &Value,
    tokens: &mut HookTokens,
    limits: &Limits<'_>,
) -> Result<(), PatchProblem> {
    match claim {
        SettableClaim::Aud => {
            let text = value.as_str().ok_or(PatchProblem::Audience)?;
            let mut audiences = limits.server.spec.audiences.iter();
            let audience = audiences.find(|audience| audience.name.as_str() == text);
            tokens.audience = audience.ok_or(PatchProblem::Audience)?.name.clone();
        }
        SettableClaim::Sub => {
            let text = value.as_str().filter(|text| is_subject(text, limits));
            tokens.subject = text.ok_or(PatchProblem::Subject)?.to_owned();
        }
    }
    Ok(())
}

/// Tells whether a token may get a subject.
///
/// A token must not name another user of this server. In the dialect of RFC 9068 the subject is how this server
/// finds the user of its own token, for example to see that the user was disabled, so that it cannot change.
fn is_subject(text: &str, limits: &Limits<'_>) -> bool {
    const MAX_LENGTH: usize = 255;
    let is_same_user = |user: &UserId| user.as_str() == text;
    let is_text = !text.is_empty() && text.len() <= MAX_LENGTH && !text.contains(char::is_control);
    let is_found_by_it = limits.user.is_some() && limits.server.spec.dialect == Dialect::Rfc9068;
    match UserId::parse(text) {
        Ok(_) => limits.user.is_some_and(is_same_user),
        Err(_) => is_text && !is_found_by_it,
    }
}
