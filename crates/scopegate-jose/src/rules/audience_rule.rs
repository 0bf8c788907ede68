//! The rule for the audience of a token.

use scopegate_claims::{Audience, Claims};

use super::ACCESS_TOKEN;
use crate::{Header, JoseError, Verified};

/// The audience that a token must have.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AudienceRule {
    /// `aud` must hold at least one of these. If the list is empty, no token passes.
    AnyOf(Vec<Audience>),
    /// Like `AnyOf`, and a token without `aud` passes if it was issued to one of the clients. See
    /// [`or_authorized_party`](Self::or_authorized_party).
    #[non_exhaustive]
    AuthorizedParty {
        /// A token with `aud` must have one of these. The list may be empty.
        audiences: Vec<Audience>,
        /// The clients whose tokens may lack `aud`.
        clients: Vec<Box<str>>,
    },
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

    /// Also accepts tokens without `aud` that were issued to one of these clients.
    ///
    /// For issuers that write no `aud` until they are configured to, such as Keycloak without an
    /// audience mapper. The client is the claim `azp`, or else the client id. The token must also
    /// be marked as an access token, by the header `at+jwt`, the claim `typ` `Bearer`, or scopes. A
    /// token *with* `aud` must still have one of the audiences.
    ///
    /// This rule is weaker than an audience: each token of these clients passes, also one that the
    /// client got for another API. Configure the issuer to write `aud` if you can. The rule has no
    /// effect with [`TypeRule::Strict`](crate::TypeRule::Strict), which requires `aud`, and none on
    /// [`ClientIds`](Self::ClientIds).
    ///
    /// ```
    /// use scopegate_claims::Audience;
    /// use scopegate_jose::AudienceRule;
    ///
    /// let audience = Audience::parse("api://orders").unwrap();
    /// let rule = AudienceRule::any_of([audience]).or_authorized_party(["portal"]);
    /// ```
    #[must_use]
    pub fn or_authorized_party<'a>(self, clients: impl IntoIterator<Item = &'a str>) -> Self {
        let more = clients.into_iter().map(Box::from);
        match self {
            Self::AnyOf(audiences) => Self::AuthorizedParty { audiences, clients: more.collect() },
            Self::AuthorizedParty { audiences, mut clients } => {
                clients.extend(more);
                Self::AuthorizedParty { audiences, clients }
            }
            Self::ClientIds { .. } => self,
        }
    }

    pub(crate) fn check(&self, token: &Verified, header: &Header) -> Result<(), JoseError> {
        match self.admits(token, header) {
            true => Ok(()),
            false => Err(JoseError::wrong_audience(&self.wanted(), &self.found(token))),
        }
    }

    fn admits(&self, token: &Verified, header: &Header) -> bool {
        let claims = token.claims();
        match self {
            Self::AnyOf(audiences) => is_for_any(claims, audiences),
            Self::AuthorizedParty { audiences, clients } => match claims.audiences() {
                Some(_) => is_for_any(claims, audiences),
                None => {
                    let party = token.authorized_party();
                    is_marked_as_access_token(claims, header)
                        && party.is_some_and(|party| clients.iter().any(|id| **id == *party))
                }
            },
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
            Self::AuthorizedParty { audiences, clients } => {
                let audiences = joined(audiences.iter().map(Audience::as_str));
                let clients = joined(clients.iter().map(|client| &**client));
                format!("{audiences}, or an access token without aud for client {clients}")
            }
            Self::ClientIds { ids, token_use } => {
                let ids = joined(ids.iter().map(|id| &**id));
                format!("token_use {token_use} for client {ids}")
            }
        }
    }

    /// What a token has instead, for an error.
    fn found(&self, token: &Verified) -> String {
        const NONE: &str = "(none)";

        let claims = token.claims();
        match (self, claims.audiences()) {
            (Self::ClientIds { .. }, _) => {
                let token_use = claims.token_use().unwrap_or(NONE);
                format!("token_use {token_use} for client {}", claims.client_id().unwrap_or(NONE))
            }
            (_, Some(theirs)) => joined(theirs.iter()),
            (Self::AnyOf(_), None) => String::new(),
            (Self::AuthorizedParty { .. }, None) => {
                let party = token.authorized_party();
                format!("a token without aud for client {}", party.as_deref().unwrap_or(NONE))
            }
        }
    }
}

fn is_for_any(claims: &Claims, audiences: &[Audience]) -> bool {
    claims
        .audiences()
        .is_some_and(|theirs| audiences.iter().any(|ours| theirs.contains(ours.as_str())))
}

/// ID tokens have none of these marks.
fn is_marked_as_access_token(claims: &Claims, header: &Header) -> bool {
    header.is_type(ACCESS_TOKEN)
        || claims.token_kind().is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"))
        || !claims.scopes().is_empty()
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
