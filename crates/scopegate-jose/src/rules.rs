//! The rules for access tokens.

use std::time::Duration;

use scopegate_claims::{Audience, Claims, Issuer};

use crate::{AlgorithmSet, ClaimMapping, Header, JoseError};

/// The maximum leeway. A larger difference means that a clock is set wrongly.
pub const MAX_LEEWAY: Duration = Duration::from_secs(300);

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// The rules that an access token must fulfil in addition to its signature.
///
/// ```
/// use scopegate_claims::{Audience, Issuer};
/// use scopegate_jose::{AudienceRule, Rules, TypeRule};
/// use std::time::Duration;
///
/// let issuer = Issuer::parse("https://id.example.com").unwrap();
/// let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
/// let rules = Rules::new(issuer, audience).with_type(TypeRule::Strict);
///
/// assert!(rules.clone().with_leeway(Duration::from_secs(5)).is_ok());
/// assert!(rules.with_leeway(Duration::from_secs(3600)).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    issuer: Issuer,
    audience: AudienceRule,
    typ: TypeRule,
    algorithms: AlgorithmSet,
    leeway: Duration,
    client: ClientRule,
    token_kind: Option<Box<str>>,
    mapping: ClaimMapping,
}

impl Rules {
    /// Accepts tokens of this issuer for this audience, with every algorithm, 60 seconds of leeway
    /// and the lenient type rule.
    pub fn new(issuer: Issuer, audience: AudienceRule) -> Self {
        Self {
            issuer,
            audience,
            typ: TypeRule::Lenient,
            algorithms: AlgorithmSet::all(),
            leeway: DEFAULT_LEEWAY,
            client: ClientRule::Any,
            token_kind: None,
            mapping: ClaimMapping::new(),
        }
    }

    /// Sets the rule for the `typ` of the header.
    #[must_use]
    pub fn with_type(mut self, typ: TypeRule) -> Self {
        self.typ = typ;
        self
    }

    /// Sets the allowed algorithms.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// Sets how much the issuer's clock may differ from ours, at most [`MAX_LEEWAY`].
    pub fn with_leeway(mut self, leeway: Duration) -> Result<Self, JoseError> {
        if leeway > MAX_LEEWAY {
            return Err(JoseError::LeewayTooLong);
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// Sets whether a token must name its client.
    ///
    /// For issuers such as Microsoft Entra, where nothing else distinguishes access tokens from ID
    /// tokens.
    #[must_use]
    pub fn with_client_rule(mut self, client: ClientRule) -> Self {
        self.client = client;
        self
    }

    /// Accepts only tokens with this value in the *claim* `typ`, which Keycloak writes.
    #[must_use]
    pub fn with_token_kind(mut self, kind: &str) -> Self {
        self.token_kind = Some(kind.into());
        self
    }

    /// Reads scopes, roles, groups and the client id from further claims too.
    #[must_use]
    pub fn with_mapping(mut self, mapping: ClaimMapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The issuer whose tokens are accepted.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The audience that a token must have.
    pub fn audience(&self) -> &AudienceRule {
        &self.audience
    }

    /// The rule for the `typ` of the header.
    pub fn typ(&self) -> TypeRule {
        self.typ
    }

    /// The allowed algorithms.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// How much the issuer's clock may differ from ours.
    pub fn leeway(&self) -> Duration {
        self.leeway
    }

    /// Whether a token must name its client.
    pub fn client_rule(&self) -> ClientRule {
        self.client
    }

    /// The value that the claim `typ` must have.
    pub fn token_kind(&self) -> Option<&str> {
        self.token_kind.as_deref()
    }

    /// The further claims from which scopes, roles, groups and the client id are read.
    pub fn mapping(&self) -> &ClaimMapping {
        &self.mapping
    }
}

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

/// Whether a token must name the client it was issued to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientRule {
    /// The token may name a client or not.
    #[default]
    Any,
    /// The token must name its client.
    Named,
}

/// The rule for the `typ` of the header.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TypeRule {
    /// `at+jwt`, `JWT` or no `typ`, as most issuers write it. ID tokens have the same header; they
    /// are recognized by their claims and refused.
    #[default]
    Lenient,
    /// `at+jwt` only (RFC 9068 §4), with all claims that RFC 9068 §2.2 requires: `aud`, `sub`,
    /// `client_id`, `iat` and `jti`, in addition to `iss` and `exp`, which all tokens need.
    Strict,
}

impl TypeRule {
    pub(crate) fn admits(self, header: &Header) -> bool {
        header.is_type(ACCESS_TOKEN)
            || self == Self::Lenient && (header.typ().is_none() || header.is_type("JWT"))
    }

    /// A required claim that is missing.
    pub(crate) fn missing(self, claims: &Claims) -> Option<&'static str> {
        let required = [
            ("aud", claims.audiences().is_some()),
            ("sub", claims.subject().is_some()),
            ("client_id", claims.client_id().is_some()),
            ("iat", claims.issued_at().is_some()),
            ("jti", claims.token_id().is_some()),
        ];
        match self {
            Self::Lenient => None,
            Self::Strict => required.iter().find(|(_, there)| !there).map(|(name, _)| *name),
        }
    }
}

/// The type of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";
