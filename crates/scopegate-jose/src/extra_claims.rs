//! A service's own claims, read from a verified token.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::{JoseError, Verified};

/// Claims of a custom type, read once and shared by all requests with the same token.
///
/// ```
/// use scopegate_claims::{Audience, Issuer, UnixTime};
/// use scopegate_jose::{
///     Algorithm, AudienceRule, ExtraClaims, JoseError, KeySet, Rules, SigningKey, TokenType,
///     verify_access_token,
/// };
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// let issuer = Issuer::parse("https://id.example.com").unwrap();
/// let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let keys = KeySet::from_keys([key.verifying_key()?]);
///
/// let token = key.sign(TokenType::AccessToken, &json!({
///     "iss": "https://id.example.com",
///     "aud": "api://orders",
///     "exp": 60,
///     "tenant": "acme",
/// }))?;
/// let rules = Rules::new(issuer, audience);
/// let verified = verify_access_token(&token, &keys, &rules, UnixTime::from_seconds(1))?;
/// let extra = ExtraClaims::of::<Tenant>(&verified)?;
/// assert_eq!(extra.downcast_ref::<Tenant>().unwrap().tenant, "acme");
/// assert!(extra.downcast_ref::<String>().is_none());
///
/// #[derive(serde::Deserialize)]
/// struct Region {
///     #[allow(dead_code)]
///     region: String,
/// }
///
/// assert_eq!(ExtraClaims::of::<Region>(&verified).unwrap_err().reason(), "extra_claims");
/// # Ok::<(), JoseError>(())
/// ```
#[derive(Clone)]
pub struct ExtraClaims {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl ExtraClaims {
    /// Reads the claims of this type.
    pub fn of<X: DeserializeOwned + Send + Sync + 'static>(
        token: &Verified,
    ) -> Result<Self, JoseError> {
        let value = Arc::new(token.deserialize::<X>()?);
        Ok(Self { value, type_name: type_name::<X>() })
    }

    /// The claims, if they are of this type.
    pub fn downcast_ref<X: 'static>(&self) -> Option<&X> {
        self.value.downcast_ref()
    }

    /// A shared reference to the claims, if they are of this type.
    pub fn downcast<X: Send + Sync + 'static>(&self) -> Option<Arc<X>> {
        Arc::clone(&self.value).downcast().ok()
    }

    /// The name of the type, for a log entry about a type mismatch.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for ExtraClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtraClaims").field(&self.type_name).finish()
    }
}
