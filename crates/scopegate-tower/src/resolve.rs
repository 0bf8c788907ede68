//! Who says which tenants there are.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use scopegate_claims::Issuer;

use crate::TrustedIssuer;

/// Says whether an issuer is trusted that was not named at the start: a tenant.
///
/// A closure of an issuer does, which returns a future of `Result<Option<TrustedIssuer>, E>`:
///
/// - `Ok(Some(…))`: tokens of it are verified by what the value says. It must be the issuer that was
///   asked for.
/// - `Ok(None)`: there is no such tenant, and the request is refused with 401.
/// - `Err(…)`: nobody can tell, and the answer is 503. Nothing passes on doubt.
///
/// The text of the issuer comes from a token that nobody has verified: look it up, never trust a
/// pattern. A tenant is kept for a while, see [`TenantLimits`]; that there is none is remembered for a
/// minute, and that nobody can tell for five seconds. Requests for the same tenant share one question.
/// At most 16 run at a time, each takes at most five seconds with its time in the queue, and above
/// 1,024 of them the answer is 503, so that a flood of made-up issuers costs little and those who are
/// known do not notice.
///
/// ```
/// use scopegate_tower::{BearerLayer, ConfigError, TrustedIssuer};
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// let tenants = Arc::new(HashMap::from([("https://login.acme.example", "api://orders")]));
/// let auth = BearerLayer::issuers([TrustedIssuer::new("https://id.example.com")])
///     .audience("api://orders")
///     .or_resolve(move |issuer: scopegate_claims::Issuer| {
///         let tenants = Arc::clone(&tenants);
///         async move {
///             let audience = tenants.get(issuer.as_str());
///             let found = audience.map(|audience| {
///                 TrustedIssuer::new(issuer.as_str()).audience(*audience)
///             });
///             Ok::<_, std::io::Error>(found)
///         }
///     })
///     .build();
/// assert!(auth.is_ok());
///
/// // Keys belong to one issuer.
/// let auth = BearerLayer::issuers([])
///     .audience("api://orders")
///     .jwks_url("https://id.example.com/keys")
///     .or_resolve(async |_| Ok::<_, std::io::Error>(None))
///     .build();
/// assert_eq!(auth.unwrap_err(), ConfigError::OnePerIssuer { option: "jwks_url" });
/// ```
pub trait ResolveIssuer: Send + Sync + 'static {
    /// Looks an issuer up.
    fn resolve(&self, issuer: Issuer) -> Pin<Box<dyn Future<Output = Resolved> + Send + '_>>;
}

/// What a [`ResolveIssuer`] found out.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Resolved {
    /// The issuer is trusted.
    Trusted(Box<TrustedIssuer>),
    /// There is no such tenant.
    Unknown,
    /// Nobody can tell at the moment.
    Failed(Box<dyn Error + Send + Sync>),
}

impl<F, Answer, E> ResolveIssuer for F
where
    F: Fn(Issuer) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<TrustedIssuer>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn resolve(&self, issuer: Issuer) -> Pin<Box<dyn Future<Output = Resolved> + Send + '_>> {
        let answer = self(issuer);
        Box::pin(async move {
            match answer.await {
                Ok(Some(trusted)) => Resolved::Trusted(Box::new(trusted)),
                Ok(None) => Resolved::Unknown,
                Err(error) => Resolved::Failed(error.into()),
            }
        })
    }
}

/// How many tenants are held, and for how long.
///
/// ```
/// use scopegate_tower::TenantLimits;
/// use std::time::Duration;
///
/// let limits = TenantLimits::new().at_most(5_000).trusted_for(Duration::from_secs(60));
/// # let _ = limits;
/// ```
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct TenantLimits {
    pub(crate) most: usize,
    pub(crate) trusted_for: Duration,
}

impl TenantLimits {
    /// A thousand tenants, each for ten minutes.
    pub const fn new() -> Self {
        Self { most: 1000, trusted_for: Duration::from_secs(600) }
    }

    /// Holds at most so many; the one that was not used for the longest time makes room.
    ///
    /// Each has its keys and their renewal. A tenant that was let go of is asked for again at need.
    pub const fn at_most(mut self, most: usize) -> Self {
        self.most = if most == 0 { 1 } else { most };
        self
    }

    /// Asks again after this time whether a tenant is trusted.
    ///
    /// One that is in use is asked about before, in the background; if that fails it is trusted to the
    /// end of its time and not longer. A tenant that is taken back is refused at the latest then.
    pub const fn trusted_for(mut self, time: Duration) -> Self {
        self.trusted_for = time;
        self
    }
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for dyn ResolveIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResolveIssuer")
    }
}
