//! What an access token must fulfil.

use std::time::Duration;

use scopegate_claims::{Audience, Claims, Issuer};

use crate::{AlgorithmSet, ClaimMapping, Header, JoseError};

/// The longest leeway: what is further apart is not a clock that drifts.
pub const MAX_LEEWAY: Duration = Duration::from_secs(300);

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// What an access token must fulfil beside its signature.
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
    /// Tokens of this issuer for this audience: every algorithm, 60 seconds of leeway, the type lenient.
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

    /// Sets what the header's `typ` must be.
    #[must_use]
    pub fn with_type(mut self, typ: TypeRule) -> Self {
        self.typ = typ;
        self
    }

    /// Sets the algorithms that are allowed.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// Sets how far the issuer's clock may be from ours, at most [`MAX_LEEWAY`].
    pub fn with_leeway(mut self, leeway: Duration) -> Result<Self, JoseError> {
        if leeway > MAX_LEEWAY {
            return Err(JoseError::LeewayTooLong);
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// Takes only tokens that name a client.
    ///
    /// For issuers whose ID tokens have nothing else that access tokens lack, as Microsoft Entra's.
    #[must_use]
    pub fn with_client_rule(mut self, client: ClientRule) -> Self {
        self.client = client;
        self
    }

    /// Takes only tokens whose *claim* `typ` is this, which Keycloak writes.
    #[must_use]
    pub fn with_token_kind(mut self, kind: &str) -> Self {
        self.token_kind = Some(kind.into());
        self
    }

    /// Reads scopes, roles, groups and the client in these places too.
    #[must_use]
    pub fn with_mapping(mut self, mapping: ClaimMapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The issuer whose tokens are taken.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// For whom a token must be meant.
    pub fn audience(&self) -> &AudienceRule {
        &self.audience
    }

    /// What the header's `typ` must be.
    pub fn typ(&self) -> TypeRule {
        self.typ
    }

    /// The algorithms that are allowed.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// How far the issuer's clock may be from ours.
    pub fn leeway(&self) -> Duration {
        self.leeway
    }

    /// Whether a token must name a client.
    pub fn client_rule(&self) -> ClientRule {
        self.client
    }

    /// What the claim `typ` must be.
    pub fn token_kind(&self) -> Option<&str> {
        self.token_kind.as_deref()
    }

    /// Where scopes, roles, groups and the client are read beside the usual places.
    pub fn mapping(&self) -> &ClaimMapping {
        &self.mapping
    }
}

/// For whom a token must be meant.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AudienceRule {
    /// `aud` holds at least one of these; with none, no token passes.
    AnyOf(Vec<Audience>),
    /// For issuers whose access tokens have no `aud`, as Amazon Cognito's: the client is one of these
    /// and `token_use` says what the token is for.
    ClientIds {
        /// The clients whose tokens are taken.
        ids: Vec<Box<str>>,
        /// What `token_use` must be.
        token_use: Box<str>,
    },
}

impl AudienceRule {
    /// Tokens for any of these audiences.
    pub fn any_of(audiences: impl IntoIterator<Item = Audience>) -> Self {
        Self::AnyOf(audiences.into_iter().collect())
    }

    /// Tokens of these clients, which say `token_use`.
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
    /// It may name one or none.
    #[default]
    Any,
    /// It names one.
    Named,
}

/// What the header's `typ` must be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TypeRule {
    /// `at+jwt`, `JWT` or nothing, as most issuers write it. ID tokens, which look alike, are told by
    /// their claims.
    #[default]
    Lenient,
    /// `at+jwt` only (RFC 9068 §4), and every claim that such a token must have (RFC 9068 §2.2):
    /// `aud`, `sub`, `client_id`, `iat` and `jti` beside the `iss` and `exp` that all must have.
    Strict,
}

impl TypeRule {
    pub(crate) fn admits(self, header: &Header) -> bool {
        header.is_type(ACCESS_TOKEN)
            || self == Self::Lenient && (header.typ().is_none() || header.is_type("JWT"))
    }

    /// A claim that is not there and must be.
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
