//! Whether a layer can verify tokens.

use std::fmt;

use serde::Serialize;

use crate::IssuerReadiness;

/// Whether a layer can verify tokens: a plain value for probes and logs.
///
/// ```
/// use scopegate_testkit::TestIssuer;
/// use scopegate_tower::KeyState;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::start("api://orders").await;
///
/// // `build` reads no keys.
/// let auth = issuer.layer_builder().build()?;
/// assert!(!auth.readiness().is_ready());
/// assert_eq!(auth.readiness().issuers()[0].state(), KeyState::Unread);
///
/// // `start` waits for them.
/// let auth = issuer.layer_builder().start().await?;
/// assert!(auth.readiness().is_ready());
/// assert_eq!(auth.readiness().issuers()[0].state(), KeyState::Fresh);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Readiness {
    ready: bool,
    issuers: Vec<IssuerReadiness>,
    tenants: Vec<IssuerReadiness>,
}

impl Readiness {
    pub(crate) fn new(issuers: Vec<IssuerReadiness>, tenants: Vec<IssuerReadiness>) -> Self {
        let ready = issuers.iter().all(IssuerReadiness::is_ready);
        Self { ready, issuers, tenants }
    }

    /// Whether tokens of every issuer that was named at the start can be verified.
    ///
    /// Tenants do not count: they come and go, and a problem with one of them is no reason to stop
    /// serving the others.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// The issuers that were named at the start.
    pub fn issuers(&self) -> &[IssuerReadiness] {
        &self.issuers
    }

    /// The tenants that a resolver named and that are held at the moment.
    pub fn tenants(&self) -> &[IssuerReadiness] {
        &self.tenants
    }
}

/// One line per issuer.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issuer) in self.issuers.iter().chain(&self.tenants).enumerate() {
            write!(f, "{}{issuer}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
