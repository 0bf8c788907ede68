//! The tokens of a request as hooks see and change them.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet};
use serde_json::{Map, Value};

use crate::catalog::TokenKind;

/// The parts of the tokens of a request that hooks may change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HookTokens {
    /// The access token.
    pub access: TokenParts,
    /// The ID token, if the request makes one.
    pub id: Option<TokenParts>,
    /// The granted scopes.
    pub scopes: ScopeSet,
    /// The `sub` of the access token.
    pub subject: String,
    /// The `aud` of the access token.
    pub audience: Audience,
}

/// The parts of one token that hooks may change. `Debug` shows no values.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenParts {
    /// The claims, without those that the server sets itself.
    pub claims: Map<String, Value>,
    /// How long the token lives.
    pub lifetime: Duration,
}

impl HookTokens {
    pub(crate) fn new(
        access: TokenParts,
        id: Option<TokenParts>,
        scopes: ScopeSet,
        subject: String,
        audience: Audience,
    ) -> Self {
        Self { access, id, scopes, subject, audience }
    }

    pub(super) fn has(&self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Access => true,
            TokenKind::Id => self.id.is_some(),
        }
    }

    pub(super) fn token_mut(&mut self, kind: TokenKind) -> Option<&mut TokenParts> {
        match kind {
            TokenKind::Access => Some(&mut self.access),
            TokenKind::Id => self.id.as_mut(),
        }
    }
}

impl TokenParts {
    pub(crate) fn new(claims: Map<String, Value>, lifetime: Duration) -> Self {
        Self { claims, lifetime }
    }

    /// The size of the claims, in bytes of JSON.
    pub(super) fn json_length(&self) -> usize {
        let mut count = Counted(0);
        let written = serde_json::to_writer(&mut count, &self.claims);
        written.map_or(usize::MAX, |()| count.0)
    }
}

impl fmt::Debug for TokenParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.claims.keys().collect();
        let mut shown = f.debug_struct("TokenParts");
        shown.field("claims", &names).field("lifetime", &self.lifetime).finish()
    }
}

/// Counts what is written.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
