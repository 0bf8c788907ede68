//! The rules for access tokens.

use std::time::Duration;

use scopegate_claims::UnixTime;

pub use self::audience_rule::AudienceRule;
use self::kind::{is_access_kind, is_another_kind};
pub(crate) use self::type_rule::ACCESS_TOKEN;
pub use self::type_rule::TypeRule;
use crate::validity::check_times;
use crate::{
    Algorithm, AlgorithmSet, ClaimMapping, Evidence, Header, IssuerName, JoseError, KeySet,
    UnverifiedJws, Verified,
};

mod audience_rule;
mod kind;
mod type_rule;

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
    issuer: IssuerName,
    audience: AudienceRule,
    typ: TypeRule,
    algorithms: AllowedAlgorithms,
    leeway: Duration,
    client: ClientRule,
    token_kind: Option<Box<str>>,
    allows_at_hash: bool,
    mapping: ClaimMapping,
}

impl Rules {
    /// Accepts tokens of this issuer for this audience, with the [usual](AlgorithmSet::usual)
    /// algorithms, 60 seconds of leeway and the lenient type rule.
    ///
    /// A key whose `alg` names another algorithm of [`Algorithm::ALL`](crate::Algorithm::ALL) is
    /// accepted too.
    ///
    /// The issuer is an [`Issuer`](scopegate_claims::Issuer) or an [`IssuerName`].
    pub fn new(issuer: impl Into<IssuerName>, audience: AudienceRule) -> Self {
        Self {
            issuer: issuer.into(),
            audience,
            typ: TypeRule::Lenient,
            algorithms: AllowedAlgorithms::Usual,
            leeway: DEFAULT_LEEWAY,
            client: ClientRule::Any,
            token_kind: None,
            allows_at_hash: false,
            mapping: ClaimMapping::new(),
        }
    }

    /// Sets the rule for the `typ` of the header.
    #[must_use]
    pub fn with_type(mut self, typ: TypeRule) -> Self {
        self.typ = typ;
        self
    }

    /// Accepts exactly these algorithms. The `alg` of a key cannot add another.
    ///
    /// A key without `alg` is for those of its type. So an RSA key without `alg` verifies RS512 if
    /// RS512 is listed here, and only then.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = AllowedAlgorithms::Only(algorithms);
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

    /// Accepts access tokens with `at_hash`, such as those of Dex. Without this rule they are refused
    /// as ID tokens.
    ///
    /// This rule is weaker than the default: an ID token for the same audience passes too, unless it
    /// has a `c_hash`, or a `nonce` and no scopes. Use an audience that only your API has.
    #[must_use]
    pub fn with_at_hash_allowed(mut self) -> Self {
        self.allows_at_hash = true;
        self
    }

    /// Reads scopes, roles, groups and the client id from further claims too.
    #[must_use]
    pub fn with_mapping(mut self, mapping: ClaimMapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// Verifies a parsed access token like [`verify_access_token`](crate::verify_access_token).
    ///
    /// For callers that parse the token first, to choose the rules by its issuer.
    pub fn verify(
        &self,
        jws: &UnverifiedJws<'_>,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<Verified, JoseError> {
        let header = jws.header();
        if !self.typ.admits(header) {
            return Err(JoseError::WrongType);
        }
        let key = jws.check_signature(keys, self.algorithms)?;
        let evidence = Evidence::Signature { algorithm: header.algorithm(), kid: key.shared_kid() };
        let verified = Verified::read(jws, evidence, &self.mapping)?;
        self.check(&verified, header, now)?;
        Ok(verified)
    }

    fn check(&self, token: &Verified, header: &Header, now: UnixTime) -> Result<(), JoseError> {
        let claims = token.claims();
        if claims.issuer() != self.issuer() {
            return Err(JoseError::wrong_issuer(self.issuer(), claims.issuer()));
        }
        let names_its_type = header.is_type(ACCESS_TOKEN);
        if !names_its_type && is_another_kind(token, self.allows_at_hash) {
            return Err(JoseError::WrongType);
        }
        let is_right_kind = match self.token_kind() {
            Some(kind) => claims.token_kind() == Some(kind),
            None => names_its_type || is_access_kind(claims.token_kind()),
        };
        if !is_right_kind {
            return Err(JoseError::WrongType);
        }
        if self.client == ClientRule::Named && claims.client_id().is_none() {
            return Err(JoseError::MissingClaim("client_id"));
        }
        if let Some(claim) = self.typ.missing(claims) {
            return Err(JoseError::MissingClaim(claim));
        }
        self.audience.check(token, header)?;
        check_times(claims, self.leeway, now)?;
        // A bearer token carries no proof of the key that `cnf` names (RFC 9449 §7.2, RFC 8705 §3).
        match claims.has_confirmation() {
            true => Err(JoseError::SenderConstrained),
            false => Ok(()),
        }
    }

    /// The name of the issuer whose tokens are accepted.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The audience that a token must have.
    pub fn audience(&self) -> &AudienceRule {
        &self.audience
    }

    /// The rule for the `typ` of the header.
    pub fn typ(&self) -> TypeRule {
        self.typ
    }

    /// The allowed algorithms. By default, a key whose `alg` names another one is accepted too.
    pub fn algorithms(&self) -> AlgorithmSet {
        match self.algorithms {
            AllowedAlgorithms::Usual => AlgorithmSet::usual(),
            AllowedAlgorithms::Only(algorithms) => algorithms,
        }
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

    /// Whether an access token may have `at_hash`.
    pub fn allows_at_hash(&self) -> bool {
        self.allows_at_hash
    }

    /// The further claims from which scopes, roles, groups and the client id are read.
    pub fn mapping(&self) -> &ClaimMapping {
        &self.mapping
    }
}

/// The algorithms that a token may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AllowedAlgorithms {
    /// The usual ones, and another one if the `alg` of the key names it.
    Usual,
    /// Exactly these.
    Only(AlgorithmSet),
}

impl AllowedAlgorithms {
    /// Whether some key may verify a token with this algorithm.
    pub(crate) fn may_allow(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Usual => true,
            Self::Only(set) => set.contains(algorithm),
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

#[cfg(test)]
mod tests;
