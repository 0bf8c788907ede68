//! The rule for the audience of a token.

use scopegate_claims::{Audience, Claims};

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

    pub(crate) fn admits(&self, claims: &Claims) -> bool {
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
}
