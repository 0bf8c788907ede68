//! The rule for the audience of a token.

use scopegate_claims::{Audience, Claims};

use crate::JoseError;

/// The audience that a token must have.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AudienceRule {
    /// `aud` must hold at least one of these. If the list is empty, no token passes.
    AnyOf(Vec<Audience>),
    /// For issuers whose access tokens have no `aud`, such as Amazon Cognito: the client must be
    /// one of these, and `token_use` must have this value.
    ClientIds {
        /// The clients whose tokens are accepted.
        ids: Vec<Box<str>>,
        /// The value that `token_use` must have.
        token_use: Box<str>,
    },
}

impl AudienceRule {
    /// Accepts tokens for any of these audiences.
    pub fn any_of(audiences: impl IntoIterator<Item = Audience>) -> Self {
        Self::AnyOf(audiences.into_iter().collect())
    }

    /// Accepts tokens of these clients with this `token_use`.
    pub fn client_ids<'a>(ids: impl IntoIterator<Item = &'a str>, token_use: &str) -> Self {
        Self::ClientIds {
            ids: ids.into_iter().map(Box::from).collect(),
            token_use: token_use.into(),
        }
    }

    pub(crate) fn check(&self, claims: &Claims) -> Result<(), JoseError> {
        match self.admits(claims) {
            true => Ok(()),
            false => Err(JoseError::wrong_audience(&self.wanted(), &self.found(claims))),
        }
    }

    fn admits(&self, claims: &Claims) -> bool {
        match self {
            Self::AnyOf(ours) => claims.audiences().is_some_and(|theirs| {
                ours.iter().any(|audience| theirs.contains(audience.as_str()))
            }),
            Self::ClientIds { ids, token_use } => {
                claims.token_use() == Some(token_use)
                    && claims.client_id().is_some_and(|client| ids.iter().any(|id| **id == *client))
            }
        }
    }

    /// What a token must have, for an error.
    fn wanted(&self) -> String {
        match self {
            Self::AnyOf(audiences) => joined(audiences.iter().map(Audience::as_str)),
            Self::ClientIds { ids, token_use } => {
                let ids = joined(ids.iter().map(|id| &**id));
                format!("token_use {token_use} for client {ids}")
            }
        }
    }

    /// What a token has instead, for an error.
    fn found(&self, claims: &Claims) -> String {
        match self {
            Self::AnyOf(_) => {
                claims.audiences().map(|theirs| joined(theirs.iter())).unwrap_or_default()
            }
            Self::ClientIds { .. } => {
                let token_use = claims.token_use().unwrap_or("(none)");
                format!(
                    "token_use {token_use} for client {}",
                    claims.client_id().unwrap_or("(none)")
                )
            }
        }
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
