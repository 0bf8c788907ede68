//! How a program says which tenants exist.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use scopegate_claims::Issuer;

use crate::TrustedIssuer;

/// Decides whether an issuer is trusted that was not named at the start (a tenant).
///
/// Implemented for closures that take an issuer and return a future of
/// `Result<Option<TrustedIssuer>, E>`:
///
/// - `Ok(Some(…))`: the issuer is trusted, and the value says how its tokens are verified. It must
///   have the same name.
/// - `Ok(None)`: there is no such tenant. The request is refused with 401.
/// - `Err(…)`: the lookup failed. The request is refused with 503; no token is accepted without an
///   answer.
///
/// The issuer's name comes from a token that is not verified yet. Look it up in a list; do not
/// accept names by a pattern. A tenant is kept for a while, see [`TenantLimits`]. "No such tenant"
/// is remembered for one minute, a failed lookup for five seconds. Requests for the same tenant
/// share one lookup. At most 16 lookups run at a time. Each takes at most five seconds, including
/// its time in the queue. If 1,024 lookups run or wait, further requests are answered with 503. So
/// a flood of made-up issuers costs little, and does not affect tenants that are already known.
///
/// A resolver is asked only about names that are issuer URLs: https, or http with a loopback
/// address, without query and fragment. A token whose `iss` is another text is refused with 401 and
/// the resolver is not asked, also if the text is what [`jwks_url`](TrustedIssuer::jwks_url) would
/// allow. This concerns AD FS, and tenants of Stytch, Descope and FusionAuth whose `iss` is not a
/// URL: name such issuers at the start, in [`BearerLayer::issuers`](crate::BearerLayer::issuers).
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
/// // A key set URL belongs to one issuer.
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
    /// The lookup failed.
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

/// How many tenants are kept, and for how long.
///
/// ```
/// use scopegate_tower::TenantLimits;
/// use std::time::Duration;
///
/// let _limits = TenantLimits::new().at_most(5_000).trusted_for(Duration::from_secs(60));
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

    /// Keeps at most this many tenants; the least recently used one is evicted.
    ///
    /// Each tenant has its own keys, which are refreshed in the background. An evicted tenant is
    /// looked up again when a token of it arrives.
    pub const fn at_most(mut self, most: usize) -> Self {
        self.most = if most == 0 { 1 } else { most };
        self
    }

    /// Sets how long a tenant is trusted before it must be looked up again.
    ///
    /// A tenant in use is looked up earlier, in the background. If that lookup fails, the tenant is
    /// trusted until its time is over, and not longer. So a tenant that is withdrawn is refused
    /// after this time at the latest.
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
